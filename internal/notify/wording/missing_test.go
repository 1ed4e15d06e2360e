package wording

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// TestMissingAmountsAgreeInNumber checks that missing amounts agree with the verb, whatever the metric. Where a
// language inflects nouns or has a verb only for points, the amount is in a neutral position.
func TestMissingAmountsAgreeInNumber(t *testing.T) {
	p := programOf("Shop")
	same := func(s string) [2]string { return [2]string{s, s} }
	want := map[string]map[loyalty.Trigger][2]string{ // for one and for five: the subject, and the end of the body
		"en": {
			loyalty.NearTier:   same("# to go: Shop|With # more you reach the level Shop."),
			loyalty.BeforeTier: same("Keep your level Shop|With # more by then you keep it."),
		},
		"de": {
			loyalty.NearTier: {
				"Nur noch #: Shop|Es fehlt noch #, dann erreichen Sie die Stufe Shop.",
				"Nur noch #: Shop|Es fehlen noch #, dann erreichen Sie die Stufe Shop.",
			},
			loyalty.BeforeTier: {
				"Behalten Sie Ihre Stufe Shop|Es fehlt noch # bis dahin, dann behalten Sie sie.",
				"Behalten Sie Ihre Stufe Shop|Es fehlen noch # bis dahin, dann behalten Sie sie.",
			},
		},
		"es": {
			loyalty.NearTier: {
				"Falta #: Shop|Con # más alcanza el nivel Shop.", "Faltan #: Shop|Con # más alcanza el nivel Shop.",
			},
			loyalty.BeforeTier: same("Conserve su nivel Shop|Con # más hasta entonces lo conserva."),
		},
		"fr": {
			loyalty.NearTier:   same("Plus que # : Shop|Avec # de plus, vous atteignez le niveau Shop."),
			loyalty.BeforeTier: same("Gardez votre niveau Shop|Avec # de plus d’ici là, vous le gardez."),
		},
		"tr": {
			loyalty.NearTier:   same("Kalan #: Shop|Shop seviyesine ulaşmanız için kalan: #."),
			loyalty.BeforeTier: same("Shop seviyenizi koruyun|Korumanız için o zamana kadar gereken: #."),
		},
	}
	said := func(l string, on loyalty.Trigger, by loyalty.Measure, n int64, want string) {
		t.Helper()
		news := withChannel(full(on, loyalty.Points(n)), loyalty.Push)
		if news.By = by; on == loyalty.NearReward {
			news.Level = ""
		}
		subject, body, _ := strings.Cut(strings.ReplaceAll(want, "#", languageOf(l).missing(p, news)), "|")
		if w := write(t, p, notify.Person{Locale: l}, news); w.Subject != subject || !strings.HasSuffix(w.Text, body) {
			t.Errorf("%s of %d by %d in %s: %q, %q", on, n, by, l, w.Subject, w.Text)
		}
	}
	for l, triggers := range want {
		for on, of := range triggers {
			for _, by := range []loyalty.Measure{
				loyalty.ByPointsEarned, loyalty.ByOrders, loyalty.ByQualifyingItems, loyalty.ByVisits,
				loyalty.ByBrands,
			} {
				said(l, on, by, 1, of[0])
				said(l, on, by, 5, of[1])
			}
		}
	}
	said("de", loyalty.NearReward, 0, 1, "Nur noch 1 bean: Shop|Es fehlt noch 1 bean, dann gehört Ihnen: Shop.")
	said("de", loyalty.NearReward, 0, 5, "Nur noch 5 beans: Shop|Es fehlen noch 5 beans, dann gehört Ihnen: Shop.")
	said("es", loyalty.NearReward, 0, 1, "Falta 1 bean: Shop|Con 1 bean más puede conseguir: Shop.")
	said("es", loyalty.NearReward, 0, 5, "Faltan 5 beans: Shop|Con 5 beans más puede conseguir: Shop.")
	said(
		"en", loyalty.BeforeHold, 0, 1,
		"Reserved until 31 March 2027: Shop|1 bean is reserved for Shop. "+
			"On 31 March 2027 the reservation ends, and it is yours again.",
	)
	said(
		"en", loyalty.BeforeHold, 0, 5,
		"Reserved until 31 March 2027: Shop|5 beans are reserved for Shop. "+
			"On 31 March 2027 the reservation ends, and they are yours again.",
	)
}

func TestLevelRequirementsAndDeadlineAreStated(t *testing.T) {
	p := programOf("Shop")
	p.Tiers.Currency = "EUR"
	n := withChannel(full(loyalty.BeforeTier, 2), loyalty.Email)
	n.By, n.Others = loyalty.ByOrders, []tier.Gap{{By: loyalty.BySpend, From: 5000, Have: 2000}}
	n.Before = time.Date(2027, 3, 20, 0, 0, 0, 0, time.UTC)
	for l, want := range map[string][2]string{
		"en": {"With 2 orders + 30.00 EUR more until 19 March 2027 you keep it.", "more by then you keep it."},
		"de": {"Es fehlen noch 2 Bestellungen + 30,00 EUR bis 19. März 2027, dann", "bis dahin, dann"},
		"es": {
			"Con 2 pedidos + 30,00 EUR más hasta el 19 de marzo de 2027 lo conserva.",
			"más hasta entonces lo conserva.",
		},
		"fr": {"Avec 2 commandes + 30,00 EUR de plus jusqu’au 19 mars 2027, vous", "de plus d’ici là, vous"},
		"tr": {"Korumanız için en geç 19 Mart 2027 gereken: 2 sipariş + 30,00 EUR.", "o zamana kadar gereken:"},
	} {
		then := n
		then.Before = n.Until
		if w := write(t, p, notify.Person{Locale: l}, n); !strings.Contains(
			strings.ReplaceAll(w.Text, "\u00a0", " "), want[0],
		) {
			t.Errorf("%s: %q", l, w.Text)
		}
		if w := write(t, p, notify.Person{Locale: l}, then); !strings.Contains(w.Text, want[1]) {
			t.Errorf("%s: %q", l, w.Text)
		}
		over := n
		over.Missing, over.Others, over.Before = 0, nil, time.Time{}
		if w := write(t, p, notify.Person{Locale: l}, over); strings.Contains(w.Text, want[1]) ||
			strings.Contains(w.Text, "0 ") {
			t.Errorf("%s contains a requirement that can no longer be met: %q", l, w.Text)
		}
	}
}
