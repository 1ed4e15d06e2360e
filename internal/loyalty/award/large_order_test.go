package award

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// The lines and refunds of a large order keep the revision in which they last changed.
func TestRevisionsOfALargeOrdersLines(t *testing.T) {
	lines := func(n int) (all []loyalty.Line) {
		for i := range n {
			all = append(all, loyalty.Line{ID: fmt.Sprint(i), Quantity: 1, Amount: 10})
		}
		return all
	}
	refunds := func(n int) (all []loyalty.Refund) {
		for i := range n {
			all = append(
				all,
				loyaltytest.Back(fmt.Sprint(i), 10, loyalty.RefundLine{ID: fmt.Sprint(i), Quantity: 1, Amount: 10}),
			)
		}
		return all
	}
	var prior *loyalty.OrderState
	for i, c := range []struct{ lines, refunds, linesSince, refundsSince int }{
		{posting.InlineLines, 0, 0, 0},
		{posting.InlineLines + 1, 0, 2, 0},
		{posting.InlineLines + 1, posting.InlineLines, 2, 0},
		{posting.InlineLines + 1, posting.InlineLines + 1, 2, 4},
		{posting.InlineLines + 1, posting.InlineLines + 1, 2, 4},
		{posting.InlineLines + 2, posting.InlineLines + 1, 6, 4},
		{posting.InlineLines + 2, posting.InlineLines + 2, 6, 7},
		{posting.InlineLines, 0, 0, 0},
		{posting.InlineLines + 2, posting.InlineLines + 2, 9, 9},
	} {
		s := loyalty.OrderState{
			Revision: i + 1, Order: loyalty.Order{Lines: lines(c.lines), Refunds: refunds(c.refunds)},
		}
		if sinceWhen(&s, prior); s.LinesSince != c.linesSince || s.RefundsSince != c.refundsSince {
			t.Errorf(
				"revision %d: lines since %d, refunds since %d; want %d, %d", i+1, s.LinesSince, s.RefundsSince,
				c.linesSince, c.refundsSince,
			)
		}
		prior = &s
	}
}

// The first revision of a large order with refunds is the one in which they last changed.
func TestFirstRevisionOfALargeOrder(t *testing.T) {
	s := loyalty.OrderState{Revision: 1}
	for i := range posting.InlineLines + 1 {
		s.Order.Lines = append(s.Order.Lines, loyalty.Line{ID: fmt.Sprint(i), Quantity: 1, Amount: 10})
		s.Order.Refunds = append(
			s.Order.Refunds,
			loyaltytest.Back(fmt.Sprint(i), 10, loyalty.RefundLine{ID: fmt.Sprint(i), Quantity: 1, Amount: 10}),
		)
	}
	if sinceWhen(&s, nil); s.LinesSince != 1 || s.RefundsSince != 1 {
		t.Errorf("lines since %d, refunds since %d", s.LinesSince, s.RefundsSince)
	}
}

func TestIDsOfLinesOccurOnce(t *testing.T) {
	for _, n := range []int{2, 31, 32, 33, loyalty.MaxLines, loyalty.MaxLines + 1} {
		o := loyalty.Order{Currency: "EUR", Status: loyalty.OrderPaid}
		for i := range n {
			o.Lines = append(o.Lines, loyalty.Line{ID: fmt.Sprint(i), Quantity: 1, Amount: 1})
		}
		code, pointer := loyalty.Code(""), ""
		if n > loyalty.MaxLines {
			code, pointer = loyalty.ValidationFailed, "/line_items"
		}
		loyaltytest.WantRefusal(t, fmt.Sprint(n, " lines"), checkOrder(o), code, pointer)
		o.Lines[n-1].ID = "0"
		loyaltytest.WantRefusal(
			t, fmt.Sprint(n, " lines, two of one ID"), checkOrder(o), loyalty.ValidationFailed, "/line_items",
		)
	}
}
