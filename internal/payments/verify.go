package payments

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A rejection is the reason why an event could not be verified. It contains no data from the request.
type rejection struct {
	reason string
	code   loyalty.Code
}

func (r *rejection) Error() string { return "payments: " + string(r.code) + ": " + r.reason }

// These are all rejections. The reasons differ for tests and logs, but the caller receives only the code.
var (
	errMissing   = &rejection{"missing", signatureMissing}
	errHeader    = &rejection{"header", signatureInvalid}
	errSignature = &rejection{"signature", signatureInvalid}
	errAlgorithm = &rejection{"algorithm", signatureInvalid}
	errCertURL   = &rejection{"cert-url", signatureInvalid}
	errCert      = &rejection{"cert-expired", signatureInvalid} // expired, or issued by an untrusted authority
	errStale     = &rejection{"stale", timestampOutOfRange}
	errFuture    = &rejection{"future", timestampOutOfRange}
	errConfig    = &rejection{"config", notConfigured}
)

const (
	signatureMissing    loyalty.Code = "webhook_signature_missing"
	signatureInvalid    loyalty.Code = "webhook_signature_invalid"
	timestampOutOfRange loyalty.Code = "webhook_timestamp_out_of_range"
	notConfigured       loyalty.Code = "webhook_not_configured"
)

// status returns the HTTP status of the answer to a rejected event.
func (r *rejection) status() int {
	if r.code == notConfigured {
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

// These constants limit the work on a request before it is verified.
const (
	maxBody       = 4 << 20 // Lambda accepts 6 MB, and API Gateway may encode the body as base64
	maxSignatures = 10
	maxSecrets    = 2
	tolerance     = 300 * time.Second // inclusive, in both directions
)

// headers contains the headers of a request by their names in lower case.
type headers map[string]string

// A verifier checks whether a request is from the expected sender. It receives the body as sent, does not parse it
// before it is verified, takes the same time for every signature, and returns a *rejection or nil.
type verifier interface {
	verify(h headers, body []byte, now time.Time) error
}

// sum returns the HMAC-SHA256 of the concatenated parts.
func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// signed returns nil if one of the keys produced one of the signatures over the parts, and otherwise a rejection.
func signed(keys [][]byte, signatures [][]byte, parts ...[]byte) error {
	if len(keys) == 0 || len(keys) > maxSecrets {
		return errConfig
	}
	found := false
	for _, key := range keys {
		if len(key) == 0 {
			return errConfig
		}
		want := sum(key, parts...)
		for _, s := range signatures {
			found = hmac.Equal(want, s) || found
		}
	}
	if !found {
		return errSignature
	}
	return nil
}

// inTime returns nil if a signed Unix time in seconds is within the tolerance of now, and otherwise a rejection.
func inTime(at int64, now time.Time) error {
	switch age := now.Unix() - at; {
	case age > int64(tolerance/time.Second):
		return errStale
	case age < -int64(tolerance/time.Second):
		return errFuture
	}
	return nil
}

// seconds parses a Unix time that consists only of digits.
func seconds(s string) (int64, error) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, errHeader
	}
	return strconv.ParseInt(s, 10, 64)
}

// plain converts secrets that are used as written to keys.
func plain(secrets []string) (keys [][]byte) {
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	return keys
}

// keysOf converts encoded secrets to keys. A secret that cannot be decoded becomes a nil key, which matches no
// signature.
func keysOf(secrets []string, read func(string) ([]byte, error)) (keys [][]byte) {
	for _, s := range secrets {
		key, err := read(s)
		if err != nil {
			key = nil
		}
		keys = append(keys, key)
	}
	return keys
}

func rejected(err error) (*rejection, bool) {
	var r *rejection
	return r, errors.As(err, &r)
}
