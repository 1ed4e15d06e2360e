package wording

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

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
		ahead   time.Duration // the time before the end
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
			loyalty.BeforeExpiry, calendar.Date(20270228).End(berlin), angeles, 48 * time.Hour, "en",
			"2 beans: valid until 27 February 2027", "valid until the end of 27 February 2027.",
		},
		{
			loyalty.BeforeExpiry, calendar.Date(20270228).End(berlin), angeles, 2 * time.Hour, "en",
			"2 beans: valid until 28 February 2027, 15:00 PST", "valid until 28 February 2027, 15:00 PST.",
		},
		{
			loyalty.BeforeExpiry, calendar.Date(20270228).End(berlin), berlin, 2 * time.Hour, "tr",
			"2 bean: son gün 28 Şubat 2027", "28 Şubat 2027 gününün sonuna kadar.",
		},
	} {
		n := withChannel(full(c.on, 2), loyalty.Push)
		n.Lots = []loyalty.Lot{{Expires: 20270228, Points: 2}}
		n.Until, n.Zone, n.At = c.until, c.zone, c.until.Add(-c.ahead)
		if w := write(t, p, notify.Person{Locale: c.locale}, n); !strings.HasPrefix(w.Subject, c.subject) ||
			!strings.Contains(w.Text, c.body) {
			t.Errorf("%s, %s before in %s: %q, %q", c.on, c.ahead, c.zone, w.Subject, w.Text)
		}
	}
	n := withChannel(full(loyalty.BeforeExpiry, 2), loyalty.Email)
	n.Lots = []loyalty.Lot{{Expires: 20270228, Points: 1}, {Expires: 20270301, Points: 1}}
	n.Until, n.Zone, n.At = calendar.Date(20270228).End(berlin), angeles, time.Date(2027, 2, 28, 18, 0, 0, 0, time.UTC)
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
