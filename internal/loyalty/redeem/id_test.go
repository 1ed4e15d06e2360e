package redeem

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The ID of a redemption contains the member after a unique part of fixed length.
func TestRedemptionIDContainsMember(t *testing.T) {
	unique := strings.Repeat("x", uniqueLength)
	for id, want := range map[string]loyalty.MemberID{
		RedemptionID(unique, "mem_ada"): "mem_ada",
		"rd_" + unique + "a":            "mem_a",
		"rd_" + unique:                  "",
		"rd_1":                          "",
		"rd_":                           "",
		"":                              "",
		unique + "ada-ada-ada-ada":      "",
		"xx_" + unique + "ada":          "",
	} {
		if got := Redeemer(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}
