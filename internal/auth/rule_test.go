package auth

import (
	"errors"
	"testing"
)

func TestRulesDenyByDefault(t *testing.T) {
	key := Principal{Kind: Key, Scopes: []Scope{MembersRead}}
	admin, member := Principal{Kind: Key, Scopes: []Scope{Admin}}, Principal{Kind: Member}
	for _, c := range []struct {
		name string
		rule Rule
		who  Principal
		want error
	}{
		{"a key with the scope", Needs(MembersRead), key, nil},
		{"a key with all scopes", Needs(MembersWrite), admin, nil},
		{"a key without the scope", Needs(MembersWrite), key, ScopeMissing},
		{"a member on a route of keys", Needs(MembersRead), member, Forbidden},
		{"a member on a route of members", Members, member, nil},
		{"a key on a route of members", Members, admin, Forbidden},
		{"a key on a route without a rule", Rule{}, admin, Forbidden},
		{"a member on a route without a rule", Rule{}, member, Forbidden},
		{"an operator with the role", Needs(Admin, Clerk), Principal{Kind: Operator, Role: Clerk}, nil},
		{"an operator with another role", Needs(MembersRead, Clerk), Principal{Kind: Operator, Role: Owner}, Forbidden},
		{"an operator without a role", ForOperators(AllRoles()...), Principal{Kind: Operator}, Forbidden},
		{"an operator on a route of keys", Needs(MembersRead), Principal{Kind: Operator, Role: Owner}, Forbidden},
		{"an operator on a route of members", Members, Principal{Kind: Operator, Role: Owner}, Forbidden},
		{"a key on a route of operators", ForOperators(Owner), admin, Forbidden},
		{"a key with a role", ForOperators(Owner), Principal{Kind: Key, Role: Owner}, Forbidden},
		{"a member with a role", Needs(Admin, Owner), Principal{Kind: Member, Role: Owner}, Forbidden},
		{"a key on a route of guests", Guests(GuestRewards), admin, Forbidden}, // the route checks no key
		{"a guest on a route of keys", Needs(RewardsRead), Principal{Kind: Guest}, Forbidden},
		{"a guest on a route of members", Members, Principal{Kind: Guest}, Forbidden},
		{"a principal of no kind", Needs(MembersRead), Principal{Scopes: []Scope{Admin}}, Forbidden},
	} {
		if err := c.rule.Check(c.who); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if !(Rule{}).IsZero() || Public.IsZero() || Members.IsZero() || Needs(Admin).IsZero() {
		t.Error("only the zero rule allows no one")
	}
}

func TestActorNamesKindOfPrincipal(t *testing.T) {
	for want, p := range map[string]Principal{
		"7k2m9qxz0abc":    {Kind: Key, ID: "7k2m9qxz0abc"},
		"member:mem_7k2m": {Kind: Member, ID: "mem_7k2m"},
		"operator:op_7k2": {Kind: Operator, ID: "op_7k2"},
	} {
		if got := p.Actor(); got != want {
			t.Errorf("the actor is %q, want %q", got, want)
		}
		if kind, id := ParseActor(want); kind != p.Kind || id != p.ID {
			t.Errorf("%s is parsed as %s %s", want, kind, id)
		}
	}
	for actor, want := range map[string]Kind{"time": System, "demo": System, "": System, "stripe:evt_1": Webhook} {
		if kind, id := ParseActor(actor); kind != want || id != actor {
			t.Errorf("%s is parsed as %s %s", actor, kind, id)
		}
	}
}
