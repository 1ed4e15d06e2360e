package members

import (
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
)

func TestWordsOfAName(t *testing.T) {
	for name, want := range map[string]string{
		"":                           "",
		" - ":                        "",
		"Ada":                        "ada",
		"Ada  LOVELACE":              "ada lovelace",
		"O'Neill, Zoë":               "o neill zoe",
		"Müller-Weiß":                "muller weiss",
		"ada Ada ADA":                "ada",
		"a b c d e f g h i":          "a b c d e f g h",
		"Nguyễn Văn 2":               "nguyen van 2",
		"\u0041\u030angstro\u0308m":  "angstrom",
		"\uff21da":                   "ada",
		"\u0645\u062d\u0645\u062f 王": "\u0645\u062d\u0645\u062f 王",
	} {
		if got := strings.Join(words(name), " "); got != want {
			t.Errorf("the words of %q are %q, want %q", name, got, want)
		}
		if got := HasWords(name); got != (want != "") {
			t.Errorf("%q: HasWords is %v", name, got)
		}
	}
}

// A search does not return a member who no longer has the value, even if the list item still exists. A change deletes
// at most maxUnlisted list items.
func TestSearchIgnoresListItemsThatAreOutOfDate(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada", "mem_bob")
	var many []string
	for _, x := range "abcdefghijklmnopqrstuvwxyz0123" {
		many = append(many, "s-"+string(x))
	}
	ms := Members{b.Ledger}
	change := func(before, after []string) {
		t.Helper()
		known, err := ms.Get(t.Context(), b.p, "mem_ada")
		if err != nil {
			t.Fatal(err)
		}
		in := Change{Before: known.Profile, Profile: known.Profile, SegmentsBefore: before, Segments: after}
		if err := ms.Change(t.Context(), b.p, in, ledger.By{Actor: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	listed := func() (n int) {
		for _, s := range many {
			id := stored.Identity{Kind: bySegment, Value: s}
			if it := b.item(t, ms.listingKey("p", id, "mem_ada")); it.Version > 0 {
				n++
			}
		}
		return n
	}
	found := func(segment string) bool {
		t.Helper()
		all, next, err := ms.Search(t.Context(), b.p, Filter{Segment: segment}, "", 10)
		if err != nil || next != "" {
			t.Fatal(next, err)
		}
		return slices.ContainsFunc(all, func(m Member) bool { return m.Account.Member == "mem_ada" })
	}
	slices.Sort(many)
	change(nil, many)
	if n := listed(); n != len(many) || !found(many[0]) {
		t.Errorf("%d list items, want %d", n, len(many))
	}
	change(many, nil)
	if n, want := listed(), len(many)-maxUnlisted; n != want {
		t.Errorf("%d list items remain, want %d", n, want)
	}
	for _, s := range many {
		if found(s) {
			t.Errorf("the member is found in segment %s", s)
		}
	}
	change(nil, many)
	for _, s := range many {
		if !found(s) {
			t.Errorf("the member is not found in segment %s", s)
		}
	}
}
