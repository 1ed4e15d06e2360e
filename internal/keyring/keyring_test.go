package keyring

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A counted root counts the calls of the root key.
type counted struct {
	Root
	wraps, unwraps int
}

func newKeyring(t *testing.T) (*Keyring, *counted, *time.Time) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	local, err := LocalRoot(bytes.Repeat([]byte{7}, keySize), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &counted{}
	c.Root = Root{
		Wrap: func(ctx context.Context, program string, key []byte) ([]byte, error) {
			c.wraps++
			return local.Wrap(ctx, program, key)
		},
		Unwrap: func(ctx context.Context, program string, wrapped []byte) ([]byte, error) {
			c.unwraps++
			return local.Unwrap(ctx, program, wrapped)
		},
	}
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	k := &Keyring{Table: tab, Root: c.Root, Lookups: []byte("lookups"), Now: func() time.Time { return now }}
	return k, c, &now
}

func newMember(t *testing.T, k *Keyring, program, member string) MemberKey {
	t.Helper()
	key, err := k.NewMember(t.Context(), program, member)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSealedFieldOpensWithTheWrappedKey(t *testing.T) {
	k, _, _ := newKeyring(t)
	key := newMember(t, k, "bluebird", "mem_1")
	sealed := key.Seal("profile", []byte("Ada Lovelace"))
	if bytes.Contains(sealed, []byte("Ada")) {
		t.Fatalf("sealed %q", sealed)
	}
	again, err := k.Member(t.Context(), "bluebird", "mem_1", key.Wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open("profile", sealed); err != nil || string(plain) != "Ada Lovelace" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if bytes.Equal(sealed, key.Seal("profile", []byte("Ada Lovelace"))) {
		t.Error("two sealed values are equal")
	}
}

// TestSealedFieldIsBound opens a field for another field, member and program, and after each possible change of a byte.
func TestSealedFieldIsBound(t *testing.T) {
	k, _, _ := newKeyring(t)
	key := newMember(t, k, "bluebird", "mem_1")
	other := newMember(t, k, "bluebird", "mem_2")
	newMember(t, k, "redbird", "mem_1")
	sealed := key.Seal("profile", []byte("Ada"))
	if _, err := key.Open("note", sealed); !errors.Is(err, errSealed) {
		t.Errorf("another field: %v", err)
	}
	if _, err := other.Open("profile", sealed); !errors.Is(err, errSealed) {
		t.Errorf("another member: %v", err)
	}
	if _, err := k.Member(t.Context(), "bluebird", "mem_2", key.Wrapped); !errors.Is(err, errSealed) {
		t.Errorf("the wrapped key of another member: %v", err)
	}
	if _, err := k.Member(t.Context(), "redbird", "mem_1", key.Wrapped); !errors.Is(err, errSealed) {
		t.Errorf("the wrapped key of another program: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := key.Open("profile", changed); !errors.Is(err, errSealed) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := key.Open("profile", sealed[:i]); !errors.Is(err, errSealed) {
			t.Errorf("truncated to %d bytes: %v", i, err)
		}
	}
}

func TestProgramKeyIsUnwrappedEveryFiveMinutes(t *testing.T) {
	k, root, now := newKeyring(t)
	wrapped := newMember(t, k, "bluebird", "mem_1").Wrapped
	if root.wraps != 1 || root.unwraps != 1 {
		t.Fatalf("%d wraps, %d unwraps; want 1 each", root.wraps, root.unwraps)
	}
	for _, step := range []struct {
		after   time.Duration
		unwraps int
	}{{CacheFor - time.Nanosecond, 1}, {time.Nanosecond, 2}, {0, 2}} {
		*now = now.Add(step.after)
		if _, err := k.Member(t.Context(), "bluebird", "mem_1", wrapped); err != nil {
			t.Fatal(err)
		}
		if root.unwraps != step.unwraps {
			t.Errorf("%s later: %d unwraps, want %d", step.after, root.unwraps, step.unwraps)
		}
	}
}

// TestProgramKeyIsCreatedOnce lets a second process create the key of the program between the read and the write of the
// first process. Both must use the same key.
func TestProgramKeyIsCreatedOnce(t *testing.T) {
	k, _, _ := newKeyring(t)
	second := &Keyring{Table: k.Table, Root: k.Root, Now: k.Now}
	tab := &interrupted{k.Table, func() { newMember(t, second, "bluebird", "mem_2") }}
	first := &Keyring{Table: tab, Root: k.Root, Now: k.Now}
	wrapped := newMember(t, first, "bluebird", "mem_1").Wrapped
	if _, err := second.Member(t.Context(), "bluebird", "mem_1", wrapped); err != nil {
		t.Error(err)
	}
}

// An interrupted table calls a function before its first write.
type interrupted struct {
	table.Table
	before func()
}

func (i *interrupted) Transact(ctx context.Context, ops ...table.Op) error {
	if before := i.before; before != nil {
		i.before = nil
		before()
	}
	return i.Table.Transact(ctx, ops...)
}

func TestMemberKeyNeedsProgramKey(t *testing.T) {
	k, _, _ := newKeyring(t)
	if _, err := k.Member(t.Context(), "bluebird", "mem_1", []byte{1}); !errors.Is(err, ErrNoKey) {
		t.Errorf("got %v, want ErrNoKey", err)
	}
}

func TestHashDependsOnProgramKindAndKey(t *testing.T) {
	k := &Keyring{Lookups: []byte("lookups")}
	want := k.Hash("bluebird", "external", "ada")
	if again := k.Hash("bluebird", "external", "ada"); again != want || strings.Contains(want, "ada") {
		t.Errorf("%q and %q", want, again)
	}
	for _, other := range []string{
		k.Hash("redbird", "external", "ada"), k.Hash("bluebird", "email", "ada"), k.Hash("bluebird", "external", "bob"),
		(&Keyring{Lookups: []byte("other")}).Hash("bluebird", "external", "ada"),
	} {
		if other == want {
			t.Error("two identifiers have the same hash")
		}
	}
}

func TestFileRootIsCreatedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := FileRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != keySize {
		t.Fatalf("%v, %v", info, err)
	}
	again, err := FileRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := first.Wrap(t.Context(), "bluebird", []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := again.Unwrap(t.Context(), "bluebird", wrapped); err != nil || string(key) != "key" {
		t.Errorf("%q, %v", key, err)
	}
	if _, err := again.Unwrap(t.Context(), "redbird", wrapped); !errors.Is(err, errSealed) {
		t.Errorf("another program: %v", err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := FileRoot(path); err == nil {
		t.Error("a key file of 5 bytes was accepted")
	}
}

// TestVectors compares the formats with values that the cryptography package of Python and its module hmac computed.
func TestVectors(t *testing.T) {
	key := make([]byte, keySize)
	for i := range key {
		key[i] = byte(i)
	}
	aead, err := newAEAD(key)
	if err != nil {
		t.Fatal(err)
	}
	nonce := strings.NewReader("0123456789ab")
	m := MemberKey{member: "mem_1", aead: aead, random: nonce}
	if got := hex.EncodeToString(m.Seal("profile", []byte("Ada Lovelace"))); got != sealedVector {
		t.Errorf("sealed %s, want %s", got, sealedVector)
	}
	k := &Keyring{Lookups: key}
	if got := k.Hash("bluebird", "external", "ada"); got != hashVector {
		t.Errorf("hash %s, want %s", got, hashVector)
	}
	if sum, err := base64.RawURLEncoding.DecodeString(hashVector); err != nil || len(sum) != 32 {
		t.Errorf("the hash has %d bytes, %v", len(sum), err)
	}
}

const (
	sealedVector = "01303132333435363738396162767533531a48ff62fb5e30deb5be43e42e8f114eceef4127037698eb"
	hashVector   = "uH9pRzAJDUVvx1s6zROJiLixlQW2pW9k2MAQ8OUQJ80"
)
