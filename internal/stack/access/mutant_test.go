package access_test

import (
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

func TestEachMutantLacksOnePart(t *testing.T) {
	p := access.Policy{
		allow([]string{"a:A", "a:B"}, []string{"r", "s"}, leading("P#*#M#*", "P#*#E#*")),
		deny([]string{"b:C"}, []string{"t"}),
	}
	p[0].Sid, p[1].Sid = "One", "Two"
	want := []string{
		"One statement", "One a:A", "One a:B", "One r", "One s",
		"One P#*#M#*", "One a:A on P#*#M#*", "One a:B on P#*#M#*", "One P#*#E#*", "One a:A on P#*#E#*",
		"One a:B on P#*#E#*",
		"Two statement",
	}
	var got []string
	for _, m := range p.Mutants() {
		got = append(got, m.Lacks)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestMutantsAreDetectedByDeniedCalls checks that each mutant of an exact policy is detected, and that the mutant
// without an unneeded part is not.
func TestMutantsAreDetectedByDeniedCalls(t *testing.T) {
	exact := access.Policy{allow(
		[]string{"dynamodb:PutItem", "dynamodb:DeleteItem"}, []string{tableARN},
		leading("P#*#RD#*", "P#*#M#*", "P#*#HELD#*"),
	)}
	for _, m := range exact.Mutants() {
		if !m.Policy.Denies([]access.Call{ended}) {
			t.Errorf("%s: allows the transaction", m.Lacks)
		}
	}
	wide := access.Policy{allow(
		[]string{"dynamodb:PutItem", "dynamodb:DeleteItem"}, []string{tableARN},
		leading("P#*#RD#*", "P#*#M#*", "P#*#HELD#*", "P#*#O#*"),
	)}
	undetected := 0
	for _, m := range wide.Mutants() {
		if !m.Policy.Denies([]access.Call{ended}) {
			undetected++
		}
	}
	if undetected != 3 { // P#*#O#* for both actions, and for each action
		t.Errorf("%d mutants are undetected", undetected)
	}
	if exact.Denies([]access.Call{ended}) || !exact.Allows([]access.Call{ended}) {
		t.Error("the policy itself denies the transaction")
	}
}
