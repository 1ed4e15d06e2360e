package api_test

import (
	"github.com/perennial-loyalty/perennial/internal/program"
)

// A checkout reserves a reward and commits the redemption when the order is paid.
func Example_redeem() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.grant("ada", 500)

	reserved := shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "five-off", "order": "1042",
		"order_total": {"amount": 3489, "currency": "EUR"}}`, "status", "points", "expires_at", "balance")
	shop.call("POST", "/v1/redemptions/"+reserved.text("id")+"/commit", "", "status", "balance")

	// Output:
	// status: "reserved"
	// points: 500
	// expires_at: "2026-12-01T10:30:00Z"
	// balance: {"active":50,"pending":0,"reserved":500,"debt":0}
	// status: "committed"
	// balance: {"active":50,"pending":0,"reserved":0,"debt":0}
}

// Canceling a reservation restores the points. A reservation that is neither committed nor canceled expires after the
// program's hold, here 30 minutes.
func Example_redeemCancel() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.grant("ada", 500)

	const reserve = `{"member": "external:ada", "reward": "free-shipping"}`
	first := shop.call("POST", "/v1/redemptions", reserve, "balance.active")
	shop.call("POST", "/v1/redemptions/"+first.text("id")+"/cancel", "", "status", "balance.active")

	second := shop.call("POST", "/v1/redemptions", reserve, "balance.active")
	shop.advance("31m")
	shop.call("GET", "/v1/redemptions/"+second.text("id"), "", "status")
	shop.call("GET", "/v1/members/external:ada", "", "balance.active")

	// Output:
	// balance.active: 250
	// status: "canceled"
	// balance.active: 550
	// balance.active: 250
	// status: "expired"
	// balance.active: 550
}

// A shop reverses a redemption when its order is refunded. The points return, and the code can no longer be used. For a
// gift card that was used in part, only the points of the unused part return.
func Example_redeemReverse() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.grant("ada", 2500)
	redemption := shop.call("POST", "/v1/redemptions",
		`{"member": "external:ada", "reward": "gift-25", "commit": true}`,
		"status", "balance.active")

	shop.call("POST", "/v1/redemptions/"+redemption.text("id")+"/reverse", "", "restored", "balance.active")
	shop.call("GET", "/v1/codes/"+redemption.text("code"), "", "state")

	// Output:
	// status: "committed"
	// balance.active: 50
	// restored: 2500
	// balance.active: 2550
	// state: "void"
}

// A rejected redemption lists the requirements that are not met. The rejection is recorded: a retry with the same
// Idempotency-Key is rejected again, even if the member meets the requirements by then, so that a retry never surprises
// a checkout.
func Example_redeemReject() {
	shop := open(program.Demo())
	shop.enroll("ada")

	shop.idempotencyKey = "ada-wants-free-shipping"
	shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "free-shipping"}`, "required", "active")
	shop.idempotencyKey = ""
	shop.grant("ada", 500)
	shop.idempotencyKey = "ada-wants-free-shipping"
	shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "free-shipping"}`)
	shop.idempotencyKey = "ada-wants-it-again"
	shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "free-shipping"}`, "status")
	shop.idempotencyKey = ""
	shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "tasting"}`, "unmet_requirements")

	// Output:
	// 409 insufficient_points: The reward costs 300 beans; 50 can be spent.
	// required: 300
	// active: 50
	// 409 insufficient_points: The reward costs 300 beans; 50 can be spent.
	// status: "reserved"
	// 409 reward_unavailable: The reward is for members of the level gold.
	// unmet_requirements:
	//   {"requirement":"tier","required":"gold","available":"bronze"}
}

// A storefront lists the rewards with the requirements that the member does not meet: points, a level, a larger order,
// or the remaining stock.
func Example_redeemList() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.grant("ada", 600)

	shop.call("GET", "/v1/members/external:ada/rewards", "", "data.2.id", "data.2.available",
		"data.4.id", "data.4.available", "data.4.unmet_requirements")

	// Output:
	// data.2.id: "free-shipping"
	// data.2.available: true
	// data.4.id: "tasting"
	// data.4.available: false
	// data.4.unmet_requirements:
	//   {"requirement":"tier","required":"gold","available":"bronze"}
	//   {"requirement":"points","required":"3000","available":"650","missing":2350}
}

// A reward with codes: uploaded takes each code from a pool that the merchant fills, here with the codes of a cinema.
// Tills send their terminal or session in the header Perennial-Client: after five unknown codes in a minute, only that
// client must wait.
func Example_redeemUploadedCodes() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.grant("ada", 1500)

	shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "cinema"}`)
	shop.call("POST", "/v1/rewards/cinema/codes", `{"codes": ["7QHX-2MVD-KC4P"]}`, "added")
	ticket := shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "cinema", "commit": true}`,
		"status", "code")
	shop.call("POST", "/v1/codes/"+ticket.text("code")+"/uses", "", "state")

	shop.client = "terminal-4"
	for range 6 {
		shop.call("GET", "/v1/codes/7QHX-0000-0000", "")
	}

	// Output:
	// 409 reward_out_of_stock: The reward is out of stock.
	// added: 1
	// status: "committed"
	// code: "7QHX-2MVD-KC4P"
	// state: "used"
	// 404 not_found: The program has no such resource.
	// 404 not_found: The program has no such resource.
	// 404 not_found: The program has no such resource.
	// 404 not_found: The program has no such resource.
	// 404 not_found: The program has no such resource.
	// 429 rate_limited: Too many lookups of unknown codes. Try again after the time in Retry-After.
}

// A gift card can be used in several parts. A mistaken use can be reversed once, with a reason, which restores its
// amount.
func Example_redeemGiftCard() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.grant("ada", 2500)

	card := shop.call("POST", "/v1/redemptions", `{"member": "external:ada", "reward": "gift-25", "commit": true}`,
		"status", "code_until")
	code := "/v1/codes/" + card.text("code")
	used := shop.call("POST", code+"/uses", `{"amount": 1500, "currency": "EUR"}`, "remaining")
	shop.call("POST", code+"/uses/"+used.text("uses.0.id")+"/reverse", `{"reason": "wrong till"}`, "remaining")
	shop.call("GET", "/v1/members/external:ada/redemptions", "", "data.0.reward", "data.0.state", "data.0.remaining")

	// Output:
	// status: "committed"
	// code_until: "2026-12-31T10:00:00Z"
	// remaining: {"amount":1000,"currency":"EUR"}
	// remaining: {"amount":2500,"currency":"EUR"}
	// data.0.reward: "gift-25"
	// data.0.state: "valid"
	// data.0.remaining: {"amount":2500,"currency":"EUR"}
}

// A member sends a gift card to a friend by email, in the member's language. Anyone with the code can use it. The next
// scheduled run sends the message. If SES does not answer, the message is sent again with the same ID, up to three
// times in all. A message may therefore arrive twice. The redemption shows a message that failed.
func Example_redeemSend() {
	shop := open(program.Demo())
	shop.call("POST", "/v1/members", `{"external_id": "emil", "name": "Emil Hofmann", "locale": "de"}`)
	shop.grant("emil", 2500)
	card := shop.call("POST", "/v1/redemptions", `{"member": "external:emil", "reward": "gift-25", "commit": true}`)
	path := "/v1/redemptions/" + card.text("id")

	shop.call("POST", path+"/send", `{"email": "eve@example.com", "name": "Eve", "message": "For your kitchen"}`,
		"sent.0.status")
	shop.advance("1h")
	shop.call("GET", path, "", "sent.0.status")
	shop.printOutbox()

	// Output:
	// sent.0.status: "waiting"
	// sent.0.status: "sent"
	// email to eve@example.com: Ein Gutschein von Emil Hofmann
	// Emil Hofmann schenkt Ihnen einen Gutschein von Bluebird Prämien. Sein Wert: 25,00 EUR.
}

// An order is paid with points, at the program's rate and up to its share of the order. The shop commits only the
// points that the order needs, and the others return to the balance.
func Example_redeemPayWithPoints() {
	shop := open(minimal, `
redemption:
  pay: { rates: { EUR: 100 per 1.00 }, share: 50% }
`)
	shop.enroll("ada")
	shop.grant("ada", 1000)

	paid := shop.call("POST",
		"/v1/redemptions", `{"member": "external:ada", "reward": "pay-with-points", "order": "1042",
		"order_total": {"amount": 1600, "currency": "EUR"}}`, "points", "value", "balance.active")
	shop.call(
		"POST", "/v1/redemptions/"+paid.text("id")+"/commit", `{"points": 500}`, "points", "value", "balance.active",
	)

	// Output:
	// points: 800
	// value: {"amount":800,"currency":"EUR"}
	// balance.active: 200
	// points: 500
	// value: {"amount":500,"currency":"EUR"}
	// balance.active: 500
}

// A member gives points to another member, who accepts them. The points keep their expiry.
func Example_redeemTransfer() {
	shop := open(minimal, `
transfers: { min: 100, limit: 1 per day, accept: 7 days }
`)
	shop.enroll("ada")
	shop.enroll("charles")
	shop.grant("ada", 500)

	gift := shop.call("POST", "/v1/members/external:ada/transfers", `{"to": "external:charles", "points": 200,
		"note": "Happy birthday!"}`, "status", "expires_at", "balance")
	shop.call("POST", "/v1/transfers/"+gift.text("id")+"/accept", "", "status")
	shop.call("GET", "/v1/members/external:charles", "", "balance.active", "expiring")

	// Output:
	// status: "offered"
	// expires_at: "2026-12-08T10:00:00Z"
	// balance: {"active":300,"pending":0,"reserved":200,"debt":0}
	// status: "accepted"
	// balance.active: 200
	// expiring:
	//   {"points":200,"at":"2026-12-31T23:00:00Z"}
}

// Points are converted to another wallet at the program's rate. The conversion can be reversed for the period that the
// program allows.
func Example_redeemConversion() {
	shop := open(minimal, `
wallets:
  - { id: miles, points: { one: mile, other: miles }, expires: { after: 6 months } }
conversions:
  - { id: to-miles, from: points, to: miles, rate: 2 per 3, reversible_within: 7 days }
`)
	shop.enroll("ada")
	shop.grant("ada", 500)

	converted := shop.call("POST", "/v1/members/external:ada/conversions",
		`{"from": "points", "to": "miles", "points": 60}`, "received", "reversible_until")
	shop.call("GET", "/v1/members/external:ada", "", "balance.active", "wallets.0.balance.active")
	shop.call("POST", "/v1/conversions/"+converted.text("id")+"/reverse", "")
	shop.call("GET", "/v1/members/external:ada", "", "balance.active", "wallets.0.balance.active")

	// Output:
	// received: 40
	// reversible_until: "2026-12-08T10:00:00Z"
	// balance.active: 440
	// wallets.0.balance.active: 40
	// balance.active: 500
	// wallets.0.balance.active: 0
}
