package payments

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	keyA, keyB, keyC = []byte("key-a-0123456789"), []byte("key-b-0123456789"), []byte("key-c-0123456789")
	signedBody       = []byte(`{"id":1}`)
)

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func in64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func check(t *testing.T, name string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

// One of two secrets signs during a rotation. A missing, empty or third secret is a wrong configuration.
func TestSecretsOfASignature(t *testing.T) {
	good, other := mac(keyA, "abc"), mac(keyB, "abc")
	for name, c := range map[string]struct {
		keys, signatures [][]byte
		want             error
	}{
		"one key":                         {[][]byte{keyA}, [][]byte{good}, nil},
		"the first of two keys":           {[][]byte{keyA, keyB}, [][]byte{good}, nil},
		"the second of two keys":          {[][]byte{keyB, keyA}, [][]byte{good}, nil},
		"the first of two signatures":     {[][]byte{keyA}, [][]byte{good, other}, nil},
		"the second of two signatures":    {[][]byte{keyA}, [][]byte{other, good}, nil},
		"the signature of another key":    {[][]byte{keyA}, [][]byte{other}, errSignature},
		"a part of the signature":         {[][]byte{keyA}, [][]byte{good[:31]}, errSignature},
		"an empty signature":              {[][]byte{keyA}, [][]byte{{}}, errSignature},
		"no signature":                    {[][]byte{keyA}, nil, errSignature},
		"no key":                          {nil, [][]byte{good}, errConfig},
		"three keys":                      {[][]byte{keyA, keyB, keyC}, [][]byte{good}, errConfig},
		"an empty key":                    {[][]byte{{}}, [][]byte{mac(nil, "abc")}, errConfig},
		"an empty key behind another one": {[][]byte{keyA, nil}, [][]byte{good}, errConfig},
	} {
		check(t, name, signed(c.keys, c.signatures, []byte("a"), []byte("bc")), c.want)
	}
	if status := errConfig.status(); status != http.StatusServiceUnavailable {
		t.Errorf("no configuration: %d", status)
	}
	for _, r := range []*rejection{errMissing, errHeader, errSignature, errAlgorithm, errCertURL, errCert, errStale, errFuture} {
		if r.status() != http.StatusUnauthorized || r.Error() == "" {
			t.Errorf("%v: %d", r, r.status())
		}
	}
	if keys := keysOf([]string{"00ff", "x"}, hex.DecodeString); len(keys) != 2 || string(keys[0]) != "\x00\xff" || keys[1] != nil {
		t.Errorf("%v", keys)
	}
}

// A signed time is accepted up to five minutes before and after the clock, to the second.
func TestTimeOfASignature(t *testing.T) {
	for at, want := range map[int64]error{0: nil, 300: nil, -300: nil, 301: errFuture, -301: errStale, 1 << 40: errFuture} {
		now := at12.Add(900 * time.Millisecond)
		check(t, fmt.Sprint(at), inTime(at12.Unix()+at, now), want)
		when := fmt.Sprint(at12.Unix() + at)
		check(t, "stripe "+when, stripe{[][]byte{keyA}}.verify(headers{
			"stripe-signature": "t=" + when + ",v1=" + hex.EncodeToString(mac(keyA, when+"."+string(signedBody))),
		}, signedBody, now), map[bool]error{true: errHeader, false: want}[len(when) > 12])
		check(t, "standard "+when, standard{[][]byte{keyA}}.verify(headers{
			"webhook-id": "m1", "webhook-timestamp": when, "webhook-signature": "v1," + in64(mac(keyA, "m1."+when+"."+string(signedBody))),
		}, signedBody, now), map[bool]error{true: errHeader, false: want}[len(when) > 12])
	}
	for text, want := range map[string]int64{"0": 0, "1796126400": 1796126400, "999999999999": 999999999999} {
		if got, err := seconds(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1000000000000", "+1", "-1", "1.5", " 1", "1e3"} {
		if _, err := seconds(text); !errors.Is(err, errHeader) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestStripeSignature(t *testing.T) {
	when := fmt.Sprint(at12.Unix())
	good := "v1=" + hex.EncodeToString(mac(keyA, when+"."+string(signedBody)))
	bad := "v1=" + hex.EncodeToString(mac(keyB, when+"."+string(signedBody)))
	stamp := "t=" + when
	for header, want := range map[string]error{
		stamp + "," + good:             nil,
		good + "," + stamp:             nil,
		stamp + ", " + good + ",v0=00": nil,
		stamp + "," + bad + "," + good: nil,
		stamp + strings.Repeat(","+bad, maxSignatures-1) + "," + good: nil,
		stamp + strings.Repeat(","+bad, maxSignatures) + "," + good:   errHeader,
		stamp + strings.Repeat(",v0=00", 20) + "," + good:             nil,
		stamp + ",v1=zz," + good:                                      nil,
		stamp + "," + bad:                                             errSignature,
		stamp + "," + strings.Replace(good, "v1", "v0", 1):            errSignature,
		stamp + ",v1=zz":                                              errSignature,
		stamp:                                                         errSignature,
		stamp + "," + stamp + "," + good:                              errHeader,
		stamp + ",x," + good:                                          errHeader,
		good:                                                          errHeader,
		"t=," + good:                                                  errHeader,
		"t=now," + good:                                               errHeader,
		"":                                                            errMissing,
	} {
		check(t, header, stripe{[][]byte{keyA}}.verify(headers{"stripe-signature": header}, signedBody, at12), want)
	}
}

func TestStandardSignature(t *testing.T) {
	when := fmt.Sprint(at12.Unix())
	good, bad := "v1,"+in64(mac(keyA, "m1."+when+"."+string(signedBody))), "v1,"+in64(mac(keyB, "m1."+when+"."+string(signedBody)))
	base := headers{"webhook-id": "m1", "webhook-timestamp": when, "webhook-signature": good}
	for _, c := range []struct {
		name, value string
		want        error
	}{
		{"webhook-signature", good, nil},
		{"webhook-signature", bad + " " + good, nil},
		{"webhook-signature", strings.Repeat(bad+" ", maxSignatures-1) + good, nil},
		{"webhook-signature", strings.Repeat(bad+" ", maxSignatures) + good, errHeader},
		{"webhook-signature", strings.Repeat("v1a,x ", maxSignatures) + good, errHeader},
		{"webhook-signature", "v1,?? " + good, nil},
		{"webhook-signature", "v2," + good[3:], errSignature},
		{"webhook-signature", "v1,", errSignature},
		{"webhook-signature", good[3:], errSignature},
		{"webhook-signature", bad, errSignature},
		{"webhook-signature", "", errMissing},
		{"webhook-id", "", errMissing},
		{"webhook-id", "m2", errSignature},
		{"webhook-id", "m 1", errHeader},
		{"webhook-timestamp", "", errMissing},
		{"webhook-timestamp", "soon", errHeader},
	} {
		h := headers{}
		for k, v := range base {
			h[k] = v
		}
		h[c.name] = c.value
		check(t, c.name+": "+c.value, standard{[][]byte{keyA}}.verify(h, signedBody, at12), c.want)
	}
}

func TestShopifySignature(t *testing.T) {
	good, bad := in64(mac(keyA, string(signedBody))), in64(mac(keyB, string(signedBody)))
	const older, newer = "x-shopify-hmac-sha256", "shopify-hmac-sha256"
	for _, c := range []struct {
		h    headers
		body string
		want error
	}{
		{headers{older: good}, string(signedBody), nil},
		{headers{newer: good}, string(signedBody), nil},
		{headers{older: good, newer: good}, string(signedBody), nil},
		{headers{older: good, newer: bad}, string(signedBody), errHeader},
		{headers{older: bad}, string(signedBody), errSignature},
		{headers{newer: bad}, string(signedBody), errSignature},
		{headers{older: "??"}, string(signedBody), errSignature},
		{headers{older: good}, string(signedBody) + " ", errSignature},
		{headers{}, string(signedBody), errMissing},
		{headers{older: in64(mac(keyA, ""))}, "", errMissing},
	} {
		check(t, fmt.Sprint(c.h, c.body), shopify{[][]byte{keyA}}.verify(c.h, []byte(c.body), at12), c.want)
	}
}

func TestSquareSignature(t *testing.T) {
	const url = "https://shop.test/square"
	good := in64(mac(keyA, url+string(signedBody)))
	for _, c := range []struct {
		url, signature, body string
		want                 error
	}{
		{url, good, string(signedBody), nil},
		{url + "/", good, string(signedBody), errSignature},
		{url, in64(mac(keyA, string(signedBody))), string(signedBody), errSignature},
		{url, "", string(signedBody), errMissing},
		{url, in64(mac(keyA, url)), "", errMissing},
		{"", in64(mac(keyA, string(signedBody))), string(signedBody), errConfig},
	} {
		check(t, c.url+" "+c.signature, square{[][]byte{keyA}, c.url}.verify(headers{"x-square-hmacsha256-signature": c.signature}, []byte(c.body), at12), c.want)
	}
}

func TestAdyenSignature(t *testing.T) {
	const text = "PSP2:PSP1:Shop_ECOM:1042:5000:EUR:CAPTURE:true"
	item := func(signature string) string {
		return strings.Replace(adyenText, `{`, `{"additionalData":`+signature+`,`, 1)
	}
	good := `{"hmacSignature":"` + in64(mac(keyA, text)) + `"}`
	for body, want := range map[string]error{
		item(good): nil,
		item(`{"hmacSignature":"` + in64(mac(keyB, text)) + `"}`): errSignature,
		item(`{"hmacSignature":"??"}`):                            errSignature,
		item(`{"hmacSignature":17}`):                              errSignature,
		item(`{}`):                                                errMissing,
		item(`null`):                                              errMissing,
		adyenText:                                                 errMissing,
		strings.Replace(item(good), "5000", "5001", 1):            errSignature,
		strings.Replace(item(good), "PSP1", "PSP9", 1):            errSignature,
	} {
		it, err := readAdyenItem(jsontext.Value(body))
		if err != nil {
			t.Fatal(err)
		}
		check(t, body, adyen{[][]byte{keyA}}.verify(it), want)
	}
	whole := in64(mac(keyA, string(signedBody)))
	check(t, "a payload", adyen{[][]byte{keyA}}.verifyPayload(whole, signedBody), nil)
	check(t, "another payload", adyen{[][]byte{keyA}}.verifyPayload(whole, []byte("{}")), errSignature)
	check(t, "no signature", adyen{[][]byte{keyA}}.verifyPayload("", signedBody), errMissing)
	check(t, "no payload", adyen{[][]byte{keyA}}.verifyPayload(in64(mac(keyA, "")), nil), errMissing)
	for value, want := range map[string]string{`"a"`: "a", `5`: "5", `true`: "true", `null`: "null", `"\u0061"`: "a"} {
		if got := literal(jsontext.Value(value)); got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}
