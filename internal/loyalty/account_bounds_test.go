package loyalty

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

var noon = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

// Pending points are ordered by the instant at which they become active or are forfeited. Points without one are last.
func TestOrderOfPendingPoints(t *testing.T) {
	sorted := []Pending{
		{Cause: Cause{Kind: CauseOrder, ID: "9"}, ActiveAt: noon.Add(-1), GiveUp: noon.Add(9)},
		{Cause: Cause{Kind: CauseEvent, ID: "2"}, ActiveAt: noon},
		{Cause: Cause{Kind: CauseOrder, ID: "1"}, GiveUp: noon},
		{Cause: Cause{Kind: CauseOrder, ID: "2"}, ActiveAt: noon},
		{Cause: Cause{Kind: CauseOrder, ID: "0"}, ActiveAt: noon.Add(1)},
		{Cause: Cause{Kind: CauseEvent, ID: "9"}},
		{Cause: Cause{Kind: CauseOrder, ID: "1"}},
	}
	for i, x := range sorted {
		for j, y := range sorted {
			if got, want := x.Compare(y), i-j; got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("%d compared with %d is %d", i, j, got)
			}
		}
	}
	if due := sorted[0].Due(); !due.Equal(noon.Add(-1)) {
		t.Errorf("points with a known instant are due at %s", due)
	}
	if due := sorted[2].Due(); !due.Equal(noon) {
		t.Errorf("points without a known instant are due at %s", due)
	}
}

func TestBalancesOfWallets(t *testing.T) {
	acc := Account{
		Purse:  Purse{Lots: []Lot{{Expires: 2027_12_31, Points: 10}, {Points: 5}}},
		Purses: []Purse{{Wallet: "miles", Lots: []Lot{{Points: 7}}, Debt: 2}},
		Pending: []Pending{
			{Points: 20}, {Points: 1}, {Wallet: "miles", Points: 300},
		},
		Holds: []Hold{
			{Redemption: Redemption{ID: "a"}, Lots: []Lot{{Points: 40}, {Expires: 2027_12_31, Points: 2}}},
			{Redemption: Redemption{ID: "b", Wallet: "miles"}, Lots: []Lot{{Points: 9}}},
		},
	}
	for wallet, want := range map[string]Balance{
		"":      {Active: 15, Pending: 21, Reserved: 42},
		"miles": {Active: 7, Pending: 300, Reserved: 9, Debt: 2},
		"stars": {},
	} {
		if got := acc.BalanceOf(wallet); got != want {
			t.Errorf("the balance in %q is %+v", wallet, got)
		}
		if got := acc.In(wallet); got.Wallet != wallet {
			t.Errorf("the purse of %q is that of %q", wallet, got.Wallet)
		}
	}
	for n, want := range map[Points]bool{MaxBalance: true, MaxBalance + 1: false} {
		for _, b := range []Balance{{Active: n}, {Pending: n}, {Reserved: n}, {Debt: n}} {
			if b.Fits() != want {
				t.Errorf("%+v fits: %t", b, !want)
			}
		}
	}
}

func TestManualStandings(t *testing.T) {
	for _, c := range []struct {
		name    string
		s       Standing
		manual  bool
		decided time.Time
	}{
		{"decided by the rules", Standing{Since: noon, Until: noon.Add(5)}, false, noon},
		{"without an end", Standing{Since: noon}, false, noon},
		{"decided later than it starts", Standing{Since: noon, At: noon.Add(1)}, false, noon.Add(1)},
		{"with a manual end", Standing{Since: noon, Until: noon.Add(5), Given: true}, true, noon},
		{"locked until its end", Standing{Since: noon, Until: noon.Add(5), Lock: noon.Add(5)}, true, noon},
		{"locked until earlier", Standing{Since: noon, Until: noon.Add(5), Lock: noon.Add(4)}, false, noon},
	} {
		if c.s.Manual() != c.manual || !c.s.Decided().Equal(c.decided) {
			t.Errorf("%s: manual %t, decided at %s", c.name, c.s.Manual(), c.s.Decided())
		}
	}
}

func TestSumsOfMetrics(t *testing.T) {
	a := Metric{Month: 202701, Points: 10, Orders: 20, Spend: 30, QualifyingItems: 40, Visits: 50}
	b := Metric{Month: 202702, Points: 1, Orders: 2, Spend: 3, QualifyingItems: 4, Visits: 5}
	if got := a.Plus(b); got != (Metric{202701, 11, 22, 33, 44, 55}) {
		t.Errorf("the sum is %+v", got)
	}
	if got := a.Less(b); got != (Metric{202701, 9, 18, 27, 36, 45}) {
		t.Errorf("the difference is %+v", got)
	}
	if a.IsZero() || !(Metric{Month: 202701}).IsZero() || !(Metric{}).IsZero() {
		t.Error("a metric is zero if all amounts are")
	}
}

func TestKindsOfEntries(t *testing.T) {
	for _, c := range []struct {
		name             string
		e                Entry
		another, follows bool
	}{
		{"without a redemption", Entry{}, false, false},
		{"of the member's redemption", entryOf(&Redemption{ID: "a"}), false, false},
		{"of another member's redemption", entryOf(&Redemption{ID: "a", By: "mem_b"}), true, false},
		{"after another order changed", Entry{Reasons: []Reason{{Kind: HasFollowed}}}, false, true},
		{"with another reason", Entry{Reasons: []Reason{{Kind: IsRated}, {Kind: HasFollowed}}}, false, false},
	} {
		if c.e.Anothers() != c.another || c.e.Follows() != c.follows {
			t.Errorf("an entry %s: another's %t, follows %t", c.name, c.e.Anothers(), c.e.Follows())
		}
	}
	for b, want := range map[Bucket]bool{
		BucketActive: true, BucketPending: true, BucketDebt: true, BucketReserved: false, BucketIssued: false,
		BucketRedeemed: false, BucketExpired: false, BucketConverted: false,
	} {
		if b.Counts() != want {
			t.Errorf("points in the bucket %s count: %t", b, !want)
		}
	}
}

func entryOf(r *Redemption) Entry { return Entry{Detail: Detail{Subject: Subject{Redemption: r}}} }

func TestNamesOfTenders(t *testing.T) {
	for _, c := range []struct {
		t    Tender
		name string
		want bool
	}{
		{Tender{Kind: TenderGiftCard}, "gift_card", true},
		{Tender{Kind: TenderGiftCard}, "card", false},
		{Tender{Kind: TenderGiftCard, Name: "blue"}, "blue", true},
		{Tender{Kind: TenderGiftCard}, "", false}, // its name is empty too
	} {
		if got := c.t.Named(c.name); got != c.want {
			t.Errorf("%+v is named %q: %t", c.t, c.name, got)
		}
	}
	for k, want := range map[TenderKind]bool{
		TenderPoints: false, TenderGiftCard: false, TenderStoreCredit: false, "card": true,
	} {
		if k.Earns() != want {
			t.Errorf("money paid by %s earns: %t", k, !want)
		}
	}
}

func TestWaysToFindTheMemberOfAPayment(t *testing.T) {
	if got := (PaymentTerms{}).Finds(); !slices.Equal(got, []MemberBy{ByMetadata, ByCustomer, ByEmail}) {
		t.Errorf("by default: %s", got)
	}
	if got := (PaymentTerms{FindBy: []MemberBy{ByEmail}}).Finds(); !slices.Equal(got, []MemberBy{ByEmail}) {
		t.Errorf("by email alone: %s", got)
	}
	if got := (PaymentTerms{FindBy: []MemberBy{}}).Finds(); len(got) != 0 {
		t.Errorf("in no way: %s", got)
	}
}

func TestTextsByLocale(t *testing.T) {
	all := Text{"de": "Bohne", "en": "bean", "de-CH": "Böhnli"}
	for _, c := range []struct {
		text   Text
		locale string
		want   string
	}{
		{all, "de", "Bohne"},
		{all, "de-AT", "Bohne"},
		{all, "de_AT", "Bohne"},
		{all, "de-CH", "Böhnli"},
		{all, "de-CH-1996", "Böhnli"},
		{all, "d", "bean"},
		{all, "fr", "bean"},
		{all, "", "bean"},
		{Text{"fr": "grain", "de": "Bohne", "it": "chicco"}, "es", "Bohne"},
		{Text{}, "es", ""},
	} {
		if got := c.text.In(c.locale); got != c.want {
			t.Errorf("%v in %q is %q, want %q", c.text, c.locale, got, c.want)
		}
	}
}

func TestFormulasOfReasons(t *testing.T) {
	for _, c := range []struct {
		r    Reason
		want string
	}{
		{NewReason("earn.purchase", "29.99", IsRated, "29.99 EUR", "1 per 1.00"), "29.99 EUR x 1 per 1.00"},
		{NewReason("earn.purchase", "29.99", IsRated, "29.99 EUR"), "rate 29.99 EUR"}, // an argument is missing
		{NewReason("clawback", "0", IsRetained, "expired", "2027-01-31"), "not deducted: expired"},
		{NewReason("earn.x", "0", "unknown", "a", "b"), "unknown a b"},
		{NewReason("earn.x", "0", IsUnpaid), "not paid yet"},
		{NewReason("", "5", Says, "goodwill"), "goodwill"},
	} {
		if got := c.r.Effect(); got != c.want {
			t.Errorf("%+v is %q, want %q", c.r, got, c.want)
		}
	}
	if all := ReasonKinds(); len(all) != len(effects) || !slices.Contains(all, IsRated) {
		t.Errorf("the kinds are %s", all)
	}
	want := Reason{Wallet: "miles", Rule: "debt", Kind: IsCost, Args: []string{"5"}, Points: "-5"}
	if got := ReasonIn("miles", "debt", -5, IsCost, "5"); !reflect.DeepEqual(got, want) {
		t.Errorf("the reason is %+v", got)
	}
}

func TestSpansAndCostsOfRewards(t *testing.T) {
	for _, c := range []struct {
		s    calendar.Span
		at   time.Time
		want bool
	}{
		{calendar.Span{}, noon, true},
		{calendar.Span{From: noon}, noon, true},
		{calendar.Span{From: noon}, noon.Add(-1), false},
		{calendar.Span{Until: noon}, noon.Add(-1), true},
		{calendar.Span{Until: noon}, noon, false},
	} {
		if got := c.s.Has(c.at); got != c.want {
			t.Errorf("%+v contains %s: %t", c.s, c.at, got)
		}
	}
	r := Reward{Cost: 100, Prices: map[string]Points{"gold": 80, "basic": 0}}
	for level, want := range map[string]Points{"gold": 80, "basic": 0, "silver": 100} {
		if got := r.CostAt(level); got != want {
			t.Errorf("at level %s it costs %d", level, got)
		}
	}
	costs := r.Costs()
	if slices.Sort(costs); !slices.Equal(costs, []Points{0, 80, 100}) {
		t.Errorf("it costs %d", costs)
	}
	for _, c := range []struct {
		r    Reward
		want bool
	}{
		{Reward{}, false},
		{Reward{StockBatches: []StockBatch{{}}}, true},
		{Reward{Dates: make([]RewardDate, 1)}, true},
		{Reward{StockBatches: []StockBatch{{}}, Dates: make([]RewardDate, 1)}, true},
	} {
		if c.r.Limited() != c.want {
			t.Errorf("%+v is limited: %t", c.r, !c.want)
		}
	}
	p := Program{Levels: Levels{Tiers: Tiers{Levels: []Level{{ID: "basic"}, {ID: "gold"}}}}}
	if l, i, ok := p.Tiers.Level("gold"); l.ID != "gold" || i != 1 || !ok {
		t.Errorf("level gold is %+v at %d, %t", l, i, ok)
	}
	if l, _, ok := p.Tiers.Level("silver"); l.ID != "" || ok {
		t.Errorf("level silver is %+v", l)
	}
}
