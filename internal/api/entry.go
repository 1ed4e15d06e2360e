package api

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func listEntries(ctx context.Context, c *call) (answer, error) {
	size, err := c.pageSize()
	if err != nil {
		return answer{}, err
	}
	p, m, err := c.namedMember(ctx)
	if err != nil {
		return answer{}, err
	}
	before, err := c.openCursor(string(m.Account.Member))
	if err != nil {
		return answer{}, err
	}
	list := wire.EntryList{}
	last := int64(0)
	for e, err := range c.app.Ledger.Statement(ctx, p.ID, m.Account.Member, before) {
		if err != nil {
			return answer{}, err
		}
		if len(list.Data) == size {
			list.NextCursor = c.cursor(string(m.Account.Member), last)
			break
		}
		list.Data = append(list.Data, c.wireEntry(p, e))
		last = e.Sequence
	}
	return answer{body: list}, nil
}

func getEntry(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	m, err := c.member(ctx, c.path("member"))
	if err != nil {
		return answer{}, err
	}
	e, err := c.app.Ledger.Entry(ctx, p.ID, m, c.path("entry"))
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireEntry(p, e)}, nil
}

func (c *call) wireEntry(p *loyalty.Program, e loyalty.Entry) wire.Entry {
	out := wire.Entry{
		ID: e.ID(), Kind: wire.EntryKind(e.Kind), Points: int64(e.Points),
		Cause: wire.Cause{Kind: wire.CauseKind(e.Cause.Kind), ID: e.Cause.ID, Revision: e.Cause.Revision},
		At:    e.Effective.UTC(), RecordedAt: e.Recorded.UTC(),
		Because: wireBecause(e.Because), Balance: wireBalance(e.Balance),
	}
	if e.Kind == loyalty.KindEarn && e.Points > 0 && e.Order != nil {
		base := e.Order.Grants[0]
		out.Status = earned(base.ActiveAt, c.app.Now())
		out.AvailableAt = base.ActiveAt.UTC()
		out.ExpiresAt = end(p, base.Expires)
	}
	if r := e.Redemption; r != nil {
		out.Redemption = &wire.EntryRedemption{ID: r.ID, Reward: r.Reward, Order: r.Order}
	}
	return out
}

func earned(activeAt, now time.Time) wire.EntryStatus {
	if activeAt.IsZero() || activeAt.After(now) {
		return wire.EntryStatusPending
	}
	return wire.EntryStatusActive
}

// end is when a lot lapses; the zero instant if never.
func end(p *loyalty.Program, d loyalty.Date) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return d.End(p.Zone)
}

func wireBecause(because []loyalty.Because) []wire.Because {
	out := make([]wire.Because, len(because))
	for i, b := range because {
		out[i] = wire.Because{Rule: b.Rule, Effect: b.Effect(), Points: b.Points}
	}
	return out
}
