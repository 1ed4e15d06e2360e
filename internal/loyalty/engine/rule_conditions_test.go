package engine

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestARuleIsForATime(t *testing.T) {
	at := func(s string) time.Time { return placed(s).PlacedAt }
	while := seven(loyalty.Match{From: at("2026-12-05T00:00:00Z"), Until: at("2026-12-07T00:00:00Z")})
	night := loyalty.Match{HoursFrom: 22 * 60, HoursUntil: 6*60 + 30}
	store := func(o loyalty.Order) loyalty.Order {
		return with(o, func(o *loyalty.Order) { o.Clock = zone(t, "America/New_York") })
	}
	kiwi := func(a *loyalty.Account) { a.Traits.Zone = "Pacific/Auckland" }
	by := func(m loyalty.Match, z loyalty.TimezoneOf) []loyalty.Rule { m.TimezoneOf = z; return seven(m) }
	for name, c := range map[string]struct {
		rules  []loyalty.Rule
		order  loyalty.Order
		member func(*loyalty.Account)
		given  bool
	}{
		"before it begins":               {while, placed("2026-12-04T23:59:59Z"), nil, false},
		"as it begins":                   {while, placed("2026-12-05T00:00:00Z"), nil, true},
		"as it ends, which is not in it": {while, placed("2026-12-07T00:00:00Z"), nil, false},
		"just before it ends":            {while, placed("2026-12-06T23:59:59Z"), nil, true},
		"on a weekday": {
			seven(loyalty.Match{Weekdays: []time.Weekday{time.Tuesday}}), placed("2026-12-01T11:00:00Z"), nil, true,
		},
		"on another weekday": {
			seven(loyalty.Match{Weekdays: []time.Weekday{time.Monday}}), placed("2026-12-01T11:00:00Z"), nil, false,
		},
		"on the weekday of the program's zone": {
			seven(loyalty.Match{Weekdays: []time.Weekday{time.Wednesday}}), placed("2026-12-01T23:30:00Z"), nil, true,
		},
		"in the hours": {
			seven(loyalty.Match{HoursFrom: 9 * 60, HoursUntil: 12 * 60}), placed("2026-12-01T08:00:00Z"), nil, true,
		},
		"as the hours end, which is not in them": {
			seven(loyalty.Match{HoursFrom: 9 * 60, HoursUntil: 12 * 60}), placed("2026-12-01T11:00:00Z"), nil, false,
		},
		"a minute before the hours": {
			seven(loyalty.Match{HoursFrom: 9 * 60, HoursUntil: 12 * 60}), placed("2026-12-01T07:59:59Z"), nil, false,
		},
		"in hours over midnight, before it": {seven(night), placed("2026-12-01T21:00:00Z"), nil, true},
		"in hours over midnight, after it":  {seven(night), placed("2026-12-01T05:29:59Z"), nil, true},
		"as hours over midnight end":        {seven(night), placed("2026-12-01T05:30:00Z"), nil, false},
		"between hours over midnight":       {seven(night), placed("2026-12-01T20:59:59Z"), nil, false},
		"in the store's time zone": {
			by(night, loyalty.StoreClock), store(placed("2026-12-02T03:00:00Z")), nil, true,
		},
		"in the store's time zone, which is not ours": {
			by(night, loyalty.StoreClock), store(placed("2026-12-01T22:00:00Z")), nil, false,
		},
		"by the clock of a store that has none": {
			by(night, loyalty.StoreClock), placed("2026-12-01T22:00:00Z"), nil, true,
		},
		"in the store's time zone though only ours goes": {
			seven(night), store(placed("2026-12-02T06:00:00Z")), nil, false,
		},
		"in the member's time zone": {
			by(night, loyalty.MemberClock), placed("2026-12-01T09:00:00Z"), kiwi, true,
		},
		"by the clock of a member who lives nowhere": {
			by(night, loyalty.MemberClock), placed("2026-12-01T22:00:00Z"), nil, true,
		},
		"by the clock of a zone that does not exist": {
			by(night, loyalty.MemberClock), placed("2026-12-01T22:00:00Z"),
			func(a *loyalty.Account) { a.Traits.Zone = "Pacific/Atlantis" }, true,
		},
		"on the member's weekday": {
			by(loyalty.Match{Weekdays: []time.Weekday{time.Wednesday}}, loyalty.MemberClock),
			placed("2026-12-01T12:00:00Z"), kiwi, true,
		},
	} {
		s := sale{
			name: name, rules: c.rules, member: c.member, order: c.order, want: 10,
			because: "earn.purchase: 10.00 EUR x 1 per 1.00 = 10",
		}
		if c.given {
			s.want, s.because = 17, s.because+"\nearn.rules.seven: 7 = 7"
		}
		t.Run(name, s.run)
	}
}

func TestARuleAsksForASpendAndForACondition(t *testing.T) {
	half := func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 2500)} }
	failed := func(o *loyalty.Order) {
		o.Refunds = []loyalty.Refund{back("1", 2500)}
		o.Refunds[0].Status = loyalty.RefundFailed
	}
	fifty := bought("EUR", loyalty.Line{Category: "mugs", Amount: 3000}, loyalty.Line{Category: "tea", Amount: 2000})
	spend := seven(loyalty.Match{MinSpend: euros(50)})
	asks := func(c condition) []loyalty.Rule { return seven(loyalty.Match{When: c}) }
	for _, c := range []sale{
		{name: "enough", rules: spend, order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7`},
		{
			name: "a cent too little", rules: seven(loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 5001}}),
			order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: not applied: needs 50.01 EUR, has 50.00 EUR = 0`,
		},
		{
			name: "enough until half came back", rules: spend, order: fifty, then: []func(*loyalty.Order){half},
			want: 25, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.seven: not applied: needs 50.00 EUR, has 25.00 EUR = 0
	revision: awarded by earlier revisions = -57`,
		},
		{
			name: "enough again once the refund has failed", rules: spend, order: fifty,
			then: []func(*loyalty.Order){half, failed}, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7
	revision: awarded by earlier revisions = -25`,
		},
		{
			name:  "too little of what it is about",
			rules: seven(loyalty.Match{MinSpend: euros(50), Categories: []string{"mugs"}}), order: fifty,
			want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: not applied: needs 50.00 EUR, has 30.00 EUR = 0`,
		},
		{
			name: "too little after what a gift card paid", rules: spend,
			order: with(
				fifty,
				func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 1}} },
			),
			want: 49, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.seven: not applied: needs 50.00 EUR, has 49.99 EUR = 0
	rounding: down = -0.99`,
		},
		{
			name: "in a currency that it does not name", rules: spend,
			order: bought("JPY", loyalty.Line{Amount: 15_000}),
			want:  100, because: `
	earn.purchase: 15000 JPY x 1 per 150 = 100`,
		},
		{name: "a condition that holds", rules: asks(func(f *loyalty.Facts) (bool, error) {
			return f.Order.Lines[0].Category == "mugs" && f.Total == 5000, nil
		}), order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7`},
		{
			name: "one that does not", rules: asks(func(*loyalty.Facts) (bool, error) { return false, nil }),
			order: fifty,
			want:  50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`,
		},
		{
			name:  "a condition that cannot be evaluated",
			rules: asks(func(*loyalty.Facts) (bool, error) { return true, errors.New("there is no such field") }),
			order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: not applied: there is no such field = 0`,
		},
		{
			name: "one about what is left after a refund", order: fifty, then: []func(*loyalty.Order){half},
			want: 32, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.seven: 7 = 7
	revision: awarded by earlier revisions = -57`,
			rules: asks(
				func(f *loyalty.Facts) (bool, error) {
					return f.Total <= 2500 == (f.Order.Lines[1].Amount == 1000), nil
				},
			),
		},
		{
			name:   "one about the member and the time",
			member: func(a *loyalty.Account) { a.Traits.Segments, a.Traits.Zone = []string{"vip"}, "Asia/Tokyo" },
			before: []loyalty.Order{fifty},
			rules: seven(loyalty.Match{When: numbering{func(f *loyalty.Facts) (bool, error) {
				return f.Buyer.Orders == 1 && f.Buyer.Segments[0] == "vip" && f.Buyer.Level == "bronze" &&
					f.At.Hour() == 12, nil
			}}}), order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "the best category whose condition holds counts", order: fifty, want: 90, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.categories.three: 20.00 EUR x 3 = 40`,
			program: func(p *loyalty.Program) {
				p.Earn.Categories = []loyalty.CategoryRule{
					{ID: "three", Category: "tea", Multiply: big.NewRat(3, 1)},
					{
						ID: "nine", Category: "tea", Multiply: big.NewRat(9, 1),
						When: condition(func(*loyalty.Facts) (bool, error) { return false, nil }),
					},
					{ID: "two", Category: "tea", Multiply: big.NewRat(2, 1)},
				}
			},
		},
	} {
		t.Run(c.name, c.run)
	}
}
