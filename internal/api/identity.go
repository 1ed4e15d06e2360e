package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// idempotencyKey returns the key in a header. The key may be enclosed in double quotes, as in
// draft-ietf-httpapi-idempotency-key-header.
func idempotencyKey(header string) (string, error) {
	if header == "" {
		return "", refuse(
			missingKey, "Send the header Idempotency-Key with a value that is unique to the request, such as a UUID.",
		)
	}
	key := header
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	ok := len(key) >= 16 && len(key) <= 128
	for i := range len(key) {
		ok = ok && key[i] >= 0x21 && key[i] <= 0x7e
	}
	if !ok {
		return "", refuse(invalidKey, "The Idempotency-Key must have 16 to 128 visible ASCII characters.")
	}
	return key, nil
}

// derivedID derives the ID of a command from the program, the route, the member and the Idempotency-Key, if the
// command has no natural ID. The API key is not included, so that a merchant can rotate it while a client retries.
func (c *call) derivedID(prefix string, member loyalty.MemberID) string {
	sum := digest("id", c.who.Program, c.route.Pattern, string(member), c.key)
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's
	var id [20]byte
	for i := range id {
		bit := i * 5
		pair := uint16(sum[bit/8])<<8 | uint16(sum[bit/8+1])
		id[i] = alphabet[pair>>(11-bit%8)&31]
	}
	return prefix + string(id[:])
}

// by returns the actor and the fingerprint of the request. The fingerprint covers the decoded request instead of its
// bytes.
func (c *call) by(request any) (ledger.By, error) {
	canonical, err := json.Marshal(request, json.Deterministic(true))
	if err != nil {
		return ledger.By{}, fmt.Errorf("api: fingerprint request: %w", err)
	}
	return ledger.By{Actor: c.who.ID, Input: fingerprint("input", string(canonical))}, nil
}

// byKey returns the actor and fingerprint for a route whose path names the object. Two such requests differ only in
// their Idempotency-Key.
func (c *call) byKey() ledger.By {
	return ledger.By{Actor: c.who.ID, Input: fingerprint("key", c.route.Pattern, c.key)}
}

func fingerprint(parts ...string) string {
	sum := digest(parts...)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}

// digest returns the SHA-256 hash of the parts. Each part is prefixed with its length, so that different parts never
// form the same input.
func digest(parts ...string) [sha256.Size]byte {
	var b []byte
	for _, p := range parts {
		b = fmt.Appendf(b, "%d:%s", len(p), p)
	}
	return sha256.Sum256(b)
}

// externalPrefix precedes a merchant's own ID of a member in the API.
const externalPrefix = "external:"

// member returns the ID of the member that a request names by its ID or by its external ID.
func (c *call) member(ctx context.Context, named string) (loyalty.MemberID, error) {
	external, ok := strings.CutPrefix(named, externalPrefix)
	if !ok {
		return loyalty.MemberID(named), nil
	}
	return c.externalMember(ctx, external)
}

// meant returns the live program and the member that a request names.
func (c *call) meant(ctx context.Context, named string) (*loyalty.Program, loyalty.MemberID, error) {
	p, err := c.program(ctx)
	if err != nil {
		return nil, "", err
	}
	m, err := c.member(ctx, named)
	return p, m, err
}

// identities returns the identities under which other systems know the member. An email address is stored as a keyed
// hash, so that the table's keys do not reveal it.
func (c *call) identities(externalID, email string) []stored.Identity {
	var ids []stored.Identity
	if externalID != "" {
		ids = append(ids, stored.Identity{Kind: "external", Value: externalID})
	}
	if email != "" {
		ids = append(ids, c.blind(c.who.Program, email))
	}
	return ids
}

// asked prepares a request about the member in the path: it reads the body into b, checks it, and returns the live
// program and the member.
func (c *call) asked(ctx context.Context, b any, checked func(*check)) (*loyalty.Program, loyalty.MemberID, error) {
	if err := c.take(b, checked); err != nil {
		return nil, "", err
	}
	return c.meant(ctx, c.path("member"))
}
