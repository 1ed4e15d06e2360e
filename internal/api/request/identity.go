package request

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// idempotencyKey returns the key in a header Idempotency-Key. The key may be in double quotes, as in
// draft-ietf-httpapi-idempotency-key-header.
func idempotencyKey(header string) (string, error) {
	if header == "" {
		return "", Refuse(
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
		return "", Refuse(invalidKey, "The Idempotency-Key must have 16 to 128 visible ASCII characters.")
	}
	return key, nil
}

// ExternalPrefix precedes a merchant's own ID of a member in the API.
const ExternalPrefix = "external:"

// Member returns the ID of the member that a request names by its ID or by its external ID. It returns forbidden if an
// operator would change their own member account.
func (c *Call) Member(ctx context.Context, named string) (loyalty.MemberID, error) {
	m := loyalty.MemberID(named)
	external, ok := strings.CutPrefix(named, ExternalPrefix)
	if !ok {
		c.unprefixed = !strings.HasPrefix(named, "mem_")
	} else {
		var err error
		if m, err = c.externalMember(ctx, external); err != nil {
			return "", err
		}
	}
	if c.Who.Kind == auth.Operator && c.Event.Method != http.MethodGet {
		return m, c.NotOwnAccount(ctx, m)
	}
	return m, nil
}

// NotOwnAccount returns forbidden if the member is the operator who calls: the member who has the operator's email
// address, or whose external ID is the operator's ID at the issuer.
func (c *Call) NotOwnAccount(ctx context.Context, m loyalty.MemberID) error {
	own := []stored.Identity{c.Blind(c.Who.Program, c.Who.Email), {Kind: "external", Value: c.Who.Subject}}
	for _, id := range own {
		if id.Value == "" {
			continue // the operator has not signed in at an issuer
		}
		found, err := c.App.Members.Find(ctx, c.Who.Program, id)
		if err != nil && !errors.Is(err, loyalty.NotFound) {
			return err
		}
		if err == nil && found == m {
			return Refuse(loyalty.Code(auth.Forbidden), "Operators cannot change their own member accounts.")
		}
	}
	return nil
}

// ProgramAndMember returns the live program, and the ID of the member that a request names.
func (c *Call) ProgramAndMember(ctx context.Context, named string) (*loyalty.Program, loyalty.MemberID, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return nil, "", err
	}
	m, err := c.Member(ctx, named)
	return p, m, err
}
