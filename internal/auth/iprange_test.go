package auth

import (
	"errors"
	"testing"
)

func TestKeyIsValidInItsIPRanges(t *testing.T) {
	k, _, _ := newKeys(t)
	full, _, err := k.CreateKey(t.Context(), NewKey{
		Program: "bluebird", Scopes: []Scope{Admin},
		IPRanges: []string{"203.0.113.0/24", "198.51.100.7", "2001:db8::/32"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]error{
		"203.0.113.0": nil, "203.0.113.255": nil, "198.51.100.7": nil, "2001:db8::1": nil, "::ffff:203.0.113.9": nil,

		"203.0.112.255": ErrIPAddress, "203.0.114.0": ErrIPAddress, "198.51.100.8": ErrIPAddress,
		"2001:db9::": ErrIPAddress, "127.0.0.1": ErrIPAddress, "": ErrIPAddress, "203.0.113.9, 10.0.0.1": ErrIPAddress,
	} {
		if _, err := k.Verify(t.Context(), "Bearer "+full, address); !errors.Is(err, want) {
			t.Errorf("from %q: %v, want %v", address, err, want)
		}
	}
	if !errors.Is(ErrIPAddress, Forbidden) {
		t.Error("the error has another code than forbidden")
	}
	other := full[:len(full)-1] + string(full[len(full)-1]^1)
	if _, err := k.Verify(t.Context(), "Bearer "+other, "127.0.0.1"); !errors.Is(err, TokenInvalid) {
		t.Errorf("a wrong secret from another address: %v", err)
	}
}

func TestIPRangesAreChecked(t *testing.T) {
	for _, text := range []string{
		"", "203.0.113.0/33", "203.0.113.7/24", "203.0.113", "::ffff:203.0.113.0/120", "fe80::1%eth0", "*", "0.0.0.0/x",
	} {
		if ranges, err := ParseIPRanges([]string{text}); err == nil {
			t.Errorf("%q is the range %v", text, ranges)
		}
	}
	many := make([]string, maxRanges+1)
	for i := range many {
		many[i] = "203.0.113.0/24"
	}
	if _, err := ParseIPRanges(many[1:]); err != nil {
		t.Errorf("%d ranges: %v", maxRanges, err)
	}
	if _, err := ParseIPRanges(many); err == nil {
		t.Errorf("%d ranges were accepted", maxRanges+1)
	}
}
