package auth

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// counting counts reads, to show which keys are cached.
type counting struct {
	table.Table
	gets int
}

func (c *counting) Get(ctx context.Context, key table.Key) (table.Item, error) {
	c.gets++
	return c.Table.Get(ctx, key)
}

func newKeys(t *testing.T) (*Keys, *counting, *time.Time) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	c := &counting{Table: tab}
	return &Keys{Table: c, Now: func() time.Time { return now }, Stage: Test}, c, &now
}

func create(t *testing.T, k *Keys, scopes ...Scope) (string, Principal) {
	t.Helper()
	full, p, err := k.Create(t.Context(), "bluebird", scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return full, p
}

func TestKeyIsStoredAsHash(t *testing.T) {
	k, tab, _ := newKeys(t)
	full, p := create(t, k, OrdersWrite)
	if !strings.HasPrefix(full, "sk_test_"+p.ID+"_") || len(full) != len("sk_test_")+12+1+43 {
		t.Errorf("the key %q has an unexpected format", full)
	}
	item, err := tab.Get(t.Context(), table.Key{PK: "KEY#" + p.ID, SK: "KEY"})
	if err != nil || item.Version != 1 {
		t.Fatal(item, err)
	}
	if secret := full[len("sk_test_")+13:]; bytes.Contains(item.Doc, []byte(secret)) {
		t.Errorf("the table contains the secret: %s", item.Doc)
	}
	got, err := k.Verify(t.Context(), "Bearer "+full, "")
	if err != nil || got.ID != p.ID || got.Program != "bluebird" || !got.May(OrdersWrite) || got.May(MembersRead) {
		t.Errorf("verified as %+v, %v", got, err)
	}
	if _, err := k.Verify(t.Context(), "bearer "+full, ""); err != nil {
		t.Errorf("a lower-case scheme: %v", err)
	}
}

func TestInvalidKeysAreRejected(t *testing.T) {
	k, _, _ := newKeys(t)
	full, _ := create(t, k, Admin)
	last := full[:len(full)-1] + string(full[len(full)-1]^1)
	for header, want := range map[string]Code{
		"":                       Unauthenticated,
		"Bearer":                 TokenInvalid,
		"Bearer ":                TokenInvalid,
		full:                     TokenInvalid,
		"Basic " + full:          TokenInvalid,
		"Bearer  " + full:        TokenInvalid,
		"Bearer " + full + " ":   TokenInvalid,
		"Bearer " + full + "A":   TokenInvalid,
		"Bearer " + full[:60]:    TokenInvalid,
		"Bearer " + last:         TokenInvalid,
		"Bearer sk_test_" + full: TokenInvalid,
		"Bearer " + strings.Replace(full, "sk_test_", "sk_live_", 1): TokenInvalid,
		"Bearer " + strings.ToUpper(full):                            TokenInvalid,
	} {
		if p, err := k.Verify(t.Context(), header, ""); !errors.Is(err, want) || p.ID != "" {
			t.Errorf("%q is %+v, %v; want %v", header, p, err, want)
		}
	}
}

func TestKeyIsInvalidInOtherStage(t *testing.T) {
	k, tab, _ := newKeys(t)
	full, _ := create(t, k, Admin)
	live := &Keys{Table: tab, Now: k.Now, Stage: Live}
	if _, err := live.Verify(t.Context(), "Bearer "+full, ""); !errors.Is(err, TokenInvalid) {
		t.Errorf("a test key in the live stage: %v", err)
	}
}

func TestKeyIsCachedForAMinute(t *testing.T) {
	k, tab, now := newKeys(t)
	full, _ := create(t, k, Admin)
	for range 10 {
		*now = now.Add(5 * time.Second)
		if _, err := k.Verify(t.Context(), "Bearer "+full, ""); err != nil {
			t.Fatal(err)
		}
	}
	if tab.gets != 1 {
		t.Errorf("read %d times in 50 seconds", tab.gets)
	}
	*now = now.Add(time.Minute)
	_, _ = k.Verify(t.Context(), "Bearer "+full, "")
	if tab.gets != 2 {
		t.Errorf("read %d times after a minute", tab.gets)
	}
}

func TestUnknownKeysAreNotCached(t *testing.T) {
	k, _, _ := newKeys(t)
	for range 10 {
		_, full, err := generate(k.Random, k.prefix())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Verify(t.Context(), "Bearer "+full, ""); !errors.Is(err, TokenInvalid) {
			t.Fatal(err)
		}
	}
	if len(k.known) != 0 {
		t.Errorf("%d unknown keys are cached", len(k.known))
	}
	for range rememberAt + 10 {
		full, _ := create(t, k, Admin)
		if _, err := k.Verify(t.Context(), "Bearer "+full, ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(k.known) > rememberAt {
		t.Errorf("%d keys are cached, more than %d", len(k.known), rememberAt)
	}
}

func TestRevokedKeyIsRejected(t *testing.T) {
	k, tab, now := newKeys(t)
	elsewhere := &Keys{Table: tab, Now: k.Now, Stage: Test}
	full, p := create(t, k, Admin)
	for _, keys := range []*Keys{k, elsewhere} {
		if _, err := keys.Verify(t.Context(), "Bearer "+full, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Revoke(t.Context(), "redbird", p.ID); !errors.Is(err, TokenInvalid) {
		t.Errorf("another program revoked the key: %v", err)
	}
	for range 2 { // repeating it changes nothing
		if err := k.Revoke(t.Context(), "bluebird", p.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Verify(t.Context(), "Bearer "+full, ""); !errors.Is(err, TokenInvalid) {
		t.Errorf("in the process that revoked it: %v", err)
	}
	*now = now.Add(remember)
	if _, err := elsewhere.Verify(t.Context(), "Bearer "+full, ""); !errors.Is(err, TokenInvalid) {
		t.Errorf("in another process, a minute later: %v", err)
	}
}

func TestKeyIsReproducibleFromRandomSource(t *testing.T) {
	k, _, _ := newKeys(t)
	k.Random = bytes.NewReader(bytes.Repeat([]byte{7}, 44))
	_, first, err := generate(k.Random, k.prefix())
	if err != nil || !strings.HasPrefix(first, "sk_test_777777777777_BwcHBwcH") {
		t.Errorf("%s, %v", first, err)
	}
	if _, _, err := generate(k.Random, k.prefix()); err == nil {
		t.Error("a key was created without randomness")
	}
}

func TestKeyRequiresProgramAndKnownScopes(t *testing.T) {
	k, _, _ := newKeys(t)
	for _, scopes := range [][]Scope{nil, {"orders:delete"}, {""}} {
		if _, _, err := k.Create(t.Context(), "bluebird", scopes...); err == nil {
			t.Errorf("a key with the scopes %q was created", scopes)
		}
	}
	if _, _, err := k.Create(t.Context(), "", Admin); err == nil {
		t.Error("a key without a program was created")
	}
}

func TestScopesAllowDocumentedActions(t *testing.T) {
	for _, c := range []struct {
		has, want Scope
		may       bool
	}{
		{OrdersRead, OrdersRead, true},
		{OrdersWrite, OrdersRead, true},
		{OrdersRead, OrdersWrite, false},
		{OrdersWrite, MembersRead, false},
		{MembersWrite, AdjustmentsWrite, false},
		{Admin, ProgramWrite, true},
		{OrdersWrite, "", false},
	} {
		if got := (Principal{Scopes: []Scope{c.has}}).May(c.want); got != c.may {
			t.Errorf("with %q one may %q: %v", c.has, c.want, got)
		}
	}
}
