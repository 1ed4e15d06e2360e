package access

import (
	"fmt"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A Mutant is a policy from which one part was removed.
type Mutant struct {
	Lacks  string // the removed part, for messages
	Policy Policy
}

// Mutants returns every policy that results from removing one part: a statement; an action, a resource or a condition
// value of a statement; or one condition value for one action only. Tests require that each mutant changes the decision
// about some call, which proves that every part of the policy is needed.
func (p Policy) Mutants() (mutants []Mutant) {
	for i, s := range p {
		add := func(lacks string, instead ...stack.Statement) {
			mutated := slices.Concat(p[:i], instead, p[i+1:])
			mutants = append(mutants, Mutant{fmt.Sprintf("%s %s", s.Sid, lacks), mutated})
		}
		add("statement")
		for _, action := range several(s.Action) {
			less := s
			less.Action = without(s.Action, action)
			add(action, less)
		}
		for _, resource := range several(s.Resource) {
			less := s
			less.Resource = without(s.Resource, resource)
			add(resource, less)
		}
		for c, condition := range s.Condition {
			for _, value := range several(condition.Values) {
				less := s
				less.Condition = slices.Clone(s.Condition)
				less.Condition[c].Values = without(condition.Values, value)
				add(value, less)
				for _, action := range several(s.Action) {
					one, others := less, s
					one.Action, others.Action = []string{action}, without(s.Action, action)
					add(action+" on "+value, others, one)
				}
			}
		}
	}
	return mutants
}

// several returns the elements of a list that has more than one, and otherwise none. A statement without its only
// element would be invalid. The removal of the whole statement is a separate mutant.
func several(list []string) []string {
	if len(list) < 2 {
		return nil
	}
	return list
}

func without(list []string, dropped string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == dropped })
}

// Denies reports whether the policy denies one of the calls under some reading.
func (p Policy) Denies(calls []Call) bool {
	return slices.ContainsFunc(calls, func(c Call) bool { return p.Check("", c) != nil })
}

// Allows reports whether the policy allows one of the calls.
func (p Policy) Allows(calls []Call) bool {
	return slices.ContainsFunc(calls, func(c Call) bool { return p.Check("", c) == nil })
}
