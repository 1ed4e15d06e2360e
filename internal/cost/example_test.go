package cost_test

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/cost"
)

// Estimates returns the costs of an order, and of a year of a member who orders twelve times, reads the balance twice a
// month and redeems two rewards.
func ExampleEstimates() {
	for _, e := range cost.Estimates(cost.Year{Orders: 12, Reads: 24, Redemptions: 2}) {
		if e.ID == "order" || e.ID == "member_year" {
			fmt.Printf("%s, per %s: %.2g dollars, of which DynamoDB %.2g\n", e.Name, e.Unit, e.Dollars, e.Table)
		}
	}
	// Output:
	// order, per million: 7.7 dollars, of which DynamoDB 4.8
	// member, per year: 0.0005 dollars, of which DynamoDB 0.00039
}
