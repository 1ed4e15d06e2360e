package program

import (
	"cmp"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// reserved lists the families of events that only the platform generates. Some of them are reserved for future events.
var reserved = []string{"member", "order", "referral", "points", "tier", "reward"}

// own lists the types of events that the platform generates and that can earn points.
var own = []string{award.EventJoined, award.EventBirthday, award.EventAnniversary, posting.EventConverted}

// parseEvents reads the families of events that the program defines. Their order in the file has no meaning.
func parseEvents(c *document.Compiler, n *document.Node) (families []loyalty.EventType) {
	for _, f := range n.Pairs() {
		name := f.Key.Name
		switch {
		case slices.Contains(reserved, name):
			c.Add(document.AtKey(
				f, "%s is reserved for events of the platform; choose another name", strings.TrimSuffix(name, "s"),
			))
			continue
		case slices.ContainsFunc(
			award.EventTypes(c.P.Events), func(t loyalty.EventType) bool { return t.Name == name },
		):
			c.Add(document.AtKey(f, "every program already has these events; choose another name"))
			continue
		}
		family := loyalty.EventType{Name: name, States: []string{"completed"}}
		if states := f.Get("states"); states != nil {
			family.States = texts(states)
		}
		for _, field := range f.Get("fields").Pairs() {
			if family.Fields == nil {
				family.Fields = map[string]loyalty.FieldKind{}
			}
			family.Fields[field.Key.Name] = loyalty.FieldKind(field.Text())
		}
		families = append(families, family)
	}
	slices.SortFunc(families, func(a, b loyalty.EventType) int { return cmp.Compare(a.Name, b.Name) })
	return families
}

// sendable returns every type of event that merchants can send. The nearest one is suggested for an unknown type.
func sendable(c *document.Compiler) (names []string) {
	for _, t := range award.EventTypes(c.P.Events) {
		for _, state := range t.States {
			names = append(names, t.Name+"."+state)
		}
	}
	return names
}

// checkEventType rejects an unknown type of event. The types in more are also valid for this key, although merchants
// cannot send such events.
func checkEventType(c *document.Compiler, n *document.Node, more ...string) bool {
	name := n.Text()
	if _, ok := award.EventType(c.P.Events, name); ok || slices.Contains(more, name) || name == "" {
		return name != ""
	}
	families := award.EventTypes(c.P.Events)
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
				c.Add(document.At(n, "%s is a family of events; add a state, like %s.%s", family, family, t.States[0]))
				return false
			}
			c.Add(
				document.At(
					n, "%s has no state %q; the states are %s", family, document.Clip(state),
					describe.Series(t.States, "and"),
				).Suggest(guess),
			)
			return false
		}
	}
	c.Add(
		document.At(n, "unknown event %q; list the program's own events under events", document.Clip(name)).
			Suggest(nearest.Word(name, append(sendable(c), more...))),
	)
	return false
}

// texts returns the texts of a list.
func texts(n *document.Node) (out []string) {
	for _, item := range n.List() {
		out = append(out, item.Text())
	}
	return out
}
