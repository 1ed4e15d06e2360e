package payments

import "time"

// Square signs the notification URL and the body, with nothing between them. The URL is the one that was entered at
// Square, never the one that a request claims to have come to
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
