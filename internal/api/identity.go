package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// derivedID returns the ID of a command that has no natural ID. It derives the ID from the program, the route, the
// member and the Idempotency-Key. It does not use the API key, so that a merchant can rotate the key while a client
// retries.
func derivedID(c *request.Call, prefix string, member loyalty.MemberID) string {
	sum := digest("id", c.Who.Program, c.Route.Pattern, string(member), c.Key)
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // the alphabet of Crockford's base 32, in lower case
	var id [20]byte
	for i := range id {
		bit := i * 5
		pair := uint16(sum[bit/8])<<8 | uint16(sum[bit/8+1])
		id[i] = alphabet[pair>>(11-bit%8)&31]
	}
	return prefix + string(id[:])
}

// by returns the actor and the fingerprint of the request. The fingerprint covers the decoded request, so that it does
// not depend on the format of the JSON.
func by(c *request.Call, request any) (ledger.By, error) {
	canonical, err := json.Marshal(request, json.Deterministic(true))
	if err != nil {
		return ledger.By{}, fmt.Errorf("api: fingerprint request: %w", err)
	}
	return ledger.By{Actor: c.Who.Actor(), Input: fingerprint("input", string(canonical))}, nil
}

// byKey returns the actor and the fingerprint of a request that has no input except its path and its Idempotency-Key.
func byKey(c *request.Call) ledger.By {
	return ledger.By{Actor: c.Who.Actor(), Input: fingerprint("key", c.Route.Pattern, c.Key)}
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

// identities returns the member's identities in other systems. It stores an email address as a keyed hash, so that the
// table's keys do not reveal the address.
func identities(c *request.Call, externalID, email string) []stored.Identity {
	var ids []stored.Identity
	if externalID != "" {
		ids = append(ids, stored.Identity{Kind: "external", Value: externalID})
	}
	if email != "" {
		ids = append(ids, c.Blind(c.Who.Program, email))
	}
	return ids
}

// askedMember prepares a request about the member in the path. It decodes the body into b, validates it with the
// function checked, and returns the live program and the member's ID.
func askedMember(
	ctx context.Context, c *request.Call, b any, checked func(*request.Check),
) (*loyalty.Program, loyalty.MemberID, error) {
	if err := c.Take(b, checked); err != nil {
		return nil, "", err
	}
	return c.ProgramAndMember(ctx, c.Path("member"))
}
