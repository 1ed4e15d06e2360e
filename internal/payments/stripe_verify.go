package payments

import (
	"encoding/hex"
	"strings"
	"time"
)

// A stripe verifies Stripe's signatures. Stripe signs the time, a dot and the body. The key is the whole secret,
// including its prefix whsec_ (https://docs.stripe.com/webhooks#verify-manually).
type stripe struct{ keys [][]byte }

func (s stripe) verify(h headers, body []byte, now time.Time) error {
	header := h["stripe-signature"]
	if header == "" {
		return errMissing
	}
	when, signatures, err := stripeHeader(header)
	if err != nil {
		return err
	}
	at, err := seconds(when)
	if err != nil {
		return err
	}
	if err := signed(s.keys, signatures, []byte(when), []byte("."), body); err != nil {
		return err
	}
	return inTime(at, now)
}

// stripeHeader parses a header like t=…,v1=…,v1=…,v0=…. It rejects a header with two times, because the signed time
// would be ambiguous, and one with too many signatures, because checking them would waste time.
func stripeHeader(header string) (when string, signatures [][]byte, err error) {
	all := 0
	for part := range strings.SplitSeq(header, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !ok, name == "t" && when != "":
			return "", nil, errHeader
		case name == "t":
			when = value
		case name == "v1":
			if all++; all > maxSignatures {
				return "", nil, errHeader
			}
			if s, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, s)
			}
		}
	}
	return when, signatures, nil
}
