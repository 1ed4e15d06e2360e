package program

import (
	"cmp"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// reserved lists the families of events that only the platform generates, now or in the future.
var reserved = []string{"member", "order", "referral", "points", "tier", "reward"}

// own lists the platform's events that can earn points.
var own = []string{award.EventJoined, award.EventBirthday, award.EventAnniversary, award.EventConverted}

// events reads the program's own families of events. Their order in the file has no meaning.
func (c *compiler) events(n *node) (families []loyalty.EventType) {
	for _, f := range n.pairs() {
		name := f.key.name
		switch {
		case slices.Contains(reserved, name):
			c.add(atKey(
				f, "%s is reserved for events of the platform; choose another name", strings.TrimSuffix(name, "s"),
			))
			continue
		case slices.ContainsFunc(award.EventTypes(c.p), func(t loyalty.EventType) bool { return t.Name == name }):
			c.add(atKey(f, "every program already has these events; choose another name"))
			continue
		}
		family := loyalty.EventType{Name: name, States: []string{"completed"}}
		if states := f.get("states"); states != nil {
			family.States = texts(states)
		}
		for _, field := range f.get("fields").pairs() {
			if family.Fields == nil {
				family.Fields = map[string]loyalty.FieldKind{}
			}
			family.Fields[field.key.name] = loyalty.FieldKind(field.text())
		}
		families = append(families, family)
	}
	slices.SortFunc(families, func(a, b loyalty.EventType) int { return cmp.Compare(a.Name, b.Name) })
	return families
}

// sendable returns every type of event that merchants can send, as suggestions.
func (c *compiler) sendable() (names []string) {
	for _, t := range award.EventTypes(c.p) {
		for _, state := range t.States {
			names = append(names, t.Name+"."+state)
		}
	}
	return names
}

// event rejects a type of event that does not exist. more lists types that are valid here in addition to those that can
// be sent.
func (c *compiler) event(n *node, more ...string) bool {
	name := n.text()
	if _, ok := award.EventType(c.p, name); ok || slices.Contains(more, name) || name == "" {
		return name != ""
	}
	families := award.EventTypes(c.p)
	if slices.Contains(more, award.EventJoined) {
		families = append(families,
			loyalty.EventType{Name: "member", States: []string{"joined", "birthday", "anniversary"}},
			loyalty.EventType{Name: "referral", States: []string{"converted"}})
	}
	family, state, _ := strings.Cut(name, ".")
	for _, t := range families {
		if t.Name == family {
			guess := nearest.Word(state, t.States)
			if guess != "" {
				guess = family + "." + guess
			}
			if state == "" {
				c.add(at(n, "%s is a family of events; add a state, like %s.%s", family, family, t.States[0]))
				return false
			}
			c.add(at(n, "%s has no state %q; the states are %s", family, clip(state), series(t.States, "and")).Suggest(guess))
			return false
		}
	}
	c.add(
		at(n, "unknown event %q; list the program's own events under events", clip(name)).
			Suggest(nearest.Word(name, append(c.sendable(), more...))),
	)
	return false
}

// texts returns the texts of a list.
func texts(n *node) (out []string) {
	for _, item := range n.list() {
		out = append(out, item.text())
	}
	return out
}
