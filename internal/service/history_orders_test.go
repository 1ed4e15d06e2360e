package service_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func (h *history) newOrder(m loyalty.MemberID) string {
	o := h.anOrder(m)
	switch h.rng.IntN(10) {
	case 0:
		o.Status = loyalty.OrderPlaced
	case 1:
		o.Member = "" // a guest order at first
	case 2:
		h.refund(&o) // the refund is reported before the order
	}
	return h.putOrder(len(h.orders), o, "order")
}

// anOrder returns a random order of a member that uses all features.
func (h *history) anOrder(m loyalty.MemberID) loyalty.Order {
	o := h.Bench.Order(fmt.Sprintf("o%d", len(h.orders)), m, h.rng.Int64N(8_000))
	o.PlacedAt, o.Channel = h.before(m), "web"
	o.Lines = append(
		o.Lines,
		loyalty.Line{ID: "2", Category: "coffee-beans", Quantity: 1 + h.rng.Int64N(3), Amount: h.rng.Int64N(3_000)},
	)
	o.Lines[0].Brand = pick(h.rng, "", "east", "west")
	o.Currency = pick[loyalty.Currency](h.rng, "EUR", "EUR", "EUR", "USD", "CHF")
	o.Shipping, o.Tax = pick[int64](h.rng, 0, 490), pick[int64](h.rng, 0, 137)
	if h.rng.IntN(4) == 0 {
		o.Discount = h.rng.Int64N(o.Lines[0].Amount + 1)
	}
	rest := total(o)
	for _, kind := range []loyalty.TenderKind{loyalty.TenderGiftCard, loyalty.TenderCard} {
		if n := h.rng.Int64N(rest + 1); h.rng.IntN(3) == 0 {
			o.Tenders = append(o.Tenders, loyalty.Tender{Kind: kind, Name: pick(h.rng, "", "house-card"), Amount: n})
			rest -= n
		}
	}
	return o
}

// total returns the amount that is paid for an order.
func total(o loyalty.Order) int64 {
	sum := o.Shipping + o.Tax - o.Discount
	for _, l := range o.Lines {
		sum += l.Amount
	}
	return sum
}

// amend changes one of the latest orders, as shops and banks do.
func (h *history) amend(m loyalty.MemberID) string {
	if len(h.orders) == 0 {
		return "nothing"
	}
	at := max(0, len(h.orders)-1-h.rng.IntN(40))
	o, as := h.orders[at], "amended"
	o.Lines, o.Refunds, o.Disputes = slices.Clone(o.Lines), slices.Clone(o.Refunds), slices.Clone(o.Disputes)
	if o.Member == "" && h.rng.IntN(2) == 0 {
		o.Member, as = m, "claimed"
	}
	switch h.rng.IntN(12) {
	case 0:
		o.Status = loyalty.OrderCanceled
	case 1:
		o.Status = loyalty.OrderPaid
	case 2, 3, 4:
		h.refund(&o)
	case 5, 6:
		h.dispute(&o)
	case 7:
		o.Refunds, o.Disputes = nil, nil
		o.Lines[0].Amount = h.rng.Int64N(8_000)
	case 8, 9:
		o.Shipped = h.since(o)
	default:
		o.Delivered = h.since(o)
	}
	return h.putOrder(at, o, as)
}

// since returns a random instant between the placing of an order and now, usually a recent one.
func (h *history) since(o loyalty.Order) time.Time {
	at := h.Now().Add(-time.Duration(h.rng.Int64N(int64(48*time.Hour + 1))))
	if h.rng.IntN(5) == 0 || at.Before(o.PlacedAt) {
		return o.PlacedAt.Add(time.Duration(h.rng.Int64N(int64(h.Now().Sub(o.PlacedAt)) + 1)))
	}
	return at
}

// refund adds a refund of a sum, a line item or shipping, or changes the status of an earlier one.
func (h *history) refund(o *loyalty.Order) {
	if n := len(o.Refunds); n > 0 && h.rng.IntN(2) == 0 {
		r := &o.Refunds[h.rng.IntN(n)]
		r.Status = pick(h.rng, loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed)
		return
	}
	rest := total(*o)
	for _, r := range o.Refunds {
		rest -= r.Amount
	}
	if rest <= 0 {
		return
	}
	r := loyalty.Refund{
		ID: fmt.Sprint("re_", len(o.Refunds)), At: h.Now().UTC().Truncate(time.Millisecond),
		Status: loyalty.RefundSucceeded,
		Amount: pick(h.rng, rest, 1+h.rng.Int64N(rest), 1+h.rng.Int64N(rest)),
	}
	if l := o.Lines[h.rng.IntN(len(o.Lines))]; h.rng.IntN(3) == 0 && l.Amount > 0 {
		r.Amount = 1 + h.rng.Int64N(l.Amount)
		r.Lines = []loyalty.RefundLine{{ID: l.ID, Quantity: 1, Amount: r.Amount}}
	}
	o.Refunds = append(o.Refunds, r)
}

// dispute opens or decides a dispute.
func (h *history) dispute(o *loyalty.Order) {
	if n := len(o.Disputes); n > 0 {
		o.Disputes[h.rng.IntN(n)].Status = pick(h.rng, loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost)
		return
	}
	o.Disputes = []loyalty.Dispute{
		{
			ID: "dp", At: h.Now().UTC().Truncate(time.Millisecond), Status: loyalty.DisputeOpen,
			Amount: h.rng.Int64N(total(*o) + 1),
		},
	}
}

func (h *history) replay(loyalty.MemberID) string {
	if len(h.orders) == 0 {
		return "nothing"
	}
	at := h.rng.IntN(len(h.orders))
	return h.putOrder(at, h.orders[at], "replayed")
}

// putOrder sends an order, and stores it if it was accepted.
func (h *history) putOrder(at int, o loyalty.Order, what string) string {
	var r service.OrderResult
	err := h.until(fmt.Sprintf("%s %s of %q %s", what, o.ID, o.Member, o.Status), func(l *ledger.Ledger) (err error) {
		r, err = service.Orders{Ledger: l}.Put(h.t.Context(), h.P, o, ledger.By{Actor: "history"})
		return err
	})
	switch {
	case what == "replayed" && err != nil || what == "order" && len(o.Refunds) == 0 && err != nil:
		h.t.Errorf("%s %s: %v", what, o.ID, err)
		return what
	case h.refused(err, loyalty.ValidationFailed, loyalty.RefundExceedsPayment):
		return "unchanged"
	case what == "replayed" && !r.Replayed:
		h.t.Errorf("order %s was not known again", o.ID)
	}
	h.orders = append(
		h.orders[:min(at, len(h.orders))], append([]loyalty.Order{o}, h.orders[min(at+1, len(h.orders)):]...)...,
	)
	all, err := service.Orders{Ledger: h.quiet()}.Get(h.t.Context(), h.P.ID, o.ID)
	if err != nil || all.State.Worth != r.State.Worth || all.Revision != r.Revision ||
		!r.Replayed && r.Revision != all.Revision {
		h.t.Errorf(
			"order %s is worth %d in revision %d, and was answered as %d in %d: %v", o.ID, all.State.Worth,
			all.Revision, r.State.Worth, r.Revision, err,
		)
	}
	for i, e := range all.Entries {
		if first := all.Revision - len(all.Entries); e.Cause.Revision != first+i+1 {
			h.t.Errorf("revision %d of %s stands at place %d behind %d of a guest", e.Cause.Revision, o.ID, i+1, first)
		}
	}
	return what
}

// quote requests a quote and then places the same order. The points must be equal.
func (h *history) quote(m loyalty.MemberID) string {
	o := h.anOrder(m)
	q, err := service.Quotes{Ledger: h.quiet()}.Quote(h.t.Context(), h.P, o)
	if err != nil {
		h.t.Error(err)
	}
	h.rival.busy = true
	h.putOrder(len(h.orders), o, "order")
	h.rival.busy = false
	if got, err := (service.Orders{Ledger: h.quiet()}).Get(h.t.Context(), h.P.ID, o.ID); err != nil ||
		got.State.Worth != q.Points {
		h.t.Errorf("order %s was quoted %d points and got %d, %v", o.ID, q.Points, got.State.Worth, err)
	}
	return "quoted"
}

// activate activates pending points of some of the latest orders and events.
func (h *history) activate(loyalty.MemberID) string {
	as := "nothing"
	for i := range min(4, len(h.orders)) {
		id := h.orders[max(0, len(h.orders)-1-h.rng.IntN(40))].ID
		put := func(l *ledger.Ledger) error {
			_, err := service.Events{Ledger: l}.ActivateOrder(h.t.Context(), h.P, id, ledger.By{Actor: "history"})
			return err
		}
		if i == 0 && len(h.events) > 0 {
			id = award.EventCause(h.events[max(0, len(h.events)-1-h.rng.IntN(10))])
			put = func(l *ledger.Ledger) error {
				_, err := service.Events{Ledger: l}.ActivateEvent(h.t.Context(), h.P, id, ledger.By{Actor: "history"})
				return err
			}
		}
		if err := h.until("activate "+id, put); !h.refused(err, loyalty.ValidationFailed, loyalty.NotFound) {
			as = "activated"
		}
	}
	return as
}
