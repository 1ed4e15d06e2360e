package engine

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// kind returns a program in which points can be extended by two years and reinstated within ninety days.
func kind(tb testing.TB, edit func(*loyalty.Program)) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Goodwill = loyalty.Goodwill{Extend: calendar.Period{Months: 24}, Reinstate: calendar.Period{Days: 90}}
		edit(p)
	})
}

func asItIs(*loyalty.Program) {}

func (s *shop) extend(until calendar.Date, now time.Time) error {
	s.pass(now)
	out, err := Extend(s.p, s.acc, fmt.Sprint("ext-", s.acc.Sequence), until, "sorry", now)
	if err == nil {
		s.took(out)
	}
	return err
}

func (s *shop) lots() (out []string) {
	for _, l := range s.acc.Lots {
		slides := ""
		if l.Expires.Slides() {
			slides = ", slides"
		}
		out = append(out, fmt.Sprint(l.Points, " ", l.Expires, slides))
	}
	return out
}

func (s *shop) wantLots(t *testing.T, want ...string) {
	t.Helper()
	if got := s.lots(); !reflect.DeepEqual(got, want) {
		t.Errorf("the lots are %q, want %q", got, want)
	}
}

func TestLotsAreExtendedAndNeverShortened(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	s.buy("1", 10, noon)
	s.buy("2", 20, noon.AddDate(0, 2, 0))
	s.buy("3", 30, noon.AddDate(0, 4, 0))
	now := noon.AddDate(0, 5, 0)
	s.wantLots(t, "10 2027-12-31", "20 2028-02-29", "30 2028-04-30")
	if err := s.extend(20280229, now); err != nil {
		t.Fatal(err)
	}
	s.wantLots(t, "30 2028-02-29", "30 2028-04-30")
	for _, c := range []struct {
		name  string
		until calendar.Date
	}{
		{"a day by which nothing expires", 20280229},
		{"yesterday", 20270430},
		{"a day beyond what the program allows", 20290502},
		{"never", 0},
		{"a day that slides", calendar.Slides + 20280601},
	} {
		if err := s.extend(c.until, now); !errors.Is(err, loyalty.ValidationFailed) {
			t.Errorf("extended to %s (%d): %v", c.name, c.until, err)
		}
	}
	if err := s.extend(20290501, now); err != nil { // the last day that is allowed
		t.Error(err)
	}
	s.wantLots(t, "60 2029-05-01")

	s.p = made(t, asItIs)
	if err := s.extend(20300101, now); !errors.Is(err, loyalty.ValidationFailed) {
		t.Errorf("extended by a program that does not allow it: %v", err)
	}
	s.acc.Status = loyalty.Frozen
	if err := s.extend(20290601, now); !errors.Is(err, loyalty.AccountFrozen) {
		t.Errorf("a frozen account was extended: %v", err)
	}
}

func TestWhatIsExtendedStillSlides(t *testing.T) {
	s := newShop(t, kind(t, func(p *loyalty.Program) {
		p.Earn.Expires = calendar.Expiry{After: calendar.Period{Months: 6}, Inactive: true, ResetBy: []string{"order"}}
	}))
	o := s.buy("1", 100, noon)
	s.wantLots(t, "100 2027-06-01, slides")
	if err := s.extend(20270801, noon); err != nil {
		t.Fatal(err)
	}
	s.wantLots(t, "100 2027-08-01, slides")
	s.buy("2", 10, noon.AddDate(0, 0, 1)) // an activity does not shorten it
	s.wantLots(t, "110 2027-08-01, slides")
	s.buy("3", 1, noon.AddDate(0, 7, 0)) // and moves it on
	s.wantLots(t, "111 2028-01-01, slides")
	o.Status = loyalty.OrderCanceled
	s.submit(o, noon.AddDate(0, 7, 1)) // beyond the day that the order's points had at first
	s.wantLots(t, "11 2028-01-01, slides")
}

func TestARefundAfterAnExtensionTakesWhatWasExtended(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	o := s.buy("1", 100, noon)
	s.buy("2", 10, noon)
	if err := s.extend(20281031, noon); err != nil {
		t.Fatal(err)
	}
	o.Refunds = []loyalty.Refund{back("1", 4_000)}
	s.submit(o, noon)
	s.wantLots(t, "70 2028-10-31")
	o.Refunds[0].Status = loyalty.RefundFailed
	s.submit(o, noon)
	s.wantLots(t, "110 2028-10-31")
}

// expire advances the account until the points of one order expire. It returns the order and the entry of the expiry.
func expire(t *testing.T, s *shop) (loyalty.Order, loyalty.Entry) {
	o := s.buy("1", 100, noon)
	out, err := Advance(s.p, s.acc, noon.AddDate(1, 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	for _, e := range out.Entries {
		if e.Kind == loyalty.KindExpire {
			return o, e
		}
	}
	t.Fatal("nothing expired")
	return o, loyalty.Entry{}
}

func TestExpiredPointsAreBroughtBackWithinTheWindow(t *testing.T) {
	// Ninety days after New Year in Berlin, with a clock change in between.
	within := time.Date(2028, 3, 30, 22, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		at    time.Time
		until calendar.Date
		want  error
	}{
		{"at once", noon.AddDate(1, 1, 0), 20281231, nil},
		{"just in time", within.Add(-1), 20281231, nil},
		{"too late", within, 20281231, loyalty.ValidationFailed},
		{"until today", noon.AddDate(1, 1, 0), 20280101, nil},
		{"until yesterday", noon.AddDate(1, 1, 0), 20271231, loyalty.ValidationFailed},
		{"for as long as the program allows", noon.AddDate(1, 1, 0), 20300101, nil},
		{"for longer", noon.AddDate(1, 1, 0), 20300102, loyalty.ValidationFailed},
		{"to slide", noon.AddDate(1, 1, 0), calendar.Slides + 20281231, loyalty.ValidationFailed},
		{"for ever", noon.AddDate(1, 1, 0), 0, loyalty.ValidationFailed},
	} {
		s := newShop(t, kind(t, asItIs))
		_, lapsed := expire(t, s)
		s.pass(c.at)
		out, err := Reinstate(s.p, s.acc, lapsed, c.until, "sorry", c.at)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		e := out.Entries[0]
		if want := (loyalty.Cause{
			Kind: loyalty.CauseReinstatement, ID: "mem_ada:2027-12-31", Revision: 1,
		}); e.Cause != want { // so that the ledger takes it once
			t.Errorf("%s: the cause is %s", c.name, e.Cause)
		}
		if s.took(out); e.Points != 100 || s.acc.Expired != 0 || s.acc.Earned != 100 {
			t.Errorf("%s: %+v, expired %d, earned %d", c.name, e, s.acc.Expired, s.acc.Earned)
		}
		s.wantLots(t, fmt.Sprint("100 ", c.until))
		s.pass(c.until.End(s.p.Zone))
		if b := s.acc.Balance(); b != (loyalty.Balance{}) || s.acc.Expired != 100 {
			t.Errorf("%s: brought back until %s, and then %+v", c.name, c.until, b)
		}
	}
}

func TestWhatDidNotExpireCannotBeBroughtBack(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	_, lapsed := expire(t, s)
	now := noon.AddDate(1, 1, 0)
	refused := func(name string, e loyalty.Entry, want error) {
		t.Helper()
		if _, err := Reinstate(s.p, s.acc, e, 20281231, "sorry", now); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := lapsed
	other.Member = "mem_bob"
	refused("of another member", other, loyalty.ValidationFailed)
	refused(
		"of an order",
		s.submit(
			with(bought("EUR", loyalty.Line{Amount: 1000}), func(o *loyalty.Order) { o.ID, o.PlacedAt = "2", now }),
			now,
		),
		loyalty.ValidationFailed,
	)
	s.acc.Status = loyalty.Frozen
	refused("of a frozen account", lapsed, loyalty.AccountFrozen)
	s.acc.Status = loyalty.Active
	s.p = made(t, asItIs)
	refused("of a program that does not allow it", lapsed, loyalty.ValidationFailed)
	s.p.Goodwill.Reinstate = calendar.Period{Days: 90}
	refused("for longer than what is earned today", lapsed, nil)
	if _, err := Reinstate(s.p, s.acc, lapsed, 20290201, "sorry", now); !errors.Is(err, loyalty.ValidationFailed) {
		t.Errorf("for longer than what is earned today: %v", err)
	}
}

func TestWhatIsBroughtBackPaysDebtFirst(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	_, lapsed := expire(t, s)
	s.acc.Debt = 30
	out, err := Reinstate(s.p, s.acc, lapsed, 20281231, "sorry", noon.AddDate(1, 1, 0))
	if err != nil || out.Account.Balance() != (loyalty.Balance{Active: 70}) {
		t.Errorf("%+v %v", out.Account.Balance(), err)
	}
}

func TestPendingPointsAreActivatedManually(t *testing.T) {
	for name, wait := range map[string]calendar.Wait{
		"that wait for a hand": {Manual: true}, "that wait for a fortnight": {For: calendar.Period{Days: 14}},
		"that wait for a delivery": {Until: calendar.WhenDelivered, Within: calendar.Period{Days: 45}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, kind(t, func(p *loyalty.Program) {
				p.Earn.Pending = wait
				p.Earn.Rules = []loyalty.Rule{
					{
						ID: "extra", Give: loyalty.Fixed{Points: 20},
						Life: loyalty.Life{Pending: &wait, Expires: &calendar.Expiry{After: calendar.Period{Days: 10}}},
					},
				}
			}))
			o := s.buy("1", 100, noon)
			activate := func() error {
				out, err := ActivateOrder(s.p, s.acc, *s.states["1"], s.p, noon)
				if err == nil {
					s.acc, s.states["1"] = out.Account, out.Entries[0].Order
				}
				return err
			}
			want := func(b loyalty.Balance) {
				t.Helper()
				if got := s.acc.Balance(); got != b {
					t.Errorf("there are %+v, want %+v", got, b)
				}
			}
			want(loyalty.Balance{Pending: 120})
			if err := activate(); err != nil {
				t.Fatal(err)
			}
			want(loyalty.Balance{Active: 120})
			s.wantLots(t, "20 2026-12-11", "100 2027-12-31")
			if err := activate(); !errors.Is(err, loyalty.ValidationFailed) {
				t.Errorf("a second time: %v", err)
			}
			o.Delivered = noon.Add(time.Minute) // which starts nothing again
			o.Refunds = []loyalty.Refund{back("1", 5_000)}
			s.submit(o, noon.Add(time.Hour))
			want(loyalty.Balance{Active: 70})
			o.Refunds[0].Status = loyalty.RefundFailed
			s.submit(o, noon.Add(time.Hour))
			s.wantLots(t, "20 2026-12-11", "100 2027-12-31")
			o.Status = loyalty.OrderCanceled
			s.submit(o, noon.AddDate(0, 0, 60)) // when the extra has expired, and any deadline is over
			if want(loyalty.Balance{}); s.acc.Expired != 20 || expiredPoints(s.states["1"]) != 20 {
				t.Errorf("%d expired, %d written off", s.acc.Expired, expiredPoints(s.states["1"]))
			}
		})
	}
}

func TestARefundBeforeTheHandLeavesLessToActivate(t *testing.T) {
	s := newShop(t, kind(t, func(p *loyalty.Program) { p.Earn.Pending = calendar.Wait{Manual: true} }))
	o := s.buy("1", 100, noon)
	o.Refunds = []loyalty.Refund{back("1", 7_500)}
	s.submit(o, noon)
	out, err := ActivateOrder(s.p, s.acc, *s.states["1"], s.p, noon)
	if err != nil || out.Account.Balance() != (loyalty.Balance{Active: 25}) {
		t.Fatalf("%+v %v", out.Account.Balance(), err)
	}
	s.acc, s.states["1"] = out.Account, out.Entries[0].Order
	o.Refunds[0].Status = loyalty.RefundFailed
	if s.submit(o, noon); s.acc.Balance() != (loyalty.Balance{Active: 100}) {
		t.Errorf("the refund failed, and there are %+v", s.acc.Balance())
	}
}

func TestAnEventsPendingPointsAreActivatedManually(t *testing.T) {
	p := kind(t, func(p *loyalty.Program) {
		p.Earn.Actions = []loyalty.Action{
			{
				ID: "review", Event: "review.approved", Points: 20,
				Life: loyalty.Life{Pending: &calendar.Wait{Manual: true}},
			},
		}
	})
	acc := joined(t, p, noon)
	var state *loyalty.EventState
	tell := func(kind string) {
		t.Helper()
		out, err := award.PlaceEvent(
			Begin(p, acc, noon), state, EarnRules(p), loyalty.Event{Type: kind, ID: "7", Member: acc.Member, At: noon},
		)
		if err != nil {
			t.Fatal(err)
		}
		acc, state = out.Account, out.Entries[0].Event
	}
	want := func(b loyalty.Balance) {
		t.Helper()
		if got := acc.Balance(); got != b {
			t.Errorf("there are %+v, want %+v", got, b)
		}
	}
	tell("review.approved")
	want(loyalty.Balance{Pending: 20})
	out, err := ActivateEvent(p, acc, *state, p, noon)
	if err != nil {
		t.Fatal(err)
	}
	acc, state = out.Account, out.Entries[0].Event
	want(loyalty.Balance{Active: 20})
	if _, err := ActivateEvent(p, acc, *state, p, noon); !errors.Is(err, loyalty.ValidationFailed) {
		t.Errorf("a second time: %v", err)
	}
	tell("review.declined")
	want(loyalty.Balance{})
	tell("review.approved")
	want(loyalty.Balance{Active: 20})
	acc.Status = loyalty.Frozen
	if _, err := ActivateEvent(p, acc, *state, p, noon); !errors.Is(err, loyalty.AccountFrozen) {
		t.Errorf("frozen: %v", err)
	}
}
