package loyalty

import (
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"
)

// A grant that becomes worth more again first cancels write-offs, then debt, then returns points to where they were
// taken from. The rest joins the grant's lot.
func TestPointsThatReturnToAGrant(t *testing.T) {
	lot := Date(20271231)
	grant := func(edit func(*Grant)) Grant {
		g := Grant{ActiveAt: noon, Expires: lot}
		edit(&g)
		return g
	}
	active := func(lot Date, n Points) Posting { return Posting{Bucket: BucketActive, Lot: lot, Points: n} }
	for _, c := range []struct {
		name   string
		was    Grant
		n      Points
		is     Grant
		posted []Posting
		undone []WriteOff
	}{
		{"all of it", grant(func(*Grant) {}), 10, grant(func(*Grant) {}), []Posting{active(lot, 10)}, nil},
		{
			"points that were written off", grant(func(g *Grant) { g.ExpiredOn = 30 }), 10,
			grant(func(g *Grant) { g.ExpiredOn = 20 }), nil, nil,
		},
		{
			"some points that expired", grant(func(g *Grant) { g.ExpiredOn, g.Expired = 10, 10 }), 4,
			grant(func(g *Grant) { g.ExpiredOn, g.Expired = 6, 6 }), nil, []WriteOff{{"", lot, -4}},
		},
		{
			"points that were written off before those that expired", grant(func(g *Grant) { g.ExpiredOn, g.Expired = 10, 6 }), 4,
			grant(func(g *Grant) { g.ExpiredOn, g.Expired = 6, 6 }), nil, nil,
		},
		{
			"more than was written off", grant(func(g *Grant) { g.ExpiredOn = 4 }), 10, grant(func(*Grant) {}),
			[]Posting{active(lot, 6)}, nil,
		},
		{
			"points that are owed", grant(func(g *Grant) { g.Owed = 30 }), 10, grant(func(g *Grant) { g.Owed = 20 }),
			[]Posting{active(lot, 10)}, nil,
		},
		{
			"points that were taken from other lots", grant(func(g *Grant) { g.Taken = []Lot{{20270331, 5}, {20270630, 5}} }), 7,
			grant(func(g *Grant) { g.Taken = []Lot{{20270331, 3}} }), []Posting{active(20270630, 5), active(20270331, 2)}, nil,
		},
		{
			"exactly the points that were taken", grant(func(g *Grant) { g.Taken = []Lot{{20270331, 5}} }), 5,
			grant(func(g *Grant) { g.Taken = []Lot{} }), []Posting{active(20270331, 5)}, nil,
		},
		{
			"points that are owed and taken", grant(func(g *Grant) { g.Owed, g.Taken = 2, []Lot{{20270331, 5}} }), 4,
			grant(func(g *Grant) { g.Taken = []Lot{{20270331, 3}} }), []Posting{active(lot, 2), active(20270331, 2)}, nil,
		},
	} {
		p := made(t, func(*Program) {})
		d := p.decide(joined(t, p, noon), noon.Add(time.Hour))
		g := c.was
		g.Taken = slices.Clone(g.Taken)
		e := d.giveBack(Entry{Cause: Cause{Kind: CauseOrder, ID: "1"}}, c.n, &g, time.Time{})
		if g.Converted = nil; !reflect.DeepEqual(g, c.is) || !slices.Equal(e.Postings, c.posted) || !slices.Equal(e.WriteOffs, c.undone) {
			t.Errorf("%s: %+v with the postings %+v and the write-offs %+v", c.name, g, e.Postings, e.WriteOffs)
		}
	}
}

// Points that were spent before the day on which they would have expired are owed also after it, which the entry states.
func TestReasonOfPointsThatAreOwedAfterTheirExpiry(t *testing.T) {
	for days, want := range map[int]int{10: 0, 40: 1} {
		s := newShop(t, made(t, func(p *Program) {
			p.Earn.Pending, p.Earn.Expires = Wait{}, Expiry{After: Period{Days: 30}, RoundTo: EndOfDay}
		}))
		o := paid("EUR", Line{Amount: 100_00})
		s.tell(o, noon)
		s.spend(100, noon)
		o.Status = OrderCanceled
		owed := 0
		for _, r := range s.tell(o, noon.AddDate(0, 0, days)).Reasons {
			if r.Kind == IsOwed {
				owed++
			}
		}
		if owed != want || s.acc.Debt != 100 {
			t.Errorf("after %d days: %d reasons, and a debt of %d", days, owed, s.acc.Debt)
		}
	}
}

// Points of which the expiry moves to an earlier day keep the minimum notice, but never longer than to their old day.
func TestEarlierExpiryOfABonus(t *testing.T) {
	p := made(t, func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 30}, 2} })
	d := p.decide(joined(t, p, noon), noon)
	for _, c := range []struct{ was, is, want Date }{
		{20270601, 20270701, 20270701},
		{20270601, 20270601, 20270601},
		{20270601, 20270201, 20270201},
		{20270601, 20261231, 20261231},
		{20270601, 20261230, 20261231},
		{20261220, 20261210, 20261220},
		{20261231, 20261210, 20261231},
		{0, 20261210, 20261231},
		{20270601, 0, 0},
		{0, 20270201, 20270201},
		{slides + 20270601, 20261210, 20261210},
		{20270601, slides + 20261210, slides + 20261210},
	} {
		if got := d.notBefore(c.was, c.is); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.was, c.is, got, c.want)
		}
	}
}

// A bonus reuses the record of a withdrawn one, preferably that of the same promotion.
func TestRecordOfABonus(t *testing.T) {
	b := bonus{key: "tiers.gold", at: noon}
	record := func(key string, n int, at time.Time, worth Points) Reached {
		return Reached{At: at, N: n, Grant: Grant{Rule: key, Worth: worth}}
	}
	other, used := record("tiers.silver", 7, noon, 0), record(b.key, 0, noon, 5)
	early, same := record(b.key, 1, noon.Add(-time.Hour), 0), record(b.key, 2, noon, 0)
	for _, c := range []struct {
		name    string
		reached []Reached
		want    Reached
	}{
		{"the first one", nil, Reached{Grant: Grant{Rule: b.key}}},
		{"one of another level", []Reached{other}, Reached{Grant: Grant{Rule: b.key}}},
		{"one that is in use", []Reached{used}, Reached{N: 1, Grant: Grant{Rule: b.key}}},
		{"a withdrawn one", []Reached{used, early}, early},
		{"that of the same promotion", []Reached{used, early, same}, same},
	} {
		d := made(t, func(*Program) {}).decide(Account{Reached: c.reached}, noon)
		if got := d.vacant(b); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// asOf decides as of an instant and then continues at the present one.
func TestDecisionAsOfAnInstant(t *testing.T) {
	d := (&Program{}).decide(Account{}, noon)
	var at time.Time
	d.asOf(noon.Add(-time.Hour), func() Entry {
		at = d.now
		return Entry{}
	})
	if !at.Equal(noon.Add(-time.Hour)) || !d.now.Equal(noon) {
		t.Errorf("decided as of %s, and then at %s", at, d.now)
	}
}

func TestConversionThatCannotBeReversed(t *testing.T) {
	p := miles(t, big.NewRat(1, 30))
	until := noon.Add(time.Hour)
	for _, c := range []struct {
		name    string
		edit    func(*Account, *Converted)
		n, left Points
		now     time.Time
		code    Code
		pointer string
	}{
		{"all", nil, 10, 10, noon, "", ""},
		{"the last instant", nil, 10, 10, until.Add(-1), "", ""},
		{"too late", nil, 10, 10, until, AlreadyExpired, ""},
		{"never reversible", func(_ *Account, x *Converted) { x.ReversibleUntil = time.Time{} }, 10, 10, noon, AlreadyExpired, ""},
		{"frozen", func(a *Account, _ *Converted) { a.Status = Frozen }, 10, 10, noon, AccountFrozen, ""},
		{"reversed before", func(_ *Account, x *Converted) { x.Reversed, x.Returned = 10, 300 }, 10, 10, noon, AlreadyResolved, ""},
		{"below zero", nil, -1, 10, noon, AmountNotPositive, "/points"},
		{"more than it gave", nil, 11, 20, noon, AmountOutOfRange, "/points"},
		{"more than is left", nil, 10, 9, noon, InsufficientPoints, ""},
		{"nothing is left", nil, 0, 0, noon, InsufficientPoints, ""},
		{"in debt", func(a *Account, _ *Converted) { a.Purses = []Purse{{Wallet: "pay", Debt: 1}} }, 10, 10, noon, InsufficientPoints, ""},
		{"points that are worth nothing", func(_ *Account, x *Converted) { x.Points = 5 }, 1, 10, noon, AmountOutOfRange, "/points"},
		{"the fewest that are worth something", func(_ *Account, x *Converted) { x.Points = 5 }, 2, 10, noon, "", ""},
	} {
		acc, x := Account{Status: Active}, Converted{ID: "cv_1", To: "pay", Points: 300, Received: 10, ReversibleUntil: until}
		if c.edit != nil {
			c.edit(&acc, &x)
		}
		wantRefusal(t, c.name, p.undoable(acc, x, c.n, c.left, c.now), c.code, c.pointer)
	}
}

func TestLatestActivity(t *testing.T) {
	for _, c := range []struct {
		acc  Account
		want time.Time
	}{
		{Account{}, time.Time{}},
		{Account{LastActivity: noon}, noon},
		{Account{LastActivity: noon, Activities: []time.Time{noon.Add(-2), noon.Add(-1)}}, noon.Add(-1)},
	} {
		if got := c.acc.lastActivity(); !got.Equal(c.want) {
			t.Errorf("%+v: %s", c.acc, got)
		}
	}
}
