package describe

import (
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A rewardSection describes the rewards.
type rewardSection struct{ *writer }

// explain describes the rewards and how members redeem points for them.
func (s rewardSection) explain() {
	for _, r := range s.p.Rewards {
		s.reward(r)
	}
	if len(s.p.Rewards) > 0 {
		s.redeeming()
	}
}

func (s rewardSection) reward(r loyalty.Reward) {
	parts := []string{s.whole(int64(r.Cost)) + " buy " + s.bought(r)}
	if r.Type == redeem.Perk {
		parts[0] = "There is a perk that costs nothing"
	}
	if len(r.MinOrder) > 0 {
		parts = append(parts, "for orders of at least "+Series(amounts(r.MinOrder), "or"))
	}
	parts = append(parts, s.whose(r.Tiers, r.Segments)...)
	if r.When != nil {
		parts = append(parts, asked(r.When, ""))
	}
	parts = append(parts, s.span(r.Active.From, r.Active.Until)...)
	s.say("%s (%s).", strings.Join(parts, ", "), r.ID)
	s.cheaper(r)
	s.alsoFor(r)
	if shown := s.span(r.Visible.From, r.Visible.Until); len(shown) > 0 {
		s.say("- It is visible %s.", strings.Join(shown, " "))
	}
	if len(r.Limits) > 0 {
		s.say("- A member can redeem it %s.", Series(often(r.Limits), "and"))
	}
	for i, d := range r.StockBatches {
		more, when := "", ""
		if i > 0 {
			more = " more"
		}
		if !d.At.IsZero() {
			when = " " + s.span(d.At, time.Time{})[0] + " on"
		}
		s.say("- There are %d%s%s.", d.Quantity, more, when)
	}
	if r.HasWaitlist() {
		s.say("- It has a waitlist; each member on it can claim one for %s.", Period(r.FirstCall))
	}
	for _, o := range r.Dates {
		s.say("- On %s it has %s (%s).", s.instant(o.At), count(int(o.Capacity), "place"), o.ID)
	}
	s.codes(r.Codes)
	switch {
	case r.Address:
		s.say("- It is shipped to an address.")
	case r.Manual:
		s.say("- It is fulfilled manually.")
	}
}

// bought describes the content of a reward, such as its value.
func (s rewardSection) bought(r loyalty.Reward) string {
	switch r.Type {
	case "amount_off":
		return r.Value.String() + " off"
	case "percent_off":
		most := ""
		if r.MaxValue.Amount > 0 {
			most = " but at most " + r.MaxValue.String()
		}
		return Digits(r.Percent) + "% off" + most
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
		return s.in(r.Wallet, int64(r.Points))
	}
	return "an experience"
}

// cheaper describes the prices of a reward for members of certain levels, in the order of the levels.
func (s rewardSection) cheaper(r loyalty.Reward) {
	for _, l := range s.p.Tiers.Levels {
		if price, ok := r.Prices[l.ID]; ok {
			s.say("- Members of %s pay %s.", l.Name.In("en"), s.whole(int64(price)))
		}
	}
}

// alsoFor describes the prices of a reward in points of other wallets.
func (s rewardSection) alsoFor(r loyalty.Reward) {
	for _, w := range s.p.Wallets {
		if price, ok := r.Wallets[w.ID]; ok {
			s.say("- It can be redeemed for %s instead.", s.in(w.ID, int64(price)))
		}
	}
}

// codes describes the code that a member presents for a reward, and how long it is valid.
func (s rewardSection) codes(c loyalty.Codes) {
	switch c.From {
	case loyalty.NoCode:
		return
	case loyalty.GeneratedCode:
		s.say("- Each redemption has its own code.")
	case loyalty.UploadedCode:
		s.say("- The stock is the number of uploaded codes.")
	case loyalty.SharedCode:
		s.say("- Its code is %s, the same for all.", c.Shared)
	}
	lasts := ""
	if !c.Valid.IsZero() {
		lasts = ", for " + Period(c.Valid)
	}
	switch {
	case !c.Wait.IsZero():
		s.say("- A code can be used %s after it was claimed%s.", Period(c.Wait), lasts)
	case lasts != "":
		s.say("- A code can be used at once%s.", lasts)
	}
}

// redeeming describes the rules that apply to all rewards.
func (s rewardSection) redeeming() {
	r := s.p.Redemption
	s.say(
		"Points are reserved for %s; canceling a reservation returns them.",
		Period(Holding(s.p)),
	)
	if r.PerOrder > 0 {
		s.say("An order can use at most %s.", count(int(r.PerOrder), "reward"))
	}
	coded := func(r loyalty.Reward) bool { return r.Codes.From != loyalty.NoCode && r.Codes.Valid.IsZero() }
	if !r.CodeValid.IsZero() && slices.ContainsFunc(s.p.Rewards, coded) {
		s.say("Codes can be used for %s unless stated otherwise.", Period(r.CodeValid))
	}
	s.say("%s", map[loyalty.OnRefund]string{
		loyalty.AllBack: "When the shop reverses a redemption because its order was refunded, its points are restored.",
		loyalty.ShareBack: "When the shop reverses a redemption because its order was refunded, " +
			"the same share of its points is restored.",
		loyalty.NoneBack: "Points spent on a reward are not restored, even if its order is refunded.",
	}[r.OnRefund])
	s.pay(r.Pay)
	if r.Auto.Reward != "" {
		s.say(
			"A member with %s automatically redeems %s, at most %s a day.", s.whole(int64(r.Auto.At)), r.Auto.Reward,
			count(int(r.Auto.Limit), "time"),
		)
	}
	if !r.Grace.IsZero() {
		s.say("Restored points can be spent for at least %s.", Period(r.Grace))
	}
}

// pay describes how orders can be paid with points.
func (s rewardSection) pay(y loyalty.Pay) {
	if len(y.Rates) == 0 {
		return
	}
	s.say("Orders can be paid with points: %s.", s.rates(y.Rates, "or"))
	var bounds []string
	if y.Min > 0 {
		bounds = append(bounds, "at least "+s.whole(int64(y.Min)))
	}
	if y.Step > 1 {
		bounds = append(bounds, "in steps of "+s.whole(int64(y.Step)))
	}
	if y.Share != nil {
		bounds = append(bounds, "at most "+percentage(y.Share)+" of an order")
	}
	if len(y.Most) > 0 {
		bounds = append(bounds, "at most "+Series(amounts(y.Most), "or"))
	}
	if len(bounds) > 0 {
		s.say("- That is %s.", Series(bounds, "and"))
	}
}
