package request

import (
	"context"
	"strings"

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

// Member returns the ID of the member that a request names by its ID or by its external ID.
func (c *Call) Member(ctx context.Context, named string) (loyalty.MemberID, error) {
	external, ok := strings.CutPrefix(named, ExternalPrefix)
	if !ok {
		c.unprefixed = !strings.HasPrefix(named, "mem_")
		return loyalty.MemberID(named), nil
	}
	return c.externalMember(ctx, external)
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
