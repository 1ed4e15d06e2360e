package program

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A story is one basket of a table: a member, and the last order that was sent.
type story struct {
	t         testing.TB
	p         *loyalty.Program
	books     loyalty.Currency // currency of amounts that name none
	acc       loyalty.Account
	order     loyalty.Order
	state     *loyalty.OrderState // state of order; nil before it was placed
	submitted int
}

// row runs one row of a table, which has the cells number, when, who and what, and fills in the cells points, balance
// and why. The first row of a basket has a number and states the member and, in italics, the purpose of the basket. row
// returns it as an example.
func (s *story) row(cells []string) (first worked) {
	s.t.Helper()
	number, when, who, what := cells[0], cells[1], cells[2], cells[3]
	now, err := time.ParseInLocation("2006-01-02 15:04", when, s.p.Zone)
	if err != nil {
		s.t.Fatal(err)
	}
	now = now.UTC()
	if number != "" {
		say, basket, ok := strings.Cut(strings.TrimPrefix(what, "*"), ":* ")
		if !ok {
			s.t.Fatalf("it does not say what it shows: %s", what)
		}
		s.become(who, now)
		what = basket
		first = worked{say: say, order: s.basket(basket, now), account: s.acc}
	}
	entries := s.play(what, now)
	points := loyalty.Points(0)
	for _, e := range entries {
		if points += e.Points; !sound(e) {
			s.t.Errorf("the reasons of %s do not sum to %d: %v", e.ID(), e.Points, e.Reasons)
		}
	}
	if number != "" {
		first.points = s.state.Worth
	}
	cells[4], cells[5], cells[6] = fmt.Sprint(points), s.balance(), why(entries)
	return first
}

// play advances the member's account to an instant and performs the action of a row. It returns all entries that this
// created.
func (s *story) play(what string, now time.Time) []loyalty.Entry {
	s.t.Helper()
	out, err := engine.Advance(s.p, s.acc, now)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.acc = out.Account
	entries := out.Entries
	if what == "time passes" {
		return entries
	}
	if out, err = s.do(what, now); err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.acc = out.Account
	return append(entries, out.Entries...)
}

func (s *story) do(what string, now time.Time) (posting.Outcome, error) {
	s.submitted++
	verb, rest, _ := strings.Cut(what, " ")
	switch verb {
	case "redeem":
		in := loyalty.Redemption{ID: fmt.Sprint("rd_", s.submitted), Reward: rest}
		return redeem.Redeem(engine.Begin(s.p, s.acc, now), in, true, nil)
	case "back":
		s.order.Refunds = append(s.order.Refunds, s.refund(rest, now))
	case "delivered":
		s.order.Delivered = now
	case "canceled":
		s.order.Status = loyalty.OrderCanceled
	default:
		s.order, s.state = s.basket(what, now), nil
		s.order.ID = fmt.Sprint(s.submitted)
	}
	out, err := award.PlaceOrder(engine.Begin(s.p, s.acc, now), s.state, engine.EarnRules(s.p), s.order, nil)
	if err == nil {
		s.state = out.Entries[0].Order
	}
	return out, err
}

// sound reports whether an entry's reasons sum to its points.
func sound(e loyalty.Entry) bool {
	sum := new(big.Rat)
	for _, b := range e.Reasons {
		if r, ok := new(big.Rat).SetString(b.Points); ok {
			sum.Add(sum, r)
		}
	}
	return sum.Cmp(new(big.Rat).SetInt64(int64(e.Points))) == 0
}

// why formats the reasons of entries, each as "rule: effect = points".
func why(entries []loyalty.Entry) string {
	var parts []string
	for _, e := range entries {
		for _, b := range e.Reasons {
			parts = append(parts, fmt.Sprintf("`%s: %s = %s`", b.Rule, b.Effect(), b.Points))
		}
	}
	return strings.Join(parts, "<br>")
}

// balance formats the member's points: the lots with their last days, then the pending points, and the debt.
func (s *story) balance() string {
	var parts []string
	for _, l := range s.acc.Lots {
		parts = append(parts, fmt.Sprint(l.Points)+expires(l.Expires))
	}
	for _, x := range s.acc.Pending {
		if x.ActiveAt.IsZero() {
			parts = append(parts, fmt.Sprintf("%d to come", x.Points))
			continue
		}
		parts = append(
			parts, fmt.Sprintf("%d from %s%s", x.Points, calendar.DateOf(x.ActiveAt, s.p.Zone), expires(x.Expires)),
		)
	}
	if s.acc.Debt > 0 {
		parts = append(parts, fmt.Sprintf("%d owed", s.acc.Debt))
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, ", ")
}

func expires(d calendar.Date) string {
	if d == 0 {
		return " for ever"
	}
	return " to " + d.String()
}
