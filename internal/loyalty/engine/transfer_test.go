package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"pgregory.net/rapid"
)

// giving returns a program in which members can transfer points to each other.
func giving(tb testing.TB, t loyalty.Transfers) *loyalty.Program {
	tb.Helper()
	p := testProgram(tb)
	p.Transfers = t
	if err := Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

// pair returns the accounts of a member with these lots, and of another member without points.
func pair(tb testing.TB, p *loyalty.Program, lots ...loyalty.Lot) (from, to loyalty.Account) {
	to = joined(tb, p, noon)
	to.Member = "mem_bob"
	return saver(tb, p, lots...), to
}

func TestPointsThatAreGivenKeepTheirLots(t *testing.T) {
	for _, c := range []struct {
		name      string
		fee       loyalty.Fee
		lots      []loyalty.Lot
		slides    calendar.Date
		left, got []loyalty.Lot
	}{
		{
			"the first to expire are given",
			loyalty.Fee{},
			[]loyalty.Lot{{Expires: 20261231, Points: 40}, {Expires: 20270131, Points: 90}},
			0,
			[]loyalty.Lot{{Expires: 20270131, Points: 30}},
			[]loyalty.Lot{{Expires: 20261231, Points: 40}, {Expires: 20270131, Points: 60}},
		},
		{
			"the fee is paid foremost",
			loyalty.Fee{Points: 50},
			[]loyalty.Lot{{Expires: 20261231, Points: 40}, {Expires: 20270131, Points: 120}},
			0,
			[]loyalty.Lot{{Expires: 20270131, Points: 10}},
			[]loyalty.Lot{{Expires: 20270131, Points: 100}},
		},
		{
			"a share is rounded up",
			loyalty.Fee{Share: big.NewRat(1, 30)},
			[]loyalty.Lot{{Expires: 20261231, Points: 104}},
			0, nil,
			[]loyalty.Lot{{Expires: 20261231, Points: 100}},
		},
		{
			"what slides stays where it is",
			loyalty.Fee{},
			[]loyalty.Lot{{Expires: calendar.Slides + 20270101, Points: 100}},
			calendar.Slides + 20270101, nil,
			[]loyalty.Lot{{Expires: 20270101, Points: 100}},
		},
		{
			"what never expires never does",
			loyalty.Fee{},
			[]loyalty.Lot{{Expires: 0, Points: 100}},
			posting.Forever,
			nil,
			[]loyalty.Lot{{Expires: 0, Points: 100}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, wait := range []calendar.Period{{}, {Days: 1}} {
				p := giving(t, loyalty.Transfers{Min: 1, Fee: c.fee, Accept: wait})
				from, to := pair(t, p, c.lots...)
				from.Slides = c.slides
				outs, err := share.Transfer(
					Begin(p, from, noon), Begin(p, to, noon), loyalty.Redemption{ID: "tr_1", Points: 100},
				)
				if err == nil && !wait.IsZero() {
					if e := last(outs[0]); e.Kind != loyalty.KindOffer || e.Points != -100-e.Redemption.Fee ||
						outs[1].Entries != nil {
						t.Errorf("the offer is %+v, %+v", e, outs[1])
					}
					outs, err = share.AcceptTransfer(
						Begin(p, outs[0].Account, noon.Add(time.Hour)), Begin(p, outs[1].Account, noon.Add(time.Hour)),
						loyalty.Redemption{ID: "tr_1"},
					)
				}
				if err != nil {
					t.Fatal(err)
				}
				gave, got := outs[0].Account, outs[1].Account
				if !slices.Equal(gave.Lots, c.left) || !slices.Equal(got.Lots, c.got) || len(gave.Holds) > 0 {
					t.Errorf(
						"after %v the giver has %v and the other %v, want %v and %v", wait, gave.Lots, got.Lots,
						c.left, c.got,
					)
				}
				if got.Earned != 0 || got.Metrics != nil || !got.LastActivity.IsZero() || !gave.LastActivity.IsZero() ||
					gave.Redeemed != 0 {
					t.Errorf("a transfer is no earning: %+v, %+v", gave, got)
				}
			}
		})
	}
}

func TestWhoCannotGivePoints(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*loyalty.Transfers)
		member func(from, to *loyalty.Account)
		points loyalty.Points
		want   loyalty.Code
	}{
		"the program does not let them": {
			edit: func(t *loyalty.Transfers) { *t = loyalty.Transfers{} }, want: loyalty.ValidationFailed,
		},
		"to oneself": {
			member: func(from, to *loyalty.Account) { to.Member = from.Member }, want: loyalty.ValidationFailed,
		},
		"the giver is frozen": {
			member: func(from, _ *loyalty.Account) { from.Status = loyalty.Frozen }, want: loyalty.AccountFrozen,
		},
		"the other is frozen": {
			member: func(_, to *loyalty.Account) { to.Status = loyalty.Frozen }, want: loyalty.AccountFrozen,
		},
		"no points":            {points: -1, want: loyalty.AmountNotPositive},
		"fewer than the least": {points: 40, want: loyalty.AmountOutOfRange},
		"more than the most":   {points: 210, want: loyalty.AmountOutOfRange},
		"between the steps":    {points: 105, want: loyalty.AmountOutOfRange},
		"too often": {edit: func(t *loyalty.Transfers) {
			t.Limits = []loyalty.Limit{{Times: 2, Per: loyalty.PerMonth}, {Times: 1, Per: loyalty.PerDay}}
		}, member: gaveBefore, want: loyalty.ValidationFailed},
		"too many in all": {
			edit:   func(t *loyalty.Transfers) { t.AtMost = []loyalty.Cap{{Points: 120, Per: loyalty.PerMonth}} },
			member: gaveBefore, want: loyalty.AmountOutOfRange,
		},
		"the fee is missing": {points: 200, want: loyalty.InsufficientPoints},
		"points are owed": {
			member: func(from, _ *loyalty.Account) { from.Debt = 1 }, want: loyalty.InsufficientPoints,
		},
		"points are pending": {member: onlyPending, want: loyalty.InsufficientPoints},
		"as many offers as there may be": {
			edit:   func(t *loyalty.Transfers) { t.Accept = calendar.Period{Days: 1} },
			member: func(from, _ *loyalty.Account) { from.Holds = make([]loyalty.Hold, redeem.MaxHolds) },
			want:   loyalty.ValidationFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			rules := loyalty.Transfers{Min: 50, Max: 200, Step: 10, Fee: loyalty.Fee{Points: 1}}
			if c.edit != nil {
				c.edit(&rules)
			}
			p := giving(t, rules)
			from, to := pair(t, p, loyalty.Lot{Expires: 20270131, Points: 200})
			if c.member != nil {
				c.member(&from, &to)
			}
			if c.points == 0 {
				c.points = 100
			}
			outs, err := share.Transfer(
				Begin(p, from, noon), Begin(p, to, noon), loyalty.Redemption{ID: "tr_1", Points: c.points},
			)
			if !errors.Is(err, c.want) || outs != nil {
				t.Errorf("%+v, %v; want %s", outs, err, c.want)
			}
		})
	}
}

func gaveBefore(from, _ *loyalty.Account) {
	from.Usage = []loyalty.Usage{
		{Rule: "transfers", Times: false, Per: loyalty.PerMonth, Ends: 20261231, N: 30},
		{Rule: "transfers", Times: true, Per: loyalty.PerDay, Ends: 20261201, N: 1},
		{Rule: "transfers", Times: true, Per: loyalty.PerMonth, Ends: 20261231, N: 1},
	}
}

func onlyPending(from, _ *loyalty.Account) {
	from.Lots = nil
	from.Pending = []loyalty.Pending{
		{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1"}, ActiveAt: noon.AddDate(0, 0, 1), Points: 500},
	}
}

func TestWhatComesOfAnOffer(t *testing.T) {
	p := giving(t, loyalty.Transfers{
		Min: 1, Fee: loyalty.Fee{Points: 10}, Accept: calendar.Period{Days: 7},
		Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}},
		AtMost: []loyalty.Cap{{Points: 100, Per: loyalty.PerEver}},
	})
	p.Redemption.Grace = calendar.Period{Days: 90} // is for redemptions
	from, to := pair(t, p, loyalty.Lot{Expires: 20261203, Points: 30}, loyalty.Lot{Expires: 20270131, Points: 80})
	outs, err := share.Transfer(Begin(p, from, noon), Begin(p, to, noon), loyalty.Redemption{ID: "tr_1", Points: 100})
	if err != nil {
		t.Fatal(err)
	}
	offered := outs[0].Account
	if n := len(offered.Usage); n != 2 || offered.Balance().Reserved != 110 {
		t.Errorf("%+v", offered)
	}
	later := noon.AddDate(0, 0, 5)
	for _, as := range []loyalty.RedemptionStatus{loyalty.Declined, loyalty.Canceled} {
		out, err := share.ReturnTransfer(
			Begin(p, advanced(t, p, offered, later).Account, later), loyalty.Redemption{ID: "tr_1"}, as,
		)
		if err != nil || !slices.Equal(out.Account.Lots, []loyalty.Lot{{Expires: 20270131, Points: 80}}) ||
			len(out.Account.Usage) != 0 || last(out).Redemption.Status != as {
			t.Errorf("%s: %+v, %v", as, out, err) // what expired meanwhile has expired
		}
		if _, err := share.ReturnTransfer(
			Begin(p, out.Account, later), loyalty.Redemption{ID: "tr_1"}, as,
		); !errors.Is(err, loyalty.AlreadyResolved) {
			t.Errorf("%s again: %v", as, err)
		}
	}
	if out := advanced(t, p, offered, noon.AddDate(0, 0, 7)); last(out).Cause != (loyalty.Cause{
		Kind: loyalty.CauseTransfer, ID: "tr_1", Revision: 2,
	}) || last(out).Redemption.Status != loyalty.Expired || len(out.Account.Usage) != 0 {
		t.Errorf("%+v", out)
	}
	owing := advanced(t, p, offered, later).Account
	owing.Debt = 5
	if _, err := share.AcceptTransfer(
		Begin(p, owing, later), Begin(p, to, later), loyalty.Redemption{ID: "tr_1"},
	); !errors.Is(err, loyalty.InsufficientPoints) {
		t.Errorf("an offer of a member who owes points: %v", err)
	}
	to.Debt = 15
	outs, err = share.AcceptTransfer(
		Begin(p, advanced(t, p, offered, later).Account, later), Begin(p, to, later), loyalty.Redemption{ID: "tr_1"},
	)
	if err != nil || !slices.Equal(outs[1].Account.Lots, []loyalty.Lot{{Expires: 20270131, Points: 80}}) ||
		outs[1].Account.Expired != 5 || outs[1].Account.Debt != 0 {
		t.Errorf("%+v, %v", outs, err) // 20 of the first lot had expired, of which 15 pay what was owed
	}
	if len(outs[0].Account.Usage) != 2 {
		t.Errorf("what was accepted has used %+v", outs[0].Account.Usage)
	}
}

// Points of an offer slide with an activity when they return, unless they would have expired before the activity.
func TestHeldPointsAreNotExtended(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	q := *p
	q.Transfers = loyalty.Transfers{Min: 1, Accept: calendar.Period{Days: 60}}
	for visit, want := range map[string]int{"2026-12-31T22:00:00Z": 1, "2027-01-01T00:00:00Z": 0} {
		acc := member(t, &q, loyalty.Traits{}, noon)
		acc.Slides = calendar.Slides + 20261231
		acc.Member, acc.Lots, acc.Pending = "mem_ada", []loyalty.Lot{{Expires: acc.Slides, Points: 7}}, nil
		bob := acc
		bob.Member = "mem_bob"
		outs, err := share.Transfer(
			Begin(&q, acc, noon), Begin(&q, bob, noon), loyalty.Redemption{ID: "tr_1", Points: 7},
		)
		if err != nil {
			t.Fatal(err)
		}
		at := instant(t, visit)
		with := visits(t, &q, advanced(t, &q, outs[0].Account, at).Account, 1, at)
		later := at.AddDate(0, 0, 3)
		out, err := share.ReturnTransfer(
			Begin(&q, advanced(t, &q, with, later).Account, later), loyalty.Redemption{ID: "tr_1"}, loyalty.Canceled,
		)
		if err != nil {
			t.Fatal(err)
		}
		left := loyalty.Points(0)
		for _, l := range out.Account.Lots {
			left += l.Points
		}
		for _, l := range with.Lots {
			left -= l.Points
		}
		if left != loyalty.Points(7*want) {
			t.Errorf("visited at %s: %d come back: %v", visit, left, out.Account.Lots)
		}
	}
}

// A transfer between two members never makes their points together expire later than without the transfer, regardless
// of their other commands.
func TestATransferNeverLengthensALife(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		q := *p
		q.Transfers = loyalty.Transfers{
			Min: 1, Fee: rapid.SampledFrom([]loyalty.Fee{{}, {Points: 3}, {Share: big.NewRat(1, 9)}}).Draw(t, "fee"),
			Accept: rapid.SampledFrom([]calendar.Period{{}, {Days: 2}, {Days: 60}}).Draw(t, "accept"),
		}
		q.Redemption.Grace = rapid.SampledFrom([]calendar.Period{{}, {Days: 200}}).Draw(t, "grace")
		now := noon
		a, b := withLots(t, &q, "mem_ada"), withLots(t, &q, "mem_bob")
		with, without := [2]loyalty.Account{a, b}, [2]loyalty.Account{a, b}
		offers := 0
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(25*24*time.Hour)).Draw(t, "later")))
			for k := range with {
				with[k], without[k] = advanced(t, &q, with[k], now).Account, advanced(t, &q, without[k], now).Account
			}
			who := rapid.IntRange(0, 1).Draw(t, "who")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				with[who], without[who] = visits(t, &q, with[who], i, now), visits(t, &q, without[who], i, now)
			case 1:
				in := loyalty.Redemption{
					ID: fmt.Sprint("tr_", offers), Points: loyalty.Points(rapid.IntRange(1, 120).Draw(t, "points")),
				}
				if outs, err := share.Transfer(Begin(&q, with[who], now), Begin(&q, with[1-who], now), in); err == nil {
					with[who], with[1-who] = outs[0].Account, outs[1].Account
					offers++
				}
			default:
				if offers == 0 {
					break
				}
				id := loyalty.Redemption{ID: fmt.Sprint("tr_", rapid.IntRange(0, offers-1).Draw(t, "offer"))}
				if outs, err := share.AcceptTransfer(
					Begin(&q, with[who], now), Begin(&q, with[1-who], now), id,
				); err == nil &&
					rapid.Bool().Draw(t, "yes") {
					with[who], with[1-who] = outs[0].Account, outs[1].Account
				} else if out, err := share.ReturnTransfer(
					Begin(&q, with[who], now), id, loyalty.Canceled,
				); err == nil {
					with[who] = out.Account
				}
			}
			noLongerTogether(t, &q, now, with, without)
		}
	})
}

// withLots draws a member with some lots of every kind.
func withLots(t *rapid.T, p *loyalty.Program, m loyalty.MemberID) loyalty.Account {
	acc := member(t, p, loyalty.Traits{}, noon)
	acc.Member, acc.Lots, acc.Pending = m, nil, nil
	acc.Slides = calendar.Slides + calendar.Date(
		rapid.SampledFrom([]int{20261231, 20270131, 20270228}).Draw(t, "slides"),
	)
	for _, day := range []calendar.Date{0, 20261203, 20261231, 20270115, 20270131, acc.Slides} {
		if n := loyalty.Points(rapid.IntRange(0, 90).Draw(t, "lot")); n > 0 {
			acc.Lots = posting.AddLot(acc.Lots, loyalty.Lot{Expires: day, Points: n})
		}
	}
	return acc
}

// visits reports an activity, which moves the lots that slide.
func visits(
	t interface{ Fatal(...any) }, p *loyalty.Program, acc loyalty.Account, i int, now time.Time,
) loyalty.Account {
	ev := loyalty.Event{Type: "visit.completed", ID: fmt.Sprint(i), Member: acc.Member, At: now}
	out, err := award.PlaceEvent(Begin(p, acc, now), nil, EarnRules(p), ev)
	if err != nil {
		t.Fatal(err)
	}
	return out.Account
}

// noLongerTogether compares how many points, including reserved ones, expire on or after each day on which some expire.
func noLongerTogether(t *rapid.T, p *loyalty.Program, now time.Time, with, without [2]loyalty.Account) {
	var has, had []loyalty.Lot
	for k := range with {
		has, had = append(has, lotsAlive(p, with[k], now)...), append(had, lotsAlive(p, without[k], now)...)
	}
	until := func(lots []loyalty.Lot, day calendar.Date) (n loyalty.Points) {
		for _, l := range lots {
			if l.Expires.Day().Compare(day) >= 0 {
				n += l.Points
			}
		}
		return n
	}
	for _, l := range has {
		if day := l.Expires.Day(); until(has, day) > until(had, day) {
			t.Fatalf(
				"until %s live %d points, and %d without transfers:\n%v\n%v", day, until(has, day), until(had, day),
				has, had,
			)
		}
	}
}

// lotsAlive returns the points that a member can spend now, or when reserved points return.
func lotsAlive(p *loyalty.Program, acc loyalty.Account, now time.Time) (lots []loyalty.Lot) {
	lots = append(lots, acc.Lots...)
	for _, h := range acc.Holds {
		for _, l := range h.Lots {
			if l.Expires.Slides() {
				l.Expires = max(l.Expires, acc.Slides)
			}
			if !posting.IsExpired(p.Zone, l.Expires, now) {
				lots = append(lots, l)
			}
		}
	}
	return lots
}

// If a grace period postponed the expiry of points, it does not postpone them again after a transfer. Otherwise two
// members could keep points forever.
func TestPointsThatGraceHasPutOffArriveAsSuch(t *testing.T) {
	p := giving(t, loyalty.Transfers{Min: 1})
	p.Redemption.Grace = calendar.Period{Days: 10}
	from, to := pair(t, p, loyalty.Lot{Expires: 20261211, Points: 40}, loyalty.Lot{Expires: 20270131, Points: 80})
	from.Graced = []calendar.Date{20261211}
	outs, err := share.Transfer(Begin(p, from, noon), Begin(p, to, noon), loyalty.Redemption{ID: "tr_1", Points: 100})
	if err != nil || !slices.Equal(outs[1].Account.Graced, []calendar.Date{20261211}) {
		t.Errorf("%v, %v", outs, err)
	}
}
