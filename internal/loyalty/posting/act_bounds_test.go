package posting

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestOrderThatConvertsAReferral(t *testing.T) {
	for _, c := range []struct {
		name     string
		known    []int
		more     bool
		order    int
		converts bool
		want     []int
		wantMore bool
		enough   bool
	}{
		{"the first", nil, false, 1, true, []int{1}, false, true},
		{"an earlier one", []int{2}, false, 1, true, []int{1, 2}, false, true},
		{"one that is not known and does not", []int{1, 3}, false, 2, false, []int{1, 3}, false, true},
		{"one behind the others that does not", []int{1, 3}, false, 4, false, []int{1, 3}, false, true},
		{"the fourth one", []int{1, 2, 3}, false, 4, true, []int{1, 2, 3, 4}, false, true},
		{"the same one", []int{1}, false, 1, true, []int{1}, false, true},
		{"one that no longer does", []int{1, 2}, false, 1, false, []int{2}, false, true},
		{"the only one no longer does", []int{1}, false, 1, false, nil, false, true},
		{"the only one that is known no longer does", []int{1}, true, 1, false, nil, true, false},
		{"a fifth one", []int{1, 2, 3, 4}, false, 5, true, []int{1, 2, 3, 4}, true, true},
		{"one behind those that are known", []int{1, 2}, true, 5, true, []int{1, 2}, true, true},
		{"one among those that are known", []int{1, 3}, true, 2, true, []int{1, 2, 3}, true, true},
	} {
		next, enough := AddConverting(
			loyalty.Converting{Orders: loyaltytest.NumberedOrders(c.known...), More: c.more},
			loyaltytest.Numbered(c.order), c.converts,
		)
		want := loyalty.Converting{Orders: loyaltytest.NumberedOrders(c.want...), More: c.wantMore}
		if !reflect.DeepEqual(next, want) || enough != c.enough {
			t.Errorf("%s: %+v, known %t", c.name, next, enough)
		}
	}
}
