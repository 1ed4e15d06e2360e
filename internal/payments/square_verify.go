package payments

import "time"

// A square verifies Square's signatures. Square signs the notification URL followed by the body, without a separator.
// The URL is the one that was entered at Square, never one that a request contains
// (https://developer.squareup.com/docs/webhooks/step3validate).
type square struct {
	keys [][]byte
	url  string
}

func (s square) verify(h headers, body []byte, _ time.Time) error {
	signature := h["x-square-hmacsha256-signature"]
	switch {
	case s.url == "":
		return errConfig
	case signature == "", len(body) == 0:
		return errMissing
	}
	return inBase64(s.keys, signature, []byte(s.url), body)
}
