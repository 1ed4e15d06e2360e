package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func utc(s string) time.Time {
	layout := time.DateOnly
	if len(s) > len(layout) {
		layout = "2006-01-02T15:04"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// threeLevels returns a program in UTC with the levels bronze, silver from 200 points, and gold from 500.
func threeLevels(edit ...func(*loyalty.Tiers)) *loyalty.Program {
	p := &loyalty.Program{Zone: time.UTC}
	p.Tiers.Levels = []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 200}, {ID: "gold", From: 500}}
	for _, f := range edit {
		f(&p.Tiers)
	}
	return p
}

// The windows of levels that tests use. Rolling counts twelve months, quarterly the quarter of a year.
func rolling(t *loyalty.Tiers)      { t.Months = 12 }
func calendarYear(t *loyalty.Tiers) { t.Calendar = true }
func quarterly(t *loyalty.Tiers) {
	t.Window = loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 101}
}

func sinceLevel(t *loyalty.Tiers) {
	t.Window = loyalty.Window{Kind: loyalty.LevelWindow}
}

func fromJoining(t *loyalty.Tiers) { t.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: 12} }

func ownYear(t *loyalty.Tiers)      { t.Window = loyalty.Window{Kind: loyalty.OwnWindow, Months: 12} }
func nextPeriod(t *loyalty.Tiers)   { t.MoveUp = loyalty.NextPeriod }
func toQualified(t *loyalty.Tiers)  { t.MoveDown = loyalty.ToQualified }
func keepOnRefund(t *loyalty.Tiers) { t.KeepOnRefund = true }

func keepFor(months int) func(*loyalty.Tiers) {
	return func(t *loyalty.Tiers) { t.KeepFor = calendar.Period{Months: months} }
}

func keepPeriod(n int) func(*loyalty.Tiers) { return func(t *loyalty.Tiers) { t.KeepPeriods = n } }

// member returns an active member who joined on 15 January 2026 and has a level since then, with points by month.
func member(level string, points ...loyalty.Metric) loyalty.Account {
	joined := utc("2026-01-15")
	return loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: joined,
		Tier: loyalty.Standing{Level: level, Since: joined}, Metrics: points,
	}
}

func points(month int, n loyalty.Points) loyalty.Metric {
	return loyalty.Metric{Month: month, Points: n}
}

func decide(p *loyalty.Program, acc loyalty.Account, now string) *posting.Decision {
	return posting.Decide(p, acc, utc(now))
}

// earnRules returns the rules of a program for orders and events.
func earnRules(p *loyalty.Program) earn.Rules {
	return earn.Rules{
		Earning: &p.Earning, Levels: &p.Levels, Wallets: p.Wallets, Payments: &p.Payments, Zone: p.Zone,
		Version: p.Version,
	}
}
