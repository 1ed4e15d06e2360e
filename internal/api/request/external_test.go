package request

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestExternalIDsAreBounded(t *testing.T) {
	var e externalIDs
	for i := range 2*maxExternalIDs + 1 {
		e.put(externalID{program: "bluebird", id: fmt.Sprint(i)}, loyalty.MemberID(fmt.Sprint("mem_", i)))
		if len(e.members) > maxExternalIDs {
			t.Fatalf("%d external IDs are remembered", len(e.members))
		}
	}
	if m, ok := e.get(externalID{program: "bluebird", id: fmt.Sprint(2 * maxExternalIDs)}); !ok ||
		m != loyalty.MemberID(fmt.Sprint("mem_", 2*maxExternalIDs)) {
		t.Errorf("the last one is %q", m)
	}
	if _, ok := e.get(externalID{program: "redbird", id: fmt.Sprint(2 * maxExternalIDs)}); ok {
		t.Error("another program has the same external ID")
	}
}
