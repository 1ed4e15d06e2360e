package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// mostBytes is the maximum size of an item in DynamoDB.
const mostBytes = 400 << 10

// items returns the sort keys in the partition of an order. It reports each item that is too large for DynamoDB.
func (b *bench) items(t *testing.T, order string) (keys []string) {
	t.Helper()
	for it, err := range b.Table.Query(t.Context(), table.Query{PK: "P#" + b.P.ID + "#E#O#" + order}) {
		if err != nil {
			t.Fatal(err)
		}
		if n := len(it.Doc) + 1_000; n > mostBytes {
			t.Errorf("%s has %d bytes", it.Key, n)
		}
		keys = append(keys, it.Key.SK)
	}
	return keys
}

// large returns an order with the given number of line items of 1.00 each, whose SKUs and categories cannot be
// compressed.
func (b *bench) large(m loyalty.MemberID, lines int) loyalty.Order {
	o := b.Order("large", m, 0)
	o.Lines = nil
	for i := range lines {
		name := fmt.Sprintf("%x", seedOf(i))
		o.Lines = append(
			o.Lines,
			loyalty.Line{ID: fmt.Sprint("line-", i), SKU: name, Category: name[:20], Quantity: 1, Amount: 100},
		)
	}
	return o
}

// seedOf returns a pseudorandom number.
func seedOf(i int) [4]uint64 {
	x := uint64(i)*0x9e3779b97f4a7c15 + 1
	var out [4]uint64
	for n := range out {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		out[n] = x
	}
	return out
}

// An order of 10,000 lines is accepted, read back, refunded line by line and completely. The parts that a revision does
// not change are not stored again, and the hash of every entry remains valid.
func TestAnOrderOfTenThousandLines(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		o := b.large("mem_ada", loyalty.MaxLines)
		if r := b.Put(t, o); r.State.Worth != loyalty.MaxLines || r.Revision != 1 {
			t.Fatalf("worth %d in revision %d", r.State.Worth, r.Revision)
		}
		if r := b.Put(t, o); !r.Replayed || r.Revision != 1 {
			t.Errorf("the same again is revision %d, replayed %t", r.Revision, r.Replayed)
		}
		stored := b.items(t, "large")
		refund := func(id string, from, to int) {
			r := loyalty.Refund{ID: id, At: b.Now(), Status: loyalty.RefundSucceeded, Amount: int64(to-from) * 100}
			for _, l := range o.Lines[from:to] {
				r.Lines = append(r.Lines, loyalty.RefundLine{ID: l.ID, Quantity: 1, Amount: 100})
			}
			o.Refunds = append(o.Refunds, r)
			want := int64(loyalty.MaxLines)
			for _, r := range o.Refunds {
				want -= r.Amount / 100
			}
			if got := b.Put(t, o); int64(got.State.Worth) != want {
				t.Errorf("after the refund %s: %d points, want %d", id, got.State.Worth, want)
			}
		}
		refund("1", 0, 1)
		refund("2", 1, 2)
		if now := b.items(t, "large"); len(now) != len(stored)+2 {
			t.Errorf("two refunds of one line stored %q beside two entries", now[len(stored):])
		}
		refund("3", 2, loyalty.MaxLines)
		o.Shipped = b.Now()
		if r := b.Put(t, o); r.State.Worth != 0 {
			t.Errorf("%d points after everything was refunded", r.State.Worth)
		}
		lines, refunds := 0, 0
		for _, key := range b.items(t, "large") {
			if strings.HasPrefix(key, "LINES#") && !strings.HasPrefix(key, "LINES#000001#") {
				t.Errorf("the lines are stored again: %s", key)
			}
			if strings.HasPrefix(key, "REFUNDS#000005#") {
				t.Errorf("the refunds are stored again: %s", key)
			}
			lines += strings.Count(key, "LINES#")
			refunds += strings.Count(key, "REFUNDS#")
		}
		if lines < 2 || refunds == 0 {
			t.Errorf("the lines are in %d items and the refunds in %d", lines, refunds)
		}
		r, err := service.Orders{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, "large")
		if err != nil || len(r.State.Order.Lines) != loyalty.MaxLines || len(r.State.Order.Refunds) != 3 ||
			r.State.Order.Lines[9_999] != o.Lines[9_999] {
			t.Errorf("read back: %d lines, %d refunds, %v", len(r.State.Order.Lines), len(r.State.Order.Refunds), err)
		}
		b.Audit(t, "mem_ada")
	})
}

// Line items that change are stored with the revision that changes them, even if they change back to earlier ones.
func TestLinesThatChangeAreStoredWithTheirRevision(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		many, few, none := b.large("mem_ada", 300), b.large("mem_ada", posting.InlineLines), b.large("mem_ada", 0)
		changed := b.large("mem_ada", 300)
		changed.Lines[7].Amount = 300
		for i, o := range []loyalty.Order{many, changed, few, many, none, many} {
			want := loyalty.Points(0)
			for _, l := range o.Lines {
				want += loyalty.Points(l.Amount / 100)
			}
			if r := b.Put(t, o); r.State.Worth != want {
				t.Errorf("revision %d: worth %d, want %d", i+1, r.State.Worth, want)
			}
		}
		keys := strings.Join(b.items(t, "large"), " ")
		for revision, stored := range []bool{true, true, false, true, false, true} {
			if strings.Contains(keys, fmt.Sprintf("LINES#%06d#", revision+1)) != stored {
				t.Errorf("revision %d stored its lines: %t", revision+1, !stored)
			}
		}
		b.Audit(t, "mem_ada")
	})
}

// If a large guest order is assigned to a member, it retains the line items that were stored for the guest.
func TestALargeOrderOfAGuest(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		o := b.large("", 500)
		if r := b.Put(t, o); r.State.Worth != 0 {
			t.Errorf("worth %d for a guest", r.State.Worth)
		}
		o.Member = "mem_ada"
		if r := b.Put(t, o); r.State.Worth != 500 || r.Revision != 2 {
			t.Errorf("worth %d in revision %d", r.State.Worth, r.Revision)
		}
		if _, err := (service.Events{Ledger: b.Ledger}).ActivateOrder(
			t.Context(), b.P, "large", ledger.By{Actor: "test"},
		); err != nil {
			t.Error(err)
		}
		keys := strings.Join(b.items(t, "large"), " ")
		if !strings.Contains(keys, "LINES#000001#") || strings.Contains(keys, "LINES#000002#") ||
			strings.Contains(keys, "LINES#000003#") {
			t.Errorf("stored: %s", keys)
		}
		b.Audit(t, "mem_ada")
	})
}
