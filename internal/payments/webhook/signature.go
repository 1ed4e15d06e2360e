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

// A Rejection states why a request could not be verified. It contains no data from the request.
type Rejection struct {
	Reason string
	Code   loyalty.Code
}

func (r *Rejection) Error() string { return "payments: " + string(r.Code) + ": " + r.Reason }

// These are all rejections. Tests and logs use the reasons. The caller of the API receives only the code.
var (
	ErrMissing   = &Rejection{"missing", SignatureMissing}
	ErrHeader    = &Rejection{"header", SignatureInvalid}
	ErrSignature = &Rejection{"signature", SignatureInvalid}
	ErrAlgorithm = &Rejection{"algorithm", SignatureInvalid}
	ErrCertURL   = &Rejection{"cert-url", SignatureInvalid}
	ErrCert      = &Rejection{
		"cert-expired", SignatureInvalid,
	} // the certificate is expired, or its issuer is not trusted
	ErrStale  = &Rejection{"stale", TimestampOutOfRange}
	ErrFuture = &Rejection{"future", TimestampOutOfRange}
	ErrConfig = &Rejection{"config", NotConfigured}
)

// These are the codes of rejections.
const (
	SignatureMissing    loyalty.Code = "webhook_signature_missing"
	SignatureInvalid    loyalty.Code = "webhook_signature_invalid"
	TimestampOutOfRange loyalty.Code = "webhook_timestamp_out_of_range"
	NotConfigured       loyalty.Code = "webhook_not_configured"
)

// These constants limit the work for a request before its signature is verified.
const (
	MaxSignatures = 10
	maxSecrets    = 2
	Tolerance     = 300 * time.Second // maximum difference between the signed time and now, inclusive
)

// sum returns the HMAC-SHA256 of the parts, which it concatenates.
func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// CheckMAC returns nil if at least one of the signatures is the HMAC-SHA256 of the concatenated parts with one of the
// keys. Otherwise, it returns a *Rejection.
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

// CheckBase64MAC is like CheckMAC, but for one signature in base64.
func CheckBase64MAC(keys [][]byte, signature string, parts ...[]byte) error {
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return ErrSignature
	}
	return CheckMAC(keys, [][]byte{raw}, parts...)
}

// CheckTime returns nil if the difference between a signed time and now is at most Tolerance. Otherwise, it returns a
// *Rejection. The signed time is in seconds since 1970.
func CheckTime(at int64, now time.Time) error {
	switch age := now.Unix() - at; {
	case age > int64(Tolerance/time.Second):
		return ErrStale
	case age < -int64(Tolerance/time.Second):
		return ErrFuture
	}
	return nil
}

// Seconds parses a time in seconds since 1970. The text must consist only of digits.
func Seconds(s string) (int64, error) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, ErrHeader
	}
	return strconv.ParseInt(s, 10, 64)
}

// PlainKeys converts secrets to keys. The key is the text of the secret.
func PlainKeys(secrets []string) (keys [][]byte) {
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	return keys
}

// DecodedKeys converts encoded secrets to keys with the function decode. A secret that cannot be decoded becomes a nil
// key. With such a key, CheckMAC returns ErrConfig.
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
