package payments

import (
	"encoding/base64"
	"time"
)

// A shopify verifies Shopify's signatures. Shopify signs only the body, and not the topic, the shop or a time. The
// address and the form of the body therefore determine what a body is about
// (https://shopify.dev/docs/apps/build/webhooks/subscribe/https).
type shopify struct{ keys [][]byte }

func (s shopify) verify(h headers, body []byte, _ time.Time) error {
	older, newer := h["x-shopify-hmac-sha256"], h["shopify-hmac-sha256"]
	signature := older
	switch {
	case older == "" && newer == "", len(body) == 0:
		return errMissing
	case older == "":
		signature = newer
	case newer != "" && newer != older:
		return errHeader
	}
	return inBase64(s.keys, signature, body)
}

// inBase64 checks the single signature of a header, which is in base64.
func inBase64(keys [][]byte, signature string, parts ...[]byte) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return errSignature
	}
	return signed(keys, [][]byte{raw}, parts...)
}
