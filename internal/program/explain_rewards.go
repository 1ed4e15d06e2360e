package program

import (
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// rewards describes the rewards and how points are redeemed for them.
func (e *explainer) rewards() {
	for _, r := range e.p.Rewards {
		e.reward(r)
	}
	if len(e.p.Rewards) > 0 {
		e.redeeming()
	}
}

func (e *explainer) reward(r loyalty.Reward) {
	parts := []string{e.whole(int64(r.Cost)) + " buy " + e.bought(r)}
	if r.Type == loyalty.Perk {
		parts[0] = "There is a perk that costs nothing"
	}
	if len(r.MinOrder) > 0 {
		parts = append(parts, "for orders of at least "+series(amounts(r.MinOrder), "or"))
	}
	parts = append(parts, e.whose(r.Tiers, r.Segments)...)
	if r.When != nil {
		parts = append(parts, asked(r.When, ""))
	}
	parts = append(parts, e.span(r.Active.From, r.Active.Until)...)
	e.say("%s (%s).", strings.Join(parts, ", "), r.ID)
	e.cheaper(r)
	e.alsoFor(r)
	if shown := e.span(r.Visible.From, r.Visible.Until); len(shown) > 0 {
		e.say("- Members see it %s.", strings.Join(shown, " "))
	}
	if len(r.Limits) > 0 {
		e.say("- A member can have it %s.", series(often(r.Limits), "and"))
	}
	for i, d := range r.StockBatches {
		more, when := "", ""
		if i > 0 {
			more = " more"
		}
		if !d.At.IsZero() {
			when = " " + e.span(d.At, time.Time{})[0] + " on"
		}
		e.say("- There are %d%s%s.", d.Quantity, more, when)
	}
	if r.HasWaitlist() {
		e.say("- Members can wait for it; each has the first call on a piece for %s.", period(r.FirstCall))
	}
	for _, o := range r.Dates {
		e.say("- On %s it has %s (%s).", e.instant(o.At), count(int(o.Capacity), "place"), o.ID)
	}
	e.codes(r.Codes)
	switch {
	case r.Address:
		e.say("- It is sent to an address.")
	case r.Manual:
		e.say("- It is handed over by hand.")
	}
}

// bought describes the value of a reward.
func (e *explainer) bought(r loyalty.Reward) string {
	switch r.Type {
	case "amount_off":
		return r.Value.String() + " off"
	case "percent_off":
		most := ""
		if r.MaxValue.Amount > 0 {
			most = " but at most " + r.MaxValue.String()
		}
		return digits(r.Percent) + "% off" + most
	case "free_shipping":
		return "free shipping"
	case "free_product":
		return "product " + r.SKU + " for free"
	case "gift_card":
		return "a gift card of " + r.Value.String()
	case "partner":
		return "a voucher of " + r.Partner
	case "donation":
		return "a donation of " + r.Value.String()
	case "wallet_points":
		return e.in(r.Wallet, int64(r.Points))
	}
	return "an experience"
}

// cheaper describes the prices of a reward for certain levels, in the order of the levels.
func (e *explainer) cheaper(r loyalty.Reward) {
	for _, l := range e.p.Tiers.Levels {
		if price, ok := r.Prices[l.ID]; ok {
			e.say("- Members of %s pay %s.", l.Name.In("en"), e.whole(int64(price)))
		}
	}
}

// codes describes the code that a member presents, and its validity.
func (e *explainer) codes(c loyalty.Codes) {
	switch c.From {
	case loyalty.NoCode:
		return
	case loyalty.GeneratedCode:
		e.say("- Each has a code of its own.")
	case loyalty.UploadedCode:
		e.say("- There are as many as there are uploaded codes.")
	case loyalty.SharedCode:
		e.say("- Its code is %s, the same for all.", c.Shared)
	}
	lasts := ""
	if !c.Valid.IsZero() {
		lasts = ", for " + period(c.Valid)
	}
	switch {
	case !c.Wait.IsZero():
		e.say("- A code can be used %s after it was claimed%s.", period(c.Wait), lasts)
	case lasts != "":
		e.say("- A code can be used at once%s.", lasts)
	}
}

// redeeming describes the rules that apply to all rewards.
func (e *explainer) redeeming() {
	r := e.p.Redemption
	e.say(
		"Points stay reserved for %s; those of a reservation that the shop cancels are given back.",
		period(holding(e.p)),
	)
	if r.PerOrder > 0 {
		e.say("An order can use %s at most.", count(int(r.PerOrder), "reward"))
	}
	coded := func(r loyalty.Reward) bool { return r.Codes.From != loyalty.NoCode && r.Codes.Valid.IsZero() }
	if !r.CodeValid.IsZero() && slices.ContainsFunc(e.p.Rewards, coded) {
		e.say("Codes can be used for %s where nothing else is said.", period(r.CodeValid))
	}
	e.say("%s", map[loyalty.OnRefund]string{
		loyalty.AllBack:   "When the shop reverses a reward because its order was refunded, its points are given back.",
		loyalty.ShareBack: "When the shop reverses a reward because its order was refunded, the same share of its points is given back.",
		loyalty.NoneBack:  "Points that were spent on a reward stay spent, also if its order is refunded.",
	}[r.OnRefund])
	e.pay(r.Pay)
	if r.Auto.Reward != "" {
		e.say(
			"Whoever has %s gets %s by itself, at most %s a day.", e.whole(int64(r.Auto.At)), r.Auto.Reward,
			count(int(r.Auto.Limit), "time"),
		)
	}
	if !r.Grace.IsZero() {
		e.say("Points that are given back can be spent for at least %s.", period(r.Grace))
	}
}

// pay describes how orders can be paid with points.
func (e *explainer) pay(y loyalty.Pay) {
	if len(y.Rates) == 0 {
		return
	}
	e.say("Orders can be paid with points: %s.", e.rates(y.Rates, "or"))
	var bounds []string
	if y.Min > 0 {
		bounds = append(bounds, "at least "+e.whole(int64(y.Min)))
	}
	if y.Step > 1 {
		bounds = append(bounds, "in steps of "+e.whole(int64(y.Step)))
	}
	if y.Share != nil {
		bounds = append(bounds, "at most "+percentage(y.Share)+" of an order")
	}
	if len(y.Most) > 0 {
		bounds = append(bounds, "at most "+series(amounts(y.Most), "or"))
	}
	if len(bounds) > 0 {
		e.say("- That is %s.", series(bounds, "and"))
	}
}
