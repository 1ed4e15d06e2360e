package loyalty

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// randomProgram is a program with rules of every kind, in groups of every mode, with caps, limits and budgets.
func randomProgram(t *rapid.T) *Program {
	zone := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"}).Draw(t, "zone")
	where, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{
		ID: "random", Version: 1, Zone: where,
		Earn: Earn{
			Rates: map[Currency]Rate{
				"EUR": {
					Points: randomRate(t, "rate"), Per: rapid.SampledFrom([]int64{100, 110, 250, 1000}).Draw(t, "per"),
					Full: rapid.IntRange(0, 3).Draw(t, "full steps") == 0,
				},
				"JPY": {Points: randomRate(t, "yen"), Per: 150},
			},
			Counts: Counts{
				Items: true, Shipping: rapid.Bool().Draw(t, "shipping counts"), Tax: rapid.Bool().Draw(t, "tax counts"),
			},
			Rounding: rapid.SampledFrom([]Rounding{Down, Nearest, Up, HalfEven}).Draw(t, "rounding"),
			Carry:    rapid.IntRange(0, 3).Draw(t, "carry") == 0,
			Pending:  rapid.SampledFrom([]Wait{{}, {For: Period{Days: 14}}, {On: []Day{101, 615}}, {Manual: true}}).Draw(t, "pending"),
			Expires: rapid.SampledFrom([]Expiry{
				{},
				{After: Period{Months: 12}, RoundTo: EndOfMonth},
				{On: []Day{630, 1231}, After: Period{Months: 3}},
				{After: Period{Months: 6}, Inactive: true, ResetBy: []string{"order"}},
			}).Draw(t, "expires"),
			Categories: []CategoryRule{{ID: "beans", Category: "beans", Multiply: big.NewRat(2, 1)}, {ID: "cards", Category: "cards", Multiply: new(big.Rat)}},
		},
		Groups:   []Group{{"best", Best}, {"sum", Sum}, {"first", First}, {"only", Exclusive}},
		Exchange: Exchange{Base: "EUR", Rates: []ExchangeRate{{From: 20260101, Rates: map[Currency]*big.Rat{"CHF": big.NewRat(105, 100)}}}},
		Clawback: rapid.SampledFrom([]ClawbackPolicy{ClawbackDebt, ClawbackUnlimited}).Draw(t, "take back"),
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
		p.Earn.Rules = append(p.Earn.Rules, randomRule(t, fmt.Sprint("r", i)))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "campaigns") {
		p.Campaigns = append(p.Campaigns, randomRule(t, fmt.Sprint("c", i)))
	}
	for _, per := range []CapPeriod{PerOrder, PerDay, PerEver} {
		if rapid.IntRange(0, 3).Draw(t, "capped") == 0 {
			p.Earn.Caps = append(p.Earn.Caps, Cap{Points(rapid.IntRange(0, 400).Draw(t, "cap")), per, rapid.Bool().Draw(t, "refuse")})
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "wallet") == 0 {
		p.Wallets = []Wallet{{
			ID: "miles", Rates: map[Currency]Rate{"EUR": {Points: randomRate(t, "miles"), Per: 100, Full: rapid.IntRange(0, 3).Draw(t, "full miles") == 0}}, Expires: Expiry{After: Period{Months: 6}},
			Pending:  rapid.SampledFrom([]Wait{{}, {For: Period{Days: 5}}}).Draw(t, "miles pending"),
			Clawback: rapid.SampledFrom([]ClawbackPolicy{ClawbackDebt, ClawbackUnlimited}).Draw(t, "miles back"),
		}}
	}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	return p
}

func randomRate(t *rapid.T, name string) *big.Rat {
	return big.NewRat(rapid.Int64Range(0, 30).Draw(t, name), rapid.SampledFrom([]int64{1, 3, 10}).Draw(t, name+" of"))
}

func randomRule(t *rapid.T, id string) Rule {
	pick := func(name string, of ...string) []string {
		if rapid.IntRange(0, 2).Draw(t, name) > 0 {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, len(of), rapid.ID).Draw(t, name+" which")
	}
	r := Rule{
		ID: id, Group: rapid.SampledFrom([]string{"", "best", "sum", "first", "only"}).Draw(t, "group"),
		Priority: rapid.IntRange(0, 2).Draw(t, "priority"), Shadow: rapid.IntRange(0, 9).Draw(t, "shadow") == 0,
		Give: randomStrategy(t),
		Match: Match{
			Categories: pick("categories", "beans", "mugs", "cards"), SKUs: pick("skus", "a", "b"),
			Tenders: pick("tenders", "card", "cash", "house-card"), FirstOrder: rapid.IntRange(0, 5).Draw(t, "first order") == 0,
		},
	}
	if rapid.IntRange(0, 2).Draw(t, "min spend") == 0 {
		r.Match.MinSpend = map[Currency]int64{"EUR": rapid.Int64Range(1, 6000).Draw(t, "least")}
	}
	if rapid.IntRange(0, 3).Draw(t, "caps") == 0 {
		r.Caps = []Cap{{Points(rapid.IntRange(0, 100).Draw(t, "cap")), rapid.SampledFrom([]CapPeriod{PerOrder, PerDay, PerEver}).Draw(t, "cap per"), rapid.Bool().Draw(t, "refuse")}}
	}
	if rapid.IntRange(0, 4).Draw(t, "limits") == 0 {
		r.Limits = []Limit{{1, rapid.SampledFrom([]CapPeriod{PerDay, PerEver}).Draw(t, "limit per")}}
	}
	if rapid.IntRange(0, 3).Draw(t, "budget") == 0 {
		r.Budget = Points(rapid.IntRange(1, 200).Draw(t, "budget of"))
	}
	if m, ok := r.Give.(Multiply); rapid.IntRange(0, 3).Draw(t, "life") == 0 && (!ok || m.By.Cmp(big.NewRat(1, 1)) >= 0) {
		r.Life = Life{Pending: &Wait{For: Period{Days: 3}}, Expires: &Expiry{After: Period{Days: 40}}}
	}
	return r
}

func randomStrategy(t *rapid.T) Strategy {
	switch rapid.IntRange(0, 5).Draw(t, "strategy") {
	case 0:
		return PerAmount{map[Currency]Rate{"EUR": {Points: randomRate(t, "rate"), Per: 100, Full: rapid.IntRange(0, 3).Draw(t, "full amounts") == 0}}}
	case 1:
		return PerUnit{randomRate(t, "each")}
	case 2:
		return PerVisit{Points(rapid.IntRange(0, 20).Draw(t, "visit"))}
	case 3:
		return Fixed{Points(rapid.IntRange(0, 100).Draw(t, "fixed"))}
	case 4:
		return Steps{map[Currency][]Band{"EUR": {{0, 5}, {2000, 10}, {5000, 30}}}}
	}
	return Multiply{big.NewRat(rapid.Int64Range(0, 12).Draw(t, "by"), rapid.SampledFrom([]int64{1, 3, 4}).Draw(t, "of"))}
}

// randomOrder is an order with up to five lines, and tenders that pay for some of it.
func randomOrder(t *rapid.T, id string) Order {
	o := Order{
		ID: id, Member: "mem_ada", PlacedAt: noon, Status: OrderPaid, Channel: "web",
		Currency: rapid.SampledFrom([]Currency{"EUR", "EUR", "JPY", "CHF"}).Draw(t, "currency"),
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
		o.Lines = append(o.Lines, Line{
			ID: fmt.Sprint(i), Category: rapid.SampledFrom([]string{"beans", "mugs", "cards"}).Draw(t, "category"),
			SKU: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "sku"), Quantity: rapid.Int64Range(1, 5).Draw(t, "quantity"),
			Amount: rapid.Int64Range(0, 6000).Draw(t, "amount"),
		})
	}
	o.Discount = rapid.Int64Range(0, o.items()/3).Draw(t, "discount")
	o.Shipping = rapid.Int64Range(0, 500).Draw(t, "shipping")
	o.Tax = rapid.Int64Range(0, 500).Draw(t, "tax")
	rest := o.total()
	for _, kind := range []TenderKind{TenderGiftCard, TenderPoints, TenderCard} {
		if n := rapid.Int64Range(0, rest).Draw(t, "tender"); rapid.Bool().Draw(t, "pays") {
			o.Tenders = append(o.Tenders, Tender{Kind: kind, Amount: n, Name: rapid.SampledFrom([]string{"", "house-card"}).Draw(t, "card")})
			rest -= n
		}
	}
	return o
}

// randomFacts is refunds and disputes of an order: by line, by sum, of shipping.
func randomFacts(t *rapid.T, o Order) (refunds []Refund, disputes []Dispute) {
	rest, lines := o.total(), slices.Clone(o.Lines)
	for i := range rapid.IntRange(0, 4).Draw(t, "refunds") {
		r := Refund{ID: fmt.Sprint("re", i), At: noon, Status: RefundSucceeded}
		if len(lines) > 0 && rapid.Bool().Draw(t, "by line") && o.Discount == 0 {
			l := lines[0]
			lines = lines[1:]
			r.Lines, r.Amount = []RefundLine{{l.ID, l.Quantity, l.Amount}}, l.Amount
		} else {
			lines = nil // or what is refunded of lines and of the sum could be more than was paid
			r.Amount = rapid.Int64Range(0, rest).Draw(t, "refund")
		}
		if r.Amount > rest {
			break
		}
		rest -= r.Amount
		o.nameTender(t, &r, refunds)
		refunds = append(refunds, r)
	}
	if rapid.IntRange(0, 3).Draw(t, "disputed") == 0 {
		disputes = append(disputes, Dispute{ID: "dp", At: noon, Status: DisputeOpen, Amount: rapid.Int64Range(0, o.total()).Draw(t, "dispute")})
	}
	return refunds, disputes
}

// nameTender lets a refund name a tender at times, if the tender is the only one of its kind and paid enough.
func (o Order) nameTender(t *rapid.T, r *Refund, earlier []Refund) {
	if len(o.Tenders) == 0 || rapid.IntRange(0, 2).Draw(t, "names a tender") > 0 {
		return
	}
	kind := string(rapid.SampledFrom(o.Tenders).Draw(t, "tender").Kind)
	rest := int64(0)
	for _, x := range o.Tenders {
		if string(x.Kind) != kind {
			continue
		}
		if rest != 0 {
			return
		}
		rest = x.Amount
	}
	for _, x := range earlier {
		if x.Tender == kind {
			rest -= x.Amount
		}
	}
	if r.Amount <= rest {
		r.Tender = kind
	}
}
