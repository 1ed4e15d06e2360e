package api

import (
	"context"
	"net/http"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/service"
)

type tierBody struct {
	TierGroup string     `json:"tier_group"`
	Level     string     `json:"level"`
	Reason    string     `json:"reason"`
	Until     *time.Time `json:"until"`
	Locked    bool       `json:"locked"`
	Permanent bool       `json:"permanent"`
}

func retrieveTier(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	now := c.App.Now()
	t := fullTier(p, m.Account, now)
	if t == nil {
		return request.Answer{}, request.Refuse(loyalty.NotFound, "The program has no tiers.")
	}
	if ahead, at, ok := engine.Projection(p, m.Account); ok {
		t.Projection = wireAhead(ahead, at)
	}
	for _, l := range p.TierGroups {
		view, on, _ := tier.TierGroupStanding(p, m.Account, l.ID)
		x := fullTier(view, on, now)
		if x == nil {
			continue
		}
		if ahead, at, ok := engine.ProjectionOf(p, m.Account, l.ID); ok {
			x.Projection = wireAhead(ahead, at)
		}
		t.TierGroups = append(t.TierGroups, wire.TierGroup{ID: l.ID, Name: wire.Text(l.Name), Tier: *x})
	}
	return request.Answer{Body: t}, nil
}

// fullTier returns the member's tier with all its requirements, or nil if the member has no level.
func fullTier(p *loyalty.Program, acc loyalty.Account, now time.Time) *wire.Tier {
	t := wireTier(p, acc, now)
	if t == nil {
		return nil
	}
	if t.Next != nil {
		_, rung, _ := p.Tiers.Level(t.Next.Level)
		t.Next.Paths = wireWays(tier.Of(p).Gaps(acc, rung, now))
	}
	if stay, ok := tier.Of(p).RetentionOf(acc, now); ok {
		t.Retention.Paths = wireWays(stay.Paths)
	}
	return t
}

func wireAhead(s loyalty.Standing, at time.Time) *wire.Projection {
	return &wire.Projection{Level: s.Level, At: at.UTC(), Until: request.Instant(s.Until)}
}

// wireTierGroups returns the member's tier in each tier group except the main one, as the API presents it.
func wireTierGroups(p *loyalty.Program, acc loyalty.Account, now time.Time) (out []wire.TierGroup) {
	for _, l := range p.TierGroups {
		view, on, _ := tier.TierGroupStanding(p, acc, l.ID)
		if t := wireTier(view, on, now); t != nil {
			out = append(out, wire.TierGroup{ID: l.ID, Name: wire.Text(l.Name), Tier: *t})
		}
	}
	return out
}

func updateTier(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b tierBody
	p, m, err := request.AskedMember(ctx, c, &b, func(faults *request.Check) {
		faults.RequiredID(request.At("level"), b.Level)
		faults.ID(request.At("tier_group"), b.TierGroup)
		faults.Text(request.At("reason"), b.Reason, 3, 200)
	})
	if err != nil {
		return request.Answer{}, err
	}
	in := service.TierChange{ID: request.DerivedID(c, "tier_", m), Member: m, Placement: tier.Placement{
		Level: b.Level, Reason: b.Reason, Locked: b.Locked, Permanent: b.Permanent, TierGroup: b.TierGroup,
	}}
	if b.Until != nil {
		in.Until = b.Until.UTC().Truncate(time.Millisecond)
	}
	by, err := request.By(c, in)
	if err != nil {
		return request.Answer{}, err
	}
	if in.Reason, err = c.App.Members.SealText(ctx, p.ID, m, in.Reason); err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Adjustments.SetTier(ctx, p, in, by)
	return adjusted(ctx, c, p, r, http.StatusCreated, err)
}

// wireTier returns the tier in the short form that answers about a member contain. The function fullTier adds the
// complete requirements, and retrieveTier adds the projection.
func wireTier(p *loyalty.Program, acc loyalty.Account, now time.Time) *wire.Tier {
	level, _, ok := p.Tiers.Level(acc.Tier.Level)
	if !ok {
		return nil
	}
	t := &wire.Tier{
		Level: level.ID, Name: wire.Text(level.Name), Since: acc.Tier.Since.UTC(), Perks: level.Perks,
		Until: request.Instant(acc.Tier.Until),
	}
	if next, missing, ok := tier.Of(p).Progress(acc, now); ok {
		t.Next = &wire.NextLevel{
			Level: next.ID, Name: wire.Text(next.Name), Missing: missing.Missing(), Metric: measureOf(missing, p),
		}
	}
	if stay, ok := tier.Of(p).RetentionOf(acc, now); ok {
		t.Retention = &wire.Retention{
			Missing: stay.Gap.Missing(), Metric: measureOf(stay.Gap, p), Deadline: stay.By.UTC(),
		}
	}
	if now.Before(acc.Tier.Lock) {
		t.LockedUntil = request.Instant(acc.Tier.Lock)
	}
	t.MinimumLevel = acc.Tier.Minimum
	return t
}

// measureOf returns the name of the gap's metric. If the gap is zero, it returns the program's first metric.
func measureOf(g tier.Gap, p *loyalty.Program) string {
	if g.From == 0 {
		g.By = p.Tiers.By
		if len(p.Tiers.Ways) > 0 {
			g.By = p.Tiers.Ways[0][0]
		}
	}
	return g.By.String()
}

func wireWays(ways [][]tier.Gap) [][]wire.LevelRequirement {
	out := make([][]wire.LevelRequirement, 0, len(ways))
	for _, way := range ways {
		needs := make([]wire.LevelRequirement, 0, len(way))
		for _, g := range way {
			needs = append(needs, wire.LevelRequirement{Metric: g.By.String(), Required: g.From, Current: g.Have})
		}
		out = append(out, needs)
	}
	return out
}
