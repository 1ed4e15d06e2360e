package engine

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// The commands of a recorded history.

func (h *recorded) buy() {
	o := loyalty.Order{
		ID: fmt.Sprint(
			len(h.orders) + 1,
		), Member: h.acc.Member, PlacedAt: h.at,
		Status: pick(h.r, loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderPaid, loyalty.OrderPlaced),
		Currency: pick[loyalty.Currency](
			h.r,
			"EUR",
			"EUR",
			"EUR",
			"JPY",
			"CHF",
		), Channel: pick(h.r, "web", "shop"), Store: pick(h.r, "", "east"),
		Clock: pick(h.r, nil, time.FixedZone("till", -5*3600)),
	}
	if h.r.IntN(3) == 0 {
		o.PlacedAt = o.PlacedAt.Add(-pick(h.r, time.Millisecond, time.Hour, 20*24*time.Hour, 89*24*time.Hour))
	}
	if since := h.acc.Tier.Since; h.r.IntN(6) == 0 && h.at.Sub(since) < loyalty.MaxOrderAge {
		o.PlacedAt = since.Add(pick(h.r, 0, -time.Millisecond))
	}
	for i := range 1 + h.r.IntN(3) {
		o.Lines = append(o.Lines, loyalty.Line{
			ID: fmt.Sprint(
				i,
			), Category: pick(h.r, "", "beans", "cards"), SKU: pick(h.r, "a", "b"),
			Brand: pick(h.r, "", "east", "west"),
			Quantity: pick[int64](
				h.r,
				1,
				1,
				2,
				5,
			), Amount: pick[int64](h.r, 0, 1, 50, 999, 1000, 1001, 2500, 5000, 10000, 19999, 30000),
		})
	}
	o.Discount, o.Shipping, o.Tax = receipt.ItemTotal(o)/pick[int64](
		h.r,
		4,
		10,
		1_000_000,
	), pick[int64](
		h.r,
		0,
		0,
		500,
	), pick[int64](
		h.r,
		0,
		0,
		190,
	)
	for _, kind := range []loyalty.TenderKind{loyalty.TenderGiftCard, loyalty.TenderPoints, loyalty.TenderCard} {
		if h.r.IntN(4) == 0 {
			o.Tenders = append(
				o.Tenders,
				loyalty.Tender{
					Kind: kind, Amount: receipt.OrderTotal(o) / pick[int64](h.r, 3, 4, 5),
					Name: pick(h.r, "", "house"),
				},
			)
		}
	}
	h.orders = append(h.orders, o)
	quote, err := QuoteOrderUnder(h.p, h.rules(0, o.PlacedAt), h.acc, o, h.left, h.at)
	h.line("quote", fmt.Sprint(quote.Points), quote, fmt.Sprint(err))
	h.order("order", len(h.orders)-1)
}

// order reports an order in its present state.
func (h *recorded) order(what string, i int) bool {
	o := h.orders[i]
	prior, version := h.states[o.ID], 0
	if prior != nil {
		version = prior.Program
	}
	return h.do(what+" "+o.ID, func() (posting.Outcome, error) {
		acc := h.acc
		for {
			out, err := award.PlaceOrder(
				Begin(h.p, acc, h.at), prior, EarnRules(h.rules(version, o.PlacedAt)), o, h.left,
			)
			if !tier.Undecided(out.Needs) {
				return out, err
			}
			if out.Needs.Numbers {
				acc = award.WithFirstOrders(acc, h.entries)
			}
			if out.Needs.Later != (loyalty.PlacedOrder{}) {
				acc = award.WithLaterOrders(acc, out.Needs.Later, h.entries)
			}
		}
	})
}

func (h *recorded) revise() {
	if len(h.orders) == 0 {
		return
	}
	i := max(0, len(h.orders)-1-h.r.IntN(4))
	was := h.orders[i]
	o := &h.orders[i]
	o.Refunds, o.Disputes = slices.Clone(o.Refunds), slices.Clone(o.Disputes)
	switch h.r.IntN(9) {
	case 0:
		o.Status = loyalty.OrderCanceled
	case 1:
		o.Status = loyalty.OrderPaid
	case 2, 3:
		n := receipt.OrderTotal(*o) / pick[int64](h.r, 1, 2, 3, 100)
		o.Refunds = append(
			o.Refunds,
			loyalty.Refund{ID: fmt.Sprint("r", len(o.Refunds)), At: h.at, Status: loyalty.RefundSucceeded, Amount: n},
		)
	case 4:
		l := pick(h.r, o.Lines...)
		r := loyalty.Refund{
			ID:     fmt.Sprint("r", len(o.Refunds)),
			At:     h.at,
			Status: loyalty.RefundSucceeded,
			Amount: l.Amount / pick[int64](h.r, 1, 2),
		}
		r.Lines = []loyalty.RefundLine{{ID: l.ID, Quantity: 1, Amount: r.Amount}}
		o.Refunds = append(o.Refunds, r)
	case 5:
		r := loyalty.Refund{
			ID:       fmt.Sprint("r", len(o.Refunds)),
			At:       h.at,
			Status:   loyalty.RefundSucceeded,
			Amount:   o.Shipping + o.Tax,
			Shipping: o.Shipping,
			Tax:      o.Tax,
		}
		o.Refunds = append(o.Refunds, r)
	case 6:
		for j := range o.Refunds {
			o.Refunds[j].Status = pick(h.r, loyalty.RefundFailed, loyalty.RefundSucceeded)
		}
	case 7:
		status := pick(h.r, loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost)
		o.Disputes = []loyalty.Dispute{
			{ID: "d", At: h.at, Status: status, Amount: receipt.OrderTotal(*o) / pick[int64](h.r, 1, 2)},
		}
	case 8:
		o.Delivered = h.at
	}
	if !h.order("revision", i) {
		h.orders[i] = was
	}
}

func (h *recorded) redeem() {
	in := loyalty.Redemption{
		ID: fmt.Sprint(
			"rd_",
			len(h.entries),
		), Reward: pick(h.r, "mug", "mug", "miles", "tour", "tour", "perk", redeem.PayReward, "gone"),
		Order: pick(h.r, "", "1"), Cart: pick(h.r, "", "", "cart"),
		Total: loyalty.Money{Amount: pick[int64](h.r, 100, 2500), Currency: "EUR"},
	}
	if in.Reward == redeem.PayReward {
		in.Points = pick[loyalty.Points](h.r, 0, 50, 99, 100, 150)
	}
	if in.Reward == "mug" {
		in.Code = "CODE-" + in.ID
	}
	commit := h.r.IntN(2) == 0
	h.together(fmt.Sprint("redeem ", in.Reward, " ", commit), func() ([]posting.Outcome, error) {
		if in.Reward == "mug" && in.Cart == "" {
			return share.RedeemTogether(BeginAll(h.p, []loyalty.Account{h.acc, h.bob}, h.at), h.home, in, commit, nil)
		}
		out, err := redeem.Redeem(Begin(h.p, h.acc, h.at), in, commit, nil)
		return []posting.Outcome{out}, err
	})
}

// together runs a command that may concern bob as well.
func (h *recorded) together(what string, command func() ([]posting.Outcome, error)) {
	var outs []posting.Outcome
	done := h.do(what, func() (posting.Outcome, error) {
		var err error
		if outs, err = command(); err != nil {
			return posting.Outcome{}, err
		}
		return outs[0], nil
	})
	if done && len(outs) > 1 {
		h.keepBob(outs[1])
	}
}

// keepBob applies an outcome to the account of bob.
func (h *recorded) keepBob(out posting.Outcome) {
	if out.Account.Member == "" {
		return // nothing concerns bob
	}
	if err := posting.CheckWrite(h.bob, out.Account, out.Entries); err != nil {
		h.t.Fatal(err)
	}
	h.bob = out.Account
	for _, e := range out.Entries {
		h.line("  bob", fmt.Sprintf("%s %s %+d", e.Kind, e.Cause, e.Points), e)
		if e.Redemption != nil {
			h.parts[e.Redemption.ID] = e
		}
	}
}

// give transfers points to bob, or ends an offer.
func (h *recorded) give() {
	for _, x := range h.acc.Holds {
		if x.Redemption.To != "" {
			h.endOffer(x.Redemption)
			return
		}
	}
	in := loyalty.Redemption{
		ID: fmt.Sprint("tr_", len(h.entries)), Points: pick(h.r, 10, 25, 26, h.acc.Balance().Active),
	}
	h.together(
		fmt.Sprint("give ", in.Points),
		func() ([]posting.Outcome, error) {
			return share.Transfer(Begin(h.p, h.acc, h.at), Begin(h.p, h.bob, h.at), in)
		},
	)
}

func (h *recorded) endOffer(offer loyalty.Redemption) {
	if as := pick(h.r, loyalty.Accepted, loyalty.Accepted, loyalty.Declined, loyalty.Canceled); as != loyalty.Accepted {
		h.do(string(as), func() (posting.Outcome, error) {
			return share.ReturnTransfer(
				Begin(h.p, h.acc, h.at), offer, as,
			)
		})
		return
	}
	h.together(
		"accept", func() ([]posting.Outcome, error) {
			return share.AcceptTransfer(Begin(h.p, h.acc, h.at), Begin(h.p, h.bob, h.at), offer)
		},
	)
}

// resolve ends or reverses a redemption.
func (h *recorded) resolve() {
	if len(h.spent) == 0 {
		return
	}
	e := h.spent[max(0, len(h.spent)-1-h.r.IntN(3))]
	for _, x := range h.acc.Holds {
		if h.r.IntN(3) > 0 {
			e.Redemption = &x.Redemption
		}
	}
	x := *e.Redemption
	if x.To != "" {
		h.endOffer(x)
		return
	}
	accs, entries := []loyalty.Account{h.acc}, []loyalty.Entry{e}
	if part, ok := h.parts[x.ID]; ok && len(x.Contributions) > 0 {
		accs, entries = append(accs, h.bob), append(entries, part)
	}
	switch h.r.IntN(5) {
	case 0:
		h.together("cancel", func() ([]posting.Outcome, error) { return CancelTogether(h.p, accs, x, h.at) })
	case 1, 2:
		n := pick(h.r, 0, 0, x.Points/2, x.Points)
		h.together(
			fmt.Sprint("commit ", n),
			func() ([]posting.Outcome, error) { return CommitTogether(h.p, accs, x, h.p, n, h.at) },
		)
	default:
		share := pick(h.r, big.NewRat(1, 3), big.NewRat(1, 2), big.NewRat(1, 1))
		h.together("reverse "+share.String(), func() ([]posting.Outcome, error) {
			target, _, err := redeem.Returned(&h.p.Redemption, x, share, redeem.IssuedCode{})
			if err != nil {
				return nil, err
			}
			return redeem.ReverseTogether(BeginAll(h.p, accs, h.at), entries, target)
		})
	}
}

func (h *recorded) adjust() {
	wallet := pick(h.r, "", "", "miles")
	n := pick(h.r, 1, 40, 300, -1, -30, -h.acc.BalanceOf(wallet).Active)
	h.do(fmt.Sprint("adjust ", wallet, n), func() (posting.Outcome, error) {
		return Adjust(h.p, h.acc, fmt.Sprint("adj_", len(h.entries)), wallet, n, "sorry", h.at)
	})
}

// place sets a level manually.
func (h *recorded) place() {
	in := tier.Placement{
		Level:     pick(h.r, "bronze", "silver", "gold"),
		Permanent: h.r.IntN(6) == 0,
		Locked:    h.r.IntN(3) == 0,
		Reason:    "match",
	}
	if h.r.IntN(2) == 0 {
		in.Until = h.at.Add(pick(h.r, time.Millisecond, 20*24*time.Hour, 100*24*time.Hour))
	}
	if len(h.p.TierGroups) > 0 && h.r.IntN(2) == 0 {
		in.TierGroup = "partner"
	}
	h.do(
		"set "+in.Level,
		func() (posting.Outcome, error) {
			return tier.SetTier(Begin(h.p, h.acc, h.at), fmt.Sprint("set_", len(h.entries)), in)
		},
	)
}

func (h *recorded) tellTraits() {
	if h.r.IntN(3) == 0 {
		h.do("opt in", func() (posting.Outcome, error) { return OptIn(h.p, h.acc, "club", h.at) })
		return
	}
	traits := loyalty.Traits{
		Zone: pick(h.r, "", "America/New_York"), Birthday: pick(h.r, 0, 229, 1202),
		MembershipYearStart: pick(h.r, 0, 615),
		Segments:            pick(h.r, nil, []string{"card"}, []string{"vip", "card"}),
	}
	h.do("traits", func() (posting.Outcome, error) { return SetTraits(h.p, h.acc, traits, h.at) })
}

// send reports an event, or a later state of one.
func (h *recorded) send() {
	ev := loyalty.Event{
		Type:   pick(h.r, "visit.completed", "review.approved", "review.declined"),
		ID:     fmt.Sprint(h.r.IntN(6)),
		Member: h.acc.Member,
		At:     h.at,
	}
	prior, version := h.events[award.EventCause(ev)], 0
	if prior != nil {
		ev.At, version = prior.Event.At, prior.Program
	}
	h.do(ev.Type, func() (posting.Outcome, error) {
		return award.PlaceEvent(Begin(h.p, h.acc, h.at), prior, EarnRules(h.rules(version, ev.At)), ev)
	})
}

func (h *recorded) convert() {
	if len(h.moved) > 0 && h.r.IntN(2) == 0 {
		e, n := pick(h.r, h.moved...), pick[loyalty.Points](h.r, 0, 3, 7)
		h.do(
			fmt.Sprint("convert back ", n),
			func() (posting.Outcome, error) { return share.ConvertBack(Begin(h.p, h.acc, h.at), e, n) },
		)
		return
	}
	from, to := "", "miles"
	if h.r.IntN(3) == 0 {
		from, to = to, from
	}
	n := pick(h.r, 10, 25, h.acc.BalanceOf(from).Active)
	h.do(fmt.Sprint("convert ", from, n), func() (posting.Outcome, error) {
		return share.Convert(Begin(h.p, h.acc, h.at), fmt.Sprint("cv_", len(h.entries)), from, to, n)
	})
}

// goodwill extends, reinstates or activates points, or records a notice.
func (h *recorded) goodwill() {
	day := calendar.DateOf(h.at.AddDate(0, pick(h.r, 0, 2, 25), 0), h.p.Zone)
	switch h.r.IntN(4) {
	case 0:
		h.do("extend", func() (posting.Outcome, error) {
			return Extend(h.p, h.acc, fmt.Sprint("ext_", len(h.entries)), day, "sorry", h.at)
		})
	case 1:
		for _, e := range slices.Backward(h.entries) {
			if e.Kind == loyalty.KindExpire {
				h.do(
					"reinstate",
					func() (posting.Outcome, error) { return Reinstate(h.p, h.acc, e, day, "sorry", h.at) },
				)
				return
			}
		}
	case 2:
		for _, o := range slices.Backward(h.orders) {
			if s := h.states[o.ID]; s != nil {
				h.do(
					"activate",
					func() (posting.Outcome, error) {
						return ActivateOrder(
							h.p, h.acc, *s, h.rules(s.Program, h.at), h.at,
						)
					},
				)
				return
			}
		}
	case 3:
		what, subject := loyalty.OfFall, posting.TierNotice(h.acc.Tier)
		if len(h.acc.Lots) > 0 && h.r.IntN(2) == 0 {
			what, subject = loyalty.OfExpiry, h.acc.Lots[0].Expires.String()
		}
		h.do("notify", func() (posting.Outcome, error) { return remind.Notify(Begin(h.p, h.acc, h.at), what, subject) })
	}
}
