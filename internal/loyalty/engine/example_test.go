package engine_test

import (
	"fmt"
	"math/big"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

// Rules are pure functions: a command takes a program, an account and an instant, and returns the new account with the
// entries that explain it. Time passes only by Advance.
func Example() {
	p := &loyalty.Program{
		ID:      "corner",
		Version: 1,
		Zone:    time.UTC,
		Earning: loyalty.Earning{Earn: loyalty.Earn{
			Rates:   map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}},
			Counts:  loyalty.Counts{Items: true},
			Pending: calendar.Wait{For: calendar.Period{Days: 14}},
			Expires: calendar.Expiry{After: calendar.Period{Months: 12}},
		}},
	}
	must(engine.Compile(p))
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

	out, err := engine.Join(p, "mem_ada", loyalty.Traits{}, noon)
	must(err)
	order := loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 2999}},
	}
	out, err = award.PlaceOrder(engine.Begin(p, out.Account, noon), nil, engine.EarnRules(p), order, earn.Budgets{})
	must(err)
	for _, e := range out.Entries {
		fmt.Println(e.Kind, e.Points)
		for _, r := range e.Reasons {
			fmt.Println("-", r.Rule, r.Effect(), r.Points)
		}
	}
	fmt.Printf("%+v\n", out.Account.Balance())

	out, err = engine.Advance(p, out.Account, noon.AddDate(0, 0, 14))
	must(err)
	for _, e := range out.Entries {
		fmt.Println(e.Kind, e.Effective.Format(time.DateOnly))
	}
	fmt.Printf("%+v\n", out.Account.Balance())

	// Output:
	// earn 29
	// - earn.purchase 29.99 EUR x 1 per 1.00 29.99
	// - rounding down -0.99
	// {Active:0 Pending:29 Reserved:0 Debt:0}
	// activate 2026-12-15
	// {Active:29 Pending:0 Reserved:0 Debt:0}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
