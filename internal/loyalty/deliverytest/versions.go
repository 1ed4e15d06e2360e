package deliverytest

import (
	"math/big"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// A Publication is a version of the program and the instant from which it is live.
type Publication struct {
	At      time.Time
	Program *loyalty.Program
}

// publish adds versions of the program. They have the same levels, wallets and budgets, because these depend on the
// version that is live when an order is reported (see the exceptions in package loyalty).
func (h *History) publish(t *rapid.T) {
	at, p := h.Joined, h.Program
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "versions") {
		// Processes learn of a version up to 30 seconds late, and all other facts happen at the beginning of an hour.
		at = h.after(t, at, 120, "next version").Add(40 * time.Minute)
		before := p
		p = nextVersion(t, p, h.Life)
		engine.Supersede(p, before, at, rapid.SampledFrom([]loyalty.RefreshMode{
			loyalty.UpgradeOnly, loyalty.FullRefresh,
		}).Draw(t, "tier changes"))
		h.Published = append(h.Published, Publication{at, p})
	}
}

// nextVersion draws a version of the program with other rates, actions, multipliers, thresholds and rules.
func nextVersion(t *rapid.T, p *loyalty.Program, life Life) *loyalty.Program {
	next := *p
	next.Version++
	next.Earn.Rates = rates(rapid.SampledFrom([]int64{1, 2, 3}).Draw(t, "next rate"), 1)
	next.Earn.Actions = slices.Clone(p.Earn.Actions)
	next.Earn.Actions[0].Points = rapid.SampledFrom([]loyalty.Points{0, 40, 55}).Draw(t, "next visit")
	next.Tiers.Levels = slices.Clone(p.Tiers.Levels)
	next.Tiers.Levels[2].Multiply = big.NewRat(rapid.Int64Range(2, 5).Draw(t, "next level multiplies"), 2)
	if rapid.Bool().Draw(t, "next thresholds") && next.Tiers.Levels[1].From > 0 {
		double := rapid.Bool().Draw(t, "doubled")
		for i := range next.Tiers.Levels[1:] {
			l := &next.Tiers.Levels[i+1]
			if l.From *= 2; !double {
				l.From = max(int64(i+1), l.From/4)
			}
		}
	}
	if len(p.Earn.Rules) > 0 {
		next.Earn.Rules = []loyalty.Rule{randomRule(t, p.Earn.Rules[0].ID, life)}
		if budgeted(p) {
			unbound(&next.Earn)
		}
	}
	if err := engine.Compile(&next); err != nil {
		t.Fatal(err)
	}
	return &next
}

// advance advances the account to an instant, under the versions of the program that were live in between.
func (a *Account) advance(now time.Time) {
	if a.Referrer != nil {
		a.Referrer.advance(now)
	}
	var versions []tier.Live
	for _, x := range a.h.Published[len(a.past):] {
		if x.At.After(now) {
			break
		}
		a.past = append(a.past, tier.Live{Program: a.p, Until: x.At})
		a.p = x.Program
	}
	for _, v := range a.past {
		if v.Until.After(a.ran) {
			versions = append(versions, v)
		}
	}
	a.effects.Published += len(versions)
	a.take(engine.AdvanceThrough(a.p, a.Account, versions, now))
	a.ran = now
}

// version returns the version of the program with a number.
func (a *Account) version(n int) *loyalty.Program {
	if n <= 1 {
		return a.h.Program
	}
	return a.h.Published[n-2].Program
}

// versionAt returns the version that was live at an instant.
func (a *Account) versionAt(at time.Time) *loyalty.Program {
	for _, v := range a.past {
		if at.Before(v.Until) {
			return v.Program
		}
	}
	return a.p
}

// Last returns the last version.
func (h *History) Last() *loyalty.Program {
	if n := len(h.Published); n > 0 {
		return h.Published[n-1].Program
	}
	return h.Program
}
