package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// erasuresARun limits the number of members of a program who are erased per run of the schedule. The next run
// continues.
const erasuresARun = 1_000

// erasures returns a queue message for each member of a program whose erasure is due.
func (r reassess) erasures(ctx context.Context, program string, at time.Time) (bodies []string, err error) {
	for m, err := range r.Erasures().Due(ctx, program, at) {
		if err != nil {
			return bodies, fmt.Errorf("list the erasures of %s: %w", program, err)
		}
		body, err := json.Marshal(shardTask{Program: program, Due: at, Member: m, Erase: true})
		if err != nil {
			return bodies, fmt.Errorf("encode a message: %w", err)
		}
		if bodies = append(bodies, string(body)); len(bodies) == erasuresARun {
			break
		}
	}
	return bodies, nil
}

// erase erases a member. The log line is outside the table, so it shows after a restore from a backup which erasures
// must be applied again.
func (s *workerRun) erase(ctx context.Context, p *loyalty.Program, m loyalty.MemberID) error {
	e, done, err := s.Erasures().Apply(ctx, p, m)
	if err != nil {
		return fmt.Errorf("jobs: erase %s of %s: %w", m, p.ID, err)
	}
	if done {
		s.done++
		s.Log.InfoContext(
			ctx, "member erased", "program", p.ID, "member", m, "requested_at", e.Requested, "due_at", e.Due,
			"completed_at", e.Completed,
		)
	}
	return nil
}
