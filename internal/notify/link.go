package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Links creates the unsubscribe links in messages. The links are signed, so that only a recipient can withdraw consent,
// and contain no sensitive data. They do not expire, because the link in an old message must still work.
type Links struct {
	// Base is the public address of the API, such as https://api.example.com, without a trailing slash. It may be
	// empty.
	Base string
	Key  []byte
}

// A Subscription identifies the consent that an unsubscribe link withdraws.
type Subscription struct {
	Program string
	Member  loyalty.MemberID
	Channel loyalty.Channel
	Purpose loyalty.Purpose
}

// unsubscribePath is the path of an unsubscribe link, without the token at its end.
const unsubscribePath = "/v1/unsubscribe/"

// Unsubscribe returns the link for one-click unsubscribe (RFC 8058), which accepts a POST request without further data.
// It returns "" if the public address of the API is unknown.
func (l Links) Unsubscribe(s Subscription) string {
	if l.Base == "" {
		return ""
	}
	return l.Base + unsubscribePath + l.Token(s)
}

// Token returns the text that encodes a subscription and its signature: HMAC-SHA-256, truncated to 128 bits.
func (l Links) Token(s Subscription) string {
	payload := strings.Join([]string{s.Program, string(s.Member), string(s.Channel), string(s.Purpose)}, "|")
	return base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." +
		base64.RawURLEncoding.EncodeToString(l.sign(payload))
}

func (l Links) sign(payload string) []byte {
	mac := hmac.New(sha256.New, l.Key)
	mac.Write([]byte("unsubscribe\n" + payload))
	return mac.Sum(nil)[:16]
}

// Read decodes the subscription in a token. It reports false if the token was not signed with this key.
func (l Links) Read(token string) (s Subscription, ok bool) {
	left, right, _ := strings.Cut(token, ".")
	payload, err1 := base64.RawURLEncoding.Strict().DecodeString(left)
	signature, err2 := base64.RawURLEncoding.Strict().DecodeString(right)
	parts := strings.Split(string(payload), "|")
	if err1 != nil || err2 != nil || len(parts) != 4 || !hmac.Equal(signature, l.sign(string(payload))) {
		return s, false
	}
	return Subscription{
		parts[0], loyalty.MemberID(parts[1]), loyalty.Channel(parts[2]), loyalty.Purpose(parts[3]),
	}, true
}
