// Package auth authenticates callers and decides what they may call.
//
// A merchant's server has an API key. A key is shown once and stored as a hash. It belongs to one program and one
// stage. Comparison takes constant time, and a revoked key stops working in every process within a minute.
//
// An operator is a person who works for the merchant and has a role. An operator who signs in receives a session, which
// is shown once and stored as a hash, expires after half a day, and stops working within a minute after it is revoked
// or the operator is removed.
//
// A member has a token that the merchant's server or an OpenID Connect issuer signed a few minutes ago. The table
// stores the public parts of the server's keys; secrets are derived from the master secret. The keys of issuers are
// read from the issuers that the table lists.
//
// The package deliberately knows no routes (package api has the rule of each route) and no stored members: a token
// states the external ID of its member, which may not be enrolled.
package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Stage separates test points from live points. A key of one stage is invalid in the other.
type Stage string

const (
	Test Stage = "test"
	Live Stage = "live"
)

// A Code states why a caller was rejected. It implements error.
type Code string

const (
	Unauthenticated Code = "unauthenticated" // the request has no key
	TokenInvalid    Code = "token_invalid"   // the key is unknown, revoked or of the other stage; or a token is invalid
	ScopeMissing    Code = "scope_missing"   // the key is valid but does not have the required scope
	TokenExpired    Code = "token_expired"   // the token of a member has expired
	Forbidden       Code = "forbidden"       // callers of this kind, or with this role, may not call the route
)

func (c Code) Error() string { return "auth: " + string(c) }

// Keys manages the API keys of one stage. Its methods are safe for concurrent use.
type Keys struct {
	Table  table.Table
	Now    func() time.Time
	Stage  Stage
	Random io.Reader // the source of randomness for new keys; nil selects crypto/rand

	mu    sync.Mutex
	known map[string]known // the cached keys, by ID
}

// A busy function does not read its key on every request. These constants limit how long a key is cached and how many
// keys are cached.
const (
	remember   = 60 * time.Second
	rememberAt = 1024
)

type known struct {
	key    storedKey
	hash   []byte
	ranges []netip.Prefix
	at     time.Time
}

// storedKey is the document that the table stores for a key. Fields may be added but not changed.
type storedKey struct {
	Hash    string    `json:"hash"` // SHA-256 of the complete key, in hexadecimal
	Program string    `json:"program"`
	Scopes  []Scope   `json:"scopes"`
	Created time.Time `json:"created"`
	Revoked time.Time `json:"revoked,omitzero"`

	DailyPoints int64     `json:"daily_points,omitzero"`
	IPRanges    []string  `json:"ip_ranges,omitzero"`
	Expires     time.Time `json:"expires,omitzero"`     // when a rotated key expires
	Successor   string    `json:"successor,omitzero"`   // the key that Rotate created
	Predecessor string    `json:"predecessor,omitzero"` // the key from which Rotate created this one
}

// isValid reports whether the key is neither revoked nor expired.
func (s storedKey) isValid(now time.Time) bool {
	return s.Revoked.IsZero() && (s.Expires.IsZero() || now.Before(s.Expires))
}

const (
	idLength     = 12
	secretLength = 32
	// The alphabet of Crockford's Base32 omits similar-looking characters.
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

var encodedSecret = base64.RawURLEncoding.EncodedLen(secretLength)

// A NewKey describes a key to create.
type NewKey struct {
	Program string
	Scopes  []Scope
	// DailyPoints limits the points that the key adds manually within 24 hours. Zero means DefaultDailyPoints.
	DailyPoints int64
	// IPRanges limits the IP addresses from which the key may be used, such as 203.0.113.0/24. Without ranges, it may
	// be used from any address.
	IPRanges []string
}

// DefaultDailyPoints is the daily limit of keys without one.
const DefaultDailyPoints = 10_000_000

// Create creates a key with the default limits. See CreateKey.
func (k *Keys) Create(ctx context.Context, program string, scopes ...Scope) (string, Principal, error) {
	return k.CreateKey(ctx, NewKey{Program: program, Scopes: scopes})
}

// CreateKey creates a key and returns it in full: "sk_test_<id>_<secret>". The full key is not stored and cannot be
// retrieved later.
func (k *Keys) CreateKey(ctx context.Context, in NewKey) (string, Principal, error) {
	if in.Program == "" || len(in.Scopes) == 0 {
		return "", Principal{}, errors.New("auth: a key requires a program and at least one scope")
	}
	for _, s := range in.Scopes {
		if !s.valid() {
			return "", Principal{}, fmt.Errorf("auth: unknown scope %q", s)
		}
	}
	if in.DailyPoints < 0 {
		return "", Principal{}, errors.New("auth: the daily limit of points must be positive")
	}
	if _, err := ParseIPRanges(in.IPRanges); err != nil {
		return "", Principal{}, err
	}
	key := storedKey{
		Program: in.Program, Scopes: in.Scopes, Created: k.Now().UTC(), DailyPoints: in.DailyPoints,
		IPRanges: in.IPRanges,
	}
	full, id, item, err := k.prepare(&key)
	if err != nil {
		return "", Principal{}, err
	}
	if err := k.Table.Transact(ctx, table.Put(item)); err != nil {
		return "", Principal{}, fmt.Errorf("auth: store key %s: %w", id, err)
	}
	return full, key.principal(id), nil
}

// prepare generates a key, sets its hash and returns its item.
func (k *Keys) prepare(key *storedKey) (full, id string, item table.Item, err error) {
	if id, full, err = generate(k.Random, k.prefix()); err != nil {
		return "", "", item, err
	}
	sum := sha256.Sum256([]byte(full))
	key.Hash = hex.EncodeToString(sum[:])
	doc, err := encodeKey(id, *key)
	return full, id, table.Item{Key: keyOf(id), Index: table.Key{PK: keysOf(key.Program), SK: id}, Doc: doc}, err
}

func encodeKey(id string, key storedKey) ([]byte, error) {
	doc, err := json.Marshal(key)
	if err != nil {
		return nil, fmt.Errorf("auth: encode key %s: %w", id, err)
	}
	return doc, nil
}

// principal returns the principal of a key.
func (s storedKey) principal(id string) Principal {
	return Principal{
		Kind: Key, ID: id, Program: s.Program, Scopes: s.Scopes,
		DailyPoints: cmp.Or(s.DailyPoints, DefaultDailyPoints),
	}
}

// generate returns a random ID and the full secret that contains it: "<prefix><id>_<random text>".
func generate(source io.Reader, prefix string) (id, full string, err error) {
	if id, err = newID(source); err != nil {
		return "", "", err
	}
	var secret [secretLength]byte
	if _, err := io.ReadFull(random.Source(source), secret[:]); err != nil {
		return "", "", fmt.Errorf("auth: read random bytes: %w", err)
	}
	return id, prefix + id + "_" + base64.RawURLEncoding.EncodeToString(secret[:]), nil
}

func (k *Keys) prefix() string { return "sk_" + string(k.Stage) + "_" }

// Verify returns the principal of the key in an Authorization header. The error is Unauthenticated if there is no key,
// TokenInvalid if the key is not valid in this stage, ErrIPAddress if it may not be used from the caller's IP address,
// or an error of the table.
func (k *Keys) Verify(ctx context.Context, header, address string) (Principal, error) {
	if header == "" {
		return Principal{}, Unauthenticated
	}
	scheme, full, _ := strings.Cut(header, " ")
	id, ok := idIn(k.prefix(), full)
	if !strings.EqualFold(scheme, "Bearer") || !ok {
		return Principal{}, TokenInvalid
	}
	key, err := k.lookup(ctx, id)
	if err != nil {
		return Principal{}, err
	}
	var buf [128]byte // longer than a key, so that the conversion allocates no memory
	sum := sha256.Sum256(append(buf[:0], full...))
	if subtle.ConstantTimeCompare(sum[:], key.hash) != 1 || !key.key.isValid(k.Now()) {
		return Principal{}, TokenInvalid
	}
	if !allows(key.ranges, address) {
		return Principal{}, ErrIPAddress
	}
	return key.key.principal(id), nil
}

// idIn extracts the ID from a full secret that generate returned. The random text may contain underscores, so idIn uses
// positions, not separators.
func idIn(prefix, full string) (string, bool) {
	rest, ok := strings.CutPrefix(full, prefix)
	if !ok || len(rest) != idLength+1+encodedSecret || rest[idLength] != '_' {
		return "", false
	}
	return rest[:idLength], isKeyID(rest[:idLength])
}

// isKeyID reports whether s has the form of the ID of a key.
func isKeyID(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return len(s) == idLength
}

// lookup returns a key from the cache or reads it from the table. Unknown IDs are not cached, so that an attacker who
// guesses IDs does not displace real keys.
func (k *Keys) lookup(ctx context.Context, id string) (known, error) {
	now := k.Now()
	k.mu.Lock()
	key, ok := k.known[id]
	k.mu.Unlock()
	if age := now.Sub(key.at); ok && age >= 0 && age < remember {
		return key, nil
	}
	stored, _, err := k.read(ctx, id)
	if err != nil {
		return known{}, err
	}
	hash, err := hex.DecodeString(stored.Hash)
	if err != nil || len(hash) != sha256.Size {
		return known{}, fmt.Errorf("auth: key %s has an invalid hash", id)
	}
	ranges, err := ParseIPRanges(stored.IPRanges)
	if err != nil {
		return known{}, fmt.Errorf("auth: key %s: %w", id, err)
	}
	key = known{key: stored, hash: hash, ranges: ranges, at: now}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= rememberAt {
		k.known = make(map[string]known)
	}
	k.known[id] = key
	return key, nil
}

// read returns the stored key and its item, or TokenInvalid if there is none.
func (k *Keys) read(ctx context.Context, id string) (storedKey, table.Item, error) {
	item, err := k.Table.Get(ctx, keyOf(id))
	if err != nil {
		return storedKey{}, table.Item{}, fmt.Errorf("auth: read key %s: %w", id, err)
	}
	if item.Version == 0 {
		return storedKey{}, table.Item{}, TokenInvalid
	}
	var stored storedKey
	if err := json.Unmarshal(item.Doc, &stored); err != nil {
		return storedKey{}, table.Item{}, fmt.Errorf("auth: decode key %s: %w", id, err)
	}
	return stored, item, nil
}

// Revoke revokes a key permanently. The key stops working at once in this process, and within a minute in others.
// Revoke returns TokenInvalid if the program has no such key. Revoking a key again changes nothing.
func (k *Keys) Revoke(ctx context.Context, program, id string) error {
	stored, item, err := k.read(ctx, id)
	if err != nil {
		return err
	}
	if stored.Program != program {
		return TokenInvalid
	}
	if stored.Revoked.IsZero() {
		stored.Revoked = k.Now().UTC()
		if item.Doc, err = encodeKey(id, stored); err != nil {
			return err
		}
		if err := k.Table.Transact(ctx, table.Put(item)); err != nil {
			return fmt.Errorf("auth: revoke key %s: %w", id, err)
		}
	}
	k.forget(id)
	return nil
}

// forget removes a key from the cache.
func (k *Keys) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, id)
}

func keyOf(id string) table.Key { return table.Key{PK: "KEY#" + id, SK: "KEY"} }
