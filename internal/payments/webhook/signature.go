package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A Rejection is the reason why a request could not be verified. It contains no data from the request.
type Rejection struct {
	Reason string
	Code   loyalty.Code
}

func (r *Rejection) Error() string { return "payments: " + string(r.Code) + ": " + r.Reason }

// These are all rejections. The reasons differ for tests and logs, but the caller receives only the code.
var (
	ErrMissing   = &Rejection{"missing", SignatureMissing}
	ErrHeader    = &Rejection{"header", SignatureInvalid}
	ErrSignature = &Rejection{"signature", SignatureInvalid}
	ErrAlgorithm = &Rejection{"algorithm", SignatureInvalid}
	ErrCertURL   = &Rejection{"cert-url", SignatureInvalid}
	ErrCert      = &Rejection{"cert-expired", SignatureInvalid} // expired, or issued by an untrusted authority
	ErrStale     = &Rejection{"stale", TimestampOutOfRange}
	ErrFuture    = &Rejection{"future", TimestampOutOfRange}
	ErrConfig    = &Rejection{"config", NotConfigured}
)

// The codes of rejections.
const (
	SignatureMissing    loyalty.Code = "webhook_signature_missing"
	SignatureInvalid    loyalty.Code = "webhook_signature_invalid"
	TimestampOutOfRange loyalty.Code = "webhook_timestamp_out_of_range"
	NotConfigured       loyalty.Code = "webhook_not_configured"
)

// These constants limit the work on a request before it is verified.
const (
	MaxSignatures = 10
	maxSecrets    = 2
	Tolerance     = 300 * time.Second // inclusive, in both directions
)

// sum returns the HMAC-SHA256 of the concatenated parts.
func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// CheckMAC returns nil if one of the keys produced one of the HMAC-SHA256 signatures over the concatenated parts, and
// otherwise a *Rejection.
func CheckMAC(keys, signatures [][]byte, parts ...[]byte) error {
	if len(keys) == 0 || len(keys) > maxSecrets {
		return ErrConfig
	}
	found := false
	for _, key := range keys {
		if len(key) == 0 {
			return ErrConfig
		}
		want := sum(key, parts...)
		for _, s := range signatures {
			found = hmac.Equal(want, s) || found
		}
	}
	if !found {
		return ErrSignature
	}
	return nil
}

// CheckBase64MAC does the same as CheckMAC for a single signature in base64.
func CheckBase64MAC(keys [][]byte, signature string, parts ...[]byte) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return ErrSignature
	}
	return CheckMAC(keys, [][]byte{raw}, parts...)
}

// CheckTime returns nil if a signed Unix time in seconds is within Tolerance of now, and otherwise a *Rejection.
func CheckTime(at int64, now time.Time) error {
	switch age := now.Unix() - at; {
	case age > int64(Tolerance/time.Second):
		return ErrStale
	case age < -int64(Tolerance/time.Second):
		return ErrFuture
	}
	return nil
}

// Seconds parses a Unix time that consists only of digits.
func Seconds(s string) (int64, error) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, ErrHeader
	}
	return strconv.ParseInt(s, 10, 64)
}

// PlainKeys converts secrets that are used as written to keys.
func PlainKeys(secrets []string) (keys [][]byte) {
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	return keys
}

// DecodedKeys converts encoded secrets to keys. A secret that cannot be decoded becomes a nil key, for which CheckMAC
// returns ErrConfig.
func DecodedKeys(secrets []string, decode func(string) ([]byte, error)) (keys [][]byte) {
	for _, s := range secrets {
		key, err := decode(s)
		if err != nil {
			key = nil
		}
		keys = append(keys, key)
	}
	return keys
}
