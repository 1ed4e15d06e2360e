package api_test

import (
	"github.com/perennial-loyalty/perennial/internal/program"
)

// The members of a household use each other's points, up to the program's share. Each member's points stay in that
// member's account until they are spent.
func ExampleMembers_household() {
	shop := open(minimal, `
rewards:
  - { id: five-off, type: amount_off, cost: 500, value: 5 EUR }
households: { size: 6, share: 30% }
`)
	shop.enroll("ada")
	shop.enroll("charles")
	shop.grant("ada", 400)
	shop.grant("charles", 1000)

	home := shop.call("POST", "/v1/households", `{"owner": "external:ada"}`)
	path := "/v1/households/" + home.text("id")
	shop.call("POST", path+"/invitations", `{"member": "external:charles", "role": "adult"}`)
	shop.call("POST", path+"/accept", `{"member": "external:charles"}`, "active", "shared")
	shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "five-off", "household": true,
		"commit": true}`, "status", "points", "contributions.0.points")
	shop.call("GET", "/v1/members/external:charles", "", "balance.active")

	// Output:
	// active: 1400
	// shared: 420
	// status: "committed"
	// points: 500
	// contributions.0.points: 100
	// balance.active: 900
}

// A member has a referral code for friends. A friend who enrolls with the code and then orders earns points for both.
// These points are pending as long as those of the order. If the order is refunded in full, both lose the points, and
// the friend's next order may earn them again.
//
// A member can use only one referral code, at enrollment or within 30 days and before the first order. If the owner of
// the code has the same telephone number as the member, or an email address that differs only in dots, a tag, capitals
// or characters that look alike, the code is rejected with self_referral. Both are compared again when the order
// arrives. If they match by then, the order earns its usual points, but none for the referral. Cards, devices and
// delivery addresses are not compared, because Perennial does not receive them.
func ExampleMembers_referral() {
	shop := open(program.Demo())
	shop.call("POST", "/v1/members", `{"external_id": "ada", "email": "ada@example.com"}`)
	shop.call("PUT", "/v1/members/external:ada/referral-code", `{"code": "ADA-LOVES-BEANS"}`, "code")

	shop.call("POST", "/v1/members", `{"external_id": "ada-again", "email": "Ada+2@example.com",
		"referral_code": "ADA-LOVES-BEANS"}`)
	shop.call("POST", "/v1/members", `{"external_id": "charles", "email": "charles@example.com",
		"referral_code": "ada loves beans"}`)
	shop.call("PUT", "/v1/orders/1050", `{"member": "external:charles", "placed_at": "2026-12-01T09:58:00Z",
		"currency": "EUR", "status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 2400}]}`, "balance")
	shop.call("GET", "/v1/members/external:ada/referrals", "", "data.0.referral.status", "data.0.referral.order")
	shop.call("GET", "/v1/members/external:ada", "", "balance")

	// Output:
	// code: "ADA-LOVES-BEANS"
	// 422 self_referral: The referrer has the same email address or phone number as the member.
	// balance: {"active":50,"pending":24,"reserved":0,"debt":0}
	// data.0.referral.status: "converted"
	// data.0.referral.order: "1050"
	// balance: {"active":50,"pending":200,"reserved":0,"debt":0}
}

// A member moves up with the order that reaches a level, keeps the level for the program's period, and moves down after
// the grace period. Staff can also set a level manually, with a reason.
func ExampleMembers_tier() {
	shop := open(minimal, `
tiers:
  qualify: { by: points_earned, window: 1 month rolling }
  keep_for: 30 days
  grace: 5 days
  levels: [ { id: bronze, name: { en: Bronze }, from: 0 }, { id: gold, name: { en: Gold }, from: 500 } ]
`)
	shop.call("POST", "/v1/members", `{"external_id": "ada"}`, "tier.level", "tier.next")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 50000}]}`)

	shop.call("GET", "/v1/members/external:ada/tier", "", "level", "until", "retention.missing", "retention.deadline")
	shop.advance("36d")
	shop.call("GET", "/v1/members/external:ada/tier", "", "level")
	shop.call("PUT", "/v1/members/external:ada/tier", `{"level": "gold", "until": "2027-12-31T23:00:00Z",
		"reason": "press trip"}`)
	shop.call("GET", "/v1/members/external:ada/tier", "", "level", "until")

	// Output:
	// tier.level: "bronze"
	// tier.next: {"level":"gold","name":{"en":"Gold"},"missing":500,"metric":"points_earned"}
	// level: "gold"
	// until: "2026-12-31T10:00:00Z"
	// retention.missing: 500
	// retention.deadline: "2027-01-05T10:00:00Z"
	// level: "bronze"
	// level: "gold"
	// until: "2027-12-31T23:00:00Z"
}

// Points expire when the program states. The statement lists every movement of points, newest first.
func ExampleMembers_statement() {
	shop := open(minimal)
	shop.enroll("ada")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 2999}]}`, "entries.0.expires_at")
	shop.advance("31d")
	shop.call("GET", "/v1/members/external:ada/entries", "",
		"data.0.kind", "data.0.points", "data.0.at", "data.1.kind", "data.1.points", "data.1.reasons.0")

	// Output:
	// entries.0.expires_at: "2026-12-31T23:00:00Z"
	// data.0.kind: "expire"
	// data.0.points: -29
	// data.0.at: "2026-12-31T23:00:00Z"
	// data.1.kind: "earn"
	// data.1.points: 29
	// data.1.reasons.0: {"rule":"earn.purchase","effect":"29.99 EUR x 1 per 1.00","points":"29.99"}
}

// Support staff adjust a balance manually, with a reason. An adjustment never makes a balance negative.
func ExampleMembers_adjustment() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.call("POST", "/v1/members/external:ada/adjustments", `{"points": 200, "reason": "late parcel"}`,
		"kind", "reasons", "balance.active")
	shop.call("POST", "/v1/members/external:ada/adjustments", `{"points": -300, "reason": "typing error"}`)

	// Output:
	// kind: "adjust"
	// reasons:
	//   {"rule":"adjustment","effect":"late parcel","points":"200"}
	// balance.active: 250
	// 409 insufficient_points: The adjustment requires 300 beans; 250 can be spent.
}
