package deliverytest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func randomOrder(t *rapid.T, id string, at time.Time) loyalty.Order {
	o := loyalty.Order{ID: id, Member: Member, PlacedAt: at, Currency: currency, Status: loyalty.OrderPaid}
	for i := range rapid.SampledFrom([]int{1, 1, 2}).Draw(t, "line items") {
		o.Lines = append(o.Lines, loyalty.Line{
			ID: fmt.Sprint(i), Quantity: 1,
			Amount:   rapid.SampledFrom([]int64{0, 29_99, 30_00, 110_00, 250_50, 900_00}).Draw(t, "amount"),
			Brand:    rapid.SampledFrom([]string{"east", "west"}).Draw(t, "brand"),
			Category: rapid.SampledFrom([]string{"", "", "beans"}).Draw(t, "category"),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "extras") == 0 {
		o.Discount = items(o) / 10
		o.Shipping = rapid.SampledFrom([]int64{0, 4_90}).Draw(t, "shipping")
		o.Tax = rapid.SampledFrom([]int64{0, 7_00}).Draw(t, "tax")
		o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: items(o) / 3}}
	}
	return o
}

func items(o loyalty.Order) (sum int64) {
	for _, l := range o.Lines {
		sum += l.Amount
	}
	return sum
}

func paidFor(o loyalty.Order) int64 { return items(o) - o.Discount + o.Shipping + o.Tax }

// order adds the reports of an order, with random refunds and disputes. The order may be canceled.
func (h *History) order(t *rapid.T, o loyalty.Order) {
	final := o
	h.refunds(t, &final)
	if often := map[Life]int{Spending: 1}; rapid.IntRange(0, 3).Draw(t, "canceled") <= often[h.Life] {
		final.Status = loyalty.OrderCanceled
	}
	h.directly(final)
	h.deliver(t, final)
}

func (h *History) refunds(t *rapid.T, o *loyalty.Order) {
	rest := paidFor(*o)
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "refunds") {
		r := loyalty.Refund{
			ID: fmt.Sprint("r", i), At: h.after(t, o.PlacedAt, h.Life.pace().refund, "refunded"), Amount: rest,
			Status: rapid.SampledFrom([]loyalty.RefundStatus{
				loyalty.RefundSucceeded, loyalty.RefundSucceeded, loyalty.RefundFailed,
			}).Draw(t, "refund in the end"),
		}
		if rapid.IntRange(0, 2).Draw(t, "in part") > 0 {
			r.Amount = rest / 3
		}
		if r.Status == loyalty.RefundSucceeded {
			rest -= r.Amount
		}
		o.Refunds = append(o.Refunds, r)
	}
	if rapid.IntRange(0, 5).Draw(t, "disputed") == 0 {
		o.Disputes = []loyalty.Dispute{{
			ID: "d", At: h.after(t, o.PlacedAt, h.Life.pace().dispute, "disputed at"), Amount: paidFor(*o) / 2,
			Status: rapid.SampledFrom([]loyalty.DisputeStatus{
				loyalty.DisputeLost, loyalty.DisputeWon, loyalty.DisputeOpen,
			}).Draw(t, "dispute in the end"),
		}}
	}
}

// directly adds the direct delivery of an order: the order, then its refunds and disputes, in the order in which they
// happened. It omits canceled orders, failed refunds and won disputes.
func (h *History) directly(final loyalty.Order) {
	if final.Status == loyalty.OrderCanceled {
		return
	}
	add := func(at time.Time, o loyalty.Order) { h.Direct = append(h.Direct, Report{At: at, Order: &o}) }
	state := final
	state.Refunds, state.Disputes = nil, nil
	add(state.PlacedAt, state)
	refunds := slices.DeleteFunc(slices.Clone(final.Refunds), func(r loyalty.Refund) bool {
		return r.Status != loyalty.RefundSucceeded
	})
	disputes := slices.DeleteFunc(slices.Clone(final.Disputes), func(d loyalty.Dispute) bool {
		return d.Status == loyalty.DisputeWon
	})
	slices.SortFunc(refunds, func(x, y loyalty.Refund) int { return x.At.Compare(y.At) })
	for len(refunds)+len(disputes) > 0 {
		if len(disputes) > 0 && (len(refunds) == 0 || disputes[0].At.Before(refunds[0].At)) {
			state.Disputes = disputes
			add(disputes[0].At, state)
			disputes = nil
			continue
		}
		state.Refunds = append(slices.Clip(state.Refunds), refunds[0])
		add(refunds[0].At, state)
		refunds = refunds[1:]
	}
}

// deliver adds the random delivery of an order: up to five states, the last of them final, and some twice.
func (h *History) deliver(t *rapid.T, final loyalty.Order) {
	n := rapid.IntRange(0, 4).Draw(t, "states")
	if happened(final).After(final.PlacedAt.AddDate(0, 0, 80)) {
		n = max(n, 1) // the first report must arrive within 90 days
	}
	versioned := n > 0 && rapid.Bool().Draw(t, "updated_at")
	late := rapid.SampledFrom(h.Life.pace().late).Draw(t, "late")
	at := final.PlacedAt.AddDate(0, 0, late)
	if late == 0 && versioned {
		at = at.Add(time.Hour)
	}
	var states []loyalty.Order
	var reported []time.Time
	for range n {
		states = append(states, interim(t, final, at))
		reported = append(reported, at)
		at = at.Add(time.Duration(rapid.IntRange(0, h.Life.pace().nextState*24).Draw(t, "next state")) * time.Hour)
	}
	for _, r := range final.Refunds {
		at = calendar.Later(at, r.At)
	}
	for _, d := range final.Disputes {
		at = calendar.Later(at, d.At)
	}
	states, reported = append(states, final), append(reported, at)
	if versioned {
		for i := range states {
			states[i].UpdatedAt = final.PlacedAt.Add(time.Duration(i) * time.Minute)
		}
		states = permuted(t, states, reported)
	}
	if rapid.Bool().Draw(t, "again") {
		states, reported = append(states, states[len(states)-1]), append(reported, at.Add(time.Hour))
	}
	for i := range states {
		h.Delivery = append(h.Delivery, Report{At: reported[i], Order: &states[i]})
	}
}

// permuted returns the states in a random order, in which older states may follow newer ones. No state is reported
// before its facts happened.
func permuted(t *rapid.T, states []loyalty.Order, reported []time.Time) []loyalty.Order {
	states = slices.Clone(states)
	for i := range states {
		j := rapid.IntRange(i, len(states)-1).Draw(t, "order of states")
		if happened(states[j]).After(reported[i]) {
			continue
		}
		states[i], states[j] = states[j], states[i]
	}
	return states
}

// happened returns the instant of the latest fact of an order.
func happened(o loyalty.Order) time.Time {
	at := o.PlacedAt
	for _, r := range o.Refunds {
		at = calendar.Later(at, r.At)
	}
	for _, d := range o.Disputes {
		at = calendar.Later(at, d.At)
	}
	return at
}

// interim returns a state of an order before its final one. It may be edited, canceled, not paid yet, or have refunds
// that were pending or failed.
func interim(t *rapid.T, final loyalty.Order, at time.Time) loyalty.Order {
	o := final
	o.Status = rapid.SampledFrom([]loyalty.OrderStatus{
		loyalty.OrderPlaced, loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderCanceled,
	}).Draw(t, "status")
	o.Refunds, o.Disputes = nil, nil
	for _, r := range final.Refunds {
		if r.At.After(at) {
			continue
		}
		r.Status = rapid.SampledFrom([]loyalty.RefundStatus{
			loyalty.RefundSucceeded, loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed,
		}).Draw(t, "refund is")
		o.Refunds = append(o.Refunds, r)
	}
	for _, d := range final.Disputes {
		if d.At.After(at) {
			continue
		}
		d.Status = rapid.SampledFrom([]loyalty.DisputeStatus{
			loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost,
		}).Draw(t, "dispute is")
		o.Disputes = append(o.Disputes, d)
	}
	if rapid.IntRange(0, 3).Draw(t, "edited") == 0 && len(o.Refunds)+len(o.Disputes) == 0 {
		o.Lines = slices.Clone(o.Lines)
		o.Lines[0].Amount += rapid.SampledFrom([]int64{-10_00, 15_00, 200_00}).Draw(t, "edit")
		o.Lines[0].Amount = max(o.Lines[0].Amount, 0)
		o.Discount, o.Tenders = 0, nil
	}
	fit(&o)
	return o
}

// fit removes refunds that exceed the paid amount.
func fit(o *loyalty.Order) {
	sum := int64(0)
	o.Refunds = slices.DeleteFunc(o.Refunds, func(r loyalty.Refund) bool {
		if r.Status != loyalty.RefundSucceeded {
			return false
		}
		sum += r.Amount
		return sum > paidFor(*o)
	})
}
