package payments_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"
)

func TestForgedPayPalWebhooks(t *testing.T) {
	genuine := stories[3].facts(false)[0]
	for _, first := range []string{"the forged one first", "the genuine one first"} {
		t.Run(first, func(t *testing.T) {
			s := newShop(t, "orders_when_paid")
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.paypal.store(t, genuine, noon)
			h, body := s.signed(genuine)
			forged := sameCRC(t, bytes.Replace(body, []byte("49.99"), []byte("9999.00"), 1), body)
			claim := func() {
				s.unchanged(
					func() { s.expect(genuine.Path("corner"), h, forged, "200 quarantined webhook_body_mismatch") },
				)
			}
			if first == "the forged one first" {
				claim()
				s.expect(genuine.Path("corner"), h, body, "200 applied")
			} else {
				s.expect(genuine.Path("corner"), h, body, "200 applied")
				claim()
			}
			if s.orderPoints("1042") != whole || !strings.Contains(s.log.String(), `"code":"webhook_body_mismatch"`) {
				t.Errorf("%d points", s.orderPoints("1042"))
			}
			s.expect(genuine.Path("corner"), h, body, "200 duplicate")
		})
	}

	s := newShop(t, "orders_when_paid")
	h, body := s.signed(genuine)
	address := h.Get("Paypal-Cert-Url")
	s.unchanged(func() {
		for _, other := range []string{
			"https://api.paypal.com.evil.test/v1/notifications/certs/CERT-1",
			"http://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
			"https://api.paypal.com@evil.test/v1/notifications/certs/CERT-1",
			"https://api.sandbox.paypal.com/v1/notifications/certs/../../../x",
			"https://169.254.169.254/v1/notifications/certs/CERT-1",
			"https://api.sandbox.paypal.com:444/v1/notifications/certs/CERT-1",
			"https://api.paypal.com/v1/notifications/certs/CERT-1",
			"https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1?x=y",
			"https://api.sandbox.paypal.com/v1/oauth2/token",
		} {
			h.Set("Paypal-Cert-Url", other)
			s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid")
		}
		if len(s.paypal.requests) > 0 {
			t.Errorf("requests were made: %v", s.paypal.requests)
		}
		h.Set("Paypal-Cert-Url", address)
		h.Set("Paypal-Auth-Algo", "SHA1withRSA")
		s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid")
		h.Set("Paypal-Auth-Algo", "SHA256withRSA")
	})
	for why, change := range map[string]func(*x509.Certificate){
		"expired":         func(c *x509.Certificate) { c.NotAfter = noon.AddDate(0, 0, -1) },
		"of another name": func(c *x509.Certificate) { c.DNSNames = []string{"evil.test"} },
	} {
		t.Run(why, func(t *testing.T) {
			s := newShop(t, "orders_when_paid")
			s.paypal.Certificate = change
			h, body := s.signed(genuine)
			s.unchanged(func() { s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid") })
		})
	}
	t.Run("of another authority", func(t *testing.T) {
		s, other := newShop(t, "orders_when_paid"), newPayPalServer(t)
		_, body := s.signed(genuine)
		h := other.sign(t, body, noon)
		s.paypal.Server = other.Server // serves the certificate
		s.unchanged(func() { s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid") })
	})
	s.paypal.down = true
	// The certificate cannot be read, so PayPal sends the event again.
	s.unchanged(func() { s.expect(genuine.Path("corner"), h, body, "503 temporarily_unavailable") })
	s.paypal.down = false
	s.paypal.store(t, genuine, noon)
	s.expect(genuine.Path("corner"), h, body, "200 applied")
}

// sameCRC pads a body with spaces and tabs until it has the CRC-32 of another body, as an attacker would.
func sameCRC(t *testing.T, forged, genuine []byte) []byte {
	const bits = 64
	padded := func(tabs uint64) []byte {
		out := bytes.Clone(forged)
		for i := range bits {
			out = append(out, map[bool]byte{true: '\t', false: ' '}[tabs>>i&1 == 1])
		}
		return out
	}
	// A CRC is linear over the bits: find the tabs that make up the difference, by elimination.
	base := crc(padded(0))
	want := base ^ crc(genuine)
	type row struct {
		sum  uint32
		tabs uint64
	}
	var rows []row
	for i := range bits {
		r := row{crc(padded(1<<i)) ^ base, 1 << i}
		for _, x := range rows {
			if r.sum^x.sum < r.sum {
				r.sum, r.tabs = r.sum^x.sum, r.tabs^x.tabs
			}
		}
		if r.sum != 0 {
			rows = append(rows, r)
		}
	}
	tabs := uint64(0)
	for range rows {
		for _, x := range rows {
			if want^x.sum < want {
				want, tabs = want^x.sum, tabs^x.tabs
			}
		}
	}
	out := padded(tabs)
	if want != 0 || crc(out) != crc(genuine) {
		t.Fatal("no padding gives the same CRC")
	}
	return out
}
