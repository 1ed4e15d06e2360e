package wording

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

func words(one, other string) loyalty.Units {
	u := loyalty.Units{One: loyalty.Text{}, Other: loyalty.Text{}}
	for _, l := range remind.MessageLanguages() {
		u.One[l], u.Other[l] = one, other
	}
	return u
}

// hostile contains malicious names and texts.
var hostile = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{7*7}} {{.Unsubscribe}}",
	"a\r\nBcc: all@example.com", "\x1b[31mred\x07",
	"javascript:alert(1)", "=HYPERLINK(\"x\")", "\u202eevil", strings.Repeat("x", 5000), "\xff\xfe", "</title><h1>x",
}

func programOf(name string) *loyalty.Program {
	text := loyalty.Text{"en": name, "de": name}
	return &loyalty.Program{
		ID: "p", Zone: time.UTC, Name: text, Unit: words("bean", "beans"),
		Rewards:   []loyalty.Reward{{ID: "mug", Name: text}},
		Tiers:     loyalty.Tiers{Levels: []loyalty.Level{{ID: "gold", Name: text}}},
		Reminders: loyalty.Reminders{Messages: []loyalty.Reminder{{ID: "r", Title: text, Body: text}}},
	}
}

// full returns a notice with every fact that a trigger may have, and bare one without facts.
func full(on loyalty.Trigger, n loyalty.Points) remind.News {
	return remind.News{
		Reminder: "r", On: on, Purpose: loyalty.Marketing, Points: n,
		Lots: []loyalty.Lot{{Expires: 20270331, Points: n}}, Reward: "mug",
		Level: "gold", Missing: int64(n), Code: "7K3M-Q9XZ", Order: "1042", Years: int(n),
		Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), At: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC),
		Zone: time.UTC,
	}
}

func bare(on loyalty.Trigger) remind.News {
	return remind.News{Reminder: "gone", On: on, Purpose: posting.PurposeOf(on)}
}

// each calls f for every language, trigger and channel.
func each(f func(language string, on loyalty.Trigger, c loyalty.Channel)) {
	for _, l := range remind.MessageLanguages() {
		for _, on := range remind.Triggers() {
			for _, c := range remind.Channels() {
				f(l, on, c)
			}
		}
	}
}

const link = "https://api.example/v1/unsubscribe/x.y"

func write(t *testing.T, p *loyalty.Program, who notify.Person, n remind.News) notify.Words {
	t.Helper()
	w, err := Words(p, who, n, link)
	if err != nil {
		t.Fatalf("%s in %s: %v", n.On, who.Locale, err)
	}
	return w
}

func TestLanguagesMatchProgramFile(t *testing.T) {
	if !slices.Equal(Languages(), remind.MessageLanguages()) {
		t.Errorf("%v and %v", Languages(), remind.MessageLanguages())
	}
}

var tags = regexp.MustCompile(`<(/?[a-z1-9!]+)`)

// TestUserTextIsEscaped checks that text from members and merchants creates no element, header or line, and is not
// executed as a template.
func TestUserTextIsEscaped(t *testing.T) {
	plain := write(
		t, programOf("Shop"), notify.Person{Name: "Ada", Locale: "en"},
		withChannel(full(loyalty.NearReward, 5), loyalty.Email),
	)
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for _, bad := range hostile {
			n := withChannel(full(on, 5), c)
			n.Order, n.Code = bad, bad
			w := write(t, programOf(bad), notify.Person{Name: bad, Locale: l}, n)
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.ContainsFunc(s, func(r rune) bool {
					return r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u202e'
				}) {
					t.Errorf("%s in %s by %s has control characters: %q", on, l, c, s)
				}
			}
			if strings.ContainsAny(w.Subject, "\r\n") || len([]rune(w.Subject)) > 150 {
				t.Errorf("%s in %s: subject %q", on, l, w.Subject)
			}
			if c == loyalty.Email {
				if got, want := elements(w.HTML), elements(plain.HTML); !slices.Equal(got, want) {
					t.Fatalf("%s in %s of %q: elements %v, not %v", on, l, bad, got, want)
				}
			}
			if strings.Contains(w.Text, "49") && strings.Contains(bad, "7*7") {
				t.Errorf("%s in %s was executed as a template: %s", on, l, w.Text)
			}
		}
	})
}

func elements(page string) (list []string) {
	for _, m := range tags.FindAllStringSubmatch(page, -1) {
		list = append(list, m[1])
	}
	return list
}

func withChannel(n remind.News, c loyalty.Channel) remind.News {
	n.Channel = c
	return n
}

// TestMissingFactsLeaveNoTrace checks that a message without facts and without a name has no gaps and no template
// syntax.
func TestMissingFactsLeaveNoTrace(t *testing.T) {
	empty := &loyalty.Program{ID: "p", Zone: time.UTC}
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for _, n := range []remind.News{bare(on), full(on, 1), full(on, 0)} {
			w := write(t, empty, notify.Person{Locale: l}, withChannel(n, c))
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.Contains(s, "<no value>") || strings.Contains(s, "{{") || strings.Contains(s, "%!") {
					t.Errorf("%s in %s: %q", on, l, s)
				}
			}
			if w.Text == "" && on != loyalty.Scheduled {
				t.Errorf("%s in %s by %s says nothing", on, l, c)
			}
		}
	})
}

func TestMessagesHaveDaysPluralsAndUnsubscribeLink(t *testing.T) {
	soon := regexp.MustCompile(
		`(?i)\b(soon|shortly|bald|demnächst|pronto|próximamente|bientôt|prochainement|yakında|yakinda)\b`,
	)
	p := programOf("Shop")
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		w := write(t, p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 2), c))
		if soon.MatchString(w.Subject + w.Text) {
			t.Errorf("%s in %s: %s", on, l, w.Text)
		}
		if way := c == loyalty.Email || c == loyalty.SMS; way && !strings.Contains(w.Text, link) ||
			c == loyalty.Email && !strings.Contains(w.HTML, link) {
			t.Errorf("%s in %s by %s has no link: %s", on, l, c, w.Text)
		}
	})
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		w, err := Words(p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 2), c), "")
		if text := w.Text + w.HTML; err != nil || strings.Contains(text, `href=""`) || strings.HasSuffix(w.Text, ":") {
			t.Errorf("%s in %s by %s without a link: %v %s", on, l, c, err, text)
		}
	})
	for l, want := range map[string][3]string{ // for zero, one and two points
		"en": {"0 beans expire", "1 bean expires", "2 beans expire"},
		"de": {"0 beans verfallen", "1 bean verfällt", "2 beans verfallen"},
		"es": {"caducan 0 beans", "caduca 1 bean", "caducan 2 beans"},
		"fr": {"0 bean expire", "1 bean expire", "2 beans expirent"},
		"tr": {"0 bean geçerliliğini", "1 bean geçerliliğini", "2 bean geçerliliğini"},
	} {
		for n, text := range want {
			if w := write(
				t, p, notify.Person{Locale: l},
				withChannel(full(loyalty.BeforeExpiry, loyalty.Points(n)), loyalty.Push),
			); !strings.Contains(w.Text, text) {
				t.Errorf("%s: %s", l, w.Text)
			}
		}
	}
}

// TestMissingAmountsAgreeInNumber checks that missing amounts agree with the verb, whatever the metric. Where a
// language inflects nouns or has a verb only for points, the amount is in a neutral position.
func TestMissingAmountsAgreeInNumber(t *testing.T) {
	p := programOf("Shop")
	want := map[string]map[loyalty.Trigger][2]string{ // for one and for five: the subject, and the end of the body
		"en": {
			loyalty.NearTier: {
				"# to go: Shop|With # more you reach the level Shop.",
				"# to go: Shop|With # more you reach the level Shop.",
			},
			loyalty.BeforeTier: {
				"Keep your level Shop|With # more by then you keep it.",
				"Keep your level Shop|With # more by then you keep it.",
			},
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
			loyalty.BeforeTier: {
				"Conserve su nivel Shop|Con # más hasta entonces lo conserva.",
				"Conserve su nivel Shop|Con # más hasta entonces lo conserva.",
			},
		},
		"fr": {
			loyalty.NearTier: {
				"Plus que # : Shop|Avec # de plus, vous atteignez le niveau Shop.",
				"Plus que # : Shop|Avec # de plus, vous atteignez le niveau Shop.",
			},
			loyalty.BeforeTier: {
				"Gardez votre niveau Shop|Avec # de plus d’ici là, vous le gardez.",
				"Gardez votre niveau Shop|Avec # de plus d’ici là, vous le gardez.",
			},
		},
		"tr": {
			loyalty.NearTier: {
				"Kalan #: Shop|Shop seviyesine ulaşmanız için kalan: #.",
				"Kalan #: Shop|Shop seviyesine ulaşmanız için kalan: #.",
			},
			loyalty.BeforeTier: {
				"Shop seviyenizi koruyun|Korumanız için o zamana kadar gereken: #.",
				"Shop seviyenizi koruyun|Korumanız için o zamana kadar gereken: #.",
			},
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
		"Reserved until 31 March 2027: Shop|1 bean is reserved for Shop. On 31 March 2027 the reservation ends, and it is yours again.",
	)
	said(
		"en", loyalty.BeforeHold, 0, 5,
		"Reserved until 31 March 2027: Shop|5 beans are reserved for Shop. On 31 March 2027 the reservation ends, and they are yours again.",
	)
}

func TestLongestTextMessageHasLink(t *testing.T) {
	long := "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/v1/unsubscribe/" + strings.Repeat("x", 200)
	p := programOf(strings.Repeat("x", 5000))
	each(func(l string, on loyalty.Trigger, _ loyalty.Channel) {
		w, err := Words(p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 5), loyalty.SMS), long)
		if err != nil || !strings.HasSuffix(w.Text, long) || len([]rune(w.Text)) > maxShort {
			t.Errorf(
				"%s in %s has %d characters and ends with %q, %v", on, l, len([]rune(w.Text)), w.Text[len(w.Text)-20:],
				err,
			)
		}
	})
}

func TestDatesAndNumbersAreLocalized(t *testing.T) {
	for l, want := range map[string]string{
		"en": "1,234,567 31 March 2027", "de": "1.234.567 31. März 2027", "es": "1.234.567 31 de marzo de 2027",
		"fr": "1\u202f234\u202f567 31 mars 2027", "tr": "1.234.567 31 Mart 2027", "de-AT": "1.234.567 31. März 2027",
		"pt-BR": "1,234,567 31 March 2027", "": "1,234,567 31 March 2027",
	} {
		x := languageOf(l)
		if got := x.number(1234567) + " " + x.day(20270331); got != want {
			t.Errorf("%s: %s", l, got)
		}
	}
	if got := languageOf("fr").day(20270301); got != "1er mars 2027" {
		t.Error(got)
	}
	if got := languageOf("de").money(loyalty.Money{Amount: 123450, Currency: "EUR"}); got != "1.234,50 EUR" {
		t.Error(got)
	}
}

// TestLastDayIsCompleteForMember checks that the last day is valid until midnight in the member's time zone,
// whatever the program's zone. On the day of the end, the message contains the time.
func TestLastDayIsCompleteForMember(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	berlin, angeles := zone("Europe/Berlin"), zone("America/Los_Angeles")
	p := programOf("Shop")
	p.Zone = berlin
	noon := time.Date(2026, 12, 16, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		on      loyalty.Trigger
		until   time.Time
		zone    *time.Location
		ahead   time.Duration // before the end
		locale  string
		subject string
		body    string
	}{
		{
			loyalty.BeforeCode, noon, berlin, 48 * time.Hour, "es", "Hasta el 15 de diciembre de 2026: ",
			"se puede usar hasta el 15 de diciembre de 2026 inclusive.",
		},
		{
			loyalty.BeforeCode, noon, berlin, time.Hour, "es", "Hasta el 16 de diciembre de 2026, 11:00 CET: ",
			"se puede usar hasta el 16 de diciembre de 2026, 11:00 CET.",
		},
		{
			loyalty.BeforeCode, noon, angeles, 48 * time.Hour, "de", "Gültig bis 15. Dezember 2026: ",
			"gültig bis einschließlich 15. Dezember 2026.",
		},
		{
			loyalty.BeforeCode, noon, angeles, time.Hour, "de", "Gültig bis 16. Dezember 2026, 02:00 PST: ",
			"gültig bis 16. Dezember 2026, 02:00 PST.",
		},
		{loyalty.AfterClaim, noon, berlin, 48 * time.Hour, "fr", "", "valable jusqu’au 15 décembre 2026 inclus."},
		{loyalty.AfterClaim, noon, berlin, time.Hour, "fr", "", "valable jusqu’au 16 décembre 2026, 11:00 CET."},
		{loyalty.BeforeTier, noon, berlin, 48 * time.Hour, "en", "", "yours until the end of 15 December 2026."},
		{loyalty.BeforeTier, noon, berlin, time.Hour, "tr", "", "16 Aralık 2026, 11:00 CET anına kadar sizin."},
		{
			loyalty.BeforeHold, noon, berlin, 48 * time.Hour, "en", "Reserved until 16 December 2026, 11:00 CET: ",
			"On 16 December 2026, 11:00 CET the reservation ends",
		},
		{
			loyalty.BeforeExpiry, loyalty.Date(20270228).End(berlin), angeles, 48 * time.Hour, "en",
			"2 beans: valid until 27 February 2027", "valid until the end of 27 February 2027.",
		},
		{
			loyalty.BeforeExpiry, loyalty.Date(20270228).End(berlin), angeles, 2 * time.Hour, "en",
			"2 beans: valid until 28 February 2027, 15:00 PST", "valid until 28 February 2027, 15:00 PST.",
		},
		{
			loyalty.BeforeExpiry, loyalty.Date(20270228).End(berlin), berlin, 2 * time.Hour, "tr",
			"2 bean: son gün 28 Şubat 2027", "28 Şubat 2027 gününün sonuna kadar.",
		},
	} {
		n := withChannel(full(c.on, 2), loyalty.Push)
		n.Lots, n.Until, n.Zone, n.At = []loyalty.Lot{
			{Expires: 20270228, Points: 2},
		}, c.until, c.zone, c.until.Add(-c.ahead)
		if w := write(t, p, notify.Person{Locale: c.locale}, n); !strings.HasPrefix(w.Subject, c.subject) ||
			!strings.Contains(w.Text, c.body) {
			t.Errorf("%s, %s before in %s: %q, %q", c.on, c.ahead, c.zone, w.Subject, w.Text)
		}
	}
	n := withChannel(full(loyalty.BeforeExpiry, 2), loyalty.Email)
	n.Lots = []loyalty.Lot{{Expires: 20270228, Points: 1}, {Expires: 20270301, Points: 1}}
	n.Until, n.Zone, n.At = loyalty.Date(20270228).End(berlin), angeles, time.Date(2027, 2, 28, 18, 0, 0, 0, time.UTC)
	w := write(t, p, notify.Person{Locale: "en"}, n)
	for _, line := range []string{
		"Some are valid only until 28 February 2027, 15:00 PST.", "1 bean: until 28 February 2027, 15:00 PST\n",
		"1 bean: until the end of 28 February 2027\n",
	} {
		if !strings.Contains(w.Text, line) {
			t.Errorf("missing %q in %s", line, w.Text)
		}
	}
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

func TestMemberWithoutOrdersSeesEnrollment(t *testing.T) {
	for l, want := range map[string][2]string{ // without an order, and with one
		"en": {"since you joined Shop.", "since your last order."},
		"de": {"Ihr Beitritt zu Shop", "Ihre letzte Bestellung"},
		"es": {"se unió a Shop.", "su último pedido."},
		"fr": {"Votre adhésion à Shop", "Votre dernière commande"},
		"tr": {"Shop programına katılmanızın", "Son siparişinizin"},
	} {
		n := withChannel(full(loyalty.AfterAbsence, 2), loyalty.Push)
		for i, ordered := range []bool{false, true} {
			n.Ordered = ordered
			if w := write(t, programOf("Shop"), notify.Person{Locale: l}, n); !strings.Contains(w.Text, want[i]) ||
				strings.Contains(w.Text, want[1-i]) {
				t.Errorf("%s, ordered %t: %s", l, ordered, w.Text)
			}
		}
	}
}

// TestPendingRewardDoesNotMentionFirstOrder checks the text for a friend who may have ordered before, but not
// enough for the referral's reward.
func TestPendingRewardDoesNotMentionFirstOrder(t *testing.T) {
	first := regexp.MustCompile(`(?i)first|erste|primer|premi|ilk`)
	for _, l := range remind.MessageLanguages() {
		w := write(
			t, programOf("Shop"), notify.Person{Locale: l},
			withChannel(full(loyalty.AfterReferral, 100), loyalty.Push),
		)
		if first.MatchString(w.Subject+w.Text) || !strings.Contains(w.Subject, "100") {
			t.Errorf("%s: %q, %q", l, w.Subject, w.Text)
		}
	}
}

func TestMessagesDoNotShowRewardIDs(t *testing.T) {
	p := programOf("Shop")
	p.Rewards = append(p.Rewards, loyalty.Reward{ID: "five-off"})
	words := map[string][2]string{ // a reward without a name, and a payment
		"en": {"a reward", "the payment of your order"}, "de": {"eine Prämie", "die Bezahlung Ihrer Bestellung"},
		"es": {"una recompensa", "el pago de su pedido"}, "fr": {"une récompense", "le paiement de votre commande"},
		"tr": {"bir ödül", "siparişinizin ödemesi"},
	}
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for id, word := range map[string]string{
			"five-off": words[l][0], "gone": words[l][0], redeem.PayReward: words[l][1],
		} {
			n := withChannel(full(on, 5), c)
			n.Reward = id
			w := write(t, p, notify.Person{Locale: l}, n)
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.Contains(s, id) {
					t.Errorf("%s of %s in %s by %s: %q", on, id, l, c, s)
				}
			}
			if about := on == loyalty.BeforeHold || on == loyalty.BeforeCode || on == loyalty.NearReward; about &&
				!strings.Contains(w.Text, word) {
				t.Errorf("%s of %s in %s does not say %q: %q", on, id, l, word, w.Text)
			}
		}
	})
	n := withChannel(full(loyalty.AfterClaim, 5), loyalty.Push)
	n.Reward = "five-off"
	if w := write(t, p, notify.Person{Locale: "en"}, n); w.Subject != "Your code is waiting" ||
		!strings.Contains(w.Text, "not used it yet. Your code") {
		t.Errorf("%q, %q", w.Subject, w.Text)
	}
}

// Several lots are in one message, each with its last day.
func ExampleWords() {
	n := withChannel(full(loyalty.BeforeExpiry, 300), loyalty.Email)
	n.Purpose = loyalty.Transactional
	n.Lots = []loyalty.Lot{{Expires: 20270331, Points: 100}, {Expires: 20270403, Points: 200}}
	w, err := Words(programOf("Shop"), notify.Person{Name: "Ada", Locale: "en"}, n, link)
	fmt.Println(w.Subject, err)
	fmt.Println(w.Text)
	// Output:
	// 300 beans: valid until 31 March 2027 <nil>
	// Hello Ada,
	//
	// 300 beans expire unless you use them. Some are valid only until the end of 31 March 2027.
	//
	// - 100 beans: until the end of 31 March 2027
	// - 200 beans: until the end of 3 April 2027
	//
	// Shop
	//
	// --
	// You get this because you are a member of Shop and something about your membership changes.
	// No more of these messages: https://api.example/v1/unsubscribe/x.y
}

func BenchmarkWords(b *testing.B) {
	p, n := programOf("Shop"), withChannel(full(loyalty.BeforeExpiry, 300), loyalty.Email)
	for b.Loop() {
		if _, err := Words(p, notify.Person{Name: "Ada", Locale: "de"}, n, link); err != nil {
			b.Fatal(err)
		}
	}
}
