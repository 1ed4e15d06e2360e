package stacktest

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/service"
)

//go:embed overdue.yaml
var overdueProgram string

// Overdue creates members for whom changes of every kind are overdue. If a function executes a command for such a
// member, it therefore writes every kind of item that a command can write.
type Overdue struct {
	T       testing.TB
	Stores  app.Stores
	Advance func(time.Duration) // advances the clock of the stores

	program *loyalty.Program
}

// Publish publishes the program of the members and returns it. The argument after is the number of the newest published
// version.
func (o *Overdue) Publish(id string, after int) *loyalty.Program {
	o.T.Helper()
	source := []byte(strings.Replace(overdueProgram, "program: overdue", "program: "+id, 1))
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		o.T.Fatal(err)
	}
	in := catalog.Published{Program: id, Source: source, Snapshot: snapshot.Encode(p), By: "test"}
	o.check(o.Stores.Catalog.Publish(o.T.Context(), in, after))
	p.ID, p.Version = id, after+1
	o.program = p
	return p
}

// Members creates members with overdue changes. Each member has two expired reservations: one of a reward with limited
// stock, and one of a code from a pool. Each member also has pending points, whose activation automatically redeems a
// reward. Members advances the clock by 15 days.
func (o *Overdue) Members(members ...loyalty.MemberID) {
	o.T.Helper()
	ctx, by := o.T.Context(), ledger.By{Actor: "test"}
	for _, m := range members {
		_, err := o.Stores.Adjustments.Adjust(
			ctx, o.program, service.Adjustment{ID: "adj_" + string(m), Member: m, Points: 300, Reason: "test"}, by,
		)
		o.check(err)
		_, err = o.Stores.Codes.Add(
			ctx, o.program.ID, "cinema", slices.Values([]string{"CODE-" + string(m)}),
		)
		o.check(err)
		for _, reward := range []string{"mug", "cinema"} {
			in := service.RedemptionRequest{ID: "rd_" + reward + "_" + string(m), Member: m, Reward: reward}
			_, err = o.Stores.Redemptions.Redeem(ctx, o.program, in, by)
			o.check(err)
		}
		o.Pending(m, 1)
	}
	o.Advance(15 * 24 * time.Hour)
}

// Pending sends a number of events for a member. The events earn pending points that become active at different
// instants.
func (o *Overdue) Pending(m loyalty.MemberID, events int) {
	o.T.Helper()
	for i := range events {
		_, err := o.Stores.Events.Put(o.T.Context(), o.program, loyalty.Event{
			Type: "seminar.completed", ID: fmt.Sprintf("%s_%d_%d", m, events, i), Member: m,
			At: o.Stores.Ledger.Now().Add(-time.Duration(i) * time.Second),
		}, ledger.By{Actor: "test"})
		o.check(err)
	}
}

// Enroll creates members without points.
func (o *Overdue) Enroll(ids ...loyalty.MemberID) {
	o.T.Helper()
	for _, m := range ids {
		_, err := o.Stores.Members.Enroll(
			o.T.Context(), o.program, members.Enrollment{Member: m}, ledger.By{Actor: "test"},
		)
		o.check(err)
	}
}

// Queue makes the member m the first on the waitlist of the reward with the ID print. It then releases an item that
// another member had reserved.
func (o *Overdue) Queue(m, other loyalty.MemberID) {
	o.T.Helper()
	ctx, by := o.T.Context(), ledger.By{Actor: "test"}
	_, err := o.Stores.Adjustments.Adjust(
		ctx, o.program, service.Adjustment{ID: "adj_" + string(other), Member: other, Points: 100, Reason: "test"}, by,
	)
	o.check(err)
	_, err = o.Stores.Redemptions.Redeem(
		ctx, o.program, service.RedemptionRequest{ID: "rd_print", Member: other, Reward: "print"}, by,
	)
	o.check(err)
	_, err = o.Stores.Waitlists.Join(ctx, o.program, "print", m)
	o.check(err)
	_, err = o.Stores.Redemptions.Cancel(ctx, o.program, "rd_print", by)
	o.check(err)
}

func (o *Overdue) check(err error) {
	o.T.Helper()
	if err != nil {
		o.T.Fatal(err)
	}
}
