package local

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// seeded returns a stack in memory with demo data up to noon, a digest of its table, and the numbers of entries,
// currencies, tenders and locales by name.
func seeded(t *testing.T) (*Stack, string, map[string]int) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	stack, p, _ := newStack(t, tab, NewClock(noon))
	if err := Seed(t.Context(), stack.App, p, noon); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	sum := sha256.New()
	for i := 1; i <= seedMembers; i++ {
		dump(t, stack, i, sum, counts)
	}
	return stack, fmt.Sprintf("%x", sum.Sum(nil)), counts
}

// dump writes all data of one member: account, decrypted profile, identity, and every entry with its index and version.
func dump(t *testing.T, s *Stack, i int, sum hash.Hash, counts map[string]int) {
	t.Helper()
	external := SeedExternalID(i)
	m, err := s.App.Members.Find(t.Context(), "bluebird", stored.Identity{Kind: "external", Value: external})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []table.Query{
		{PK: "P#bluebird#M#" + string(m)},
		{PK: "P#bluebird#M#" + string(m), Index: true},
		{PK: s.App.Ledger.IdentityKey("bluebird", stored.Identity{Kind: "external", Value: external}).PK},
	} {
		n := 0
		for it, err := range s.App.Table.Query(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if it.Key.SK == stored.ProfileItem {
				continue // encrypted with a random nonce
			}
			fmt.Fprintf(sum, "%s\x00%s\x00%d\x00%s\n", it.Key, it.Index, it.Version, it.Doc)
		}
		if n == 0 {
			t.Errorf("%s has no items for %+v", external, q)
		}
	}
	member, err := s.App.Members.Get(t.Context(), programOf(t, s), m)
	if err != nil {
		t.Fatal(err)
	}
	p := member.Profile
	fmt.Fprintf(sum, "%s\x00%s\x00%s\x00%s\x00%s\n", p.ExternalID, p.Name, p.Locale, p.Timezone, p.Birthday)
	counts["locale "+p.Locale]++
	counts["level "+member.Account.Tier.Level]++
	for e, err := range s.App.Statements.List(t.Context(), "bluebird", m, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		counts[string(e.Kind)]++
		if o := e.Order; o != nil {
			counts["currency "+string(o.Order.Currency)]++
			for _, tender := range o.Order.Tenders {
				counts["tender "+string(tender.Kind)]++
			}
		}
	}
}

func programOf(t *testing.T, s *Stack) *loyalty.Program {
	t.Helper()
	p, err := s.App.Programs.Live(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSeedIsReproducible(t *testing.T) {
	_, one, counts := seeded(t)
	_, other, _ := seeded(t)
	if one != other {
		t.Error("two runs of the seed differ")
	}
	t.Log(counts)
	for _, want := range []string{
		"enroll 200", "earn 500", "clawback 10", "activate 500", "redeem 50", "reserve 10", "release 5", "adjust 3",
		"move_tier 5",
		"level bronze 50", "level silver 5", "level gold 2", "currency EUR 300", "currency USD 100", "currency JPY 50",
		"tender card 500", "tender gift_card 50", "tender store_credit 10", "locale de 20", "locale ja 10",
	} {
		var name string
		var least int
		cut := strings.LastIndexByte(want, ' ')
		name = want[:cut]
		if _, err := fmt.Sscan(want[cut+1:], &least); err != nil {
			t.Fatal(err)
		}
		if counts[name] < least {
			t.Errorf("%d of %s, fewer than %d", counts[name], name, least)
		}
	}
}

func TestSeedPassesAudit(t *testing.T) {
	stack, _, _ := seeded(t)
	for i := 1; i <= seedMembers; i++ {
		m, err := stack.App.Members.Find(
			t.Context(), "bluebird", stored.Identity{Kind: "external", Value: SeedExternalID(i)},
		)
		if err != nil {
			t.Fatal(err)
		}
		if err := stack.App.Statements.Audit(t.Context(), "bluebird", m); err != nil {
			t.Errorf("%s: %v", SeedExternalID(i), err)
		}
	}
}
