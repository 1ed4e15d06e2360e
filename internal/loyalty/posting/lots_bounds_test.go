package posting

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

const (
	jan31 = calendar.Date(2027_01_31)
	feb28 = calendar.Date(2027_02_28)
	mar31 = calendar.Date(2027_03_31)
)

// sliding returns a day that activities postpone.
func sliding(d calendar.Date) calendar.Date { return calendar.Slides + d }

func lotOf(d calendar.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: d, Points: n} }

func TestPointsAddedToLots(t *testing.T) {
	lots := []loyalty.Lot{lotOf(jan31, 10), lotOf(mar31, 20), lotOf(0, 30)}
	for _, c := range []struct {
		name string
		add  loyalty.Lot
		want []loyalty.Lot
	}{
		{"to a lot", lotOf(mar31, 5), []loyalty.Lot{lotOf(jan31, 10), lotOf(mar31, 25), lotOf(0, 30)}},
		{"all of a lot are taken", lotOf(mar31, -20), []loyalty.Lot{lotOf(jan31, 10), lotOf(0, 30)}},
		{
			"in between", lotOf(feb28, 1),
			[]loyalty.Lot{lotOf(jan31, 10), lotOf(feb28, 1), lotOf(mar31, 20), lotOf(0, 30)},
		},
		{"that never expire", lotOf(0, -1), []loyalty.Lot{lotOf(jan31, 10), lotOf(mar31, 20), lotOf(0, 29)}},
	} {
		if got := AddLot(lots, c.add); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if want := []loyalty.Lot{lotOf(jan31, 10), lotOf(mar31, 20), lotOf(0, 30)}; !slices.Equal(lots, want) {
		t.Errorf("the original lots became %+v", lots)
	}
}

func TestPendingPointsOfCauses(t *testing.T) {
	own, other := loyalty.Cause{Kind: "order", ID: "1"}, loyalty.Cause{Kind: "order", ID: "1~rule"}
	e := loyalty.Entry{Cause: loyalty.Cause{Kind: "order", ID: "1", Revision: 2}}
	at := loyaltytest.Noon
	late := loyalty.Pending{Cause: loyalty.Cause{Kind: "order", ID: "0"}, ActiveAt: at.Add(9), Points: 3}
	for _, c := range []struct {
		name string
		was  []loyalty.Pending
		add  loyalty.Posting
		want []loyalty.Pending
	}{
		{
			"the first",
			[]loyalty.Pending{late},
			loyalty.Posting{Wallet: "miles", Lot: jan31, ActiveAt: at, GiveUp: at.Add(1), Points: 7},
			[]loyalty.Pending{
				{Cause: own, Wallet: "miles", Expires: jan31, ActiveAt: at, GiveUp: at.Add(1), Points: 7}, late,
			},
		},
		{
			"of another cause",
			[]loyalty.Pending{{Cause: own, ActiveAt: at, Points: 7}},
			loyalty.Posting{Cause: other, ActiveAt: at, Points: 2},
			[]loyalty.Pending{{Cause: own, ActiveAt: at, Points: 7}, {Cause: other, ActiveAt: at, Points: 2}},
		},
		{
			"more",
			[]loyalty.Pending{{Cause: own, ActiveAt: at, Points: 7}, late},
			loyalty.Posting{ActiveAt: at, Points: 2},
			[]loyalty.Pending{{Cause: own, ActiveAt: at, Points: 9}, late},
		},
		{
			"all are taken",
			[]loyalty.Pending{{Cause: own, ActiveAt: at, Points: 7}, late},
			loyalty.Posting{ActiveAt: at, Points: -7},
			[]loyalty.Pending{late},
		},
	} {
		acc, was := loyalty.Account{Pending: c.was}, slices.Clone(c.was)
		if addPending(&acc, e, c.add); !slices.Equal(acc.Pending, c.want) {
			t.Errorf("%s: %+v", c.name, acc.Pending)
		}
		if !slices.Equal(was, c.was) {
			t.Errorf("%s: the account before became %+v", c.name, c.was)
		}
	}
}

func TestReservationsOfLots(t *testing.T) {
	at := loyaltytest.Noon
	r := func(id string, until time.Time) loyalty.Redemption { return loyalty.Redemption{ID: id, Until: until} }
	hold := func(r loyalty.Redemption, lots ...loyalty.Lot) loyalty.Hold {
		return loyalty.Hold{Redemption: r, Lots: lots}
	}
	a, b, c := r("a", at.Add(1)), r("b", at), r("c", at)
	acc := loyalty.Account{}
	for _, x := range []struct {
		r    loyalty.Redemption
		l    loyalty.Lot
		want []loyalty.Hold
	}{
		{a, lotOf(jan31, 5), []loyalty.Hold{hold(a, lotOf(jan31, 5))}},
		{c, lotOf(0, 1), []loyalty.Hold{hold(c, lotOf(0, 1)), hold(a, lotOf(jan31, 5))}},
		{b, lotOf(0, 2), []loyalty.Hold{hold(b, lotOf(0, 2)), hold(c, lotOf(0, 1)), hold(a, lotOf(jan31, 5))}},
		{
			c, lotOf(jan31, 3),
			[]loyalty.Hold{hold(b, lotOf(0, 2)), hold(c, lotOf(jan31, 3), lotOf(0, 1)), hold(a, lotOf(jan31, 5))},
		},
		{
			b, lotOf(0, -2),
			[]loyalty.Hold{hold(c, lotOf(jan31, 3), lotOf(0, 1)), hold(a, lotOf(jan31, 5))},
		},
	} {
		before, was := acc.Holds, slices.Clone(acc.Holds)
		if addHold(&acc, x.r, x.l); !reflect.DeepEqual(acc.Holds, x.want) {
			t.Errorf("after %+v of %s: %+v", x.l, x.r.ID, acc.Holds)
		}
		if !reflect.DeepEqual(before, was) {
			t.Errorf("after %+v of %s the account before became %+v", x.l, x.r.ID, before)
		}
	}
}

// Reserved lots that expire by inactivity on or before a day no longer slide.
func TestReservedLotsThatNoLongerSlide(t *testing.T) {
	acc := loyalty.Account{Holds: []loyalty.Hold{{Lots: []loyalty.Lot{
		lotOf(jan31, 1), lotOf(sliding(jan31), 2), lotOf(sliding(feb28), 4), lotOf(sliding(mar31), 8), lotOf(0, 16),
	}}}}
	before := acc.Holds
	settle(&acc, sliding(feb28))
	want := []loyalty.Lot{lotOf(jan31, 3), lotOf(feb28, 4), lotOf(sliding(mar31), 8), lotOf(0, 16)}
	if !slices.Equal(acc.Holds[0].Lots, want) || len(before[0].Lots) != 5 {
		t.Errorf("the lots are %+v", acc.Holds[0].Lots)
	}
	if settle(&acc, 0); !slices.Equal(acc.Holds[0].Lots, want) {
		t.Errorf("without a day the lots are %+v", acc.Holds[0].Lots)
	}
}

func TestExpiredPointsThatAWalletRemembers(t *testing.T) {
	lots := []loyalty.Lot{lotOf(jan31, 10), lotOf(feb28, 20)}
	for _, c := range []struct {
		name string
		add  loyalty.Lot
		want []loyalty.Lot
	}{
		{"of another day", lotOf(mar31, 5), []loyalty.Lot{lotOf(jan31, 10), lotOf(feb28, 20), lotOf(mar31, 5)}},
		{"of a known day", lotOf(feb28, 5), []loyalty.Lot{lotOf(jan31, 10), lotOf(feb28, 25)}},
		{"written off", lotOf(feb28, -5), []loyalty.Lot{lotOf(jan31, 10), lotOf(feb28, 15)}},
		{"all written off", lotOf(feb28, -20), []loyalty.Lot{lotOf(jan31, 10)}},
		{"written off on an unknown day", lotOf(mar31, -5), lots},
		{"none", lotOf(mar31, 0), lots},
		{"none of a known day", lotOf(feb28, 0), lots},
		{"without a day", lotOf(0, 5), lots},
	} {
		if got := addExpiredLot(lots, c.add); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	var all []loyalty.Lot
	for i := range maxExpiredLots {
		all = addExpiredLot(all, lotOf(2027_01_01+calendar.Date(i), 1+loyalty.Points(i)))
	}
	if p := (loyalty.Purse{ExpiredLots: all[1:]}); expiredIn(p, 2027_01_01) != 0 {
		t.Error("a wallet with room remembers all lots")
	}
	p := loyalty.Purse{ExpiredLots: all}
	for day, want := range map[calendar.Date]loyalty.Points{
		2026_12_31: loyalty.MaxBalance, 2027_01_01: 1, 2027_01_12: 12, 2027_01_13: 0,
	} {
		if got := expiredIn(p, day); got != want {
			t.Errorf("on %s, %d expired", day, got)
		}
	}
	if all = addExpiredLot(all, lotOf(2027_01_13, 13)); len(all) != maxExpiredLots || all[0].Points != 2 {
		t.Errorf("it remembers %+v", all)
	}
}

func TestFirstLotThatExpiredByInactivitySinceADay(t *testing.T) {
	p := loyalty.Purse{ExpiredLots: []loyalty.Lot{
		lotOf(sliding(jan31), 1), lotOf(mar31, 1), lotOf(sliding(feb28), 0), lotOf(sliding(mar31), 1),
	}}
	for day, want := range map[calendar.Date]calendar.Date{
		sliding(jan31): sliding(jan31), sliding(jan31 + 1): sliding(mar31), sliding(mar31): sliding(mar31),
		sliding(2027_04_30): sliding(2027_04_30),
	} {
		if got := expiredSince(p, day); got != want {
			t.Errorf("since %d: %d, want %d", day, got, want)
		}
	}
}

// Only points that an activity moved to a later sliding lot have an original expiry.
func TestOriginalExpiryOfMovedPoints(t *testing.T) {
	p := func(b loyalty.Bucket, lot calendar.Date) loyalty.Posting {
		return loyalty.Posting{Bucket: b, Lot: lot, Points: 1}
	}
	for _, c := range []struct {
		name string
		p    loyalty.Posting
		day  calendar.Date
		want calendar.Date
	}{
		{"to a later day", p(loyalty.BucketActive, sliding(feb28)), sliding(jan31), sliding(jan31)},
		{"on the same day", p(loyalty.BucketActive, sliding(jan31)), sliding(jan31), 0},
		{"to an earlier day", p(loyalty.BucketActive, sliding(jan31)), sliding(feb28), 0},
		{"of a fixed day", p(loyalty.BucketActive, sliding(feb28)), jan31, 0},
		{"to a lot that does not slide", p(loyalty.BucketActive, feb28), sliding(jan31), 0},
		{"that pay a debt", p(loyalty.BucketDebt, sliding(feb28)), sliding(jan31), 0},
		{"that never expire", p(loyalty.BucketActive, 0), sliding(jan31), 0},
	} {
		out := from([]loyalty.Posting{c.p, c.p}, 1, c.day)
		if out[1].From != c.want || out[0].From != 0 {
			t.Errorf("points %s: %d, and %d in the posting before", c.name, out[1].From, out[0].From)
		}
	}
}

func TestPointsThatCanBeTaken(t *testing.T) {
	acc := loyalty.Account{Purse: loyalty.Purse{Lots: []loyalty.Lot{lotOf(jan31, 10), lotOf(feb28, 20)}}}
	for n, want := range map[loyalty.Points][]loyalty.Points{
		0: nil, 4: {-4}, 10: {-10}, 11: {-10, -1}, 30: {-10, -20}, 31: {-10, -20},
	} {
		d := Decide(&loyalty.Program{Zone: time.UTC}, acc, loyaltytest.Noon)
		out, taken := d.Take(nil, "", n)
		var got []loyalty.Points
		for _, p := range out {
			got = append(got, p.Points)
		}
		if !slices.Equal(got, want) || taken != min(n, 30) {
			t.Errorf("of %d: %d, in all %d", n, got, taken)
		}
	}
	taken := []loyalty.Posting{{Wallet: "miles", Bucket: loyalty.BucketActive, Lot: jan31, Points: -4}}
	want := append(
		slices.Clone(taken), loyalty.Posting{Wallet: "miles", Bucket: loyalty.BucketRedeemed, Lot: jan31, Points: 4},
	)
	if got := MirrorPostings(taken, loyalty.BucketRedeemed); !slices.Equal(got, want) {
		t.Errorf("the postings are %+v", got)
	}
}
