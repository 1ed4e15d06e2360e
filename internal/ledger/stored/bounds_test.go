package stored

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

func TestStoredInstants(t *testing.T) {
	for _, c := range []struct {
		at, other time.Time
		want      int64
	}{
		{noon, noon, 0},
		{time.Time{}, time.Time{}, 0},
		{time.Time{}, noon, -1},
		{noon, time.Time{}, noon.UnixMilli()},
		{noon, noon.Add(time.Millisecond), noon.UnixMilli()},
	} {
		got := storedInstantOf(c.at, c.other)
		if back := instantOf(got, c.other); got != c.want || !back.Equal(c.at) {
			t.Errorf("%s with %s is stored as %d, want %d, and read as %s", c.at, c.other, got, c.want, back)
		}
	}
}

// Traits are stored if at least one of them is known.
func TestStoredTraits(t *testing.T) {
	for i, traits := range []loyalty.Traits{
		{Revision: 1},
		{Zone: "Asia/Tokyo"},
		{Birthday: 229},
		{Given: 2026},
		{Years: 3},
		{Segments: []string{"vip"}},
		{OptIns: []loyalty.OptIn{{Campaign: "double", At: noon}}},
		{Channels: []loyalty.ChannelUse{{Channel: loyalty.Email, Purpose: loyalty.Marketing}}},
		{MembershipYearStart: 401},
		{Referral: loyalty.Referral{By: "mem_bob", At: noon}},
	} {
		d := storedTraits(&traits)
		if got := d.traits(); d == nil || fmt.Sprint(got) != fmt.Sprint(traits) {
			t.Errorf("traits %d: %+v are read as %+v", i, traits, got)
		}
	}
	if storedTraits(nil) != nil || storedTraits(new(loyalty.Traits)) != nil {
		t.Error("no traits are stored")
	}
}

// The boundary between plain and packed documents, and an order without line items.
func TestPackedDocumentsAtTheirBounds(t *testing.T) {
	entry := func(n int) entryDoc {
		d := entryDoc{Member: "mem_ada", Kind: "earn", Actor: "x"}
		d.Actor += strings.Repeat("x", n-len(Encode(d)))
		return d
	}
	account := func(n int) AccountDoc {
		d := AccountDoc{Sequence: 7, Head: "x"}
		d.Head += strings.Repeat("x", n-len(Encode(d)))
		return d
	}
	for n, packs := range map[int]bool{packAbove: false, packAbove + 1: true} {
		if d := entry(n); len(Encode(d)) != n || bytes.Equal(packed(d), Encode(d)) == packs {
			t.Errorf("an entry of %d bytes is stored as %s", len(Encode(d)), packed(d))
		}
		if d := account(n); len(Encode(d)) != n ||
			bytes.Equal(PackedAccount(d), Encode(d)) == packs {
			t.Errorf("an account of %d bytes is stored as %s", len(Encode(d)), PackedAccount(d))
		}
	}
	d := entry(2 * packAbove)
	d.Order = &orderDoc{Currency: "EUR"}
	if doc := packed(d); bytes.Contains(doc, []byte(`"l":`)) {
		t.Errorf("an order without line items has columns: %s", doc)
	}
}
