package engine

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

func berlin(tb testing.TB) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	return zone
}

func testProgram(tb testing.TB) *loyalty.Program {
	p := &loyalty.Program{
		ID:      "bluebird",
		Version: 1,
		Zone:    berlin(tb),
		Unit:    loyalty.Units{One: loyalty.Text{"en": "bean"}, Other: loyalty.Text{"en": "beans"}},
		Earning: loyalty.Earning{Earn: loyalty.Earn{
			Rates: map[loyalty.Currency]loyalty.Rate{
				"EUR": {Points: big.NewRat(1, 1), Per: 100},
				"USD": {Points: big.NewRat(1, 1), Per: 110},
				"JPY": {Points: big.NewRat(1, 1), Per: 150},
				"KWD": {Points: big.NewRat(3, 1), Per: 1000},
			},
			Counts:  loyalty.Counts{Items: true},
			Pending: calendar.Wait{For: calendar.Period{Days: 14}},
			Expires: calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfMonth},
			Categories: []loyalty.CategoryRule{
				{ID: "beans-x2", Category: "coffee-beans", Multiply: big.NewRat(2, 1)},
				{ID: "no-gift-cards", Category: "gift-cards", Multiply: new(big.Rat)},
			},
		}},
		Levels: loyalty.Levels{Tiers: loyalty.Tiers{
			Levels: []loyalty.Level{
				{ID: "bronze"},
				{ID: "silver", From: 500, Multiply: big.NewRat(5, 4)},
				{ID: "gold", From: 2000, Multiply: big.NewRat(3, 2)},
			},
			Months: 12, KeepFor: calendar.Period{Months: 12}, Grace: calendar.Period{Days: 30},
		}},
		Spending: loyalty.Spending{Rewards: []loyalty.Reward{
			{ID: "mug", Type: "free_product", Cost: 1200}, {ID: "sticker", Type: "free_product", Cost: 100},
		}},
	}
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

func joined(tb interface{ Fatal(...any) }, p *loyalty.Program, at time.Time) loyalty.Account {
	out, err := Join(p, "mem_ada", loyalty.Traits{}, at)
	if err != nil {
		tb.Fatal(err)
	}
	return out.Account
}

func TestWhatAnOrderIsWorthAndWhy(t *testing.T) {
	gold := func(a *loyalty.Account) { a.Tier.Level = "gold" }
	for _, c := range []struct {
		name    string
		account func(*loyalty.Account)
		order   loyalty.Order
		edit    func(*loyalty.Order)
		want    loyalty.Points
		because []string
	}{
		{
			name: "an amount at the base rate, rounded down once", order: paid("EUR", loyalty.Line{Amount: 2999}),
			want: 29, because: []string{"earn.purchase: 29.99 EUR x 1 per 1.00 = 29.99", "rounding: down = -0.99"},
		},
		{
			name:  "rounding is of the order, not of its lines",
			order: paid("EUR", loyalty.Line{Amount: 150}, loyalty.Line{Amount: 150}),
			want:  3, because: []string{"earn.purchase: 3.00 EUR x 1 per 1.00 = 3"},
		},
		{
			name: "a category doubles its own lines only",
			order: paid(
				"EUR", loyalty.Line{Category: "coffee-beans", Amount: 1200},
				loyalty.Line{Category: "mugs", Amount: 800},
			),
			want: 32,
			because: []string{
				"earn.purchase: 20.00 EUR x 1 per 1.00 = 20", "earn.categories.beans-x2: 12.00 EUR x 2 = 12",
			},
		},
		{
			name:  "a gift card that is bought earns nothing",
			order: paid("EUR", loyalty.Line{Category: "gift-cards", Amount: 5000}, loyalty.Line{Amount: 800}),
			want:  8,
			because: []string{
				"earn.purchase: 58.00 EUR x 1 per 1.00 = 58", "earn.categories.no-gift-cards: 50.00 EUR x 0 = -50",
			},
		},
		{
			name: "a level multiplies everything before it", account: gold,
			order: paid("EUR", loyalty.Line{Category: "coffee-beans", Amount: 3000}),
			want:  90,
			because: []string{
				"earn.purchase: 30.00 EUR x 1 per 1.00 = 30", "earn.categories.beans-x2: 30.00 EUR x 2 = 30",
				"tiers.gold: x 1.5 = 30",
			},
		},
		{
			name: "what a gift card pays earns nothing", order: paid("EUR", loyalty.Line{Amount: 2000}),
			edit: func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 500}} },
			want: 15, because: []string{"earn.purchase: 15.00 EUR x 1 per 1.00 = 15"},
		},
		{
			name:  "points and store credit pay for shipping in proportion too",
			order: paid("EUR", loyalty.Line{Amount: 2000}),
			edit: func(o *loyalty.Order) {
				o.Shipping, o.Tenders = 500, []loyalty.Tender{
					{Kind: loyalty.TenderPoints, Amount: 250}, {Kind: loyalty.TenderStoreCredit, Amount: 250},
				}
			},
			want: 16, because: []string{"earn.purchase: 16.00 EUR x 1 per 1.00 = 16"},
		},
		{
			name:  "a discount is spread over the lines",
			order: paid("EUR", loyalty.Line{Category: "coffee-beans", Amount: 1000}, loyalty.Line{Amount: 2000}),
			edit:  func(o *loyalty.Order) { o.Discount = 600 },
			want:  32,
			because: []string{
				"earn.purchase: 24.00 EUR x 1 per 1.00 = 24", "earn.categories.beans-x2: 8.00 EUR x 2 = 8",
			},
		},
		{
			name: "an endless fraction stays exact", order: paid("USD", loyalty.Line{Amount: 2999}),
			want: 27, because: []string{"earn.purchase: 29.99 USD x 1 per 1.10 = 2999/110", "rounding: down = -29/110"},
		},
		{
			name: "yen have no cents", order: paid("JPY", loyalty.Line{Amount: 1500}),
			want: 10, because: []string{"earn.purchase: 1500 JPY x 1 per 150 = 10"},
		},
		{
			name: "dinars have three decimals", order: paid("KWD", loyalty.Line{Amount: 1500}),
			want: 4, because: []string{"earn.purchase: 1.500 KWD x 3 per 1.000 = 4.5", "rounding: down = -0.5"},
		},
		{
			name: "an order without lines", order: paid("EUR"), want: 0,
			because: []string{"earn.purchase: 0.00 EUR x 1 per 1.00 = 0"},
		},
		{
			name: "an order that is not paid", order: paid("EUR", loyalty.Line{Amount: 2000}),
			edit: func(o *loyalty.Order) { o.Status = loyalty.OrderPlaced },
			want: 0, because: []string{"earn.purchase: not paid yet = 0"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProgram(t)
			acc := joined(t, p, noon)
			if c.account != nil {
				c.account(&acc)
			}
			if c.edit != nil {
				c.edit(&c.order)
			}
			q, err := QuoteOrder(p, acc, c.order, nil, noon)
			if err != nil {
				t.Fatal(err)
			}
			var because []string
			for _, b := range q.Reasons {
				because = append(because, b.Rule+": "+b.Effect()+" = "+b.Points)
			}
			if q.Points != c.want || !reflect.DeepEqual(because, c.because) {
				t.Errorf("worth %d because %q\nwant %d because %q", q.Points, because, c.want, c.because)
			}
		})
	}
}

func TestOrdersThatNoProgramCouldReadAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		edit    func(*loyalty.Order)
		code    loyalty.Code
		pointer string
	}{
		{
			"a currency in lowercase", func(o *loyalty.Order) { o.Currency = "eur" }, loyalty.CurrencyUnsupported,
			"/currency",
		},
		{
			"a currency without a rate", func(o *loyalty.Order) { o.Currency = "CHF" }, loyalty.CurrencyUnsupported,
			"/currency",
		},
		{
			"a quantity below one", func(o *loyalty.Order) { o.Lines[0].Quantity = -1 }, loyalty.ValidationFailed,
			"/line_items/0/quantity",
		},
		{
			"an amount below zero", func(o *loyalty.Order) { o.Lines[1].Amount = -100 }, loyalty.AmountOutOfRange,
			"/line_items/1/amount",
		},
		{
			"an amount beyond bounds", func(o *loyalty.Order) { o.Lines[0].Amount = loyalty.MaxAmount + 1 },
			loyalty.AmountOutOfRange, "/line_items/0/amount",
		},
		{
			"lines that add up beyond bounds",
			func(o *loyalty.Order) { o.Lines[0].Amount, o.Lines[1].Amount = loyalty.MaxAmount, 1 },
			loyalty.AmountOutOfRange, "/line_items",
		},
		{
			"two lines of one id", func(o *loyalty.Order) { o.Lines[1].ID = "1" }, loyalty.ValidationFailed,
			"/line_items",
		},
		{
			"a discount above the lines", func(o *loyalty.Order) { o.Discount = 3001 }, loyalty.ValidationFailed,
			"/discount",
		},
		{
			"tenders above the total",
			func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderCard, Amount: 3001}} },
			loyalty.ValidationFailed, "/tenders",
		},
		{
			"an unknown tender", func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: "shells", Amount: 1}} },
			loyalty.ValidationFailed, "/tenders/0/kind",
		},
		{"an unknown status", func(o *loyalty.Order) { o.Status = "lost" }, loyalty.ValidationFailed, "/status"},
		{
			"the year 1970", func(o *loyalty.Order) { o.PlacedAt = time.Unix(0, 0) }, loyalty.ValidationFailed,
			"/placed_at",
		},
		{
			"the year 2099", func(o *loyalty.Order) { o.PlacedAt = noon.AddDate(73, 0, 0) }, loyalty.ValidationFailed,
			"/placed_at",
		},
		{
			"six minutes ahead", func(o *loyalty.Order) { o.PlacedAt = noon.Add(6 * time.Minute) },
			loyalty.ValidationFailed, "/placed_at",
		},
		{
			"long before joining", func(o *loyalty.Order) { o.PlacedAt = noon.AddDate(0, 0, -31) },
			loyalty.ValidationFailed, "/placed_at",
		},
		{
			"more points than an operation may move",
			func(o *loyalty.Order) { o.Lines[0].Amount = loyalty.MaxAmount - 5000 }, loyalty.AmountOutOfRange, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := testProgram(t)
			o := paid("EUR", loyalty.Line{Amount: 1000}, loyalty.Line{Amount: 2000})
			c.edit(&o)
			_, err := award.PlaceOrder(Begin(p, joined(t, p, noon), noon), nil, EarnRules(p), o, nil)
			e, ok := err.(*loyalty.Error)
			if !ok || e.Code != c.code || e.Pointer != c.pointer {
				t.Errorf("got %v at %q, want %s at %q", err, e.Pointer, c.code, c.pointer)
			}
		})
	}
}

func TestAMultiplierOfATrillionNeverWrapsAround(t *testing.T) {
	p := testProgram(t)
	p.Earn.Categories[0].Multiply = big.NewRat(1e12, 1)
	p.Tiers.Levels[0].Multiply = big.NewRat(1e12, 1)
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	for _, amount := range []int64{1, 100, 1e6, loyalty.MaxAmount} {
		o := paid("EUR", loyalty.Line{Category: "coffee-beans", Amount: amount})
		if _, err := award.PlaceOrder(
			Begin(p, joined(t, p, noon), noon), nil, EarnRules(p), o, nil,
		); !errors.Is(err, loyalty.AmountOutOfRange) {
			t.Errorf("an order of %d times 10^24 was answered with %v", amount, err)
		}
	}
}

func TestWhatBoundsAnAccountIsRefused(t *testing.T) {
	p := testProgram(t)
	refused := func(acc loyalty.Account, want loyalty.Code) {
		t.Helper()
		if _, err := award.PlaceOrder(
			Begin(p, acc, noon), nil, EarnRules(p), paid("EUR", loyalty.Line{Amount: 1000}), nil,
		); !errors.Is(err, want) {
			t.Errorf("the order was answered with %v, want %s", err, want)
		}
	}
	full := joined(t, p, noon)
	for i := range posting.MaxPending {
		full.Pending = append(
			full.Pending,
			loyalty.Pending{
				Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: fmt.Sprint("p", i)}, ActiveAt: noon.Add(time.Hour),
				Points: 1,
			},
		)
	}
	refused(full, loyalty.ValidationFailed)
	p.Earn.Pending = calendar.Wait{Manual: true}
	refused(full, loyalty.ValidationFailed)
	p.Earn.Pending = calendar.Wait{}
	if _, err := award.PlaceOrder(
		Begin(p, full, noon), nil, EarnRules(p), paid("EUR", loyalty.Line{Amount: 1000}), nil,
	); err != nil {
		t.Errorf("an order whose points are active at once was answered with %v", err)
	}

	frozen := joined(t, p, noon)
	frozen.Status = loyalty.Frozen
	if out, err := award.PlaceOrder(
		Begin(p, frozen, noon), nil, EarnRules(p), paid("EUR", loyalty.Line{Amount: 1000}), nil,
	); err != nil || out.Account.Balance().Active == 0 {
		t.Errorf("the order of a frozen account: %+v, %v", out.Account.Balance(), err)
	}
	if _, err := redeem.Redeem(
		Begin(p, frozen, noon), loyalty.Redemption{ID: "rd_1", Reward: "mug"}, true, nil,
	); !errors.Is(err, loyalty.AccountFrozen) {
		t.Errorf("a frozen account redeemed: %v", err)
	}

	rich := joined(t, p, noon)
	rich.Lots = []loyalty.Lot{{Expires: 20271231, Points: 100_000}}
	for i := range redeem.MaxHolds + 1 {
		out, err := redeem.Redeem(
			Begin(p, rich, noon), loyalty.Redemption{ID: fmt.Sprint("rd_", i), Reward: "sticker"}, false, nil,
		)
		if full := i == redeem.MaxHolds; errors.Is(err, loyalty.ValidationFailed) != full {
			t.Errorf("hold %d was answered with %v", i, err)
		}
		rich = out.Account
	}

	brim := joined(t, p, noon)
	brim.Lots = []loyalty.Lot{{Expires: 20271231, Points: loyalty.MaxBalance}}
	if _, err := Adjust(p, brim, "adj_1", "", 1, "one too many", noon); !errors.Is(err, loyalty.AmountOutOfRange) {
		t.Errorf("a balance grew beyond bounds: %v", err)
	}
}

func TestExpiryIsByTheCalendar(t *testing.T) {
	zone := berlin(t)
	month, year := calendar.Period{Months: 1}, calendar.Period{Months: 12}
	for _, c := range []struct {
		from   time.Time
		expiry calendar.Expiry
		want   string
		end    string
	}{
		{
			time.Date(2027, 1, 31, 12, 0, 0, 0, zone),
			calendar.Expiry{After: month, RoundTo: calendar.EndOfDay},
			"2027-02-28", "2027-02-28T23:00:00Z",
		},
		{
			time.Date(2028, 1, 31, 12, 0, 0, 0, zone),
			calendar.Expiry{After: month, RoundTo: calendar.EndOfDay},
			"2028-02-29", "2028-02-29T23:00:00Z",
		},
		{
			time.Date(2026, 7, 6, 12, 0, 0, 0, zone),
			calendar.Expiry{After: year, RoundTo: calendar.EndOfMonth},
			"2027-07-31", "2027-07-31T22:00:00Z",
		},
		{
			time.Date(2026, 7, 6, 12, 0, 0, 0, zone),
			calendar.Expiry{After: year, RoundTo: calendar.EndOfQuarter},
			"2027-09-30", "2027-09-30T22:00:00Z",
		},
		{
			time.Date(2026, 7, 6, 12, 0, 0, 0, zone),
			calendar.Expiry{After: year, RoundTo: calendar.EndOfYear},
			"2027-12-31", "2027-12-31T23:00:00Z",
		},
		{
			time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC),
			calendar.Expiry{After: year, RoundTo: calendar.EndOfDay},
			"2028-01-01", "2028-01-01T23:00:00Z",
		},
		{time.Date(2026, 7, 6, 12, 0, 0, 0, zone), calendar.Expiry{}, "never", ""},
	} {
		d := c.expiry.Date(c.from, c.from, zone)
		if d.String() != c.want {
			t.Errorf("%v from %s is %s, want %s", c.expiry, c.from, d, c.want)
		}
		if c.end != "" && d.End(zone).Format(time.RFC3339) != c.end {
			t.Errorf("%s ends at %s, want %s", d, d.End(zone).Format(time.RFC3339), c.end)
		}
	}
}

func TestATierIsReachedKeptAndLost(t *testing.T) {
	p := testProgram(t)
	s, at := newShop(t, p), noon
	buy := func(id string, euros int64) {
		o := paid("EUR", loyalty.Line{Amount: euros * 100})
		o.ID, o.PlacedAt = id, at
		s.submit(o, at)
	}
	pass := func(to time.Time) {
		at = to
		s.pass(at)
	}
	want := func(level string) {
		t.Helper()
		if s.acc.Tier.Level != level {
			t.Errorf("on %s the level is %s, want %s", at.Format(time.DateOnly), s.acc.Tier.Level, level)
		}
	}
	buy("1", 499)
	want("bronze")
	buy("2", 1501)
	want("gold")
	if next, missing, ok := tier.Of(p).Progress(s.acc, at); ok {
		t.Errorf("above gold there is %s, missing %d", next.ID, missing)
	}
	pass(noon.AddDate(1, 0, 0))
	want("gold") // in its grace
	pass(noon.AddDate(1, 0, 29))
	buy("3", 400)
	pass(noon.AddDate(1, 0, 31))
	want("silver") // one step, for a new period
	pass(noon.AddDate(2, 2, 15))
	want("bronze")
	if next, missing, ok := tier.Of(p).Progress(s.acc, at); !ok || next.ID != "silver" || missing.Missing() != 500 {
		t.Errorf("next is %s, missing %d", next.ID, missing)
	}
}

func TestManySmallStepsOfTimeAreOneLongJump(t *testing.T) {
	p := testProgram(t)
	rapid.Check(t, func(t *rapid.T) {
		acc := joined(t, p, noon)
		for i := range rapid.IntRange(1, 12).Draw(t, "orders") {
			o := paid("EUR", loyalty.Line{Amount: rapid.Int64Range(0, 90_000).Draw(t, "amount")})
			o.ID, o.PlacedAt = fmt.Sprint(i), noon.Add(time.Duration(i)*time.Hour)
			out, err := award.PlaceOrder(Begin(p, acc, o.PlacedAt), nil, EarnRules(p), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			acc = out.Account
		}
		from := noon.Add(12 * time.Hour)
		end := from.AddDate(1, rapid.IntRange(0, 30).Draw(t, "months"), 0)
		jump, err := Advance(p, acc, end)
		if err != nil {
			t.Fatal(err)
		}
		step := time.Duration(rapid.Int64Range(int64(time.Hour), int64(90*24*time.Hour)).Draw(t, "step"))
		var entries []loyalty.Entry
		for at := from; ; at = at.Add(step) {
			if at.After(end) {
				at = end
			}
			out, err := Advance(p, acc, at)
			if err != nil {
				t.Fatal(err)
			}
			acc, entries = out.Account, append(entries, out.Entries...)
			if at.Equal(end) {
				break
			}
		}
		for i := range entries {
			entries[i].Recorded = end
		}
		if !reflect.DeepEqual(acc, jump.Account) || !reflect.DeepEqual(entries, jump.Entries) {
			t.Fatalf("in steps of %s: %+v\nat once: %+v", step, acc, jump.Account)
		}
	})
}
