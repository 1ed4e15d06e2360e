package stacktest

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

//go:embed overdue.yaml
var overdueProgram string

// Overdue makes members for whom time has everything to do, so that the next command about one of them writes items of
// every kind that any command can write, whichever function runs it.
type Overdue struct {
	T       testing.TB
	Ledger  *ledger.Ledger
	Advance func(time.Duration) // moves the ledger's clock

	program *loyalty.Program
}

// Publish publishes the program of the members, as the version behind the newest, and returns it.
func (o *Overdue) Publish(id string, after int) *loyalty.Program {
	o.T.Helper()
	source := []byte(strings.Replace(overdueProgram, "program: overdue", "program: "+id, 1))
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		o.T.Fatal(err)
	}
	in := ledger.Published{Program: id, Source: source, Snapshot: snapshot.Encode(p), By: "test"}
	o.check(o.Ledger.Publish(o.T.Context(), in, after))
	p.ID, p.Version = id, after+1
	o.program = p
	return p
}

// Members makes overdue members: each has a reservation of a reward with limited stock and one of a code from a pool,
// both expired, and pending points whose activation redeems a reward automatically. The clock moves by 15 days.
func (o *Overdue) Members(members ...loyalty.MemberID) {
	o.T.Helper()
	ctx, by := o.T.Context(), ledger.By{Actor: "test"}
	for _, m := range members {
		_, err := o.Ledger.Adjust(ctx, o.program, ledger.Adjustment{ID: "adj_" + string(m), Member: m, Points: 300, Reason: "test"}, by)
		o.check(err)
		_, err = o.Ledger.AddCodes(ctx, o.program.ID, "cinema", slices.Values([]string{"CODE-" + string(m)}))
		o.check(err)
		for _, reward := range []string{"mug", "cinema"} {
			in := ledger.RedemptionRequest{ID: "rd_" + reward + "_" + string(m), Member: m, Reward: reward}
			_, err = o.Ledger.Redeem(ctx, o.program, in, by)
			o.check(err)
		}
		o.Pending(m, 1)
	}
	o.Advance(15 * 24 * time.Hour)
}

// Pending gives a member pending points of so many events, each with an instant of its own at which they become active.
func (o *Overdue) Pending(m loyalty.MemberID, events int) {
	o.T.Helper()
	for i := range events {
		_, err := o.Ledger.PutEvent(o.T.Context(), o.program, loyalty.Event{
			Type: "seminar.completed", ID: fmt.Sprintf("%s_%d_%d", m, events, i), Member: m, At: o.Ledger.Now().Add(-time.Duration(i) * time.Second),
		}, ledger.By{Actor: "test"})
		o.check(err)
	}
}

// Enrol makes members without anything.
func (o *Overdue) Enrol(members ...loyalty.MemberID) {
	o.T.Helper()
	for _, m := range members {
		_, err := o.Ledger.Enrol(o.T.Context(), o.program, ledger.Enrolment{Member: m}, ledger.By{Actor: "test"})
		o.check(err)
	}
}

// Queue puts a member first on the waiting list of the reward print, of which one item is free.
func (o *Overdue) Queue(m, other loyalty.MemberID) {
	o.T.Helper()
	ctx, by := o.T.Context(), ledger.By{Actor: "test"}
	_, err := o.Ledger.Adjust(ctx, o.program, ledger.Adjustment{ID: "adj_" + string(other), Member: other, Points: 100, Reason: "test"}, by)
	o.check(err)
	_, err = o.Ledger.Redeem(ctx, o.program, ledger.RedemptionRequest{ID: "rd_print", Member: other, Reward: "print"}, by)
	o.check(err)
	_, err = o.Ledger.Wait(ctx, o.program, "print", m)
	o.check(err)
	_, err = o.Ledger.Cancel(ctx, o.program, "rd_print", by)
	o.check(err)
}

func (o *Overdue) check(err error) {
	o.T.Helper()
	if err != nil {
		o.T.Fatal(err)
	}
}
