package compare_test

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/program/compare"
)

// Diff lists differences by key, regardless of comments and of the order of items with IDs.
func ExampleDiff() {
	older := []byte(`version: 1
earn:
  purchase: { pending: 14 days, rounding: down }
  categories:
    - { id: beans-x2, category: coffee-beans, multiply: 2 }
    - { id: no-gift-cards, category: gift-cards, multiply: 0 }
  caps: [1000 per order]
`)
	newer := []byte(`version: 1          # a comment makes no difference
earn:
  purchase:
    rounding: down
    pending: 7 days
  categories:
    - { id: mugs-x3, category: mugs, multiply: 3 }
    - { id: beans-x2, category: coffee-beans, multiply: 2.5 }
  caps: [1000 per order, 3000 per day]
`)
	changes, problems := compare.Diff(older, newer)
	if err := problems.Err(); err != nil {
		fmt.Println(err)
	}
	for _, c := range changes {
		fmt.Println(c)
	}
	// Output:
	// line 5: earn.purchase.pending: 14 days becomes 7 days
	// line 7: earn.categories.mugs-x3: { id: mugs-x3, category: mugs, multiply: 3 } is new
	// line 8: earn.categories.beans-x2.multiply: 2 becomes 2.5
	// line 6 before: earn.categories.no-gift-cards: { id: no-gift-cards, category: gift-cards, multiply: 0 } is gone
	// line 9: earn.caps: [1000 per order] becomes [1000 per order, 3000 per day]
}
