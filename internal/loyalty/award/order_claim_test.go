package award

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A state that consists only of payments gives way to the first report of its order, and to payments as long as no
// money was received.
func TestStateThatConsistsOfPayments(t *testing.T) {
	unreported := loyalty.Order{ReportedStatus: loyalty.Unreported}
	lines := loyalty.Order{
		ReportedStatus: loyalty.Unreported, Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 10}},
	}
	reported := loyalty.Order{ReportedStatus: loyalty.OrderPaid}
	members := loyalty.Order{ReportedStatus: loyalty.Unreported, Member: "mem_ada"}
	for _, c := range []struct {
		name  string
		state loyalty.Order
		next  loyalty.Order
		want  bool
	}{
		{"no money yet", unreported, unreported, true},
		{"money, and still no report", lines, unreported, false},
		{"money, and a report", lines, reported, true},
		{"a report", reported, reported, false},
		{"a report, then only payments", reported, unreported, false},
		{"a member's payment", members, reported, false},
	} {
		if got := IsBlank((&loyalty.OrderState{Order: c.state}), c.next); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
