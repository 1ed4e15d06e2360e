package loyalty

import (
	"fmt"
	"testing"
	"time"
)

// The lines and refunds of a large order keep the revision in which they last changed.
func TestRevisionsOfALargeOrdersLines(t *testing.T) {
	lines := func(n int) (all []Line) {
		for i := range n {
			all = append(all, Line{ID: fmt.Sprint(i), Quantity: 1, Amount: 10})
		}
		return all
	}
	refunds := func(n int) (all []Refund) {
		for i := range n {
			all = append(all, back(fmt.Sprint(i), 10, RefundLine{fmt.Sprint(i), 1, 10}))
		}
		return all
	}
	var prior *OrderState
	for i, c := range []struct{ lines, refunds, linesSince, refundsSince int }{
		{InlineLines, 0, 0, 0},
		{InlineLines + 1, 0, 2, 0},
		{InlineLines + 1, InlineLines, 2, 0},
		{InlineLines + 1, InlineLines + 1, 2, 4},
		{InlineLines + 1, InlineLines + 1, 2, 4},
		{InlineLines + 2, InlineLines + 1, 6, 4},
		{InlineLines + 2, InlineLines + 2, 6, 7},
		{InlineLines, 0, 0, 0},
		{InlineLines + 2, InlineLines + 2, 9, 9},
	} {
		s := OrderState{Revision: i + 1, Order: Order{Lines: lines(c.lines), Refunds: refunds(c.refunds)}}
		if s.sinceWhen(prior); s.LinesSince != c.linesSince || s.RefundsSince != c.refundsSince {
			t.Errorf("revision %d: lines since %d, refunds since %d; want %d, %d", i+1, s.LinesSince, s.RefundsSince, c.linesSince, c.refundsSince)
		}
		prior = &s
	}
}

// The first revision of a large order with refunds is the one in which they last changed.
func TestFirstRevisionOfALargeOrder(t *testing.T) {
	s := OrderState{Revision: 1}
	for i := range InlineLines + 1 {
		s.Order.Lines = append(s.Order.Lines, Line{ID: fmt.Sprint(i), Quantity: 1, Amount: 10})
		s.Order.Refunds = append(s.Order.Refunds, back(fmt.Sprint(i), 10, RefundLine{fmt.Sprint(i), 1, 10}))
	}
	if s.sinceWhen(nil); s.LinesSince != 1 || s.RefundsSince != 1 {
		t.Errorf("lines since %d, refunds since %d", s.LinesSince, s.RefundsSince)
	}
}

func TestIDsOfLinesOccurOnce(t *testing.T) {
	for _, n := range []int{2, 31, 32, 33, MaxLines, MaxLines + 1} {
		o := Order{Currency: "EUR", Status: OrderPaid}
		for i := range n {
			o.Lines = append(o.Lines, Line{ID: fmt.Sprint(i), Quantity: 1, Amount: 1})
		}
		code, pointer := Code(""), ""
		if n > MaxLines {
			code, pointer = ValidationFailed, "/line_items"
		}
		wantRefusal(t, fmt.Sprint(n, " lines"), o.check(), code, pointer)
		o.Lines[n-1].ID = "0"
		wantRefusal(t, fmt.Sprint(n, " lines, two of one ID"), o.check(), ValidationFailed, "/line_items")
	}
}

func TestOlderStateOfAnOrderReplacesNothing(t *testing.T) {
	was := Order{UpdatedAt: noon}
	for at, want := range map[time.Time]bool{noon.Add(-1): false, noon: true, noon.Add(1): true, {}: true} {
		if got := (Order{UpdatedAt: at}).Supersedes(was); got != want {
			t.Errorf("changed at %s: %t", at, got)
		}
	}
	if !(Order{UpdatedAt: noon}).Supersedes(Order{}) {
		t.Error("a state with a time of change replaces one without")
	}
}
