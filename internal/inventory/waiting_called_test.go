package inventory

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Two requests may call the same members. The slower one finds the first members already called, and calls the others.
func TestRecordCalledSkipsMembersCalledMeanwhile(t *testing.T) {
	l := ledgertest.New(t).Ledger
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	var call redeem.Call
	for i, called := range []int64{stored.Millis(noon.Add(-time.Minute)), 0, 0} {
		m := loyalty.MemberID(rune('a' + i))
		err := l.Table.Transact(t.Context(),
			table.Put(table.Item{Key: placeKey("p", "mug", m), Doc: stored.Encode(placeDoc{string(m)})}),
			table.Put(
				table.Item{
					Key: table.Key{PK: linePartition("p", "mug"), SK: string(m)},
					Doc: stored.Encode(waitlistEntryDoc{string(m), 1, called}),
				},
			))
		if err != nil {
			t.Fatal(err)
		}
		call.Called = append(call.Called, redeem.WaitlistEntry{Member: m, Since: stored.Instant(1)})
	}
	if err := (Waitlists{l}).RecordCalled(t.Context(), p, &loyalty.Reward{ID: "mug"}, call); err != nil {
		t.Fatal(err)
	}
	for it, err := range (Waitlists{l}).Entries(t.Context(), "p", "mug", 10) {
		if err != nil {
			t.Fatal(err)
		}
		if w, err := readWaiter(it); err != nil || w.Called.IsZero() {
			t.Errorf("%s was not called: %v", w.Member, err)
		}
	}
}

// If another process changes a waiting member's item at the same time, only this member is skipped.
func TestRecordCalledSkipsAMemberWhoseItemChanges(t *testing.T) {
	b := ledgertest.New(t)
	l := b.Ledger
	var call redeem.Call
	for _, m := range []string{"a", "b"} {
		if err := l.Table.Transact(t.Context(),
			table.Put(table.Item{Key: placeKey("p", "mug", loyalty.MemberID(m)), Doc: stored.Encode(placeDoc{m})}),
			table.Put(table.Item{
				Key: table.Key{PK: linePartition("p", "mug"), SK: m}, Doc: stored.Encode(waitlistEntryDoc{m, 1, 0}),
			}),
		); err != nil {
			t.Fatal(err)
		}
		call.Called = append(call.Called, redeem.WaitlistEntry{Member: loyalty.MemberID(m), Since: stored.Instant(1)})
	}
	b.Fail = []error{&table.ConflictError{}}
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	if err := (Waitlists{l}).RecordCalled(t.Context(), p, &loyalty.Reward{ID: "mug"}, call); err != nil {
		t.Fatal(err)
	}
	for m, want := range map[loyalty.MemberID]bool{"a": false, "b": true} {
		_, it, err := Waitlists{l}.standing(t.Context(), "p", "mug", m)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := readWaiter(it); err != nil || !w.Called.IsZero() != want {
			t.Errorf("member %s was called at %s, want called %t, %v", m, w.Called, want, err)
		}
	}
}

func TestAListThatIsReadInPagesIsWhole(t *testing.T) {
	l := ledgertest.New(t).Ledger
	const n = 60
	for i := range n {
		if err := l.Table.Transact(
			t.Context(),
			table.Put(table.Item{Key: table.Key{PK: "p", SK: stored.Padded(int64(i), 2)}, Doc: []byte("{}")}),
		); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range []int{1, 7, n, n + 1} {
		i := 0
		for it, err := range ledger.InPages(t.Context(), l.Table, table.Query{PK: "p", Limit: size}) {
			if err != nil || it.Key.SK != stored.Padded(int64(i), 2) {
				t.Fatalf("pages of %d: item %d is %s, %v", size, i, it.Key, err)
			}
			i++
		}
		if i != n {
			t.Errorf("pages of %d have %d items", size, i)
		}
	}
}
