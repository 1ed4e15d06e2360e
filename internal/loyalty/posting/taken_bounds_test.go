package posting

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func active(wallet string, lot calendar.Date, n loyalty.Points) loyalty.Posting {
	return loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketActive, Lot: lot, Points: n}
}

func debt(wallet string, n loyalty.Points) loyalty.Posting {
	return loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketDebt, Points: n}
}

// A clawback takes pending points first, then points of the grant's lot, then of other lots. It books the rest as debt,
// as far as the policy allows.
func TestPointsThatAClawbackTakes(t *testing.T) {
	now, past := loyaltytest.Noon, calendar.Date(2026_11_30)
	cause := loyalty.Cause{Kind: "order", ID: "1"}
	pending := []loyalty.Pending{
		{Cause: loyalty.Cause{Kind: "order", ID: "0"}, Points: 50},
		{Cause: cause, ActiveAt: now.Add(1), GiveUp: now.Add(2), Expires: jan31, Points: 10},
	}
	fromPending := loyalty.Posting{
		Bucket: loyalty.BucketPending, Lot: jan31, ActiveAt: now.Add(1), GiveUp: now.Add(2), Cause: cause, Points: -10,
	}
	with := func(lots ...loyalty.Lot) loyalty.Account { return loyalty.Account{Purse: loyalty.Purse{Lots: lots}} }
	waiting := with(lotOf(jan31, 5))
	waiting.Pending = pending
	expired := with(lotOf(jan31, 5))
	expired.ExpiredLots = []loyalty.Lot{lotOf(past, 30)}
	owing := loyalty.Account{Purse: loyalty.Purse{Debt: 15}}
	for _, c := range []struct {
		name    string
		policy  loyalty.ClawbackPolicy
		most    loyalty.Points
		acc     loyalty.Account
		expires calendar.Date
		n       loyalty.Points
		want    []loyalty.Posting
		grant   loyalty.Grant // its state afterwards, without ActiveAt and Expires
	}{
		{"nothing", 0, 0, with(lotOf(jan31, 10)), jan31, 0, nil, loyalty.Grant{}},
		{"of the pending points", 0, 0, waiting, jan31, 10, []loyalty.Posting{fromPending}, loyalty.Grant{}},
		{
			"more than the pending points", 0, 0, waiting, jan31, 12,
			[]loyalty.Posting{fromPending, active("", jan31, -2)},
			loyalty.Grant{},
		},
		{
			"pending points only", loyalty.ClawbackPendingOnly, 0, waiting, jan31, 12,
			[]loyalty.Posting{fromPending},
			loyalty.Grant{ExpiredOn: 2},
		},
		{
			"pending points only, which suffice", loyalty.ClawbackPendingOnly, 0, waiting, jan31, 10,
			[]loyalty.Posting{fromPending},
			loyalty.Grant{},
		},
		{
			"all of the lot", 0, 0, with(lotOf(jan31, 10), lotOf(feb28, 5)), jan31, 10,
			[]loyalty.Posting{active("", jan31, -10)},
			loyalty.Grant{},
		},
		{
			"the own lot before an earlier one", 0, 0, with(lotOf(jan31, 10), lotOf(feb28, 5), lotOf(mar31, 5)), feb28,
			16,
			[]loyalty.Posting{active("", feb28, -5), active("", jan31, -10), active("", mar31, -1)},
			loyalty.Grant{Taken: []loyalty.Lot{lotOf(jan31, 10), lotOf(mar31, 1)}},
		},
		{
			"more than all lots", 0, 0, with(lotOf(feb28, 5)), jan31, 7,
			[]loyalty.Posting{active("", feb28, -5), debt("", -2)},
			loyalty.Grant{Taken: []loyalty.Lot{lotOf(feb28, 5)}, Owed: 2},
		},
		{
			"within the balance", loyalty.ClawbackWithinBalance, 0, with(lotOf(feb28, 5)), jan31, 7,
			[]loyalty.Posting{active("", feb28, -5)},
			loyalty.Grant{Taken: []loyalty.Lot{lotOf(feb28, 5)}, ExpiredOn: 2},
		},
		{"up to the maximum debt", 0, 20, owing, jan31, 5, []loyalty.Posting{debt("", -5)}, loyalty.Grant{Owed: 5}},
		{
			"beyond the maximum debt", 0, 20, owing, jan31, 6,
			[]loyalty.Posting{debt("", -5)},
			loyalty.Grant{Owed: 5, ExpiredOn: 1},
		},
		{"with more debt than the maximum", 0, 10, owing, jan31, 6, nil, loyalty.Grant{ExpiredOn: 6}},
		{
			"without a maximum debt", loyalty.ClawbackUnlimited, 20, owing, jan31, 6,
			[]loyalty.Posting{debt("", -6)},
			loyalty.Grant{Owed: 6},
		},
		{"points that expired", 0, 0, expired, past, 30, nil, loyalty.Grant{Expired: 30, ExpiredOn: 30}},
		{
			"more than the points that expired", 0, 0, expired, past, 31,
			[]loyalty.Posting{active("", jan31, -1)},
			loyalty.Grant{Expired: 30, ExpiredOn: 30, Taken: []loyalty.Lot{lotOf(jan31, 1)}},
		},
		{
			"points that were spent before the day", 0, 0, with(), past, 3,
			[]loyalty.Posting{debt("", -3)},
			loyalty.Grant{Owed: 3},
		},
		{
			"points of a day that is not over", 0, 0, expired, 2026_12_01, 3,
			[]loyalty.Posting{active("", jan31, -3)},
			loyalty.Grant{Taken: []loyalty.Lot{lotOf(jan31, 3)}},
		},
	} {
		p := utc()
		p.Clawback, p.MaxDebt = c.policy, c.most
		g := loyalty.Grant{ActiveAt: now.Add(-1), Expires: c.expires}
		d := Decide(p, c.acc, now)
		e := ClawBack(d, loyalty.Entry{Cause: loyalty.Cause{Kind: "order", ID: "1", Revision: 2}}, c.n, &g)
		if !slices.Equal(e.Postings, c.want) {
			t.Errorf("%s: %+v", c.name, e.Postings)
		}
		if !slices.Equal(g.Taken, c.grant.Taken) || g.Owed != c.grant.Owed || g.Expired != c.grant.Expired ||
			g.ExpiredOn != c.grant.ExpiredOn || len(g.Converted) != 0 {
			t.Errorf("%s: the grant is %+v", c.name, g)
		}
		off := loyalty.Points(0)
		for _, w := range e.WriteOffs {
			if off += w.Points; w.Lot != past || w.Points == 0 {
				t.Errorf("%s: it writes off %+v", c.name, w)
			}
		}
		if off != g.Expired {
			t.Errorf("%s: it writes off %d of the expired points", c.name, off)
		}
		checkClawbackReasons(t, c.name, e, g, IsExpired(p.Zone, c.expires, now))
	}
}

// checkClawbackReasons requires one reason for each kind of points that were not taken, and for points that are owed
// after their lot expired.
func checkClawbackReasons(t *testing.T, name string, e loyalty.Entry, g loyalty.Grant, expired bool) {
	t.Helper()
	retained, owed := 0, false
	for _, r := range e.Reasons {
		switch {
		case r.Kind == loyalty.IsRetained && (r.Args[0] == retainedExpired) == (len(r.Args) == 2):
			retained++
		case r.Kind == loyalty.IsOwed && r.Args[0] == loyalty.FormatPoints(g.Owed):
			owed = true
		default:
			t.Errorf("%s: the reason %+v", name, r)
		}
	}
	if (retained > 0) != (g.ExpiredOn > 0) || owed != (expired && g.Owed > 0) {
		t.Errorf("%s: the reasons are %+v", name, e.Reasons)
	}
}

// Points of a sliding lot that expired by inactivity count as expired, also if the activity that had moved them no
// longer counts.
func TestClawbackOfPointsThatExpiredByInactivity(t *testing.T) {
	day := calendar.Date(2026_11_20)
	for _, c := range []struct {
		name    string
		expires calendar.Date
		slides  calendar.Date
		expired []loyalty.Lot
		taken   loyalty.Points
		lot     calendar.Date
	}{
		{
			"on the day", sliding(day), 0,
			[]loyalty.Lot{lotOf(sliding(day), 5), lotOf(sliding(day+5), 9)},
			5,
			sliding(day),
		},
		{
			"on a later day", sliding(day), 0,
			[]loyalty.Lot{lotOf(sliding(day-9), 9), lotOf(sliding(day+5), 5)},
			5, sliding(day + 5),
		},
		{"on an earlier day", sliding(day), 0, []loyalty.Lot{lotOf(sliding(day-9), 9)}, 0, 0},
		{
			"on the day to which an activity moved them", sliding(day), sliding(day + 8),
			[]loyalty.Lot{lotOf(sliding(day+2), 9), lotOf(sliding(day+8), 5)},
			5, sliding(day + 8),
		},
		{
			"other points than those that an activity moved", sliding(day), sliding(jan31),
			[]loyalty.Lot{lotOf(sliding(day+2), 9)},
			0, 0,
		},
		{"on a fixed day", sliding(day), 0, []loyalty.Lot{lotOf(day, 9)}, 0, 0},
		{"by inactivity, but not points of a fixed day", day, 0, []loyalty.Lot{lotOf(sliding(day), 9)}, 0, 0},
	} {
		d := Decide(
			utc(), loyalty.Account{Slides: c.slides, Purse: loyalty.Purse{ExpiredLots: c.expired}}, loyaltytest.Noon,
		)
		g := loyalty.Grant{Expires: c.expires}
		e := ClawBack(d, loyalty.Entry{}, 8, &g)
		want := []loyalty.WriteOff{{Lot: c.lot, Points: c.taken}}
		if c.taken == 0 {
			want = nil
		}
		if !slices.Equal(e.WriteOffs, want) || g.Owed != 8-c.taken {
			t.Errorf("%s: %+v, owed %d", c.name, e.WriteOffs, g.Owed)
		}
	}
}

// Points that are taken from the grant's lot remember the day on which they would have expired without an activity.
func TestClawbackOfPointsThatSlid(t *testing.T) {
	acc := loyalty.Account{
		Slides: sliding(feb28),
		Purse:  loyalty.Purse{Lots: []loyalty.Lot{lotOf(sliding(feb28), 5), lotOf(sliding(mar31), 5)}},
	}
	g := loyalty.Grant{ActiveAt: loyaltytest.Noon, Expires: sliding(jan31)}
	e := ClawBack(Decide(utc(), acc, loyaltytest.Noon),
		loyalty.Entry{Postings: []loyalty.Posting{{Wallet: "miles"}}}, 7, &g,
	)
	own := active("", sliding(feb28), -5)
	own.From = sliding(jan31)
	if want := []loyalty.Posting{
		{Wallet: "miles"}, own, active("", sliding(mar31), -2),
	}; !slices.Equal(e.Postings, want) {
		t.Errorf("the postings are %+v", e.Postings)
	}
}

// A clawback takes converted points before it books debt. A failed refund converts them again.
func TestClawbackOfConvertedPoints(t *testing.T) {
	now := loyaltytest.Noon
	acc := loyalty.Account{
		Purses: []loyalty.Purse{{Wallet: "miles", Lots: []loyalty.Lot{lotOf(jan31, 25)}}},
		Conversions: []loyalty.Converted{{
			ID: "a", Rule: "r", To: "miles", Points: 10, Received: 25, Taken: []loyalty.Lot{lotOf(feb28, 10)},
			Lot: jan31, At: now,
		}},
	}
	d := Decide(utc(), acc, now)
	first, second := loyalty.Grant{Expires: feb28}, loyalty.Grant{Expires: feb28}
	e := ClawBack(d, loyalty.Entry{}, 4, &first)
	e = ClawBack(d, e, 8, &second)
	if !slices.Equal(e.Reversals, []loyalty.Unconverted{took("a", 8, 4), took("a", 17, 6)}) || second.Owed != 2 {
		t.Errorf("it reverses %+v and %d are owed", e.Reversals, second.Owed)
	}
	if err := d.Post(WithIssued(e)); err != nil {
		t.Fatal(err)
	}
	back := GiveBack(d, loyalty.Entry{}, 8, &second, time.Time{})
	if !slices.Equal(back.Reversals, []loyalty.Unconverted{took("a", -17, -6)}) || second.Owed != 0 ||
		len(second.Converted) != 0 {
		t.Errorf("it returns %+v and %d are owed", back.Reversals, second.Owed)
	}
}

// While the points of a grant are pending, a failed refund adds only points that are missing to the pending ones.
func TestFailedRefundsOfPendingPoints(t *testing.T) {
	pending := loyalty.Posting{Bucket: loyalty.BucketPending, Lot: feb28, Points: 2}
	for n, want := range map[loyalty.Points][]loyalty.Posting{
		0: nil, 3: {active("", jan31, 3)}, 4: {active("", jan31, 4)}, 6: {active("", jan31, 4), pending},
	} {
		g := loyalty.Grant{Expires: feb28, Taken: []loyalty.Lot{lotOf(jan31, 4)}}
		e := GiveBack(Decide(utc(), loyalty.Account{}, loyaltytest.Noon), loyalty.Entry{}, n, &g, time.Time{})
		if !slices.Equal(e.Postings, want) {
			t.Errorf("%d points: %+v", n, e.Postings)
		}
	}
}

// Changes that an entry already contains count: points that it took are not taken again.
func TestClawbacksOfTwoGrantsInOneEntry(t *testing.T) {
	acc := loyalty.Account{
		Purse: loyalty.Purse{Lots: []loyalty.Lot{lotOf(jan31, 10)}, ExpiredLots: []loyalty.Lot{lotOf(2026_11_30, 5)}},
	}
	d := Decide(utc(), acc, loyaltytest.Noon)
	a, b := loyalty.Grant{Expires: jan31}, loyalty.Grant{Expires: 2026_11_30}
	e := ClawBack(d, loyalty.Entry{}, 7, &a)
	e = ClawBack(d, e, 6, &b)
	third := loyalty.Grant{Expires: 2026_11_30}
	e = ClawBack(d, e, 4, &third)
	if want := []loyalty.Posting{
		active("", jan31, -7), active("", jan31, -1), active("", jan31, -2), debt("", -2),
	}; !slices.Equal(e.Postings, want) {
		t.Errorf("the postings are %+v", e.Postings)
	}
	if a.Owed != 0 || b.Owed != 0 || b.Expired != 5 || third.Expired != 0 || third.Owed != 2 {
		t.Errorf("the grants are %+v, %+v and %+v", a, b, third)
	}
	if d.Account.ExpiredLots[0].Points != 5 || d.Account.Lots[0].Points != 10 {
		t.Errorf("the account became %+v", d.Account.Purse)
	}
}

// After a failed refund, points return to where they were taken from: points that were not taken are not given, a debt
// is forgiven, and the last lot from which points were taken gets them back first.
func TestPointsThatAFailedRefundReturns(t *testing.T) {
	taken := []loyalty.Lot{lotOf(jan31, 4), lotOf(mar31, 6)}
	for _, c := range []struct {
		name  string
		debt  loyalty.Points
		g     loyalty.Grant
		n     loyalty.Points
		want  []loyalty.Posting
		left  loyalty.Grant
		again loyalty.Points // of the expired points, the number that is no longer written off
	}{
		{"new points", 0, loyalty.Grant{}, 5, []loyalty.Posting{active("", feb28, 5)}, loyalty.Grant{}, 0},
		{"none", 0, loyalty.Grant{}, 0, nil, loyalty.Grant{}, 0},
		{"points that were not taken", 0, loyalty.Grant{ExpiredOn: 5}, 5, nil, loyalty.Grant{}, 0},
		{
			"more than were not taken", 0,
			loyalty.Grant{ExpiredOn: 5},
			7,
			[]loyalty.Posting{active("", feb28, 2)},
			loyalty.Grant{},
			0,
		},
		{
			"fewer than were not taken", 0,
			loyalty.Grant{ExpiredOn: 5, Expired: 3},
			2, nil,
			loyalty.Grant{ExpiredOn: 3, Expired: 3},
			0,
		},
		{
			"a part of the expired points", 0,
			loyalty.Grant{ExpiredOn: 5, Expired: 3},
			3, nil,
			loyalty.Grant{ExpiredOn: 2, Expired: 2},
			1,
		},
		{"all of the expired points", 0, loyalty.Grant{ExpiredOn: 3, Expired: 3}, 3, nil, loyalty.Grant{}, 3},
		{
			"points that are owed", 8,
			loyalty.Grant{Owed: 8},
			3,
			[]loyalty.Posting{{Bucket: loyalty.BucketDebt, Lot: feb28, Points: 3}},
			loyalty.Grant{Owed: 5},
			0,
		},
		{
			"points that were owed and paid", 0,
			loyalty.Grant{Owed: 8},
			9,
			[]loyalty.Posting{active("", feb28, 9)},
			loyalty.Grant{},
			0,
		},
		{
			"points of two lots", 0,
			loyalty.Grant{Taken: taken},
			7,
			[]loyalty.Posting{active("", mar31, 6), active("", jan31, 1)},
			loyalty.Grant{Taken: []loyalty.Lot{lotOf(jan31, 3)}},
			0,
		},
		{
			"points of the last lot", 0,
			loyalty.Grant{Taken: taken},
			6,
			[]loyalty.Posting{active("", mar31, 6)},
			loyalty.Grant{Taken: taken[:1]},
			0,
		},
		{
			"more than the points of all lots", 0,
			loyalty.Grant{Taken: taken},
			12,
			[]loyalty.Posting{active("", mar31, 6), active("", jan31, 4), active("", feb28, 2)},
			loyalty.Grant{},
			0,
		},
		{
			"points that are owed, then points of lots", 8,
			loyalty.Grant{Owed: 8, Taken: taken},
			9,
			[]loyalty.Posting{{Bucket: loyalty.BucketDebt, Lot: feb28, Points: 8}, active("", mar31, 1)},
			loyalty.Grant{Taken: []loyalty.Lot{lotOf(jan31, 4), lotOf(mar31, 5)}},
			0,
		},
	} {
		g := c.g
		g.ActiveAt, g.Expires = loyaltytest.Noon, feb28
		d := Decide(utc(), loyalty.Account{Purse: loyalty.Purse{Debt: c.debt}}, loyaltytest.Noon)
		e := GiveBack(d, loyalty.Entry{}, c.n, &g, time.Time{})
		if !slices.Equal(e.Postings, c.want) {
			t.Errorf("%s: %+v", c.name, e.Postings)
		}
		if !slices.Equal(g.Taken, c.left.Taken) || g.Owed != c.left.Owed || g.Expired != c.left.Expired ||
			g.ExpiredOn != c.left.ExpiredOn {
			t.Errorf("%s: the grant is %+v", c.name, g)
		}
		off := []loyalty.WriteOff{{Lot: feb28, Points: -c.again}}
		if c.again == 0 {
			off = nil
		}
		if !slices.Equal(e.WriteOffs, off) || (len(e.Reasons) == 1) != (c.g.ExpiredOn > 0) {
			t.Errorf("%s: it writes off %+v, reasons %+v", c.name, e.WriteOffs, e.Reasons)
		}
	}
}

func TestEntriesBalancedByIssuedPoints(t *testing.T) {
	issued := func(wallet string, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketIssued, Points: n}
	}
	for _, c := range []struct {
		name           string
		postings, want []loyalty.Posting
	}{
		{"none", []loyalty.Posting{}, nil},
		{"one", []loyalty.Posting{active("", jan31, 5)}, []loyalty.Posting{issued("", -5)}},
		{"balanced", []loyalty.Posting{active("", jan31, 5), active("", feb28, -5)}, nil},
		{
			"of two wallets",
			[]loyalty.Posting{active("miles", jan31, 5), active("", feb28, -2), active("miles", feb28, 1)},
			[]loyalty.Posting{issued("miles", -6), issued("", 2)},
		},
	} {
		n := len(c.postings)
		got := WithIssued(loyalty.Entry{Postings: c.postings}).Postings
		if !slices.Equal(got[n:], c.want) || n == 0 && got != nil {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
