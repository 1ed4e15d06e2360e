package auth

// A Rule states who may call a route. The zero Rule allows no one, so a route without a rule cannot be registered.
type Rule struct {
	scope   Scope // the scope that an API key needs; empty if API keys may not call the route
	roles   Roles // the roles of operators that may call the route
	members bool  // whether members may call the route for themselves
	public  bool  // whether the route needs no principal

	guests GuestAccess // the part of the API to which the route belongs if a program can open it to anyone
}

// Public is the rule of routes that authenticate each request themselves, by its signature or by a token in its path.
var Public = Rule{public: true}

// Members is the rule of routes that members call for themselves.
var Members = Rule{members: true}

// Guests returns the rule of routes that anyone may call if the program in their path opened this part of the API.
func Guests(part GuestAccess) Rule { return Rule{guests: part} }

// Needs returns the rule of routes that require an API key with a scope, or an operator with one of the roles. Without
// roles, no operator may call the route.
func Needs(s Scope, roles ...Role) Rule { return Rule{scope: s, roles: RolesOf(roles...)} }

// ForOperators returns the rule of routes that only operators with one of the roles may call.
func ForOperators(roles ...Role) Rule { return Rule{roles: RolesOf(roles...)} }

// IsZero reports whether the rule allows no one.
func (r Rule) IsZero() bool { return r == Rule{} }

// IsPublic reports whether the route needs no principal.
func (r Rule) IsPublic() bool { return r.public }

// IsForMembers reports whether members may call the route for themselves.
func (r Rule) IsForMembers() bool { return r.members }

// Guests returns the part of the API that the program must have opened. It is empty if the route is not for guests.
func (r Rule) Guests() GuestAccess { return r.guests }

// Scope returns the scope that an API key needs. It is empty if API keys may not call the route.
func (r Rule) Scope() Scope { return r.scope }

// Roles returns the roles of operators that may call the route.
func (r Rule) Roles() Roles { return r.roles }

// Check returns nil if the principal may call the route. The error is ScopeMissing if an API key has other scopes, and
// Forbidden if an operator has another role or if no principal of this kind may call the route.
func (r Rule) Check(p Principal) error {
	switch {
	case p.Kind == Key && r.scope != "":
		if !p.May(r.scope) {
			return ScopeMissing
		}
		return nil
	case p.Kind == Operator && r.roles.Has(p.Role):
		return nil
	case p.Kind == Member && r.members:
		return nil
	}
	return Forbidden
}
