package api

import "testing"

// TestPagesOfAllowedOriginsCallRoutesOfMembers covers attack 73. A page of an allowed origin may call the routes of
// members. No other page and no other route gets a permission.
func TestPagesOfAllowedOriginsCallRoutesOfMembers(t *testing.T) {
	w := newWorld(t, memory(t))
	w.must("POST", "/v1/members", `{"external_id": "cust-1"}`)
	const shop, other, evil = "https://shop.example", "https://red.example", "https://evil.example"
	for origin, program := range map[string]string{shop: "bluebird", other: "redbird"} {
		if err := w.tokens.AddOrigin(t.Context(), program, origin); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		method, path, origin, key string
		wanted                    string // the header Access-Control-Request-Method
		want, permitted           string
	}{
		{"GET", "/v1/me", shop, "member:cust-1", "", "200", shop},
		{"GET", "/v1/me", evil, "member:cust-1", "", "200", ""},
		{"GET", "/v1/me", "null", "member:cust-1", "", "200", ""},
		{"GET", "/v1/me", "", "member:cust-1", "", "200", ""},
		{"GET", "/v1/me", other, "member:cust-1", "", "200", ""},
		{"GET", "/v1/me", other, "member:cust-1@in:redbird", "", "404 not_found", other},
		{"GET", "/v1/me", shop, "none", "", "401 unauthenticated", shop},
		{"GET", "/v1/me", evil, "none", "", "401 unauthenticated", ""},
		{"GET", "/v1/members/external:cust-1", shop, "admin", "", "200", ""},
		{"OPTIONS", "/v1/me", shop, "none", "GET", "204", shop},
		{"OPTIONS", "/v1/me/redemptions", shop, "none", "POST", "204", shop},
		{"OPTIONS", "/v1/me/redemptions", evil, "none", "POST", "403 forbidden", ""},
		{"OPTIONS", "/v1/me/redemptions", "null", "none", "POST", "403 forbidden", ""},
		{"OPTIONS", "/v1/me/redemptions", shop, "none", "DELETE", "405 method_not_allowed", ""},
		{"OPTIONS", "/v1/me/redemptions", "", "none", "POST", "405 method_not_allowed", ""},
		{"OPTIONS", "/v1/members/external:cust-1/adjustments", shop, "none", "POST", "405 method_not_allowed", ""},
		{"OPTIONS", "/v1/unknown", shop, "none", "GET", "404 not_found", ""},
	} {
		header := map[string]string{}
		if c.origin != "" {
			header["Origin"] = c.origin
		}
		if c.wanted != "" {
			header["Access-Control-Request-Method"] = c.wanted
		}
		a := w.do(sentRequest{method: c.method, path: c.path, key: c.key, header: header})
		if got := summary(a); got != c.want || a.header["access-control-allow-origin"] != c.permitted {
			t.Errorf("%s %s from %q by %s: %s, permits %q; want %s and %q", c.method, c.path, c.origin, c.key, got,
				a.header["access-control-allow-origin"], c.want, c.permitted)
		}
		if a.header["access-control-allow-credentials"] != "" {
			t.Errorf("%s %s permits credentials", c.method, c.path)
		}
		if a.status == 204 && (a.header["access-control-allow-methods"] != c.wanted ||
			a.header["access-control-allow-headers"] != "authorization, content-type, idempotency-key") {
			t.Errorf("%s %s: %v", c.method, c.path, a.header)
		}
	}
}
