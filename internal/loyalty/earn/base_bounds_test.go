package earn

import (
	"math/big"
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// shop returns a valuation with a rate of 1 point per euro, after base.
func shop(o loyalty.Order, edit ...func(v *Valuation)) *Valuation {
	o.PlacedAt, o.Currency = loyaltytest.Noon, "EUR"
	v := valuation(o, loyalty.Buyer{})
	v.Earn.Counts.Items = true
	v.Compiled.Rates = map[loyalty.Currency]loyalty.CompiledRate{
		"EUR": loyalty.Rate{Points: big.NewRat(1, 1), Per: 100}.Compile("EUR"),
	}
	for _, e := range edit {
		e(v)
	}
	v.base()
	v.level = exact.Whole(1)
	return v
}

func twoLines(edit ...func(o *loyalty.Order)) loyalty.Order {
	o := loyalty.Order{Lines: []loyalty.Line{
		{ID: "1", Amount: 10_00, Quantity: 2, Category: "tea", SKU: "s1", Brand: "b1"},
		{ID: "2", Amount: 5_00, Quantity: 1, Category: "cups", SKU: "s2", Brand: "b2"},
	}}
	for _, e := range edit {
		e(&o)
	}
	return o
}

func refund(r loyalty.Refund) func(o *loyalty.Order) {
	r.Status = loyalty.RefundSucceeded
	return func(o *loyalty.Order) { o.Refunds = append(o.Refunds, r) }
}

func tender(k loyalty.TenderKind, n int64) func(o *loyalty.Order) {
	return func(o *loyalty.Order) { o.Tenders = append(o.Tenders, loyalty.Tender{Kind: k, Amount: n}) }
}

func backLine(id string, quantity, amount int64) func(o *loyalty.Order) {
	return refund(
		loyalty.Refund{Amount: amount, Lines: []loyalty.RefundLine{{ID: id, Quantity: quantity, Amount: amount}}},
	)
}

func TestEligibleAmounts(t *testing.T) {
	shipping := func(o *loyalty.Order) { o.Shipping, o.Tax = 2_00, 3_00 }
	counts := func(s, tax bool) func(v *Valuation) {
		return func(v *Valuation) { v.Earn.Counts.Shipping, v.Earn.Counts.Tax = s, tax }
	}
	full := func(v *Valuation) {
		v.Compiled.Rates["EUR"] = loyalty.Rate{Points: big.NewRat(5, 1), Per: 400, Full: true}.Compile("EUR")
	}
	none := func(v *Valuation) {}
	for _, c := range []struct {
		name    string
		o       loyalty.Order
		edit    func(v *Valuation)
		want    string
		nothing bool // eligible
	}{
		{"all items", twoLines(), none, "15", false},
		{"no items", twoLines(), func(v *Valuation) { v.Earn.Counts.Items = false }, "0", false},
		{"after a discount", twoLines(func(o *loyalty.Order) { o.Discount = 3_00 }), none, "12", false},
		{"without shipping and tax", twoLines(shipping), none, "15", false},
		{"with shipping", twoLines(shipping), counts(true, false), "17", false},
		{"with tax", twoLines(shipping), counts(false, true), "18", false},
		{
			"with refunded shipping", twoLines(shipping, refund(loyalty.Refund{Amount: 2_00, Shipping: 2_00})),
			counts(true, true), "18", false,
		},
		{"after the refund of a line", twoLines(backLine("2", 1, 5_00)), none, "10", false},
		{"after the refund of all lines", twoLines(backLine("2", 1, 5_00), backLine("1", 2, 10_00)), none, "0", true},
		{"after the refund of a half", twoLines(refund(loyalty.Refund{Amount: 7_50})), none, "7.5", false},
		{"after the refund of everything", twoLines(refund(loyalty.Refund{Amount: 15_00})), none, "0", true},
		{"paid in part by a gift card", twoLines(tender(loyalty.TenderGiftCard, 6_00)), none, "9", false},
		{"paid by a gift card", twoLines(tender(loyalty.TenderGiftCard, 15_00)), none, "0", true},
		{"by full steps", twoLines(), full, "15", false},
		{
			"by full steps, below the next one", twoLines(func(o *loyalty.Order) { o.Discount = 3_01 }), full, "10",
			false,
		},
		{"free", loyalty.Order{Lines: []loyalty.Line{{ID: "1", Quantity: 1}}}, none, "0", false},
		{
			"converted", twoLines(),
			func(v *Valuation) { v.order.Currency, v.S.Rate, v.Exchange.Base = "JPY", "0.5", "EUR" }, "750", false,
		},
	} {
		v := shop(c.o, c.edit)
		if v.sum.String() != c.want || v.nothingEligible() != c.nothing {
			t.Errorf("%s: %s points, nothing eligible %t", c.name, v.sum, v.nothingEligible())
		}
	}
}

func TestPartsOfOrdersThatRulesMatch(t *testing.T) {
	type match = loyalty.Match
	none := func(v *Valuation) {}
	tea := func(v *Valuation) {
		v.Compiled.Categories = map[string][]loyalty.Multiplier{"tea": {loyalty.NewMultiplier("c", big.NewRat(2, 1))}}
	}
	noTea := func(v *Valuation) {
		v.Compiled.Categories = map[string][]loyalty.Multiplier{"tea": {loyalty.NewMultiplier("c", new(big.Rat))}}
	}
	for _, c := range []struct {
		name   string
		o      loyalty.Order
		edit   func(v *Valuation)
		m      match
		lines  bool
		ok     bool
		amount string
		units  int64
		value  string
	}{
		{"all", twoLines(), none, match{}, false, true, "1500", 3, "15"},
		{"a category", twoLines(), none, match{Categories: []string{"tea"}}, true, true, "1000", 2, "10"},
		{
			"a category with a multiplier", twoLines(), tea,
			match{Categories: []string{"tea"}},
			true, true, "1000",
			2, "20",
		},
		{
			"a category that earns nothing", twoLines(), noTea,
			match{Categories: []string{"tea"}},
			true, false, "0",
			0, "0",
		},
		{"an item", twoLines(), none, match{SKUs: []string{"s2"}}, true, true, "500", 1, "5"},
		{"a brand", twoLines(), none, match{Brands: []string{"b2", "b3"}}, true, true, "500", 1, "5"},
		{"another brand", twoLines(), none, match{Brands: []string{"b3"}}, true, false, "0", 0, "0"},
		{
			"a category and a brand", twoLines(), none,
			match{Categories: []string{"tea"}, Brands: []string{"b2"}},
			true, false, "0", 0, "0",
		},
		{
			"a part of a line", twoLines(backLine("1", 1, 5_00)), none,
			match{SKUs: []string{"s1"}},
			true, true,
			"500", 1, "5",
		},
		{
			"less than a unit", twoLines(backLine("1", 1, 5_01)), none,
			match{SKUs: []string{"s1"}},
			true, true,
			"499", 0, "4.99",
		},
		{
			"after the refund of a half", twoLines(refund(loyalty.Refund{Amount: 7_50})), none,
			match{},
			false, true,
			"750", 1, "7.5",
		},
		{
			"a line that was refunded", twoLines(backLine("2", 1, 5_00)), none,
			match{SKUs: []string{"s2"}},
			true,
			false, "0", 0, "0",
		},
		{
			"a free line",
			loyalty.Order{Lines: []loyalty.Line{{ID: "1", Quantity: 3, SKU: "s1"}}},
			none,
			match{SKUs: []string{"s1"}},
			true, true, "0", 3, "0",
		},
		{
			"a free line that was returned in part",
			loyalty.Order{
				Lines: []loyalty.Line{{ID: "1", Quantity: 3, SKU: "s1"}},
				Refunds: []loyalty.Refund{
					{Status: loyalty.RefundSucceeded, Lines: []loyalty.RefundLine{{ID: "1", Quantity: 2}}},
				},
			},
			none,
			match{SKUs: []string{"s1"}},
			true, true, "0", 1, "0",
		},
		{
			"a tender", twoLines(tender(loyalty.TenderCard, 9_00), tender(loyalty.TenderCash, 6_00)), none,
			match{Tenders: []string{"card"}},
			false, true, "900", 3, "9",
		},
		{
			"another tender", twoLines(tender(loyalty.TenderCard, 9_00)), none,
			match{Tenders: []string{"cash"}},
			false, false, "0", 3, "0",
		},
		{
			"a tender that earns nothing",
			twoLines(tender(loyalty.TenderCard, 9_00), tender(loyalty.TenderGiftCard, 6_00)), none,
			match{Tenders: []string{"gift_card"}},
			false, false, "0", 3, "0",
		},
		{
			"a tender that was refunded in part",
			twoLines(
				tender(loyalty.TenderCard, 9_00), tender(loyalty.TenderCash, 6_00),
				refund(loyalty.Refund{Amount: 3_00, Tender: "card"}),
			),
			none,
			match{Tenders: []string{"card"}},
			false, true, "600", 1, "6",
		},
	} {
		v := shop(c.o, c.edit)
		v.byCategory()
		r := &loyalty.CompiledRule{Key: "r", Lines: c.lines, Multiply: true, Rule: loyalty.Rule{Match: c.m}}
		var m loyalty.Matched
		ok := v.matched(r, &m)
		if ok != c.ok || m.Amount.String() != c.amount || m.Units != c.units || m.Value.String() != c.value {
			t.Errorf("%s: %t, %s minor units, %d units, %s points", c.name, ok, m.Amount, m.Units, m.Value)
		}
	}
}

// The sum is rounded once. The fraction is carried to the next order, if the program carries fractions.
func TestRoundedSums(t *testing.T) {
	frac := func(num, den int64) exact.Number { return exact.Number{Num: num, Den: den} }
	for _, c := range []struct {
		name    string
		sum     exact.Number
		carry   bool
		carried string
		want    loyalty.Points
		rest    string
		reasons int
	}{
		{"a whole number", exact.Whole(5), false, "", 5, "0", 0},
		{"a fraction", frac(11, 2), false, "", 5, "0", 1},
		{"a fraction that is carried", frac(11, 2), true, "", 5, "0.5", 1},
		{"with a carried fraction", frac(11, 2), true, "0.5", 6, "-0.5", 1},
		{"with a carried fraction that does not suffice", frac(11, 2), true, "0.4", 5, "0.5", 2},
		{"a carried fraction in a program that carries none", frac(11, 2), false, "0.5", 5, "0", 1},
		{"a negative sum", frac(-11, 2), true, "", 0, "0", 1},
		{"the most points", exact.Whole(int64(loyalty.MaxPoints)), false, "", loyalty.MaxPoints, "0", 0},
		{"far below zero", exact.Whole(-int64(loyalty.MaxPoints) - 1), false, "", 0, "0", 1},
	} {
		v := valuation(loyalty.Order{}, loyalty.Buyer{})
		v.sum, v.Rest, v.Earn.Carry, v.S.Carried = c.sum, exact.Whole(0), c.carry, c.carried
		if err := v.round(); err != nil || v.Total != c.want || v.Rest.String() != c.rest ||
			len(v.Reasons) != c.reasons {
			t.Errorf("%s: %d points, %s is carried, reasons %+v, %v", c.name, v.Total, v.Rest, v.Reasons, err)
		}
	}
	v := valuation(loyalty.Order{}, loyalty.Buyer{})
	v.sum = exact.Whole(int64(loyalty.MaxPoints) + 1)
	loyaltytest.WantRefusal(t, "too many points", v.round(), loyalty.AmountOutOfRange, "")
}

func TestAmountsThatCountTowardsLevels(t *testing.T) {
	levels := []loyalty.Level{{ID: "a"}}
	tiers := func(by loyalty.Measure, least int64) loyalty.Tiers {
		return loyalty.Tiers{
			Levels: levels, By: by, Currency: "EUR", AtLeast: map[loyalty.Currency]int64{"EUR": least},
			Brands: []string{"b2", "b1"},
		}
	}
	other := tiers(loyalty.BySpend, 0)
	other.Currency = "CHF"
	both := tiers(loyalty.ByOrders, 5_00)
	both.Ways = [][]loyalty.Measure{{loyalty.BySpend}, {loyalty.ByQualifyingItems}}
	without := tiers(loyalty.BySpend, 0)
	without.Levels = nil
	usd := tiers(loyalty.ByQualifyingItems, 0)
	usd.AtLeast = map[loyalty.Currency]int64{"USD": 1}
	for _, c := range []struct {
		name   string
		tiers  loyalty.Tiers
		spend  int64
		items  int64
		brands []string
	}{
		{"spend", tiers(loyalty.BySpend, 0), 15_00, 0, nil},
		{"spend in another currency", other, 0, 0, nil},
		{"items at the minimum", tiers(loyalty.ByQualifyingItems, 5_00), 0, 2, nil},
		{"items above the minimum", tiers(loyalty.ByQualifyingItems, 5_01), 0, 1, nil},
		{"items in another currency", usd, 0, 0, nil},
		{"brands", tiers(loyalty.ByBrands, 0), 0, 0, []string{"b1", "b2"}},
		{"orders", tiers(loyalty.ByOrders, 0), 0, 0, nil},
		{"spend or items", both, 15_00, 2, nil},
		{"no levels", without, 0, 0, nil},
	} {
		o := twoLines(func(o *loyalty.Order) {
			o.Lines = append(
				o.Lines, loyalty.Line{ID: "3", Quantity: 1, Brand: "b1"},
				loyalty.Line{ID: "4", Quantity: 1, Amount: 1, Brand: "b9"},
			)
			o.Lines[3].Amount = 0
		})
		v := shop(o)
		var w Worth
		w.count(&c.tiers, v)
		if w.Spend != c.spend || w.Pieces != c.items || !slices.Equal(w.Brands, c.brands) {
			t.Errorf("%s: spend %d, items %d, brands %s", c.name, w.Spend, w.Pieces, w.Brands)
		}
		p := &loyalty.Program{}
		p.TierGroups = []loyalty.TierGroup{{ID: "club", Tiers: c.tiers}}
		w.countTierGroups(p.TierGroups, v)
		var want []loyalty.Counted
		if c.spend+c.items > 0 || len(c.brands) > 0 {
			want = []loyalty.Counted{
				{
					TierGroup: "club", Metric: loyalty.Metric{Spend: c.spend, QualifyingItems: c.items},
					Brands: c.brands,
				},
			}
		}
		if !reflect.DeepEqual(w.TierGroups, want) {
			t.Errorf("%s in a tier group: %+v", c.name, w.TierGroups)
		}
	}
}

func TestPointsInOtherWallets(t *testing.T) {
	wallets := []loyalty.Wallet{{ID: "beans"}, {ID: "miles"}}
	compiled := func(points int64) *loyalty.Compiled {
		rate := loyalty.Rate{Points: big.NewRat(points, 1), Per: 400}.Compile("EUR")
		return &loyalty.Compiled{Wallets: map[string]map[loyalty.Currency]loyalty.CompiledRate{"miles": {"EUR": rate}}}
	}
	for _, c := range []struct {
		name    string
		points  int64
		missing []string
		want    []owned
		reasons int
		err     loyalty.Code
	}{
		{"rounded down", 1, nil, []owned{{"wallets.miles", 3}}, 2, ""},
		{"exactly", 4, nil, []owned{{"wallets.miles", 15}}, 1, ""},
		{"none", 0, nil, []owned{{"wallets.miles", 0}}, 0, ""},
		{"a wallet that the program no longer has", 1, []string{posting.Key(&wallets[1])}, nil, 1, ""},
		{"too many", 1e9, nil, nil, 0, loyalty.AmountOutOfRange},
	} {
		v := shop(twoLines())
		v.S.Missing = c.missing
		var w Worth
		loyaltytest.WantRefusal(t, c.name, w.walletWorth(compiled(c.points), wallets, v), c.err, "")
		if !slices.Equal(w.InWallets, c.want) || len(w.Reasons) != c.reasons {
			t.Errorf("%s: %+v, reasons %+v", c.name, w.InWallets, w.Reasons)
		}
	}
}

// Conditions see the order after its refunds.
func TestFactsOfOrders(t *testing.T) {
	o := twoLines(backLine("2", 1, 5_00), backLine("1", 1, 5_00), refund(loyalty.Refund{Amount: 1_00, Shipping: 1_00}))
	o.Shipping, o.Tax = 3_00, 2_00
	o.Lines = append(o.Lines, loyalty.Line{ID: "3", Quantity: 1})
	f := shop(o).orderFacts()
	ids := func() (out string) {
		for _, l := range f.Order.Lines {
			out += l.ID
		}
		return out
	}
	if ids() != "13" || f.Order.Lines[0].Amount != 5_00 || f.Order.Lines[0].Quantity != 1 ||
		f.Order.Lines[1].Quantity != 1 {
		t.Errorf("the lines are %+v", f.Order.Lines)
	}
	if f.Total != 9_00 || f.Order.Shipping != 2_00 || f.Order.Tax != 2_00 || !f.At.Equal(loyaltytest.Noon) {
		t.Errorf("the facts are %+v", f)
	}
}

func TestCategoriesOfLines(t *testing.T) {
	factor := func(n int64, when loyalty.Condition) loyalty.Multiplier {
		m := loyalty.NewMultiplier("c", big.NewRat(n, 1))
		m.When = when
		return m
	}
	for _, c := range []struct {
		name    string
		all     map[string][]loyalty.Multiplier
		want    string
		reasons int
	}{
		{"none", nil, "15", 1},
		{"one", map[string][]loyalty.Multiplier{"tea": {factor(3, nil)}}, "35", 2},
		{"without an effect", map[string][]loyalty.Multiplier{"tea": {factor(1, nil)}}, "15", 1},
		{
			"with a condition",
			map[string][]loyalty.Multiplier{"tea": {factor(3, condition{}), factor(2, condition{true, nil})}},
			"25",
			2,
		},
		{"that earns nothing", map[string][]loyalty.Multiplier{"cups": {factor(0, nil)}}, "10", 2},
	} {
		o := twoLines()
		o.Lines[0].Amount = 6_00
		o.Lines = append(o.Lines, loyalty.Line{ID: "3", Amount: 4_00, Category: "tea"})
		v := shop(o, func(v *Valuation) { v.Compiled.Categories = c.all })
		if v.byCategory(); v.sum.String() != c.want || len(v.Reasons) != c.reasons {
			t.Errorf("%s: %s points, reasons %+v", c.name, v.sum, v.Reasons)
		}
	}
}
