package explain

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// The other tests explain entries that were written for the test. This one explains entries that the rules produced.
func TestAMembersHistoryReadsLikeAStory(t *testing.T) {
	p := bluebird(t)
	p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}}
	p.Earn.Counts.Items = true
	p.Earn.Pending = calendar.Wait{For: calendar.Period{Days: 14}}
	p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfYear}
	p.Earn.Actions = []loyalty.Action{{ID: "welcome", Event: award.EventJoined, Points: 1000}}
	p.Earn.Rules, p.Campaigns = nil, nil
	p.Tiers.KeepFor = calendar.Period{Months: 12}
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
	var entries []loyalty.Entry
	acc := loyalty.Account{}
	happens := func(out posting.Outcome, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		acc, entries = out.Account, append(entries, out.Entries...)
	}
	order := loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: at, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", Category: "coffee-beans", Quantity: 1, Amount: 2999}},
	}
	happens(engine.Join(p, "mem_ada", loyalty.Traits{}, at))
	happens(award.PlaceOrder(engine.Begin(p, acc, at), nil, engine.EarnRules(p), order, nil))
	prior := entries[len(entries)-1].Order
	order.Refunds = []loyalty.Refund{{ID: "re_1", At: at, Status: loyalty.RefundSucceeded, Amount: 1000}}
	happens(award.PlaceOrder(engine.Begin(p, acc, at.Add(time.Hour)), prior, engine.EarnRules(p), order, nil))
	happens(engine.Advance(p, acc, at.AddDate(0, 0, 14)))
	p.Rewards[0].Cost = 1030
	happens(redeem.Redeem(
		engine.Begin(p, acc, at.AddDate(0, 0, 15)), loyalty.Redemption{ID: "rd_1", Reward: "free-mug"}, true, nil,
	))
	happens(engine.Advance(p, acc, at.AddDate(2, 0, 0)))

	for locale, want := range map[string]string{"en": english1042, "de": german1042} {
		if got := story(p, entries, locale); got != strings.TrimSpace(want) {
			t.Errorf("in %s the story is\n%s", locale, got)
		}
	}
}

func story(p *loyalty.Program, entries []loyalty.Entry, locale string) string {
	var lines []string
	for _, e := range entries {
		words := Entry(p, e, locale)
		lines = append(lines, words.Summary)
		for _, reason := range words.Reasons {
			lines = append(lines, "- "+reason)
		}
	}
	return strings.Join(lines, "\n")
}

const english1042 = `
You joined Bluebird Rewards. Your level is Bronze.
You earned 1,000 beans for joining. They expire at the end of 31 December 2027.
- The bonus welcome gives 1,000 beans.
You reached the level Silver. It is yours at least until 1 December 2027.
- You reached the level Silver: 1,000 beans in all.
You earned 59 beans with order 1042. They can be spent from 15 December 2026 and expire at the end of 31 December 2027.
- 29.99 EUR at 1 bean per 1.00 EUR: 29.99 beans.
- The category coffee-beans counts double, for 29.99 EUR: +29.99 beans.
- Rounded down: -0.98 beans.
20 beans earned with order 1042 were taken back.
- 19.99 EUR at 1 bean per 1.00 EUR: 19.99 beans.
- The category coffee-beans counts double, for 19.99 EUR: +19.99 beans.
- Rounded down: -0.98 beans.
- Already given before: -59 beans.
39 beans can now be spent. They expire at the end of 31 December 2027.
- 39 beans earned with order 1042 can now be spent.
You spent 1,030 beans on the reward Free mug.
- The reward Free mug costs 1,030 beans.
You keep the level Silver. It is yours at least until 1 December 2028.
- You keep the level Silver: 1,039 beans in all.
9 beans expired at the end of 31 December 2027.
- 9 beans expired at the end of 31 December 2027.
You keep the level Silver. It is yours at least until 1 December 2029.
- You keep the level Silver: 1,039 beans in all.
`

const german1042 = `
Sie sind jetzt Mitglied bei Bluebird Prämien. Ihre Stufe ist Bronze.
Für Ihren Beitritt haben Sie 1.000 Bohnen gesammelt. Gültig bis einschließlich 31. Dezember 2027.
- Der Bonus „welcome“ bringt 1.000 Bohnen.
Sie haben die Stufe Silber erreicht. Sie gehört Ihnen mindestens bis zum 1. Dezember 2027.
- Sie haben die Stufe Silber erreicht: 1.000 Bohnen insgesamt.
Für Bestellung 1042 haben Sie 59 Bohnen gesammelt. ` +
	`Einlösbar ab dem 15. Dezember 2026, gültig bis einschließlich 31. Dezember 2027.
- 29,99 EUR, 1 Bohne je 1,00 EUR: 29,99 Bohnen.
- Die Kategorie „coffee-beans“ zählt doppelt, für 29,99 EUR: +29,99 Bohnen.
- Abgerundet: -0,98 Bohnen.
Für Bestellung 1042 haben wir 20 Bohnen zurückgebucht.
- 19,99 EUR, 1 Bohne je 1,00 EUR: 19,99 Bohnen.
- Die Kategorie „coffee-beans“ zählt doppelt, für 19,99 EUR: +19,99 Bohnen.
- Abgerundet: -0,98 Bohnen.
- Bereits gutgeschrieben: -59 Bohnen.
39 Bohnen können jetzt eingelöst werden. Gültig bis einschließlich 31. Dezember 2027.
- 39 Bohnen für Bestellung 1042 können jetzt eingelöst werden.
Sie haben 1.030 Bohnen für die Prämie „Gratis-Tasse“ eingelöst.
- Die Prämie „Gratis-Tasse“ kostet 1.030 Bohnen.
Sie behalten die Stufe Silber. Sie gehört Ihnen mindestens bis zum 1. Dezember 2028.
- Sie behalten die Stufe Silber: 1.039 Bohnen insgesamt.
9 Bohnen sind mit Ablauf des 31. Dezember 2027 verfallen.
- 9 Bohnen sind mit Ablauf des 31. Dezember 2027 verfallen.
Sie behalten die Stufe Silber. Sie gehört Ihnen mindestens bis zum 1. Dezember 2029.
- Sie behalten die Stufe Silber: 1.039 Bohnen insgesamt.
`
