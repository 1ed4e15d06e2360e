package api_test

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/program"
)

// An order earns points for the amount that remains after discounts and refunds. Here half of the amount is refunded:
// the shop sends the order again with its refunds, and the ledger posts the difference.
func ExampleEarn_refund() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "category": "coffee-beans", "quantity": 2, "amount": 2999}]}`,
		"points")

	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "category": "coffee-beans", "quantity": 2, "amount": 2999}],
		"refunds": [{"id": "re_1", "at": "2026-12-01T10:00:00Z", "amount": 1500,
			"line_items": [{"id": "1", "quantity": 1, "amount": 1500}]}]}`,
		"points", "revision", "entries.0.kind", "entries.0.points", "balance.pending")

	// Output:
	// points: 59
	// points: 29
	// revision: 2
	// entries.0.kind: "clawback"
	// entries.0.points: -30
	// balance.pending: 29
}

// A canceled order earns nothing. Its effects on points, level, milestones and counts are reversed.
func ExampleEarn_cancel() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 50000}]}`, "points")
	shop.call("GET", "/v1/members/external:ada", "", "tier.level")

	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "canceled", "line_items": [{"id": "1", "quantity": 1, "amount": 50000}]}`, "points", "balance")
	shop.call("GET", "/v1/members/external:ada", "", "tier.level")

	// Output:
	// points: 500
	// tier.level: "silver"
	// points: 0
	// balance: {"active":50,"pending":0,"reserved":0,"debt":0}
	// tier.level: "bronze"
}

// A dispute takes back the points of its amount. They return if the shop wins it.
func ExampleEarn_dispute() {
	shop := open(minimal)
	shop.enroll("ada")
	const order = `{"member": "external:ada", "placed_at": "2026-12-01T09:00:00Z", "currency": "EUR", "status": "paid",
		"line_items": [{"id": "1", "quantity": 1, "amount": 2000}], "disputes": [{"id": "dp_1",
		"at": "2026-12-01T09:30:00Z", "amount": 2000, "status": "`

	shop.call("PUT", "/v1/orders/1042", order+`open"}]}`, "points")
	shop.call("PUT", "/v1/orders/1042", order+`won"}]}`, "points")

	// Output:
	// points: 0
	// points: 20
}

// An order that is sent twice earns once. With updated_at, the time at which the shop last changed the order, a state
// that a queue delivers late does not replace a newer one.
func ExampleEarn_repeat() {
	const paid = `{"member": "external:ada", "placed_at": "2026-12-01T09:00:00Z", "updated_at": "2026-12-01T09:00:00Z",
		"currency": "EUR", "status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 2000}]}`
	const canceled = `{"member": "external:ada", "placed_at": "2026-12-01T09:00:00Z",
		"updated_at": "2026-12-01T09:30:00Z", "currency": "EUR", "status": "canceled",
		"line_items": [{"id": "1", "quantity": 1, "amount": 2000}]}`
	shop := open(program.Demo())
	shop.enroll("ada")

	shop.call("PUT", "/v1/orders/1042", paid, "revision", "points")
	shop.call("PUT", "/v1/orders/1042", paid, "revision", "points")
	shop.call("PUT", "/v1/orders/1042", canceled, "revision", "points")
	shop.call("PUT", "/v1/orders/1042", paid, "revision", "points", "superseded")

	// Output:
	// revision: 1
	// points: 20
	// revision: 1
	// points: 20
	// revision: 2
	// points: 0
	// revision: 2
	// points: 0
	// superseded: true
}

// A quote states what an order would earn, which campaigns do not apply and why, and which rewards the member could
// redeem. It writes nothing. Without a member, it states what a member would earn.
func ExampleEarn_quote() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.advance("4d")

	shop.call("POST", "/v1/quotes", `{"member": "external:ada", "currency": "EUR", "channel": "web",
		"line_items": [{"id": "1", "category": "coffee-beans", "quantity": 1, "amount": 2999}]}`,
		"points", "explanation.details", "rewards.0.reward", "rewards.0.unmet_requirements")
	shop.call("POST", "/v1/quotes", `{"currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 2999}]}`,
		"points", "potential_points")

	// Output:
	// points: 59
	// explanation.details:
	//   "29.99 EUR at 1 bean per 1.00 EUR: 29.99 beans."
	//   "The category coffee-beans counts double, for 29.99 EUR: +29.99 beans."
	//   "The campaign Double beans weekend was not applied: it is for Silver, Gold."
	//   "Rounded down: -0.98 beans."
	// rewards.0.reward: "five-off"
	// rewards.0.unmet_requirements:
	//   {"requirement":"points","required":"500","available":"50","missing":450}
	// points: 0
	// potential_points: 29
}

// Events other than orders earn the points that the program states, here for an approved review. Each entry contains
// its reasons, also as sentences in the member's language or the language of the request.
func ExampleEarn_event() {
	shop := open(program.Demo())
	shop.enroll("ada")

	shop.call("POST", "/v1/events", `{"member": "external:ada", "type": "review.approved", "id": "778",
		"at": "2026-12-01T09:59:00Z",
		"data": {"rating": 5, "text": "I had no idea that beans could be so much better than others."}}`, "points")
	entry := shop.call("GET", "/v1/entries/ent_event~review:778~1?language=de", "", "reasons", "explanation.details")
	fmt.Println(entry.text("explanation.summary"))

	// Output:
	// points: 20
	// reasons:
	//   {"rule":"earn.actions.review","effect":"20","points":"20"}
	// explanation.details:
	//   "Der Bonus „review“ bringt 20 Bohnen."
	// Für Ihre Bewertung haben Sie 20 Bohnen gesammelt. Gültig bis einschließlich 31. Dezember 2027.
}

// A budget limits the points that all members together receive from a campaign. An order that would exceed the budget
// receives the points that remain.
func ExampleEarn_budget() {
	shop := open(minimal, `
campaigns:
  - { id: advent, from: 2026-12-01T00:00, until: 2026-12-25T00:00, multiply: 3, budget: 100 points }
`)
	shop.enroll("ada")

	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 8000}]}`, "points", "entries.0.reasons")
	shop.call("GET", "/v1/campaigns", "", "data.0.budget")

	// Output:
	// points: 180
	// entries.0.reasons:
	//   {"rule":"earn.purchase","effect":"80.00 EUR x 1 per 1.00","points":"80"}
	//   {"rule":"campaigns.advent","effect":"80 x 3","points":"160"}
	//   {"rule":"campaigns.advent","effect":"100 remain in the budget","points":"-60"}
	// data.0.budget: {"points":100,"remaining":0,"overrun":0}
}

// Caps limit the points of one order, and of all orders of a day, week, month or year. The reasons state what a cap
// removed. When a cancellation or a refund frees points under a cap, later orders of the same period receive them.
func ExampleEarn_cap() {
	shop := open(minimal, `
  caps: [100 per day]
`)
	shop.enroll("ada")
	const order = `{"member": "external:ada", "placed_at": "2026-12-01T09:00:00Z", "currency": "EUR", "status": "`
	const items = `", "line_items": [{"id": "1", "quantity": 1, "amount": 8000}]}`

	shop.call("PUT", "/v1/orders/1", order+"paid"+items, "points")
	shop.call("PUT", "/v1/orders/2", order+"paid"+items, "points", "entries.0.reasons.1")
	shop.call("PUT", "/v1/orders/1", order+"canceled"+items, "points")
	shop.call("GET", "/v1/orders/2", "", "points")

	// Output:
	// points: 80
	// points: 20
	// entries.0.reasons.1: {"rule":"earn.caps","effect":"100 per day","points":"-60"}
	// points: 0
	// points: 80
}

// A milestone gives points for the order that reaches its target. If an earlier order is canceled, the milestone is
// withdrawn until another order reaches the target.
func ExampleEarn_milestone() {
	shop := open(minimal, `
milestones:
  - { id: second-order, count: order.completed, target: 2, points: 250 }
`)
	shop.enroll("ada")
	const order = `{"member": "external:ada", "placed_at": "2026-12-01T09:00:00Z", "currency": "EUR", "status": "`
	const items = `", "line_items": [{"id": "1", "quantity": 1, "amount": 2000}]}`

	shop.call("PUT", "/v1/orders/1", order+"paid"+items)
	shop.call("GET", "/v1/members/external:ada", "", "balance.active")
	shop.call("PUT", "/v1/orders/2", order+"paid"+items)
	shop.call("GET", "/v1/members/external:ada", "", "balance.active")
	shop.call("PUT", "/v1/orders/1", order+"canceled"+items)
	shop.call("GET", "/v1/members/external:ada", "", "balance.active")

	// Output:
	// balance.active: 20
	// balance.active: 290
	// balance.active: 20
}
