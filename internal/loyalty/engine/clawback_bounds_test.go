package engine

import (
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A grant that becomes worth more again first cancels write-offs, then debt, then returns points to where they were
// taken from. The rest joins the grant's lot.
func TestPointsThatReturnToAGrant(t *testing.T) {
	lot := calendar.Date(20271231)
	grant := func(edit func(*loyalty.Grant)) loyalty.Grant {
		g := loyalty.Grant{ActiveAt: noon, Expires: lot}
		edit(&g)
		return g
	}
	active := func(lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: lot, Points: n}
	}
	for _, c := range []struct {
		name   string
		was    loyalty.Grant
		n      loyalty.Points
		is     loyalty.Grant
		posted []loyalty.Posting
		undone []loyalty.WriteOff
	}{
		{
			"all of it", grant(func(*loyalty.Grant) {}), 10, grant(func(*loyalty.Grant) {}),
			[]loyalty.Posting{active(lot, 10)},
			nil,
		},
		{
			"points that were written off", grant(func(g *loyalty.Grant) { g.ExpiredOn = 30 }), 10,
			grant(func(g *loyalty.Grant) { g.ExpiredOn = 20 }), nil, nil,
		},
		{
			"some points that expired", grant(func(g *loyalty.Grant) { g.ExpiredOn, g.Expired = 10, 10 }), 4,
			grant(func(g *loyalty.Grant) { g.ExpiredOn, g.Expired = 6, 6 }), nil,
			[]loyalty.WriteOff{{Wallet: "", Lot: lot, Points: -4}},
		},
		{
			"points that were written off before those that expired",
			grant(func(g *loyalty.Grant) { g.ExpiredOn, g.Expired = 10, 6 }), 4,
			grant(func(g *loyalty.Grant) { g.ExpiredOn, g.Expired = 6, 6 }), nil, nil,
		},
		{
			"more than was written off", grant(func(g *loyalty.Grant) { g.ExpiredOn = 4 }), 10,
			grant(func(*loyalty.Grant) {}),
			[]loyalty.Posting{active(lot, 6)},
			nil,
		},
		{
			"points that are owed", grant(func(g *loyalty.Grant) { g.Owed = 30 }), 10,
			grant(func(g *loyalty.Grant) { g.Owed = 20 }),
			[]loyalty.Posting{active(lot, 10)},
			nil,
		},
		{
			"points that were taken from other lots", grant(func(g *loyalty.Grant) {
				g.Taken = []loyalty.Lot{{Expires: 20270331, Points: 5}, {Expires: 20270630, Points: 5}}
			}), 7,
			grant(func(g *loyalty.Grant) { g.Taken = []loyalty.Lot{{Expires: 20270331, Points: 3}} }),
			[]loyalty.Posting{active(20270630, 5), active(20270331, 2)},
			nil,
		},
		{
			"exactly the points that were taken",
			grant(func(g *loyalty.Grant) { g.Taken = []loyalty.Lot{{Expires: 20270331, Points: 5}} }), 5,
			grant(func(g *loyalty.Grant) { g.Taken = []loyalty.Lot{} }),
			[]loyalty.Posting{active(20270331, 5)},
			nil,
		},
		{
			"points that are owed and taken",
			grant(func(g *loyalty.Grant) { g.Owed, g.Taken = 2, []loyalty.Lot{{Expires: 20270331, Points: 5}} }), 4,
			grant(func(g *loyalty.Grant) { g.Taken = []loyalty.Lot{{Expires: 20270331, Points: 3}} }),
			[]loyalty.Posting{active(lot, 2), active(20270331, 2)},
			nil,
		},
	} {
		p := made(t, func(*loyalty.Program) {})
		d := posting.Decide(p, joined(t, p, noon), noon.Add(time.Hour))
		g := c.was
		g.Taken = slices.Clone(g.Taken)
		e := posting.GiveBack(
			d, loyalty.Entry{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1"}}, c.n, &g, time.Time{},
		)
		if g.Converted = nil; !reflect.DeepEqual(g, c.is) || !slices.Equal(e.Postings, c.posted) ||
			!slices.Equal(e.WriteOffs, c.undone) {
			t.Errorf("%s: %+v with the postings %+v and the write-offs %+v", c.name, g, e.Postings, e.WriteOffs)
		}
	}
}

// Points that were spent before the day on which they would have expired are owed also after it, which the entry
// states.
func TestReasonOfPointsThatAreOwedAfterTheirExpiry(t *testing.T) {
	for days, want := range map[int]int{10: 0, 40: 1} {
		s := newShop(t, made(t, func(p *loyalty.Program) {
			p.Earn.Pending, p.Earn.Expires = calendar.Wait{}, calendar.Expiry{
				After: calendar.Period{Days: 30}, RoundTo: calendar.EndOfDay,
			}
		}))
		o := paid("EUR", loyalty.Line{Amount: 100_00})
		s.submit(o, noon)
		s.spend(100, noon)
		o.Status = loyalty.OrderCanceled
		owed := 0
		for _, r := range s.submit(o, noon.AddDate(0, 0, days)).Reasons {
			if r.Kind == loyalty.IsOwed {
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
	p := made(t, func(p *loyalty.Program) {
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 2}
	})
	d := posting.Decide(p, joined(t, p, noon), noon)
	for _, c := range []struct{ was, is, want calendar.Date }{
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
		{calendar.Slides + 20270601, 20261210, 20261210},
		{20270601, calendar.Slides + 20261210, calendar.Slides + 20261210},
	} {
		if got := tier.NotBefore(d, c.was, c.is); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.was, c.is, got, c.want)
		}
	}
}

// A bonus reuses the record of a withdrawn one, preferably that of the same promotion.
func TestRecordOfABonus(t *testing.T) {
	b := posting.Bonus{Key: "tiers.gold", At: noon}
	record := func(key string, n int, at time.Time, worth loyalty.Points) loyalty.Reached {
		return loyalty.Reached{At: at, N: n, Grant: loyalty.Grant{Rule: key, Worth: worth}}
	}
	other, used := record("tiers.silver", 7, noon, 0), record(b.Key, 0, noon, 5)
	early, same := record(b.Key, 1, noon.Add(-time.Hour), 0), record(b.Key, 2, noon, 0)
	for _, c := range []struct {
		name    string
		reached []loyalty.Reached
		want    loyalty.Reached
	}{
		{"the first one", nil, loyalty.Reached{Grant: loyalty.Grant{Rule: b.Key}}},
		{"one of another level", []loyalty.Reached{other}, loyalty.Reached{Grant: loyalty.Grant{Rule: b.Key}}},
		{"one that is in use", []loyalty.Reached{used}, loyalty.Reached{N: 1, Grant: loyalty.Grant{Rule: b.Key}}},
		{"a withdrawn one", []loyalty.Reached{used, early}, early},
		{"that of the same promotion", []loyalty.Reached{used, early, same}, same},
	} {
		d := posting.Decide(made(t, func(*loyalty.Program) {}), loyalty.Account{Reached: c.reached}, noon)
		if got := tier.Vacant(d, b); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestConversionThatCannotBeReversed(t *testing.T) {
	p := miles(t, big.NewRat(1, 30))
	until := noon.Add(time.Hour)
	for _, c := range []struct {
		name    string
		edit    func(*loyalty.Account, *loyalty.Converted)
		n, left loyalty.Points
		now     time.Time
		code    loyalty.Code
		pointer string
	}{
		{"all", nil, 10, 10, noon, "", ""},
		{"the last instant", nil, 10, 10, until.Add(-1), "", ""},
		{"too late", nil, 10, 10, until, loyalty.AlreadyExpired, ""},
		{
			"never reversible", func(_ *loyalty.Account, x *loyalty.Converted) { x.ReversibleUntil = time.Time{} }, 10,
			10, noon, loyalty.AlreadyExpired, "",
		},
		{
			"frozen", func(a *loyalty.Account, _ *loyalty.Converted) { a.Status = loyalty.Frozen }, 10, 10, noon,
			loyalty.AccountFrozen, "",
		},
		{
			"reversed before", func(_ *loyalty.Account, x *loyalty.Converted) { x.Reversed, x.Returned = 10, 300 }, 10,
			10, noon, loyalty.AlreadyResolved, "",
		},
		{"below zero", nil, -1, 10, noon, loyalty.AmountNotPositive, "/points"},
		{"more than it gave", nil, 11, 20, noon, loyalty.AmountOutOfRange, "/points"},
		{"more than is left", nil, 10, 9, noon, loyalty.InsufficientPoints, ""},
		{"nothing is left", nil, 0, 0, noon, loyalty.InsufficientPoints, ""},
		{
			"in debt",
			func(a *loyalty.Account, _ *loyalty.Converted) { a.Purses = []loyalty.Purse{{Wallet: "pay", Debt: 1}} },
			10, 10, noon, loyalty.InsufficientPoints, "",
		},
		{
			"points that are worth nothing", func(_ *loyalty.Account, x *loyalty.Converted) { x.Points = 5 }, 1, 10,
			noon, loyalty.AmountOutOfRange, "/points",
		},
		{
			"the fewest that are worth something", func(_ *loyalty.Account, x *loyalty.Converted) { x.Points = 5 }, 2,
			10, noon, "", "",
		},
	} {
		acc, x := loyalty.Account{Status: loyalty.Active}, loyalty.Converted{
			ID: "cv_1", To: "pay", Points: 300, Received: 10, ReversibleUntil: until,
		}
		if c.edit != nil {
			c.edit(&acc, &x)
		}
		wantRefusal(t, c.name, share.Undoable(RedeemRules(p), acc, x, c.n, c.left, c.now), c.code, c.pointer)
	}
}
