package redeem

import (
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// memberPrefix is the prefix of member IDs that the API creates.
const memberPrefix = "mem_"

// uniqueLength is the length of the first part of a redemption's ID.
const uniqueLength = 20

// RedemptionID returns the ID of a redemption: "rd_", then 20 unique characters, then the member's ID without "mem_".
// A request to commit or cancel a redemption contains only this ID. The member in it allows the
// account to be read concurrently with the redemption, which saves one step. It is a hint: the stored redemption
// decides.
func RedemptionID(unique string, m loyalty.MemberID) string {
	return "rd_" + unique + strings.TrimPrefix(string(m), memberPrefix)
}

// Redeemer returns the member that the ID of a redemption contains as a hint, or an empty ID if it contains none.
func Redeemer(redemption string) loyalty.MemberID {
	rest, ok := strings.CutPrefix(redemption, "rd_")
	if !ok || len(rest) <= uniqueLength {
		return ""
	}
	return loyalty.MemberID(memberPrefix + rest[uniqueLength:])
}
