package earn

import (
	"slices"
	"testing"
)

// The points that an order gives are received under one rule each. The rules together never receive more than the
// order gives, even if rounding made their parts add up to more.
func TestRulesReceiveNoMoreThanTheOrderGives(t *testing.T) {
	w := Worth{Total: 3, Own: []owned{{"own", 1}}}
	w.layered = []layer{{rule: "first", upTo: 2, most: 2}, {rule: "second", upTo: 3, most: 1}}
	want := []owned{{"own", 1}, {"first", 2}, {"second", 0}}
	if got := w.receives(); !slices.Equal(got, want) {
		t.Errorf("the rules receive %+v, want %+v", got, want)
	}
}
