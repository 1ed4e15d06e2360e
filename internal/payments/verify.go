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

// A rejection is why an event is not known to be genuine. Nothing in it comes from what was sent.
type rejection struct {
	reason string
	code   loyalty.Code
}

func (r *rejection) Error() string { return "payments: " + string(r.code) + ": " + r.reason }

// The rejections that there are. They are told apart for tests and logs; whoever calls learns the code alone.
var (
	errMissing   = &rejection{"missing", signatureMissing}
	errHeader    = &rejection{"header", signatureInvalid}
	errSignature = &rejection{"signature", signatureInvalid}
	errAlgorithm = &rejection{"algorithm", signatureInvalid}
	errCertURL   = &rejection{"cert-url", signatureInvalid}
	errCert      = &rejection{"cert-expired", signatureInvalid} // expired, or of nobody whom we trust
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

// status is what a rejected event is answered with.
func (r *rejection) status() int {
	if r.code == notConfigured {
		return http.StatusServiceUnavailable
	}
	return http.StatusUnauthorized
}

// Bounds on what is looked at before anything is known to be genuine.
const (
	maxBody       = 4 << 20 // Lambda takes 6 MB, in which API Gateway may send a body as base64
	maxSignatures = 10
	maxSecrets    = 2
	tolerance     = 300 * time.Second // inclusive, both ways
)

// headers are those of a request, by their names in lower case.
type headers map[string]string

// A verifier knows whether a request comes from who it says. It is given the bytes as they were sent, never parses
// them before it knows, takes the same time whatever the signature, and returns a *rejection or nil.
type verifier interface {
	verify(h headers, body []byte, now time.Time) error
}

// sum is the HMAC-SHA256 of the parts, one behind the other.
func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// signed reports whether one of the signatures was made with one of the keys over the parts.
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

// inTime reports whether a signed instant, in seconds since 1970, is that of now.
func inTime(at int64, now time.Time) error {
	switch age := now.Unix() - at; {
	case age > int64(tolerance/time.Second):
		return errStale
	case age < -int64(tolerance/time.Second):
		return errFuture
	}
	return nil
}

// seconds reads an instant that consists of digits and nothing else.
func seconds(s string) (int64, error) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, errHeader
	}
	return strconv.ParseInt(s, 10, 64)
}

// plain makes keys of secrets that are used as they are written.
func plain(secrets []string) (keys [][]byte) {
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	return keys
}

// keysOf makes keys of secrets that are written in some other way. One that cannot be read is no key, which nothing
// passes.
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
