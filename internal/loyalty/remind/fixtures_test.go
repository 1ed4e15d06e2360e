package remind

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// tuesday is an instant outside the quiet hours, on the second day of a week and of a month.
var tuesday = utc("2027-03-02T10:00")

// reminding returns a program in UTC with reminders. Its quiet hours are from 20:00 to 09:00.
func reminding(messages ...loyalty.Reminder) *loyalty.Program {
	return &loyalty.Program{
		ID: "p", Zone: time.UTC,
		Messaging: loyalty.Messaging{Reminders: loyalty.Reminders{
			QuietFrom: DefaultQuietFrom, QuietUntil: DefaultQuietUntil, Messages: messages,
		}},
	}
}

// memberWith returns an active member who joined at noon on 1 January 2026 and has lots.
func memberWith(lots ...loyalty.Lot) loyalty.Account {
	return loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: utc("2026-01-01T12:00"), Purse: loyalty.Purse{Lots: lots},
	}
}

// reachable returns a recipient with all consents and addresses.
func reachable() Recipient {
	r := Recipient{Reach: Channels()}
	for _, c := range Channels() {
		for _, p := range Purposes() {
			r.Consents = r.Consents.With(Consent{Channel: c, Purpose: p, Granted: true})
		}
	}
	return r
}

// rulesOf returns the rules of a program.
func rulesOf(p *loyalty.Program) Rules {
	d := &posting.Decision{P: p}
	return Rules{redeem.Of(d), &p.Earning, &p.Messaging, tier.Of(p), p.ID}
}

// visiting returns an evaluation of a reachable member at an instant, with the program's first reminder.
func visiting(p *loyalty.Program, acc loyalty.Account, now time.Time) *visit {
	v := newVisit(rulesOf(p), acc, reachable(), Reminded{}, now)
	if len(p.Reminders.Messages) > 0 {
		v.r = &p.Reminders.Messages[0]
	}
	return v
}

// marketing returns an offer of a marketing message by a reminder.
func marketing(r *loyalty.Reminder) offer {
	return offer{News{Reminder: r.ID, On: r.On, Purpose: loyalty.Marketing}, r}
}
