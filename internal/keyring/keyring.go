// Package keyring encrypts personal data, and hashes the identifiers of persons for the table's keys.
//
// Keys form three levels. A root key outside the table wraps one key per program. The key of the program wraps one key
// per member, which is stored with the member's profile. The key of the member encrypts the member's fields. A member's
// data becomes unreadable when the member's wrapped key is deleted, also in data that cannot be deleted, such as
// entries of the ledger.
//
// The root key is a key of AWS KMS, or a key file on one machine (see FileRoot). The table therefore never contains a
// key in plain text. The key of a program is cached in memory for CacheFor, so that most requests do not use the root
// key.
//
// The package deliberately does not store the keys of members, and does not decide which fields are personal. Its
// callers do.
package keyring

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// CacheFor is how long the key of a program is used before it is unwrapped again. A root key that was disabled is
// therefore refused after at most this time.
const CacheFor = 5 * time.Minute

// ErrNoKey means that a program has no key, although one of its members has one.
var ErrNoKey = errors.New("keyring: the program has no key")

// A Root wraps the keys of programs. A key that was wrapped for one program cannot be unwrapped for another. Root has
// functions instead of an interface: the linker would include all methods of a client that is stored in an interface.
type Root struct {
	Wrap   func(ctx context.Context, program string, key []byte) (wrapped []byte, err error)
	Unwrap func(ctx context.Context, program string, wrapped []byte) (key []byte, err error)
}

// A Keyring returns the keys of members. Its methods are safe for concurrent use.
type Keyring struct {
	Table   table.Table // contains the wrapped keys of programs
	Root    Root
	Lookups []byte // the key from which the hashes of identifiers are derived; see Hash
	Now     func() time.Time
	Random  io.Reader // the source of keys and nonces; nil means crypto/rand

	mu       sync.Mutex
	programs map[string]programKey
}

type programKey struct {
	aead  cipher.AEAD
	until time.Time
}

// keyDoc is stored. Fields may only be added.
type keyDoc struct {
	Key []byte `json:"key"` // the key of the program, wrapped by the root key
}

// itemKey returns the key of the item with the wrapped key of a program. The item has its own kind of partition, so
// that policies can let only the function that enrolls members write it.
func itemKey(program string) table.Key { return table.Key{PK: "P#" + program + "#KEY", SK: "KEY"} }

// create creates the key of a program. If another process has created the key meanwhile, create changes nothing.
func (k *Keyring) create(ctx context.Context, program string, it table.Item) error {
	wrapped, err := k.Root.Wrap(ctx, program, newKey(k.Random))
	if err != nil {
		return fmt.Errorf("keyring: wrap the key of %s: %w", program, err)
	}
	if it.Doc, err = json.Marshal(keyDoc{wrapped}); err != nil {
		return fmt.Errorf("keyring: encode the key of %s: %w", program, err)
	}
	err = k.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return nil
	}
	return err
}

// NewMember creates a key for a member. If the program has no key yet, NewMember creates it too.
func (k *Keyring) NewMember(ctx context.Context, program, member string) (MemberKey, error) {
	key := newKey(k.Random) // first, so that a repeated request with the same random source has the same key
	p, err := k.program(ctx, program)
	if errors.Is(err, ErrNoKey) {
		created := k.create(ctx, program, table.Item{Key: itemKey(program)})
		if created != nil && !errors.Is(created, table.ErrUnknown) {
			return MemberKey{}, created
		}
		if p, err = k.program(ctx, program); errors.Is(err, ErrNoKey) && created != nil {
			return MemberKey{}, created // the response was lost, and so was the key
		}
	}
	if err != nil {
		return MemberKey{}, err
	}
	return newMemberKey(member, key, seal(p, k.Random, key, wrapping(member)), k.Random)
}

// Member returns the key of a member from its wrapped form.
func (k *Keyring) Member(ctx context.Context, program, member string, wrapped []byte) (MemberKey, error) {
	p, err := k.program(ctx, program)
	if err != nil {
		return MemberKey{}, err
	}
	key, err := open(p, wrapped, wrapping(member))
	if err != nil {
		return MemberKey{}, fmt.Errorf("keyring: unwrap the key of %s: %w", member, err)
	}
	return newMemberKey(member, key, wrapped, k.Random)
}

// Hash returns the hash of an identifier, such as an email address or an external ID, for use in keys of the table. The
// hash is HMAC-SHA-256 with a key that is derived per program, in unpadded URL-safe Base64. The kind of the identifier
// is part of the input, so that equal identifiers of different kinds have different hashes.
func (k *Keyring) Hash(program, kind, value string) string {
	mac := hmac.New(sha256.New, k.Lookups)
	fmt.Fprintf(mac, "program\x00%s", program)
	mac = hmac.New(sha256.New, mac.Sum(nil))
	fmt.Fprintf(mac, "%s\x00%s", kind, value)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// program returns the key of a program, from the cache or unwrapped by the root key.
func (k *Keyring) program(ctx context.Context, program string) (cipher.AEAD, error) {
	if aead := k.cached(program); aead != nil {
		return aead, nil
	}
	it, err := k.Table.Get(ctx, itemKey(program))
	if err != nil {
		return nil, err
	}
	if it.Version == 0 {
		return nil, ErrNoKey
	}
	var d keyDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return nil, fmt.Errorf("keyring: read the key of %s: %w", program, err)
	}
	key, err := k.Root.Unwrap(ctx, program, d.Key)
	if err != nil {
		return nil, fmt.Errorf("keyring: unwrap the key of %s: %w", program, err)
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.programs == nil {
		k.programs = map[string]programKey{}
	}
	k.programs[program] = programKey{aead, k.Now().Add(CacheFor)}
	return aead, nil
}

func (k *Keyring) cached(program string) cipher.AEAD {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p, ok := k.programs[program]; ok && k.Now().Before(p.until) {
		return p.aead
	}
	return nil
}
