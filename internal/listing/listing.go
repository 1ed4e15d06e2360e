// Package listing lists the members of a program by level, and by the time of the latest change of their profile,
// status or levels.
//
// The items of these lists are derived from accounts and profiles. The table's stream keeps them up to date: the
// function relay refreshes the items of a member after a change, on AWS usually within ten seconds, and on one machine
// within half a second. The transactions that change accounts therefore do not write these items, and an order costs
// the same with and without them. Refresh depends only on the current account and profile. It can be repeated, and it
// repairs missing items and items that are out of date.
//
// A list can contain a member who has changed since. Callers read the members and check them. The package deliberately
// does not read programs: it lists the stored level of a member, even if a later version of the program replaced it.
package listing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A List stores the list items of all members. Each member has a partition with one item for the latest change and one
// for each level. The index lists the items by level and by time.
type List struct {
	Table table.Table
	Now   func() time.Time
}

// These are the sort keys of a member's list items. The item of a level in a tier group has the ID of the group.
const (
	updatedItem = "UPDATED"
	levelItem   = "LEVEL"
)

// An updatedDoc contains the state of a member at the latest change. It is stored. Fields may only be added.
type updatedDoc struct {
	State string `json:"s"`
}

func partition(program string, m loyalty.MemberID) string {
	return "P#" + program + "#LIST#" + string(m)
}

// updatedPartition returns the index partition of a shard of the list of changes, whose latest end receives all writes.
func updatedPartition(program string, shard int) string {
	return "P#" + program + "#UPDATED#" + stored.Padded(int64(shard), 2)
}

// levelPartition returns the index partition of the members at a level. It needs no shards: its sort keys are random,
// so that the table can split it.
func levelPartition(program, level string) string { return "P#" + program + "#LEVEL#" + level }

// attempts is the maximum number of attempts to refresh a member while other processes refresh the same member.
const attempts = 10

// Refresh updates the list items of a member. It writes only items that are out of date. It removes the items of a
// member without account or profile, and of an erased member.
func (l List) Refresh(ctx context.Context, program string, m loyalty.MemberID) error {
	for range attempts {
		err := l.refresh(ctx, program, m)
		if err == nil {
			return nil
		}
		if _, conflicts := errors.AsType[*table.ConflictError](err); !conflicts && !errors.Is(err, table.ErrUnknown) {
			return fmt.Errorf("listing: refresh member %s: %w", m, err)
		}
	}
	return fmt.Errorf("listing: refresh member %s: %w", m, table.ErrBusy)
}

// refresh reads the list items before the account. If another process refreshes the member after that, the write
// conflicts, so that an older state never replaces a newer one.
func (l List) refresh(ctx context.Context, program string, m loyalty.MemberID) error {
	listed, err := all(ctx, l.Table, table.Query{PK: partition(program, m)})
	if err != nil {
		return err
	}
	q := table.Query{PK: stored.MemberPartition(program, m), From: stored.AccountItem, To: stored.ProfileItem}
	of, err := all(ctx, l.Table, q)
	if err != nil {
		return err
	}
	var ops []table.Op
	wanted, err := l.items(program, m, of[stored.AccountItem], of[stored.ProfileItem])
	if err != nil {
		return err
	}
	for _, it := range wanted {
		was := listed[it.Key.SK]
		delete(listed, it.Key.SK)
		if upToDate(was, it) {
			continue
		}
		it.Version = was.Version
		ops = append(ops, table.Put(it))
	}
	for _, was := range listed {
		ops = append(ops, table.Delete(was))
	}
	if len(ops) == 0 {
		return nil
	}
	return l.Table.Transact(ctx, ops...)
}

// upToDate reports whether a stored list item states the same as a wanted one.
func upToDate(was, wanted table.Item) bool {
	if wanted.Key.SK == updatedItem {
		return stateOf(was) == stateOf(wanted)
	}
	return was.Index == wanted.Index
}

func stateOf(it table.Item) string {
	var d updatedDoc
	if json.Unmarshal(it.Doc, &d) != nil {
		return "" // the item is absent, or is written again
	}
	return d.State
}

// items returns the list items of a member with the given account and profile.
func (l List) items(program string, m loyalty.MemberID, account, profile table.Item) ([]table.Item, error) {
	if account.Version == 0 || profile.Version == 0 {
		return nil, nil
	}
	acc, err := stored.ReadAccount(account, m)
	if err != nil || acc.Status == loyalty.Erased {
		return nil, err
	}
	items := []table.Item{{
		Key:   table.Key{PK: partition(program, m), SK: updatedItem},
		Index: table.Key{PK: updatedPartition(program, stored.ShardOf(m)), SK: stored.PlaceAt(l.Now(), m)},
		Doc:   stored.Encode(updatedDoc{state(acc, profile.Version)}),
	}}
	add := func(item string, s loyalty.Standing) {
		if s.Level != "" {
			items = append(items, table.Item{
				Key:   table.Key{PK: partition(program, m), SK: item},
				Index: table.Key{PK: levelPartition(program, s.Level), SK: string(m)},
				Doc:   stored.Encode(struct{}{}),
			})
		}
	}
	add(levelItem, acc.Tier)
	for _, g := range acc.TierGroups {
		add(levelItem+"#"+g.TierGroup, g.Tier)
	}
	return items, nil
}

// state returns the state whose changes count as changes of a member: the version of the profile, the status, and the
// levels with their ends.
func state(acc loyalty.Account, profile int64) string {
	parts := []string{strconv.FormatInt(profile, 10), string(acc.Status), standing(acc.Tier)}
	var groups []string
	for _, g := range acc.TierGroups {
		groups = append(groups, g.TierGroup+":"+standing(g.Tier))
	}
	slices.Sort(groups) // the order in the account changes with activity
	return strings.Join(append(parts, groups...), " ")
}

func standing(s loyalty.Standing) string {
	return s.Level + "/" + strconv.FormatInt(stored.Millis(s.Since), 10) + "/" +
		strconv.FormatInt(stored.Millis(s.Until), 10)
}

// all returns the items of a query by their sort keys.
func all(ctx context.Context, t table.Table, q table.Query) (map[string]table.Item, error) {
	items := map[string]table.Item{}
	for it, err := range t.Query(ctx, q) {
		if err != nil {
			return nil, err
		}
		items[it.Key.SK] = it
	}
	return items, nil
}

// Changed returns the member whose items may have to be refreshed after a change of an item with this key: the member
// of a profile. Changes of accounts are found by their entries.
func Changed(key table.Key) (program string, m loyalty.MemberID, ok bool) {
	program, m, item := memberItem(key)
	return program, m, item == stored.ProfileItem
}

// memberItem splits the key of an item of a member. The item is empty if the key is not one.
func memberItem(key table.Key) (program string, m loyalty.MemberID, item string) {
	parts := strings.Split(key.PK, "#")
	if len(parts) != 4 || parts[0] != "P" || parts[2] != "M" {
		return "", "", ""
	}
	return parts[1], loyalty.MemberID(parts[3]), key.SK
}

// RefreshEach refreshes several members of a program, some of them at the same time.
func (l List) RefreshEach(ctx context.Context, program string, members []loyalty.MemberID) error {
	for some := range slices.Chunk(members, atOnce) {
		var refresh []func() error
		for _, m := range some {
			refresh = append(refresh, func() error { return l.Refresh(ctx, program, m) })
		}
		if err := parallel.Do(refresh...); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is the maximum number of members that RefreshEach refreshes at the same time.
const atOnce = 16

// RefreshAll refreshes the members whose list items do not agree with the given items, which must be all items of the
// table. It omits members whose account cannot be read. It returns the number of refreshed members by program.
func (l List) RefreshAll(ctx context.Context, items iter.Seq2[table.Item, error]) (map[string]int, error) {
	stale, err := l.stale(items)
	if err != nil {
		return nil, err
	}
	refreshed := map[string]int{}
	for _, of := range stale {
		if err := l.Refresh(ctx, of.program, of.member); err != nil {
			return refreshed, err
		}
		refreshed[of.program]++
	}
	return refreshed, nil
}

// An owner is a member of a program.
type owner struct {
	program string
	member  loyalty.MemberID
}

// A comparison contains the items of a member that must agree. The profile has no document.
type comparison struct {
	account, profile table.Item
	listed           map[string]table.Item
}

// stale returns the members whose list items are missing, out of date, or not needed any more.
func (l List) stale(items iter.Seq2[table.Item, error]) (stale []owner, err error) {
	members := map[owner]*comparison{}
	of := func(program string, m loyalty.MemberID) *comparison {
		o := owner{program, m}
		if members[o] == nil {
			members[o] = &comparison{listed: map[string]table.Item{}}
		}
		return members[o]
	}
	for it, err := range items {
		if err != nil {
			return nil, err
		}
		program, m, item := memberItem(it.Key)
		switch item {
		case stored.AccountItem:
			of(program, m).account = it
		case stored.ProfileItem:
			of(program, m).profile = table.Item{Key: it.Key, Version: it.Version}
		case "":
			if parts := strings.Split(it.Key.PK, "#"); len(parts) == 4 && parts[2] == "LIST" {
				of(parts[1], loyalty.MemberID(parts[3])).listed[it.Key.SK] = it
			}
		}
	}
	for o, c := range members {
		wanted, err := l.items(o.program, o.member, c.account, c.profile)
		if err != nil {
			continue // package verify reports an account that cannot be read
		}
		outdated := func(it table.Item) bool { return !upToDate(c.listed[it.Key.SK], it) }
		if len(wanted) != len(c.listed) || slices.ContainsFunc(wanted, outdated) {
			stale = append(stale, o)
		}
	}
	slices.SortFunc(stale, func(a, b owner) int {
		return strings.Compare(partition(a.program, a.member), partition(b.program, b.member))
	})
	return stale, nil
}
