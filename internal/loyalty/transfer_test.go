package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// giving is a program in which members give points to each other.
func giving(tb testing.TB, t Transfers) *Program {
	tb.Helper()
	p := testProgram(tb)
	p.Transfers = t
	if err := p.Compile(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// pair is a member with these lots, and one without any.
func pair(tb testing.TB, p *Program, lots ...Lot) (from, to Account) {
	to = joined(tb, p, noon)
	to.Member = "mem_bob"
	return saver(tb, p, lots...), to
}

func TestPointsThatAreGivenKeepTheirLots(t *testing.T) {
	for _, c := range []struct {
		name      string
		fee       Fee
		lots      []Lot
		slides    Date
		left, got []Lot
	}{
		{"the first to expire are given", Fee{}, []Lot{{20261231, 40}, {20270131, 90}}, 0, []Lot{{20270131, 30}}, []Lot{{20261231, 40}, {20270131, 60}}},
		{"the fee is paid foremost", Fee{Points: 50}, []Lot{{20261231, 40}, {20270131, 120}}, 0, []Lot{{20270131, 10}}, []Lot{{20270131, 100}}},
		{"a share is rounded up", Fee{Share: big.NewRat(1, 30)}, []Lot{{20261231, 104}}, 0, nil, []Lot{{20261231, 100}}},
		{"what slides stays where it is", Fee{}, []Lot{{slides + 20270101, 100}}, slides + 20270101, nil, []Lot{{20270101, 100}}},
		{"what never expires never does", Fee{}, []Lot{{0, 100}}, forever, nil, []Lot{{0, 100}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, wait := range []Period{{}, {Days: 1}} {
				p := giving(t, Transfers{Min: 1, Fee: c.fee, Accept: wait})
				from, to := pair(t, p, c.lots...)
				from.Slides = c.slides
				outs, err := p.Transfer(from, to, Redemption{ID: "tr_1", Points: 100}, noon)
				if err == nil && !wait.IsZero() {
					if e := last(outs[0]); e.Kind != KindOffer || e.Points != -100-e.Redemption.Fee || outs[1].Entries != nil {
						t.Errorf("the offer is %+v, %+v", e, outs[1])
					}
					outs, err = p.Accept(outs[0].Account, outs[1].Account, Redemption{ID: "tr_1"}, noon.Add(time.Hour))
				}
				if err != nil {
					t.Fatal(err)
				}
				gave, got := outs[0].Account, outs[1].Account
				if !slices.Equal(gave.Lots, c.left) || !slices.Equal(got.Lots, c.got) || len(gave.Holds) > 0 {
					t.Errorf("after %v the giver has %v and the other %v, want %v and %v", wait, gave.Lots, got.Lots, c.left, c.got)
				}
				if got.Earned != 0 || got.Metrics != nil || !got.LastActivity.IsZero() || !gave.LastActivity.IsZero() || gave.Redeemed != 0 {
					t.Errorf("a transfer is no earning: %+v, %+v", gave, got)
				}
			}
		})
	}
}

func TestWhoCannotGivePoints(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(*Transfers)
		member func(from, to *Account)
		points Points
		want   Code
	}{
		"the program does not let them":  {edit: func(t *Transfers) { *t = Transfers{} }, want: ValidationFailed},
		"to oneself":                     {member: func(from, to *Account) { to.Member = from.Member }, want: ValidationFailed},
		"the giver is frozen":            {member: func(from, _ *Account) { from.Status = Frozen }, want: AccountFrozen},
		"the other is frozen":            {member: func(_, to *Account) { to.Status = Frozen }, want: AccountFrozen},
		"no points":                      {points: -1, want: AmountNotPositive},
		"fewer than the least":           {points: 40, want: AmountOutOfRange},
		"more than the most":             {points: 210, want: AmountOutOfRange},
		"between the steps":              {points: 105, want: AmountOutOfRange},
		"too often":                      {edit: func(t *Transfers) { t.Limits = []Limit{{2, PerMonth}, {1, PerDay}} }, member: gaveBefore, want: ValidationFailed},
		"too many in all":                {edit: func(t *Transfers) { t.AtMost = []Cap{{Points: 120, Per: PerMonth}} }, member: gaveBefore, want: AmountOutOfRange},
		"the fee is missing":             {points: 200, want: InsufficientPoints},
		"points are owed":                {member: func(from, _ *Account) { from.Debt = 1 }, want: InsufficientPoints},
		"points are pending":             {member: onlyPending, want: InsufficientPoints},
		"as many offers as there may be": {edit: func(t *Transfers) { t.Accept = Period{Days: 1} }, member: func(from, _ *Account) { from.Holds = make([]Hold, MaxHolds) }, want: ValidationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			rules := Transfers{Min: 50, Max: 200, Step: 10, Fee: Fee{Points: 1}}
			if c.edit != nil {
				c.edit(&rules)
			}
			p := giving(t, rules)
			from, to := pair(t, p, Lot{20270131, 200})
			if c.member != nil {
				c.member(&from, &to)
			}
			if c.points == 0 {
				c.points = 100
			}
			outs, err := p.Transfer(from, to, Redemption{ID: "tr_1", Points: c.points}, noon)
			if !errors.Is(err, c.want) || outs != nil {
				t.Errorf("%+v, %v; want %s", outs, err, c.want)
			}
		})
	}
}

func gaveBefore(from, _ *Account) {
	from.Usage = []Usage{
		{"transfers", false, PerMonth, 20261231, 30}, {"transfers", true, PerDay, 20261201, 1}, {"transfers", true, PerMonth, 20261231, 1},
	}
}

func onlyPending(from, _ *Account) {
	from.Lots = nil
	from.Pending = []Pending{{Cause: Cause{Kind: CauseOrder, ID: "1"}, ActiveAt: noon.AddDate(0, 0, 1), Points: 500}}
}

func TestWhatComesOfAnOffer(t *testing.T) {
	p := giving(t, Transfers{
		Min: 1, Fee: Fee{Points: 10}, Accept: Period{Days: 7}, Limits: []Limit{{1, PerMonth}}, AtMost: []Cap{{Points: 100, Per: PerEver}},
	})
	p.Redemption.Grace = Period{Days: 90} // is for redemptions
	from, to := pair(t, p, Lot{20261203, 30}, Lot{20270131, 80})
	outs, err := p.Transfer(from, to, Redemption{ID: "tr_1", Points: 100}, noon)
	if err != nil {
		t.Fatal(err)
	}
	offered := outs[0].Account
	if n := len(offered.Usage); n != 2 || offered.Balance().Reserved != 110 {
		t.Errorf("%+v", offered)
	}
	later := noon.AddDate(0, 0, 5)
	for _, as := range []RedemptionStatus{Declined, Canceled} {
		out, err := p.Return(advanced(t, p, offered, later).Account, Redemption{ID: "tr_1"}, as, later)
		if err != nil || !slices.Equal(out.Account.Lots, []Lot{{20270131, 80}}) || len(out.Account.Usage) != 0 || last(out).Redemption.Status != as {
			t.Errorf("%s: %+v, %v", as, out, err) // what expired meanwhile has expired
		}
		if _, err := p.Return(out.Account, Redemption{ID: "tr_1"}, as, later); !errors.Is(err, AlreadyResolved) {
			t.Errorf("%s again: %v", as, err)
		}
	}
	if out := advanced(t, p, offered, noon.AddDate(0, 0, 7)); last(out).Cause != (Cause{CauseTransfer, "tr_1", 2}) || last(out).Redemption.Status != Expired || len(out.Account.Usage) != 0 {
		t.Errorf("%+v", out)
	}
	owing := advanced(t, p, offered, later).Account
	owing.Debt = 5
	if _, err := p.Accept(owing, to, Redemption{ID: "tr_1"}, later); !errors.Is(err, InsufficientPoints) {
		t.Errorf("an offer of a member who owes points: %v", err)
	}
	to.Debt = 15
	outs, err = p.Accept(advanced(t, p, offered, later).Account, to, Redemption{ID: "tr_1"}, later)
	if err != nil || !slices.Equal(outs[1].Account.Lots, []Lot{{20270131, 80}}) || outs[1].Account.Expired != 5 || outs[1].Account.Debt != 0 {
		t.Errorf("%+v, %v", outs, err) // 20 of the first lot had expired, of which 15 pay what was owed
	}
	if len(outs[0].Account.Usage) != 2 {
		t.Errorf("what was accepted has used %+v", outs[0].Account.Usage)
	}
}

// What is offered slides with an activity when it comes back, but not if it would have expired before that.
func TestWhatIsHeldWhileItLapsesDoesNotSlideOn(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	q := *p
	q.Transfers = Transfers{Min: 1, Accept: Period{Days: 60}}
	for visit, want := range map[string]int{"2026-12-31T22:00:00Z": 1, "2027-01-01T00:00:00Z": 0} {
		acc := member(t, &q, Traits{}, noon)
		acc.Slides = slides + 20261231
		acc.Member, acc.Lots, acc.Pending = "mem_ada", []Lot{{acc.Slides, 7}}, nil
		bob := acc
		bob.Member = "mem_bob"
		outs, err := q.Transfer(acc, bob, Redemption{ID: "tr_1", Points: 7}, noon)
		if err != nil {
			t.Fatal(err)
		}
		at := instant(t, visit)
		with := visits(t, &q, advanced(t, &q, outs[0].Account, at).Account, 1, at)
		later := at.AddDate(0, 0, 3)
		out, err := q.Return(advanced(t, &q, with, later).Account, Redemption{ID: "tr_1"}, Canceled, later)
		if err != nil {
			t.Fatal(err)
		}
		left := Points(0)
		for _, l := range out.Account.Lots {
			left += l.Points
		}
		for _, l := range with.Lots {
			left -= l.Points
		}
		if left != Points(7*want) {
			t.Errorf("visited at %s: %d come back: %v", visit, left, out.Account.Lots)
		}
	}
}

// Whatever two members do beside it, their points live together no longer with a transfer between them than without.
func TestATransferNeverLengthensALife(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		q := *p
		q.Transfers = Transfers{
			Min: 1, Fee: rapid.SampledFrom([]Fee{{}, {Points: 3}, {Share: big.NewRat(1, 9)}}).Draw(t, "fee"),
			Accept: rapid.SampledFrom([]Period{{}, {Days: 2}, {Days: 60}}).Draw(t, "accept"),
		}
		q.Redemption.Grace = rapid.SampledFrom([]Period{{}, {Days: 200}}).Draw(t, "grace")
		now := noon
		a, b := withLots(t, &q, "mem_ada"), withLots(t, &q, "mem_bob")
		with, without := [2]Account{a, b}, [2]Account{a, b}
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
				in := Redemption{ID: fmt.Sprint("tr_", offers), Points: Points(rapid.IntRange(1, 120).Draw(t, "points"))}
				if outs, err := q.Transfer(with[who], with[1-who], in, now); err == nil {
					with[who], with[1-who] = outs[0].Account, outs[1].Account
					offers++
				}
			default:
				if offers == 0 {
					break
				}
				id := Redemption{ID: fmt.Sprint("tr_", rapid.IntRange(0, offers-1).Draw(t, "offer"))}
				if outs, err := q.Accept(with[who], with[1-who], id, now); err == nil && rapid.Bool().Draw(t, "yes") {
					with[who], with[1-who] = outs[0].Account, outs[1].Account
				} else if out, err := q.Return(with[who], id, Canceled, now); err == nil {
					with[who] = out.Account
				}
			}
			noLongerTogether(t, &q, now, with, without)
		}
	})
}

// withLots is a member with some lots of every kind.
func withLots(t *rapid.T, p *Program, m MemberID) Account {
	acc := member(t, p, Traits{}, noon)
	acc.Member, acc.Lots, acc.Pending = m, nil, nil
	acc.Slides = slides + Date(rapid.SampledFrom([]int{20261231, 20270131, 20270228}).Draw(t, "slides"))
	for _, day := range []Date{0, 20261203, 20261231, 20270115, 20270131, acc.Slides} {
		if n := Points(rapid.IntRange(0, 90).Draw(t, "lot")); n > 0 {
			acc.Lots = addLot(acc.Lots, Lot{day, n})
		}
	}
	return acc
}

// visits is an activity, which moves the lots that slide.
func visits(t interface{ Fatal(...any) }, p *Program, acc Account, i int, now time.Time) Account {
	ev := Event{Type: "visit.completed", ID: fmt.Sprint(i), Member: acc.Member, At: now}
	out, err := p.PlaceEvent(acc, nil, p, ev, now)
	if err != nil {
		t.Fatal(err)
	}
	return out.Account
}

// noLongerTogether compares how many points live until a day, held ones included, on every day on which some expire.
func noLongerTogether(t *rapid.T, p *Program, now time.Time, with, without [2]Account) {
	var has, had []Lot
	for k := range with {
		has, had = append(has, lotsAlive(p, with[k], now)...), append(had, lotsAlive(p, without[k], now)...)
	}
	until := func(lots []Lot, day Date) (n Points) {
		for _, l := range lots {
			if l.Expires.Day().Compare(day) >= 0 {
				n += l.Points
			}
		}
		return n
	}
	for _, l := range has {
		if day := l.Expires.Day(); until(has, day) > until(had, day) {
			t.Fatalf("until %s live %d points, and %d without transfers:\n%v\n%v", day, until(has, day), until(had, day), has, had)
		}
	}
}

// lotsAlive is what a member can spend, now or once it comes back.
func lotsAlive(p *Program, acc Account, now time.Time) (lots []Lot) {
	lots = append(lots, acc.Lots...)
	for _, h := range acc.Holds {
		for _, l := range h.Lots {
			if l.Expires.Slides() {
				l.Expires = max(l.Expires, acc.Slides)
			}
			if !p.lapsed(l.Expires, now) {
				lots = append(lots, l)
			}
		}
	}
	return lots
}

// What grace has put off is not put off again with who is given it, or two members could make points live for ever.
func TestPointsThatGraceHasPutOffArriveAsSuch(t *testing.T) {
	p := giving(t, Transfers{Min: 1})
	p.Redemption.Grace = Period{Days: 10}
	from, to := pair(t, p, Lot{20261211, 40}, Lot{20270131, 80})
	from.Graced = []Date{20261211}
	outs, err := p.Transfer(from, to, Redemption{ID: "tr_1", Points: 100}, noon)
	if err != nil || !slices.Equal(outs[1].Account.Graced, []Date{20261211}) {
		t.Errorf("%v, %v", outs, err)
	}
}
