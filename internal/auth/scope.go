package auth

import "strings"

// A Scope is one thing that a key may do. Writing includes reading the same. A route that takes a body wants a
// scope that writes, also where it only computes (quotes, checking a program file).
type Scope string

const (
	MembersRead      Scope = "members:read" // members and their statements
	MembersWrite     Scope = "members:write"
	AdjustmentsWrite Scope = "adjustments:write"
	OrdersRead       Scope = "orders:read"
	OrdersWrite      Scope = "orders:write" // orders and quotes
	EventsWrite      Scope = "events:write" // what else earns
	RewardsRead      Scope = "rewards:read" // and campaigns
	RedemptionsRead  Scope = "redemptions:read"
	RedemptionsWrite Scope = "redemptions:write"
	ProgramRead      Scope = "program:read"
	ProgramWrite     Scope = "program:write"
	Admin            Scope = "admin" // all of them
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{
		MembersRead, MembersWrite, AdjustmentsWrite, OrdersRead, OrdersWrite, EventsWrite,
		RewardsRead, RedemptionsRead, RedemptionsWrite, ProgramRead, ProgramWrite, Admin,
	}
}

func (s Scope) valid() bool {
	for _, known := range Scopes() {
		if s == known {
			return true
		}
	}
	return false
}

// May reports whether the principal holds a scope, by itself or within another.
func (p Principal) May(want Scope) bool {
	for _, s := range p.Scopes {
		if s == want || s == Admin {
			return true
		}
		if what, ok := strings.CutSuffix(string(s), ":write"); ok && string(want) == what+":read" {
			return true
		}
	}
	return false
}
