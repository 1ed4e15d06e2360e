package auth

import "strings"

// A Role states what an operator may do. Each route lists its roles (package api/request has the table).
//
//	owner     everything, including operators
//	admin     everything except changes of owners
//	marketer  the program, campaigns, rewards, codes and reminders
//	finance   reads members, redemptions, reports and the audit list, and decides approvals
//	support   members, redemptions, and adjustments; those above the operator's limit need an approval
//	clerk     at the counter: finds members, sends orders, redeems rewards and uses codes
//	auditor   reads everything and changes nothing
type Role string

const (
	Owner         Role = "owner"
	Administrator Role = "admin"
	Marketer      Role = "marketer"
	Finance       Role = "finance"
	Support       Role = "support"
	Clerk         Role = "clerk"
	Auditor       Role = "auditor"
)

// allRoles lists the roles in the order of their bits in Roles.
var allRoles = [...]Role{Owner, Administrator, Marketer, Finance, Support, Clerk, Auditor}

// AllRoles returns every role.
func AllRoles() []Role { return allRoles[:] }

// IsValid reports whether the role is known.
func (r Role) IsValid() bool { return r.bit() != 0 }

// IsLimited reports whether the role has a limit of the points of one adjustment.
func (r Role) IsLimited() bool { return r == Support }

// ReadsMembers reports whether the role may read the personal data of members.
func (r Role) ReadsMembers() bool { return r.IsValid() && r != Marketer }

func (r Role) bit() Roles {
	for i, known := range allRoles {
		if r == known {
			return 1 << i
		}
	}
	return 0
}

// Roles is a set of roles. The zero set is empty.
type Roles uint8

// RolesOf returns a set of roles. Unknown roles are ignored.
func RolesOf(roles ...Role) (set Roles) {
	for _, r := range roles {
		set |= r.bit()
	}
	return set
}

// Has reports whether the set contains the role.
func (s Roles) Has(r Role) bool { return s&r.bit() != 0 }

// String returns the roles, separated by commas.
func (s Roles) String() string {
	var names []string
	for _, r := range allRoles {
		if s.Has(r) {
			names = append(names, string(r))
		}
	}
	return strings.Join(names, ",")
}
