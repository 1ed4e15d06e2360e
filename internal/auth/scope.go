package auth

// A Scope is a permission of a key. A scope for writing includes the corresponding scope for reading. A route with a
// request body requires a scope for writing, even if it only computes a result (quotes, program validation).
type Scope string

const (
	MembersRead      Scope = "members:read" // members and their statements
	MembersWrite     Scope = "members:write"
	AdjustmentsWrite Scope = "adjustments:write"
	OrdersRead       Scope = "orders:read"
	OrdersWrite      Scope = "orders:write" // orders and quotes
	EventsWrite      Scope = "events:write" // other events that earn points
	RewardsRead      Scope = "rewards:read" // rewards and campaigns
	RedemptionsRead  Scope = "redemptions:read"
	RedemptionsWrite Scope = "redemptions:write"
	ProgramRead      Scope = "program:read"
	ProgramWrite     Scope = "program:write"
	AuditRead        Scope = "audit:read"
	Admin            Scope = "admin" // includes all other scopes
)

// Scopes returns every scope.
func Scopes() []Scope {
	return []Scope{
		MembersRead, MembersWrite, AdjustmentsWrite, OrdersRead, OrdersWrite, EventsWrite,
		RewardsRead, RedemptionsRead, RedemptionsWrite, ProgramRead, ProgramWrite, AuditRead, Admin,
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
