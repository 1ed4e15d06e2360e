package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

func TestFormsOfCodes(t *testing.T) {
	for bits, want := range map[[5]byte]string{
		{}:                        "0000-0000",
		{255, 255, 255, 255, 255}: "ZZZZ-ZZZZ",
		{0, 0, 0, 0, 33}:          "0000-0011",
		{8, 0, 0, 0, 0}:           "1000-0000",
		{0, 0, 16, 0, 0}:          "0001-0000",
	} {
		if got := redeem.NewReferralCode(bits); got != want {
			t.Errorf("%v is %s, want %s", bits, got, want)
		}
	}
	for code, want := range map[string]bool{
		"ABCD": true, "a-b-c-d": true, "zZ09": true, "ABC": false, "ABC-": false, "A--BC": false, "ABC D": false,
		"ABCD/": false,
		"ABCD:": false, "ABCD@": false, "ABCD[": false, "ABCD`": false, "ABCD{": false, "": false,
		"1234567890123456789012345678901234567890123456789012345678901234":  true,
		"12345678901234567890123456789012345678901234567890123456789012345": false,
	} {
		if got := redeem.ValidCode(code); got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
	for code, want := range map[string]string{
		"abcd": "D", "abc": "", "ab-cdefgh": "GH", "12345678901234567890": "7890",
	} {
		if got := redeem.CodeHint(code); got != want {
			t.Errorf("the hint of %q is %q, want %q", code, got, want)
		}
	}
	if got := redeem.PlainCode("a-z Il0o@[`{"); got != "AZ1100@[`{" {
		t.Errorf("the plain code is %q", got)
	}
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.Codes = loyalty.Codes{From: loyalty.SharedCode, Shared: "WELCOME-10"}
	})
	for code, want := range map[string]bool{"welcome10": true, "WE-LC-OM-E1O": true, "WELCOME-11": false, "": false} {
		if r, ok := redeem.SharedBy(p.Rewards, code); ok != want || ok != (r.ID == "it") {
			t.Errorf("%q finds %q, %t", code, r.ID, ok)
		}
	}
	p.Rewards[0].Codes.From = loyalty.UploadedCode
	if _, ok := redeem.SharedBy(p.Rewards, "WELCOME-10"); ok {
		t.Error("a code that is not shared is found")
	}
}
