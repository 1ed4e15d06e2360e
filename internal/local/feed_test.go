package local

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// A feed lists members who enroll. The next process lists the members whom an earlier one did not list.
func TestFeedListsMembers(t *testing.T) {
	stack, p, _, _ := frozenStack(t)
	var want []loyalty.MemberID
	enroll := func(m loyalty.MemberID) {
		t.Helper()
		in := members.Enrollment{Member: m, Profile: members.Profile{Name: "Ada"}}
		if _, err := stack.App.Members.Enroll(t.Context(), p, in, ledger.By{Input: "in"}); err != nil {
			t.Fatal(err)
		}
		want = append(want, m)
	}
	listed := func() {
		t.Helper()
		lists := listing.List{Table: stack.feed.Table}
		found, next, err := lists.Since(t.Context(), p.ID, noon, "", 10)
		if slices.Sort(found); !slices.Equal(found, want) || next != "" || err != nil {
			t.Errorf("listed are %v, want %v: %v", found, want, err)
		}
	}
	stack.feed.catchUp()
	enroll("mem_1")
	stack.feed.flush(t.Context())
	listed()

	enroll("mem_2") // the process ends before it lists the member
	stack.feed.pending = nil
	stack.feed.caughtUp = false
	stack.feed.catchUp()
	listed()
	it, err := stack.feed.Get(t.Context(), table.Key{PK: "P#bluebird#LIST#mem_1", SK: "UPDATED"})
	if err != nil || it.Version != 1 {
		t.Errorf("the item of a member who did not change was written %d times: %v", it.Version, err)
	}
}

// TestStartAppendsOnlyTheJournal ends a process that has appended some entries and not others. The next process appends
// the others in the order of their time, and reads no other items.
func TestStartAppendsOnlyTheJournal(t *testing.T) {
	stack, p, _, _ := frozenStack(t)
	clock := stack.clock
	enroll := func(m loyalty.MemberID) {
		t.Helper()
		clock.Skip(time.Minute)
		in := members.Enrollment{Member: m, Profile: members.Profile{Name: "Ada"}}
		if _, err := stack.App.Members.Enroll(t.Context(), p, in, ledger.By{Input: "in"}); err != nil {
			t.Fatal(err)
		}
	}
	tab := stack.feed.Table.(*pebbletable.Table)
	journaled := func() (n int) {
		t.Helper()
		for _, err := range tab.Journaled(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	stack.feed.catchUp()
	for n := range 20 {
		enroll(loyalty.MemberID(fmt.Sprint("mem_a", n)))
	}
	stack.feed.flush(t.Context())
	if n := journaled(); n != 0 {
		t.Errorf("the journal has %d changes that were processed", n)
	}
	for n := range 9 { // the process ends before it appends these
		enroll(loyalty.MemberID(fmt.Sprint("mem_b", 9-n)))
	}
	missed := journaled()
	if missed < 9 {
		t.Errorf("the journal has %d changes, but 9 members enrolled", missed)
	}
	counted := &countedReads{Table: tab}
	next := newFeed(Options{Table: tab, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	next.Table, next.translog.Table, next.lists.Table = counted, counted, counted
	next.catchUp()
	if n := journaled(); n != 0 {
		t.Errorf("after the start, the journal has %d changes", n)
	}
	if counted.reads > 30*missed {
		t.Errorf("the start made %d reads for %d changes", counted.reads, missed)
	}
	report, err := verify.Table(t.Context(), tab, nil)
	if err != nil || len(report.Findings) > 0 || report.Unlogged > 0 || report.Entries != 58 {
		t.Errorf("%+v %v", report, err)
	}
	before := counted.reads
	again := newFeed(Options{Table: tab, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	again.Table, again.translog.Table, again.lists.Table = counted, counted, counted
	again.catchUp()
	if counted.reads != before {
		t.Errorf("a start with nothing to append made %d reads", counted.reads-before)
	}
}

// A countedReads counts the reads of a table.
type countedReads struct {
	table.Table
	reads int
}

func (c *countedReads) Get(ctx context.Context, key table.Key) (table.Item, error) {
	c.reads++
	return c.Table.Get(ctx, key)
}

func (c *countedReads) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	c.reads++
	return c.Table.Query(ctx, q)
}
