package listing_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// A bench has the accounts and profiles of members, without their lists.
type bench struct {
	*testing.T
	table *pebbletable.Table
	lists listing.List
	now   time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	b := &bench{T: t, table: tab, now: noon}
	b.lists = listing.List{Table: tab, Now: func() time.Time { return b.now }}
	return b
}

// put writes an item of a member, or deletes it if doc is nil.
func (b *bench) put(m loyalty.MemberID, item string, doc []byte) {
	b.Helper()
	it, err := b.table.Get(b.Context(), stored.MemberKey("p", m, item))
	if err != nil {
		b.Fatal(err)
	}
	op := table.Delete(it)
	if it.Doc = doc; doc != nil {
		op = table.Put(it)
	}
	if err := b.table.Transact(b.Context(), op); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) account(m loyalty.MemberID, level string, groups ...loyalty.TierGroupStanding) {
	b.Helper()
	b.accountWith(loyalty.Account{Member: m, Status: loyalty.Active, TierGroups: groups}, level)
}

// accountWith writes an account at a level.
func (b *bench) accountWith(acc loyalty.Account, level string) {
	b.Helper()
	acc.Joined, acc.Sequence, acc.Tier = noon, 1, loyalty.Standing{Level: level, Since: noon}
	b.put(acc.Member, stored.AccountItem, stored.Encode(stored.StoredAccount(acc)))
}

func (b *bench) profile(m loyalty.MemberID) { b.put(m, stored.ProfileItem, []byte(`{"k":"","p":""}`)) }

func (b *bench) refresh(m loyalty.MemberID) {
	b.Helper()
	if err := b.lists.Refresh(b.Context(), "p", m); err != nil {
		b.Fatal(err)
	}
}

// atLevel requires the members at a level, whom it reads in pages of one.
func (b *bench) atLevel(level string, want ...loyalty.MemberID) {
	b.Helper()
	b.pages(want, func(after string) ([]loyalty.MemberID, string, error) {
		return b.lists.AtLevels(b.Context(), "p", []string{level}, after, 1)
	})
}

// since requires the members who changed since an instant.
func (b *bench) since(at time.Time, want ...loyalty.MemberID) {
	b.Helper()
	b.pages(want, func(after string) ([]loyalty.MemberID, string, error) {
		return b.lists.Since(b.Context(), "p", at, after, 1)
	})
}

func (b *bench) pages(want []loyalty.MemberID, page func(after string) ([]loyalty.MemberID, string, error)) {
	b.Helper()
	var all []loyalty.MemberID
	for after := ""; ; {
		found, next, err := page(after)
		if err != nil || len(found) > 1 || len(found) == 0 && len(all) > 0 {
			b.Fatalf("a page has the members %v, %v", found, err)
		}
		if all = append(all, found...); next == "" {
			break
		}
		after = next
	}
	slices.Sort(all)
	slices.Sort(want)
	if !slices.Equal(all, want) {
		b.Errorf("listed are %v, want %v", all, want)
	}
}

func TestMembersAreListedByLevelAndChange(t *testing.T) {
	b := newBench(t)
	var golds, all []loyalty.MemberID
	for n := range 40 {
		m, level := loyalty.MemberID(fmt.Sprint("mem_", n)), "silver"
		if n%2 == 0 {
			level, golds = "gold", append(golds, m)
		}
		b.account(m, level)
		b.profile(m)
		all = append(all, m)
	}
	if err := b.lists.RefreshEach(t.Context(), "p", all); err != nil {
		t.Fatal(err)
	}
	b.atLevel("gold", golds...)
	b.atLevel("bronze")
	b.since(noon, all...)
	b.since(noon.Add(time.Second))

	b.now = noon.Add(time.Hour)
	b.account("mem_0", "silver")
	b.refresh("mem_0")
	b.profile("mem_1")
	b.refresh("mem_1")
	b.refresh("mem_2") // unchanged
	b.atLevel("gold", golds[1:]...)
	b.since(b.now, "mem_0", "mem_1")
	b.since(noon, all...)
}

func TestLevelsOfTierGroupsAreListed(t *testing.T) {
	b := newBench(t)
	group := func(id, level string) loyalty.TierGroupStanding {
		return loyalty.TierGroupStanding{TierGroup: id, Tier: loyalty.Standing{Level: level, Since: noon}}
	}
	b.account("mem_1", "gold", group("club", "guest"), group("visits", "regular"))
	b.profile("mem_1")
	b.refresh("mem_1")
	for _, level := range []string{"gold", "guest", "regular"} {
		b.atLevel(level, "mem_1")
	}
	b.now = noon.Add(time.Hour)
	b.account("mem_1", "gold", group("visits", "regular"), group("club", "guest")) // another order
	b.refresh("mem_1")
	b.since(b.now)
	b.account("mem_1", "gold", group("visits", "regular"))
	b.refresh("mem_1")
	b.atLevel("guest")
	b.since(b.now, "mem_1")
}

func TestErasedMemberIsNotListed(t *testing.T) {
	for name, erase := range map[string]func(b *bench){
		"the account is closed": func(b *bench) {
			b.accountWith(loyalty.Account{Member: "mem_1", Status: loyalty.Erased}, "gold")
		},
		"the profile is deleted": func(b *bench) { b.put("mem_1", stored.ProfileItem, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.account("mem_1", "gold")
			b.profile("mem_1")
			b.refresh("mem_1")
			erase(b)
			b.refresh("mem_1")
			b.atLevel("gold")
			b.since(noon)
			var dump strings.Builder
			if err := b.table.Dump(&dump); err != nil || strings.Contains(dump.String(), "#LIST#") {
				t.Errorf("list items remain: %s, %v", dump.String(), err)
			}
		})
	}
}

// RefreshAll repairs missing and wrong items, and writes nothing if all items are correct.
func TestRefreshAllRepairsLists(t *testing.T) {
	b := newBench(t)
	for _, m := range []loyalty.MemberID{"mem_1", "mem_2", "mem_3", "mem_4"} {
		b.account(m, "gold")
		b.profile(m)
		if m != "mem_1" {
			b.refresh(m)
		}
	}
	b.account("mem_2", "silver")
	b.put("mem_3", stored.AccountItem, nil)
	repair := func(want int) {
		t.Helper()
		refreshed, err := b.lists.RefreshAll(t.Context(), b.table.Items(t.Context()))
		if err != nil || refreshed["p"] != want {
			t.Errorf("refreshed are %v, want %d: %v", refreshed, want, err)
		}
	}
	repair(3)
	b.atLevel("gold", "mem_1", "mem_4")
	b.atLevel("silver", "mem_2")
	repair(0)
	broken := func(yield func(table.Item, error) bool) { yield(table.Item{}, context.Canceled) }
	if _, err := b.lists.RefreshAll(t.Context(), iter.Seq2[table.Item, error](broken)); err == nil {
		t.Error("an error of the table is ignored")
	}
}

// A refresh that began with an older account never replaces the list items of a newer one.
func TestConcurrentRefreshKeepsTheLatestState(t *testing.T) {
	b := newBench(t)
	b.account("mem_1", "gold")
	b.profile("mem_1")
	raced := listing.List{Now: b.lists.Now}
	raced.Table = &racing{Table: b.table, before: func() {
		b.account("mem_1", "silver")
		b.refresh("mem_1")
	}}
	if err := raced.Refresh(t.Context(), "p", "mem_1"); err != nil {
		t.Fatal(err)
	}
	b.atLevel("gold")
	b.atLevel("silver", "mem_1")
}

// A racing table calls before once, before its first write.
type racing struct {
	table.Table
	before func()
}

func (r *racing) Transact(ctx context.Context, ops ...table.Op) error {
	if before := r.before; before != nil {
		r.before = nil
		before()
	}
	return r.Table.Transact(ctx, ops...)
}

func TestRefreshSurvivesFaults(t *testing.T) {
	b := newBench(t)
	faulty := tabletest.NewFaulty(b.table, 1)
	faulty.BusyReads, faulty.Busy, faulty.LostBefore, faulty.LostAfter = 0.1, 0.1, 0.1, 0.1
	lists := listing.List{Table: faulty, Now: b.lists.Now}
	var listed []loyalty.MemberID
	for n := range 50 {
		m := loyalty.MemberID(fmt.Sprint("mem_", n))
		b.account(m, "gold")
		b.profile(m)
		for lists.Refresh(t.Context(), "p", m) != nil {
			continue
		}
		listed = append(listed, m)
	}
	b.atLevel("gold", listed...)
	b.since(noon, listed...)
}

func TestOnlyProfilesAreChanges(t *testing.T) {
	for key, want := range map[table.Key]bool{
		stored.MemberKey("p", "mem_1", stored.ProfileItem): true,
		stored.MemberKey("p", "mem_1", stored.AccountItem): false,
		{PK: "P#p#LIST#mem_1", SK: stored.ProfileItem}:     false,
		{PK: "P#p#PROGRAM", SK: "LIVE"}:                    false,
	} {
		program, m, ok := listing.Changed(key)
		if ok != want || ok && (program != "p" || m != "mem_1") {
			t.Errorf("Changed(%s) returns %s, %s, %v", key, program, m, ok)
		}
	}
}
