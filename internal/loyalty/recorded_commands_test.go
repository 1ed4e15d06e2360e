package loyalty

import (
	"fmt"
	"math/big"
	"slices"
	"time"
)

// The commands of a recorded history.

func (h *recorded) buy() {
	o := Order{
		ID: fmt.Sprint(
			len(h.orders) + 1,
		), Member: h.acc.Member, PlacedAt: h.at, Status: pick(h.r, OrderPaid, OrderPaid, OrderPaid, OrderPlaced),
		Currency: pick[Currency](
			h.r,
			"EUR",
			"EUR",
			"EUR",
			"JPY",
			"CHF",
		), Channel: pick(h.r, "web", "shop"), Store: pick(h.r, "", "east"), Clock: pick(h.r, nil, time.FixedZone("till", -5*3600)),
	}
	if h.r.IntN(3) == 0 {
		o.PlacedAt = o.PlacedAt.Add(-pick(h.r, time.Millisecond, time.Hour, 20*24*time.Hour, 89*24*time.Hour))
	}
	if since := h.acc.Tier.Since; h.r.IntN(6) == 0 && h.at.Sub(since) < MaxOrderAge {
		o.PlacedAt = since.Add(pick(h.r, 0, -time.Millisecond))
	}
	for i := range 1 + h.r.IntN(3) {
		o.Lines = append(o.Lines, Line{
			ID: fmt.Sprint(
				i,
			), Category: pick(h.r, "", "beans", "cards"), SKU: pick(h.r, "a", "b"), Brand: pick(h.r, "", "east", "west"),
			Quantity: pick[int64](
				h.r,
				1,
				1,
				2,
				5,
			), Amount: pick[int64](h.r, 0, 1, 50, 999, 1000, 1001, 2500, 5000, 10000, 19999, 30000),
		})
	}
	o.Discount, o.Shipping, o.Tax = o.items()/pick[int64](
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
	for _, kind := range []TenderKind{TenderGiftCard, TenderPoints, TenderCard} {
		if h.r.IntN(4) == 0 {
			o.Tenders = append(
				o.Tenders,
				Tender{Kind: kind, Amount: o.total() / pick[int64](h.r, 3, 4, 5), Name: pick(h.r, "", "house")},
			)
		}
	}
	h.orders = append(h.orders, o)
	quote, err := h.p.QuoteUnder(h.rules(0, o.PlacedAt), h.acc, o, h.left, h.at)
	h.line("quote", fmt.Sprint(quote.Points), quote, fmt.Sprint(err))
	h.order("order", len(h.orders)-1)
}

// order delivers an order in its present state.
func (h *recorded) order(what string, i int) bool {
	o := h.orders[i]
	prior, version := h.states[o.ID], 0
	if prior != nil {
		version = prior.Program
	}
	return h.do(what+" "+o.ID, func() (Outcome, error) {
		acc := h.acc
		for {
			out, err := h.p.PlaceOrder(acc, prior, h.rules(version, o.PlacedAt), o, h.left, h.at)
			if !out.Needs.Undecided() {
				return out, err
			}
			if out.Needs.Numbers {
				acc = h.p.WithFirstOrders(acc, h.entries)
			}
			if out.Needs.Later != (PlacedOrder{}) {
				acc = acc.WithLaterOrders(out.Needs.Later, h.entries)
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
		o.Status = OrderCanceled
	case 1:
		o.Status = OrderPaid
	case 2, 3:
		n := o.total() / pick[int64](h.r, 1, 2, 3, 100)
		o.Refunds = append(
			o.Refunds,
			Refund{ID: fmt.Sprint("r", len(o.Refunds)), At: h.at, Status: RefundSucceeded, Amount: n},
		)
	case 4:
		l := pick(h.r, o.Lines...)
		r := Refund{
			ID:     fmt.Sprint("r", len(o.Refunds)),
			At:     h.at,
			Status: RefundSucceeded,
			Amount: l.Amount / pick[int64](h.r, 1, 2),
		}
		r.Lines = []RefundLine{{l.ID, 1, r.Amount}}
		o.Refunds = append(o.Refunds, r)
	case 5:
		r := Refund{
			ID:       fmt.Sprint("r", len(o.Refunds)),
			At:       h.at,
			Status:   RefundSucceeded,
			Amount:   o.Shipping + o.Tax,
			Shipping: o.Shipping,
			Tax:      o.Tax,
		}
		o.Refunds = append(o.Refunds, r)
	case 6:
		for j := range o.Refunds {
			o.Refunds[j].Status = pick(h.r, RefundFailed, RefundSucceeded)
		}
	case 7:
		status := pick(h.r, DisputeOpen, DisputeWon, DisputeLost)
		o.Disputes = []Dispute{{"d", h.at, status, o.total() / pick[int64](h.r, 1, 2)}}
	case 8:
		o.Delivered = h.at
	}
	if !h.order("revision", i) {
		h.orders[i] = was
	}
}

func (h *recorded) redeem() {
	in := Redemption{
		ID: fmt.Sprint(
			"rd_",
			len(h.entries),
		), Reward: pick(h.r, "mug", "mug", "miles", "tour", "tour", "perk", PayReward, "gone"), Order: pick(h.r, "", "1"), Cart: pick(h.r, "", "", "cart"),
		Total: Money{pick[int64](h.r, 100, 2500), "EUR"},
	}
	if in.Reward == PayReward {
		in.Points = pick[Points](h.r, 0, 50, 99, 100, 150)
	}
	if in.Reward == "mug" {
		in.Code = "CODE-" + in.ID
	}
	commit := h.r.IntN(2) == 0
	h.together(fmt.Sprint("redeem ", in.Reward, " ", commit), func() ([]Outcome, error) {
		if in.Reward == "mug" && in.Cart == "" {
			return h.p.RedeemTogether(h.home, []Account{h.acc, h.bob}, in, commit, nil, h.at)
		}
		out, err := h.p.Redeem(h.acc, in, commit, nil, h.at)
		return []Outcome{out}, err
	})
}

// together runs a command that may concern bob as well.
func (h *recorded) together(what string, command func() ([]Outcome, error)) {
	var outs []Outcome
	done := h.do(what, func() (Outcome, error) {
		var err error
		if outs, err = command(); err != nil {
			return Outcome{}, err
		}
		return outs[0], nil
	})
	if done && len(outs) > 1 {
		h.keepBob(outs[1])
	}
}

// keepBob takes over an outcome of bob.
func (h *recorded) keepBob(out Outcome) {
	if out.Account.Member == "" {
		return // nothing concerns bob
	}
	if err := CheckWrite(h.bob, out.Account, out.Entries); err != nil {
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
	in := Redemption{ID: fmt.Sprint("tr_", len(h.entries)), Points: pick(h.r, 10, 25, 26, h.acc.Balance().Active)}
	h.together(
		fmt.Sprint("give ", in.Points),
		func() ([]Outcome, error) { return h.p.Transfer(h.acc, h.bob, in, h.at) },
	)
}

func (h *recorded) endOffer(offer Redemption) {
	if as := pick(h.r, Accepted, Accepted, Declined, Canceled); as != Accepted {
		h.do(string(as), func() (Outcome, error) { return h.p.Return(h.acc, offer, as, h.at) })
		return
	}
	h.together("accept", func() ([]Outcome, error) { return h.p.Accept(h.acc, h.bob, offer, h.at) })
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
	accs, entries := []Account{h.acc}, []Entry{e}
	if part, ok := h.parts[x.ID]; ok && len(x.Contributions) > 0 {
		accs, entries = append(accs, h.bob), append(entries, part)
	}
	switch h.r.IntN(5) {
	case 0:
		h.together("cancel", func() ([]Outcome, error) { return h.p.CancelTogether(accs, x, h.at) })
	case 1, 2:
		n := pick(h.r, 0, 0, x.Points/2, x.Points)
		h.together(
			fmt.Sprint("commit ", n),
			func() ([]Outcome, error) { return h.p.CommitTogether(accs, x, h.p, n, h.at) },
		)
	default:
		share := pick(h.r, big.NewRat(1, 3), big.NewRat(1, 2), big.NewRat(1, 1))
		h.together("reverse "+share.String(), func() ([]Outcome, error) {
			target, _, err := h.p.Returned(x, share, IssuedCode{})
			if err != nil {
				return nil, err
			}
			return h.p.ReverseTogether(accs, entries, target, h.at)
		})
	}
}

func (h *recorded) adjust() {
	wallet := pick(h.r, "", "", "miles")
	n := pick(h.r, 1, 40, 300, -1, -30, -h.acc.BalanceOf(wallet).Active)
	h.do(fmt.Sprint("adjust ", wallet, n), func() (Outcome, error) {
		return h.p.Adjust(h.acc, fmt.Sprint("adj_", len(h.entries)), wallet, n, "sorry", h.at)
	})
}

// place sets a level manually.
func (h *recorded) place() {
	in := Placement{
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
		func() (Outcome, error) { return h.p.SetTier(h.acc, fmt.Sprint("set_", len(h.entries)), in, h.at) },
	)
}

func (h *recorded) tellTraits() {
	if h.r.IntN(3) == 0 {
		h.do("opt in", func() (Outcome, error) { return h.p.OptIn(h.acc, "club", h.at) })
		return
	}
	traits := Traits{
		Zone: pick(h.r, "", "America/New_York"), Birthday: pick(h.r, 0, 229, 1202), MembershipYearStart: pick(h.r, 0, 615),
		Segments: pick(h.r, nil, []string{"card"}, []string{"vip", "card"}),
	}
	h.do("traits", func() (Outcome, error) { return h.p.SetTraits(h.acc, traits, h.at) })
}

// send reports an event, or a later state of one.
func (h *recorded) send() {
	ev := Event{
		Type:   pick(h.r, "visit.completed", "review.approved", "review.declined"),
		ID:     fmt.Sprint(h.r.IntN(6)),
		Member: h.acc.Member,
		At:     h.at,
	}
	prior, version := h.events[ev.Cause()], 0
	if prior != nil {
		ev.At, version = prior.Event.At, prior.Program
	}
	h.do(ev.Type, func() (Outcome, error) { return h.p.PlaceEvent(h.acc, prior, h.rules(version, ev.At), ev, h.at) })
}

func (h *recorded) convert() {
	if len(h.moved) > 0 && h.r.IntN(2) == 0 {
		e, n := pick(h.r, h.moved...), pick[Points](h.r, 0, 3, 7)
		h.do(fmt.Sprint("convert back ", n), func() (Outcome, error) { return h.p.ConvertBack(h.acc, e, n, h.at) })
		return
	}
	from, to := "", "miles"
	if h.r.IntN(3) == 0 {
		from, to = to, from
	}
	n := pick(h.r, 10, 25, h.acc.BalanceOf(from).Active)
	h.do(fmt.Sprint("convert ", from, n), func() (Outcome, error) {
		return h.p.Convert(h.acc, fmt.Sprint("cv_", len(h.entries)), from, to, n, h.at)
	})
}

// goodwill extends, reinstates or activates points, or records a notice.
func (h *recorded) goodwill() {
	day := DateOf(h.at.AddDate(0, pick(h.r, 0, 2, 25), 0), h.p.Zone)
	switch h.r.IntN(4) {
	case 0:
		h.do("extend", func() (Outcome, error) {
			return h.p.Extend(h.acc, fmt.Sprint("ext_", len(h.entries)), day, "sorry", h.at)
		})
	case 1:
		for _, e := range slices.Backward(h.entries) {
			if e.Kind == KindExpire {
				h.do("reinstate", func() (Outcome, error) { return h.p.Reinstate(h.acc, e, day, "sorry", h.at) })
				return
			}
		}
	case 2:
		for _, o := range slices.Backward(h.orders) {
			if s := h.states[o.ID]; s != nil {
				h.do(
					"activate",
					func() (Outcome, error) { return h.p.ActivateOrder(h.acc, *s, h.rules(s.Program, h.at), h.at) },
				)
				return
			}
		}
	case 3:
		what, subject := OfFall, TierNotice(h.acc.Tier)
		if len(h.acc.Lots) > 0 && h.r.IntN(2) == 0 {
			what, subject = OfExpiry, h.acc.Lots[0].Expires.String()
		}
		h.do("notify", func() (Outcome, error) { return h.p.Notify(h.acc, what, subject, h.at) })
	}
}
