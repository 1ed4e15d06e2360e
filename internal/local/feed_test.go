package local

import (
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
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
