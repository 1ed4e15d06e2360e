package share

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestNextOwnerOfAHousehold(t *testing.T) {
	owner := HouseholdMember{Member: "mem_ada", Role: Owner, Invited: loyaltytest.Noon, Since: loyaltytest.Noon}
	adult := func(m loyalty.MemberID, minutes int) HouseholdMember {
		return HouseholdMember{
			Member: m, Role: Adult, Invited: loyaltytest.Noon,
			Since: loyaltytest.Noon.Add(time.Duration(minutes) * time.Minute),
		}
	}
	invited, child := adult("mem_dan", 0), adult("mem_eve", 0)
	invited.Since, child.Role = time.Time{}, Child
	for _, c := range []struct {
		members []HouseholdMember
		owner   loyalty.MemberID // empty if the household ends
	}{
		{[]HouseholdMember{owner}, ""},
		{[]HouseholdMember{owner, invited, child}, ""},
		{[]HouseholdMember{owner, child, adult("mem_bob", 2), adult("mem_cleo", 1), invited}, "mem_cleo"},
		{[]HouseholdMember{owner, adult("mem_bob", 1), adult("mem_cleo", 1)}, "mem_bob"},
		{[]HouseholdMember{adult("mem_bob", 3), owner, adult("mem_cleo", 4)}, "mem_bob"},
	} {
		h, err := Household{ID: "hh_1", Members: c.members}.Leave("mem_ada")
		var got loyalty.MemberID
		for _, m := range h.Members {
			if m.Role == Owner {
				got = m.Member
			}
		}
		want := len(c.members) - 1
		if c.owner == "" {
			want = 0
		}
		if err != nil || got != c.owner || len(h.Members) != want {
			t.Errorf("%+v: %+v, %v; want %q", c.members, h.Members, err, c.owner)
		}
	}
	for _, m := range []HouseholdMember{invited, child, adult("mem_bob", 1)} {
		h, err := Household{ID: "hh_1", Members: []HouseholdMember{owner, m}}.Leave(m.Member)
		if err != nil || len(h.Members) != 1 || h.Members[0] != owner {
			t.Errorf("%+v leaves: %+v, %v", m, h.Members, err)
		}
		h, err = Household{ID: "hh_1", Members: []HouseholdMember{m, owner}}.Remove(m.Member)
		if err != nil || len(h.Members) != 1 {
			t.Errorf("%+v is removed: %+v, %v", m, h.Members, err)
		}
	}
	_, err := Household{ID: "hh_1", Members: []HouseholdMember{owner}}.Remove("mem_ada")
	loyaltytest.WantRefusal(t, "the owner", err, loyalty.ValidationFailed, "/member")
	_, err = Household{ID: "hh_1", Members: []HouseholdMember{owner}}.Remove("mem_bob")
	loyaltytest.WantRefusal(t, "another member", err, loyalty.NotFound, "/member")
	_, err = Household{ID: "hh_1", Members: []HouseholdMember{owner}}.Leave("mem_bob")
	loyaltytest.WantRefusal(t, "another member", err, loyalty.NotFound, "/member")
}
