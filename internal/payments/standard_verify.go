package payments

import (
	"encoding/base64"
	"strings"
	"time"
)

// A standard verifies signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), with which merchants'
// own systems report payments. It accepts only v1 signatures, which use a shared secret.
type standard struct{ keys [][]byte }

func (s standard) verify(h headers, body []byte, now time.Time) error {
	id, when, header := h["webhook-id"], h["webhook-timestamp"], h["webhook-signature"]
	if id == "" || when == "" || header == "" {
		return errMissing
	}
	at, err := seconds(when)
	if err != nil || !idForm.MatchString(id) {
		return errHeader
	}
	var signatures [][]byte
	all := 0
	for part := range strings.SplitSeq(header, " ") {
		if all++; all > maxSignatures {
			return errHeader
		}
		if signature, ok := strings.CutPrefix(part, "v1,"); ok {
			if raw, err := base64.StdEncoding.Strict().DecodeString(signature); err == nil {
				signatures = append(signatures, raw)
			}
		}
	}
	if err := signed(s.keys, signatures, []byte(id), []byte("."), []byte(when), []byte("."), body); err != nil {
		return err
	}
	return inTime(at, now)
}
