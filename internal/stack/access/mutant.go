package access

import (
	"fmt"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A Mutant is a policy without one of its parts.
type Mutant struct {
	Lacks  string // a description of the removed part, for messages
	Policy Policy
}

// Mutants returns every policy that results from removing one part. A part is a statement, an action, a resource or a
// condition value of a statement, or a condition value for only one action. Tests require that each mutant decides
// differently about some call. This proves that every part of the policy is needed.
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

// several returns the elements of a list if there is more than one. Otherwise it returns none, because a statement
// without its only element would be invalid. The removal of the whole statement is a separate mutant.
func several(list []string) []string {
	if len(list) < 2 {
		return nil
	}
	return list
}

func without(list []string, dropped string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == dropped })
}

// Denies reports whether the policy denies at least one of the calls, under at least one reading.
func (p Policy) Denies(calls []Call) bool {
	return slices.ContainsFunc(calls, func(c Call) bool { return p.Check("", c) != nil })
}

// Allows reports whether the policy allows at least one of the calls.
func (p Policy) Allows(calls []Call) bool {
	return slices.ContainsFunc(calls, func(c Call) bool { return p.Check("", c) == nil })
}
