package programs

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

// maxEvaluated is the maximum number of members that are evaluated for one page, even if few of them are listed.
const maxEvaluated = 1000

// listTierChanges lists the members whose level will be different at a given instant, according to the live program or
// the draft.
func listTierChanges(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	now := c.App.Now().UTC().Truncate(time.Millisecond)
	v := catalog.LevelPreview{Live: p, Now: now}
	if v.Until, err = untilInstant(c, now); err != nil {
		return request.Answer{}, err
	}
	if v.Next, err = nextProgram(ctx, c, p, now.Add(time.Millisecond)); err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor("")
	if err != nil {
		return request.Answer{}, err
	}
	shard, place, err := cursor.Shard()
	if err != nil {
		return request.Answer{}, err
	}
	out := wire.TierChangeList{Data: []wire.TierChange{}}
	for ; shard < stored.Shards; shard, place = shard+1, "" {
		for x, err := range c.App.Catalog.LevelChanges(ctx, v, shard, place) {
			switch {
			case err != nil:
				return request.Answer{}, err
			case out.Evaluated == maxEvaluated:
				out.NextCursor = cursor.AtShard(shard, x.Place)
				return request.Answer{Body: out}, nil
			}
			if out.Evaluated++; x.From != x.To {
				out.Data = append(out.Data, wire.TierChange{
					Member: string(x.Member), From: x.From, To: x.To, At: x.At.UTC(), Effect: x.Because.Effect(),
				})
			}
		}
	}
	return request.Answer{Body: out}, nil
}

// untilInstant returns the instant that the request names. Without one, it returns the first instant after now.
func untilInstant(c *request.Call, now time.Time) (time.Time, error) {
	s, ok := c.Event.Query["until"]
	if !ok {
		return now.Add(time.Millisecond), nil
	}
	until, err := time.Parse(time.RFC3339, s)
	if err != nil || until.Before(now) || until.After(now.AddDate(2, 0, 0)) {
		return until, request.RefuseAt(loyalty.ValidationFailed, "until",
			"This must be an instant from now to two years ahead, like 2027-01-01T00:00:00Z.")
	}
	return until, nil
}

// nextProgram returns the program that determines the expected levels. If the request asks for the draft, this is the
// draft as if it were published at the given instant. Otherwise, it is the live program.
func nextProgram(ctx context.Context, c *request.Call, p *loyalty.Program, at time.Time) (*loyalty.Program, error) {
	mode := loyalty.RefreshMode(c.Event.Query["draft"])
	switch mode {
	case "":
		return p, nil
	case loyalty.UpgradeOnly, loyalty.FullRefresh:
	default:
		return nil, request.RefuseAt(loyalty.ValidationFailed, "draft",
			"This must be upgrade_only or full.")
	}
	source, _, err := draft(ctx, c)
	if err != nil {
		return nil, err
	}
	next, errs, _ := compile(c, source)
	if len(errs) > 0 {
		return nil, unpublishable(errs)
	}
	engine.Supersede(next, p, at, mode)
	return next, nil
}
