package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Links makes the links of messages. They are signed, so that nobody can take back another's consent, and say nothing
// that would be worth stealing. They do not end: whoever finds an old message must still be able to stop them.
type Links struct {
	Base string // the public address of the API, such as https://api.example.com, without a slash at its end; may be empty
	Key  []byte
}

// A Subscription is what a link takes back.
type Subscription struct {
	Program string
	Member  loyalty.MemberID
	Channel loyalty.Channel
	Purpose loyalty.Purpose
}

// UnsubscribePath is where links lead, before the token.
const UnsubscribePath = "/v1/unsubscribe/"

// Unsubscribe returns the link of RFC 8058, to which a POST is enough. It is empty if the public address of the API is
// not known.
func (l Links) Unsubscribe(s Subscription) string {
	if l.Base == "" {
		return ""
	}
	return l.Base + UnsubscribePath + l.Token(s)
}

// Token writes a subscription with its signature: HMAC-SHA-256, of which 128 bits are kept.
func (l Links) Token(s Subscription) string {
	payload := strings.Join([]string{s.Program, string(s.Member), string(s.Channel), string(s.Purpose)}, "|")
	return base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + base64.RawURLEncoding.EncodeToString(l.sign(payload))
}

func (l Links) sign(payload string) []byte {
	mac := hmac.New(sha256.New, l.Key)
	mac.Write([]byte("unsubscribe\n" + payload))
	return mac.Sum(nil)[:16]
}

// Read is the subscription of a token; false if this key did not sign it.
func (l Links) Read(token string) (s Subscription, ok bool) {
	left, right, _ := strings.Cut(token, ".")
	payload, err1 := base64.RawURLEncoding.Strict().DecodeString(left)
	signature, err2 := base64.RawURLEncoding.Strict().DecodeString(right)
	parts := strings.Split(string(payload), "|")
	if err1 != nil || err2 != nil || len(parts) != 4 || !hmac.Equal(signature, l.sign(string(payload))) {
		return s, false
	}
	return Subscription{parts[0], loyalty.MemberID(parts[1]), loyalty.Channel(parts[2]), loyalty.Purpose(parts[3])}, true
}
