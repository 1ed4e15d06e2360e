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
)

// A clawback reaches points that were converted: first those that came from the lot of the grant, then others, each
// time the latest conversion first. If the refund fails, the points return to where they were.
func TestClawbackOfConvertedPoints(t *testing.T) {
	mine, other, there := calendar.Date(20271231), calendar.Date(20280331), calendar.Date(20270630)
	conversion := func(id string, from string, lot calendar.Date) loyalty.Converted {
		return loyalty.Converted{
			ID: id, Rule: "to-pay", From: from, To: "pay", Points: 30, Received: 10, Lot: there, At: noon,
			Taken: []loyalty.Lot{{Expires: lot, Points: 30}},
		}
	}
	taken := func(id string, points, worth loyalty.Points) loyalty.Unconverted {
		return loyalty.Unconverted{ID: id, Points: points, Worth: worth}
	}
	for _, c := range []struct {
		name        string
		conversions []loyalty.Converted
		pay         loyalty.Points // that are left in the other wallet
		before      []loyalty.Unconverted
		n           loyalty.Points
		want        []loyalty.Unconverted
		owed        loyalty.Points
	}{
		{"none", nil, 0, nil, 10, nil, 10},
		{
			"all of one",
			[]loyalty.Converted{conversion("a", "", mine)},
			10, nil, 30,
			[]loyalty.Unconverted{taken("a", 10, 30)},
			0,
		},
		{
			"more than it had",
			[]loyalty.Converted{conversion("a", "", mine)},
			10, nil, 31,
			[]loyalty.Unconverted{taken("a", 10, 30)},
			1,
		},
		{
			"a part, rounded up",
			[]loyalty.Converted{conversion("a", "", mine)},
			10, nil, 10,
			[]loyalty.Unconverted{taken("a", 4, 10)},
			0,
		},
		{
			"what is left of it",
			[]loyalty.Converted{conversion("a", "", mine)},
			3, nil, 30,
			[]loyalty.Unconverted{taken("a", 3, 9)},
			21,
		},
		{"nothing is left of it", []loyalty.Converted{conversion("a", "", mine)}, 0, nil, 30, nil, 30},
		{"of another wallet", []loyalty.Converted{conversion("a", "miles", mine)}, 10, nil, 30, nil, 30},
		{
			"of another lot",
			[]loyalty.Converted{conversion("a", "", other)},
			10, nil, 30,
			[]loyalty.Unconverted{taken("a", 10, 30)},
			0,
		},
		{
			"its own lot first",
			[]loyalty.Converted{conversion("a", "", mine), conversion("b", "", other)},
			20, nil,
			40,
			[]loyalty.Unconverted{taken("a", 10, 30), taken("b", 4, 10)},
			0,
		},
		{
			"the latest first",
			[]loyalty.Converted{conversion("a", "", mine), conversion("b", "", mine)},
			20, nil, 40,
			[]loyalty.Unconverted{taken("b", 10, 30), taken("a", 4, 10)},
			0,
		},
		{
			"what the same entry took before",
			[]loyalty.Converted{conversion("a", "", mine)},
			10,
			[]loyalty.Unconverted{taken("a", 4, 12)},
			30,
			[]loyalty.Unconverted{taken("a", 6, 18)},
			12,
		},
	} {
		p := miles(t, big.NewRat(1, 3))
		acc := holding()
		acc.Conversions = c.conversions
		if c.pay > 0 {
			acc.Purses = []loyalty.Purse{{Wallet: "pay", Lots: []loyalty.Lot{{Expires: there, Points: c.pay}}}}
		}
		e := loyalty.Entry{
			Cause:  loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1"},
			Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Reversals: c.before}},
		}
		for _, u := range c.before {
			e.Postings = append(
				e.Postings,
				loyalty.Posting{Wallet: "pay", Bucket: loyalty.BucketActive, Lot: there, Points: -u.Points},
			)
		}
		d := posting.Decide(p, acc, noon.Add(time.Hour))
		g := loyalty.Grant{ActiveAt: noon, Expires: mine, Worth: c.n}
		e = posting.ClawBack(d, e, c.n, &g)
		if got := e.Reversals[len(c.before):]; !slices.Equal(got, c.want) || !slices.Equal(g.Converted, c.want) ||
			g.Owed != c.owed {
			t.Errorf("%s: %+v, and %d owed; want %+v, and %d", c.name, got, g.Owed, c.want, c.owed)
			continue
		}
		if len(c.want) == 0 || len(c.before) > 0 {
			continue
		}
		e.Sequence = 1
		after, err := posting.Apply(acc, posting.WithIssued(e))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		d = posting.Decide(p, after, noon.Add(2*time.Hour))
		back := posting.WithIssued(
			posting.GiveBack(d, loyalty.Entry{Cause: e.Cause, Sequence: 2}, c.n, &g, time.Time{}),
		)
		restored, err := posting.Apply(after, back)
		if err != nil {
			t.Fatalf("%s, returned: %v", c.name, err)
		}
		if g.Owed != 0 || len(g.Converted) > 0 || !reflect.DeepEqual(restored.Purses, acc.Purses) ||
			!reflect.DeepEqual(restored.Conversions, acc.Conversions) {
			t.Errorf("%s, returned: %+v with the grant %+v", c.name, restored, g)
		}
	}
}
