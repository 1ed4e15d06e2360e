package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"pgregory.net/rapid"
)

// slidingProgram returns a program whose points expire some time after the last order or redemption.
func slidingProgram(t testing.TB, edit ...func(*loyalty.Program)) *loyalty.Program {
	return made(t, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Earn.Expires = calendar.Expiry{
			After: calendar.Period{Days: 60}, RoundTo: calendar.EndOfDay, Inactive: true,
			ResetBy: []string{"order", "redemption", "visit.completed"},
		}
		p.Earn.Actions = []loyalty.Action{
			{ID: "visit", Event: "visit.completed", Points: 5}, {ID: "survey", Event: "survey.completed", Points: 5},
		}
		for _, e := range edit {
			e(p)
		}
	})
}

// An order that no longer counts, for whatever reason, is no activity: points expire as after the latest remaining
// activity. An order that counts again is an activity again.
func TestOrderThatCountsNoLongerIsNoActivity(t *testing.T) {
	change := map[string][2]func(*loyalty.Order){
		"canceled": {
			func(o *loyalty.Order) { o.Status = loyalty.OrderCanceled },
			func(o *loyalty.Order) { o.Status = loyalty.OrderPaid },
		},
		"refunded in full": {
			func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(*o))} },
			func(o *loyalty.Order) {
				o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(*o))}
				o.Refunds[0].Status = loyalty.RefundFailed
			},
		},
		"disputed": {
			func(o *loyalty.Order) {
				o.Disputes = []loyalty.Dispute{{ID: "d", Amount: receipt.OrderTotal(*o), Status: loyalty.DisputeOpen}}
			},
			func(o *loyalty.Order) {
				o.Disputes = []loyalty.Dispute{{ID: "d", Amount: receipt.OrderTotal(*o), Status: loyalty.DisputeWon}}
			},
		},
		"not paid": {
			func(o *loyalty.Order) { o.Status = loyalty.OrderPlaced },
			func(o *loyalty.Order) { o.Status = loyalty.OrderPaid },
		},
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			s := member2026(t, slidingProgram(t))
			s.buy("first", 100, instant(t, "2026-02-01T12:00:00Z"))
			s.wantLots(t, "100 2026-04-02, slides")
			o := s.buy("second", 10, instant(t, "2026-03-01T12:00:00Z"))
			s.wantLots(t, "110 2026-04-30, slides")
			change[0](&o)
			s.submit(o, instant(t, "2026-03-05T12:00:00Z"))
			s.wantLots(t, "100 2026-04-02, slides")
			if got := s.acc.LastActivity; !got.Equal(instant(t, "2026-02-01T12:00:00Z")) {
				t.Errorf("the last activity was at %s", got)
			}
			change[1](&o)
			s.submit(o, instant(t, "2026-03-06T12:00:00Z"))
			s.wantLots(t, "110 2026-04-30, slides")
			change[0](&o)
			s.submit(o, instant(t, "2026-03-07T12:00:00Z"))
			s.pass(instant(t, "2026-04-02T22:00:00Z"))
			s.wantLots(t)
			change[1](&o) // the points had expired only because the order did not count
			s.submit(o, instant(t, "2026-04-10T12:00:00Z"))
			s.wantLots(t, "110 2026-04-30, slides")
			if s.acc.Expired != 0 {
				t.Errorf("%d points have expired", s.acc.Expired)
			}
		})
	}
}

// If no points expire by inactivity, reminders to inactive members still consider only orders that count.
func TestLastActivityIsOfAnOrderThatCounts(t *testing.T) {
	s := member2026(t, made(t, func(*loyalty.Program) {}))
	first, second := instant(t, "2026-02-01T12:00:00Z"), instant(t, "2026-03-01T12:00:00Z")
	s.buy("first", 100, first)
	o := s.buy("second", 10, second)
	want := func(at time.Time) {
		t.Helper()
		if !s.acc.LastActivity.Equal(at) {
			t.Errorf("the last activity was at %s, want %s", s.acc.LastActivity, at)
		}
	}
	want(second)
	for _, status := range []loyalty.OrderStatus{loyalty.OrderCanceled, loyalty.OrderPaid, loyalty.OrderCanceled} {
		o.Status = status
		s.submit(o, second.AddDate(0, 0, 5))
		want(map[loyalty.OrderStatus]time.Time{loyalty.OrderPaid: second, loyalty.OrderCanceled: first}[status])
	}
}

// An order of which a part remains is an activity. An order of 0.00 is none.
func TestPartOfAnOrderIsAnActivity(t *testing.T) {
	s := member2026(t, slidingProgram(t))
	s.buy("first", 100, instant(t, "2026-02-01T12:00:00Z"))
	s.buy("nothing", 0, instant(t, "2026-02-10T12:00:00Z"))
	s.wantLots(t, "100 2026-04-02, slides")
	o := s.buy("second", 10, instant(t, "2026-03-01T12:00:00Z"))
	o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(o)/2)}
	s.submit(o, instant(t, "2026-03-05T12:00:00Z"))
	s.wantLots(t, "105 2026-04-30, slides")
}

// If the activity is withdrawn after the earlier expiry day, the points expire immediately.
func TestPointsExpireAtOnceIfTheActivityWasNone(t *testing.T) {
	s := member2026(t, slidingProgram(t))
	s.buy("first", 100, instant(t, "2026-02-01T12:00:00Z"))
	o := s.buy("second", 10, instant(t, "2026-03-01T12:00:00Z"))
	for range 3 {
		at := instant(t, "2026-04-20T12:00:00Z")
		o.Status = loyalty.OrderCanceled
		s.submit(o, at)
		if s.wantLots(t); s.acc.Expired != 100 {
			t.Errorf("%d points have expired", s.acc.Expired)
		}
		o.Status = loyalty.OrderPaid
		s.submit(o, at.Add(time.Hour))
		if s.wantLots(t, "110 2026-04-30, slides"); s.acc.Expired != 0 {
			t.Errorf("%d points have expired", s.acc.Expired)
		}
	}
	ids := map[loyalty.Cause]bool{}
	for _, e := range s.entries {
		if ids[e.Cause] {
			t.Errorf("two entries have the cause %s", e.Cause)
		}
		ids[e.Cause] = true
	}
}

// An order that is reported late returns points that expired since it was placed.
func TestLateOrderReturnsPointsThatExpiredSinceThen(t *testing.T) {
	s := member2026(t, slidingProgram(t))
	s.buy("first", 100, instant(t, "2026-02-01T12:00:00Z"))
	s.pass(instant(t, "2026-04-10T12:00:00Z"))
	s.wantLots(t)
	late := paid("EUR", loyalty.Line{Amount: 1000})
	late.ID, late.PlacedAt = "late", instant(t, "2026-03-20T12:00:00Z")
	s.submit(late, instant(t, "2026-04-10T12:00:00Z"))
	s.wantLots(t, "110 2026-05-19, slides")
	after := paid("EUR", loyalty.Line{Amount: 2000})
	after.ID, after.PlacedAt = "after", instant(t, "2026-05-20T12:00:00Z")
	s.submit(after, instant(t, "2026-05-21T12:00:00Z"))
	s.wantLots(t, "20 2026-07-19, slides")
}

// A reservation that is canceled or expires extends nothing, and one that is committed does.
func TestOnlyCommittedReservationsAreActivities(t *testing.T) {
	for _, end := range []string{"cancel", "expire", "commit"} {
		p := slidingProgram(t, func(p *loyalty.Program) {
			p.Rewards = []loyalty.Reward{{ID: "it", Cost: 10}}
			p.Hold = time.Hour
		})
		s := member2026(t, p)
		s.buy("first", 100, instant(t, "2026-02-01T12:00:00Z"))
		now := instant(t, "2026-03-01T12:00:00Z")
		s.pass(now)
		out, err := redeem.Redeem(Begin(p, s.acc, now), loyalty.Redemption{ID: "rd_1", Reward: "it"}, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
		r := *out.Entries[0].Redemption
		s.wantLots(t, "90 2026-04-02, slides")
		want := []string{"100 2026-04-02, slides"}
		switch end {
		case "cancel":
			out, err = Cancel(p, s.acc, r, now.Add(time.Minute))
		case "commit":
			out, err = Commit(p, s.acc, r, 0, now.Add(time.Minute))
			want = []string{"90 2026-04-30, slides"}
		default:
			out, err = Advance(p, s.acc, now.Add(2*time.Hour))
		}
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
		if s.wantLots(t, want...); s.acc.LastActivity.After(now) != (end == "commit") {
			t.Errorf("%s: the last activity was at %s", end, s.acc.LastActivity)
		}
	}
}

// A withdrawn event does not count as an activity.
func TestEventThatIsTakenBackIsNoActivity(t *testing.T) {
	p := slidingProgram(t, func(p *loyalty.Program) {
		p.Earn.Expires.ResetBy = []string{"order", "review.approved"}
		p.Earn.Actions = []loyalty.Action{{ID: "review", Event: "review.approved", Points: 5}}
	})
	s := member2026(t, p)
	s.buy("first", 100, instant(t, "2026-02-01T12:00:00Z"))
	at := instant(t, "2026-03-01T12:00:00Z")
	var state *loyalty.EventState
	for _, c := range [][2]string{
		{"approved", "105 2026-04-30, slides"},
		{"approved", "105 2026-04-30, slides"},
		{"declined", "100 2026-04-02, slides"},
		{"approved", "105 2026-04-30, slides"},
	} {
		s.pass(at)
		out, err := award.PlaceEvent(
			Begin(p, s.acc, at), state, EarnRules(p),
			loyalty.Event{Type: "review." + c[0], ID: "1", Member: s.acc.Member, At: at},
		)
		if err != nil {
			t.Fatal(err)
		}
		s.took(out)
		state = out.Entries[0].Event
		s.wantLots(t, c[1])
	}
	if n := len(s.acc.Activities); n != 2 {
		t.Errorf("%d activities are remembered", n)
	}
}

// An activityStep reports an order of a random member, or withdraws or restores it.
type activityStep struct {
	at    time.Time
	euros int64
	final bool // it counts in the end
}

// If no points expire in between, the expiry of points is the same as if only the orders that count in the end had been
// reported, each in time.
func TestInactivityDoesNotDependOnTheDelivery(t *testing.T) {
	checks(t, 2_000)
	p := slidingProgram(t)
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		joinedAt := instantOf("2026-01-01T12:00:00Z")
		at, steps := joinedAt, []activityStep{}
		for range rapid.IntRange(1, 6).Draw(t, "orders") {
			at = at.Add(time.Duration(rapid.IntRange(1, 25*24).Draw(t, "hours")) * time.Hour)
			steps = append(
				steps,
				activityStep{
					at, int64(rapid.IntRange(1, 50).Draw(t, "euros")), rapid.IntRange(0, 3).Draw(t, "final") > 0,
				},
			)
		}
		steps[0].final = true
		type report struct {
			at    time.Time
			order loyalty.Order
		}
		order := func(i int, status loyalty.OrderStatus) loyalty.Order {
			o := paid("EUR", loyalty.Line{Amount: steps[i].euros * 100})
			o.ID, o.PlacedAt, o.Status = fmt.Sprint(i), steps[i].at, status
			return o
		}
		var direct, delivery []report
		end := at.Add(time.Duration(rapid.IntRange(0, 40*24).Draw(t, "end")) * time.Hour)
		for i, x := range steps {
			final := loyalty.OrderCanceled
			if x.final {
				final = loyalty.OrderPaid
				direct = append(direct, report{x.at, order(i, loyalty.OrderPaid)})
			}
			reported := x.at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 30, 200}).Draw(t, "late")) * time.Hour)
			for range rapid.IntRange(0, 3).Draw(t, "states") {
				state := rapid.SampledFrom(
					[]loyalty.OrderStatus{loyalty.OrderPaid, loyalty.OrderCanceled},
				).Draw(t, "state")
				delivery = append(delivery, report{reported, order(i, state)})
				reported = reported.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(t, "next")) * time.Hour)
			}
			delivery = append(delivery, report{reported, order(i, final)})
			if reported.After(end) {
				end = reported
			}
		}
		slices.SortStableFunc(delivery, func(x, y report) int { return x.at.Compare(y.at) })
		for i := 1; i < len(direct); i++ {
			if !direct[i].at.Before(direct[i-1].at.AddDate(0, 0, 60)) {
				return // between them points expire, which a later withdrawal does not find out
			}
		}
		live := func(all []report) *shop {
			s := newShop(t, p)
			s.acc = joined(t, p, joinedAt)
			for _, x := range all {
				was := len(s.entries)
				s.submit(x.order, x.at)
				for _, e := range s.entries[was:] {
					for _, b := range e.Reasons {
						counts[string(b.Kind)]++
					}
				}
			}
			s.pass(end)
			return s
		}
		got, want := live(delivery), live(direct)
		x, y := got.acc, want.acc
		if !slices.Equal(got.lots(), want.lots()) || x.Debt != y.Debt ||
			!posting.LastActivity(x).Equal(posting.LastActivity(y)) {
			t.Fatalf("the lots are %v, active at %s; by the direct delivery %v, %s\n%s\ndirect\n%s",
				got.lots(), posting.LastActivity(x), want.lots(), posting.LastActivity(y), dump(got.entries),
				dump(want.entries))
		}
		counts["histories"]++
	})
	t.Log(counts)
	for _, what := range []loyalty.ReasonKind{loyalty.WasMoved, loyalty.WasMovedBack} {
		if counts[string(what)]*20 < counts["histories"] {
			t.Errorf("only in %d of %d histories were points %s", counts[string(what)], counts["histories"], what)
		}
	}
}
