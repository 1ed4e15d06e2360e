package auth

import "strings"

// A Kind is a kind of caller.
type Kind string

const (
	Key    Kind = "api_key" // a merchant's server, with an API key
	Member Kind = "member"  // a member, with a token that the merchant's server or an issuer signed

	Operator Kind = "operator" // a person who works for the merchant, with a session
	Guest    Kind = "guest"    // anyone, without a key or a token

	// These kinds are actors that do not call the API with a key or a token.
	Webhook Kind = "webhook" // a payment processor
	System  Kind = "system"  // a schedule or another automatic process
)

// A Principal describes the authenticated caller. It is the actor of what the caller does.
type Principal struct {
	Kind    Kind
	ID      string // the ID of the API key, operator or member; safe to log; empty until the member is looked up
	Program string
	Scopes  []Scope // the permissions of an API key
	Role    Role    // the role of an operator
	Session string  // the ID of an operator's session
	// DailyPoints is the maximum number of points that the principal can add manually within 24 hours. Zero means no
	// limit.
	DailyPoints int64
	// MaxAdjustment is the maximum number of points that an operator can add or remove with one adjustment. Zero means
	// no limit.
	MaxAdjustment int64
	Subject       string // the external ID of a member, or the ID of an operator at the issuer
	Email         string // the verified email address of a member or an operator; may be empty for a member
}

// Actor returns the text that the ledger records for the principal. It is the ID of an API key, or the kind and the ID
// of another principal: "member:mem_7k2m".
func (p Principal) Actor() string {
	if p.Kind == Key || p.Kind == "" {
		return p.ID
	}
	return string(p.Kind) + ":" + p.ID
}

// ParseActor returns the kind and the ID of the actor of an entry. In addition to the results of Principal.Actor, it
// accepts the actors that the ledger records for processors ("stripe:evt_1") and processes ("time").
func ParseActor(actor string) (kind Kind, id string) {
	if isKeyID(actor) {
		return Key, actor
	}
	before, after, ok := strings.Cut(actor, ":")
	switch {
	case !ok:
		return System, actor
	case Kind(before) == Member, Kind(before) == Operator:
		return Kind(before), after
	}
	return Webhook, actor
}

// ReadsMembers reports whether the principal may read the personal data of all members.
func (p Principal) ReadsMembers() bool {
	return p.May(MembersRead) || p.Kind == Operator && p.Role.ReadsMembers()
}

// May reports whether an API key has the scope, directly or through another scope that includes it.
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
