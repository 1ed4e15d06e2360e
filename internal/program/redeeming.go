package program

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// onRefund maps the words of the key on_refund to constants, which state whether the refund of an order restores the
// redeemed points. By default, a refund restores all points.
var onRefund = map[string]loyalty.OnRefund{"pro_rata": loyalty.ShareBack, "keep": loyalty.NoneBack}

// parseRedeeming reads the terms of redemptions.
func parseRedeeming(c *document.Compiler, n *document.Node) loyalty.RedemptionTerms {
	c.P.Hold = parseHold(c, n.Get("hold"))
	return loyalty.RedemptionTerms{
		PerOrder:  c.Integer(n.Get("per_order"), 1, 100),
		CodeValid: validate.Some(c, n.Get("code_valid")),
		Grace:     parseGrace(c, n.Get("grace")),
		OnRefund:  onRefund[n.Get("on_refund").Text()],
		Pay:       parsePay(c, n.Get("pay")),
		Auto:      parseAuto(c, n.Get("auto")),
	}
}

// parseAuto reads the terms of automatic redemptions. The rewards must have been read before.
func parseAuto(c *document.Compiler, n *document.Node) (auto loyalty.Auto) {
	if n == nil {
		return auto
	}
	auto = loyalty.Auto{
		Reward: n.Get("reward").Text(), At: loyalty.Points(c.Integer(n.Get("at"), 1, int64(loyalty.MaxPoints))),
		Limit: redeem.MaxAutoLimit,
	}
	if stop := n.Get("limit"); stop != nil {
		times, _, _ := strings.Cut(stop.Text(), " ")
		auto.Limit, _ = strconv.ParseInt(times, 10, 64)
		if auto.Limit < 1 || auto.Limit > redeem.MaxAutoLimit {
			c.Add(document.At(stop, "%s is not from 1 to %d per day", stop.Value, redeem.MaxAutoLimit))
		}
	}
	r, ok := redeem.FindReward(c.P.Rewards, auto.Reward)
	if !ok {
		var ids []string
		for _, r := range c.P.Rewards {
			ids = append(ids, r.ID)
		}
		c.Add(
			document.At(
				n.Get("reward"), "unknown reward %q", document.Clip(auto.Reward),
			).Suggest(nearest.Word(auto.Reward, ids)),
		)
		return auto
	}
	if wants := redeem.AutoObstacle(&r); wants != "" {
		c.Add(
			document.At(
				n.Get("reward"), "%s %s; only a reward that requires nothing but points can be redeemed automatically",
				r.ID, wants,
			),
		)
	}
	if most := slices.Max(r.Costs()); auto.At < most {
		c.Add(document.At(n.Get("at"), "%s is less than the cost of %s, %d points", n.Get("at").Value, r.ID, most))
	}
	return auto
}

// parsePay reads how orders can be paid with points.
func parsePay(c *document.Compiler, n *document.Node) (y loyalty.Pay) {
	if n == nil {
		return y
	}
	y.Rates = byCurrency(c, n.Get("rates"), parsePayRate)
	for _, f := range n.Get("rates").Pairs() {
		if r := y.Rates[loyalty.Currency(f.Key.Name)]; r.Points != nil && r.Points.Sign() == 0 {
			c.Add(document.At(f, "0 would allow no payment; use a value above 0"))
		}
	}
	y.Min = loyalty.Points(c.Integer(n.Get("min"), 1, int64(loyalty.MaxPoints)))
	y.Step = loyalty.Points(c.Integer(n.Get("step"), 1, int64(loyalty.MaxPoints)))
	y.Share = c.Share(n.Get("share"))
	if most := n.Get("at_most"); most != nil {
		y.Most = byCurrency(c, most, (*document.Compiler).Amount)
	}
	return y
}

// parseGrace reads the minimum time, in whole days, until restored points expire.
func parseGrace(c *document.Compiler, n *document.Node) calendar.Period {
	p := validate.Some(c, n)
	if p.Hours > 0 || p.Minutes > 0 {
		c.Add(document.At(n, "%s is not a number of days, weeks, months or years", n.Value))
	}
	return p
}

// parseHold reads the duration of a reservation. The maximum is one week, because the points in an abandoned cart
// remain reserved for this time.
func parseHold(c *document.Compiler, n *document.Node) time.Duration {
	const most = 7 * 24 * time.Hour
	if n == nil {
		return engine.DefaultHold
	}
	p := c.Period(n)
	d := time.Duration(p.Days*24+p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute
	if p.Months > 0 || d > most || d <= 0 && !p.IsZero() || p.IsZero() && document.DurationForm.MatchString(n.Text()) {
		c.Add(document.At(n, "%s is not above 0 minutes and at most 7 days", n.Value))
	}
	return d
}

// parsePayRate reads the rate at which points pay for orders. It rejects rates with "full", because every single point
// has the same value.
func parsePayRate(c *document.Compiler, n *document.Node, cur loyalty.Currency) loyalty.Rate {
	r := c.Rate(n, cur)
	if r.Full {
		c.Add(document.At(n, "full is only for earning; use step to redeem only multiples of a number of points"))
	}
	return r
}
