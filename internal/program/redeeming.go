package program

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// onRefund maps the refund policies for redemptions. By default, a refund restores all points.
var onRefund = map[string]loyalty.OnRefund{"pro_rata": loyalty.ShareBack, "keep": loyalty.NoneBack}

// redeeming reads the terms of redemptions.
func (c *compiler) redeeming(n *node) loyalty.RedemptionTerms {
	c.p.Hold = c.hold(n.get("hold"))
	return loyalty.RedemptionTerms{
		PerOrder:  c.integer(n.get("per_order"), 1, 100),
		CodeValid: c.some(n.get("code_valid")),
		Grace:     c.grace(n.get("grace")),
		OnRefund:  onRefund[n.get("on_refund").text()],
		Pay:       c.pay(n.get("pay")),
		Auto:      c.auto(n.get("auto")),
	}
}

// auto reads the automatic redemption. The rewards must have been read before.
func (c *compiler) auto(n *node) (auto loyalty.Auto) {
	if n == nil {
		return auto
	}
	auto = loyalty.Auto{
		Reward: n.get("reward").text(), At: loyalty.Points(c.integer(n.get("at"), 1, int64(loyalty.MaxPoints))),
		Limit: redeem.MaxAutoLimit,
	}
	if stop := n.get("limit"); stop != nil {
		times, _, _ := strings.Cut(stop.text(), " ")
		auto.Limit, _ = strconv.ParseInt(times, 10, 64)
		if auto.Limit < 1 || auto.Limit > redeem.MaxAutoLimit {
			c.add(at(stop, "%s is not from 1 to %d per day", stop.value, redeem.MaxAutoLimit))
		}
	}
	r, ok := redeem.FindReward(c.p, auto.Reward)
	if !ok {
		var ids []string
		for _, r := range c.p.Rewards {
			ids = append(ids, r.ID)
		}
		c.add(at(n.get("reward"), "unknown reward %q", clip(auto.Reward)).Suggest(nearest.Word(auto.Reward, ids)))
		return auto
	}
	if wants := redeem.AutoObstacle(&r); wants != "" {
		c.add(at(n.get("reward"), "%s %s; only a reward that requires nothing but points can be redeemed automatically", r.ID, wants))
	}
	if most := slices.Max(r.Costs()); auto.At < most {
		c.add(at(n.get("at"), "%s is less than the cost of %s, %d points", n.get("at").value, r.ID, most))
	}
	return auto
}

// pay reads how orders can be paid with points.
func (c *compiler) pay(n *node) (y loyalty.Pay) {
	if n == nil {
		return y
	}
	y.Rates = byCurrency(c, n.get("rates"), c.payRate)
	for _, f := range n.get("rates").pairs() {
		if r := y.Rates[loyalty.Currency(f.key.name)]; r.Points != nil && r.Points.Sign() == 0 {
			c.add(at(f, "0 would allow no payment; use a value above 0"))
		}
	}
	y.Min = loyalty.Points(c.integer(n.get("min"), 1, int64(loyalty.MaxPoints)))
	y.Step = loyalty.Points(c.integer(n.get("step"), 1, int64(loyalty.MaxPoints)))
	y.Share = c.share(n.get("share"))
	if most := n.get("at_most"); most != nil {
		y.Most = byCurrency(c, most, c.amount)
	}
	return y
}

// grace reads the minimum lifetime of restored points, in whole days.
func (c *compiler) grace(n *node) loyalty.Period {
	p := c.some(n)
	if p.Hours > 0 || p.Minutes > 0 {
		c.add(at(n, "%s is not a number of days, weeks, months or years", n.value))
	}
	return p
}

// hold reads how long a reservation lasts. The maximum is a week, so that abandoned carts do not block points.
func (c *compiler) hold(n *node) time.Duration {
	const most = 7 * 24 * time.Hour
	if n == nil {
		return engine.DefaultHold
	}
	p := c.period(n)
	d := time.Duration(p.Days*24+p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute
	if p.Months > 0 || d > most || d <= 0 && !p.IsZero() || p.IsZero() && durationForm.MatchString(n.text()) {
		c.add(at(n, "%s is not above 0 minutes and at most 7 days", n.value))
	}
	return d
}

// holding returns the duration of a reservation as a period.
func holding(p *loyalty.Program) loyalty.Period {
	return loyalty.Period{Minutes: int(p.Hold / time.Minute)}
}

// payRate reads the rate at which points pay. Full steps are rejected, because every point has the same value.
func (c *compiler) payRate(n *node, cur loyalty.Currency) loyalty.Rate {
	r := c.rate(n, cur)
	if r.Full {
		c.add(at(n, "full is only for earning; use step to redeem only multiples of a number of points"))
	}
	return r
}
