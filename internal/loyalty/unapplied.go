package loyalty

import (
	"slices"
	"strings"
)

// unapplied adds the reasons why rules that run at the order's time gave nothing: for each rule, the first condition
// that is not met, unless the rule has a reason already. It omits rules that only run as a trial (Shadow).
func (v *valuation) unapplied(which func(*rule) bool) {
	v.listing = true
	for i := range v.p.compiled.rules {
		r := &v.p.compiled.rules[i]
		at := v.o.PlacedAt
		runs := !at.Before(r.Match.From) && (r.Match.Until.IsZero() || at.Before(r.Match.Until))
		if r.Shadow || !runs || !which(r) || v.mentions(r.key) {
			continue
		}
		var m matched
		if what, of := v.elsewhere(&r.Match); what != "" {
			v.why(r.key, IsFor, what, strings.Join(of, ", "))
		} else if v.matched(r, &m) {
			v.may(r, &m)
		} else if items := slices.Concat(r.Match.Categories, r.Match.SKUs, r.Match.Brands); len(items) > 0 {
			v.why(r.key, IsFor, "items", strings.Join(items, ", "))
		}
	}
}

func (v *valuation) mentions(rule string) bool {
	for _, b := range v.because {
		if b.Rule == rule {
			return true
		}
	}
	return false
}

// unappliedCampaigns adds to the reasons of a quote why other campaigns that run do not apply.
func (p *Program) unappliedCampaigns(acc Account, s *OrderState, because []Reason) []Reason {
	var w worth
	v := valuation{p: p, acc: acc, s: s, o: &s.Order, worth: &w}
	v.base()
	v.level, w.because = whole(1), because
	v.unapplied(func(r *rule) bool { return r.campaign })
	return w.because
}
