package request

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// Decode reads the body into v, a pointer to a struct. It returns an error with status 400 for invalid JSON and 422
// for an invalid value.
func (c *Call) Decode(v any) error {
	if first := bytes.TrimLeft(c.body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return Refuse(malformedJSON, "The body must be a JSON object in UTF-8.")
	}
	depth, nulls := scan(c.body)
	if depth > maxDepth {
		return Refuse(jsonTooDeep, "The body must be nested at most %d levels deep.", maxDepth)
	}
	how := strict
	if nulls {
		how = withoutNull
	}
	err := json.Unmarshal(c.body, v, how)
	if err == nil {
		return nil
	}
	if bad, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(bad.Err, jsontext.ErrDuplicateName) {
			return RefuseAt(duplicateJSONKey, string(bad.JSONPointer), "This field is present twice in its object.")
		}
		return Refuse(malformedJSON, "The body is not valid JSON: there is an error at byte %d.", bad.ByteOffset)
	}
	if bad, ok := errors.AsType[*json.SemanticError](err); ok {
		return badValue(bad)
	}
	return err
}

// Take decodes the body into the struct to which b points. The function values then checks the fields.
func (c *Call) Take(b any, values func(*Check)) error {
	if err := c.Decode(b); err != nil {
		return err
	}
	var faults Check
	values(&faults)
	return faults.Err()
}

// ProgramWithoutBody returns the live program. It is for routes whose body must be omitted or an empty object.
func (c *Call) ProgramWithoutBody(ctx context.Context) (*loyalty.Program, error) {
	var nothing struct{}
	if err := c.Decode(&nothing); err != nil {
		return nil, err
	}
	return c.Program(ctx)
}

// DerivedID returns the ID of a command that has no natural ID. It derives the ID from the program, the route, the
// member and the Idempotency-Key. It does not use the API key, so that a merchant can rotate the key while a client
// retries.
func DerivedID(c *Call, prefix string, member loyalty.MemberID) string {
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

// By returns the actor and the fingerprint of the request. The fingerprint covers the decoded request, so that it does
// not depend on the format of the JSON.
func By(c *Call, request any) (ledger.By, error) {
	canonical, err := json.Marshal(request, json.Deterministic(true))
	if err != nil {
		return ledger.By{}, fmt.Errorf("api: fingerprint request: %w", err)
	}
	return ledger.By{
		Actor: c.Who.Actor(), Input: c.Fingerprint("input", string(canonical)), Switch: c.Route.Switch,
	}, nil
}

// ByKey returns the actor and the fingerprint of a request that has no input except its path and its Idempotency-Key.
func ByKey(c *Call) ledger.By {
	return ledger.By{
		Actor: c.Who.Actor(), Input: c.Fingerprint("key", c.Route.Pattern, c.Key), Switch: c.Route.Switch,
	}
}

// Fingerprint returns a short keyed hash of the parts. Entries contain fingerprints indefinitely. Without the key, the
// names and addresses in a request could be guessed from its fingerprint.
func (c *Call) Fingerprint(parts ...string) string {
	sum := digest(append([]string{c.Who.Program}, parts...)...)
	mac := hmac.New(sha256.New, c.Veil)
	mac.Write(sum[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))[:22]
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

// AskedMember prepares a request about the member in the path. It decodes the body into b, validates it with the
// function checked, and returns the live program and the member's ID.
func AskedMember(
	ctx context.Context, c *Call, b any, checked func(*Check),
) (*loyalty.Program, loyalty.MemberID, error) {
	if err := c.Take(b, checked); err != nil {
		return nil, "", err
	}
	return c.ProgramAndMember(ctx, c.Path("member"))
}

// NamedMember returns the live program and the current state of the member in the path.
func NamedMember(ctx context.Context, c *Call) (*loyalty.Program, members.Member, error) {
	p, id, err := c.ProgramAndMember(ctx, c.Path("member"))
	if err != nil {
		return nil, members.Member{}, err
	}
	m, err := c.App.Members.Current(ctx, p, id)
	return p, m, err
}
