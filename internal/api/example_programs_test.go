package api_test

import (
	"encoding/json"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/program"
)

// A program is validated, stored as a draft and published. A version never changes: an order keeps the version that was
// live when it was placed, and a rollback publishes the file of an earlier version again.
func Example_program() {
	shop := open(program.Demo())
	changed := strings.Replace(string(program.Demo()), "pending: 14 days", "pending: 7 days", 1)
	source, _ := json.Marshal(changed)

	shop.call("POST", "/v1/program/validate", `{"source": `+string(source)+`}`, "valid", "changes")
	shop.call("PUT", "/v1/program/draft", `{"source": `+string(source)+`}`, "version")
	shop.call("POST", "/v1/program/publish", `{}`, "version")
	shop.call("POST", "/v1/program/rollback", `{"version": 1}`, "version")
	shop.call("GET", "/v1/program/versions", "", "data.0.version", "data.0.status", "data.1.version", "data.1.status")

	// Output:
	// valid: true
	// changes:
	//   {"path":"earn.purchase.pending","from":"14 days","to":"7 days","line":14}
	// version: 1
	// version: 2
	// version: 3
	// data.0.version: 3
	// data.0.status: "live"
	// data.1.version: 2
	// data.1.status: "past"
}

// Before a draft is published, the API lists the members whose level it would change.
func Example_tierChanges() {
	shop := open(program.Demo())
	shop.enroll("ada")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 20000}]}`)
	lower := strings.Replace(string(program.Demo()), "from: 500,", "from: 100,", 1)
	source, _ := json.Marshal(lower)

	shop.call("PUT", "/v1/program/draft", `{"source": `+string(source)+`}`)
	shop.call("GET", "/v1/program/tier-changes?draft=upgrade_only", "", "evaluated", "data.0.from", "data.0.to")

	// Output:
	// evaluated: 1
	// data.0.from: "bronze"
	// data.0.to: "silver"
}

// Members who consented receive reminders, here that few points are missing for a reward. Nothing is sent without a
// consent for its channel and purpose, in the quiet hours of the member's day, or beyond the program's frequency caps.
// A notice that points expire is exempt from the caps.
//
// GET /v1/reminders/scheduled lists the reminders of the next day and the suppressed ones, POST /v1/reminders/test
// sends a message to addresses of your own, and GET /v1/reports/reminders compares the results of each reminder with
// a holdout.
func Example_reminder() {
	shop := open(program.Demo())
	shop.call("POST",
		"/v1/members", `{"external_id": "ada", "email": "ada@example.com", "consents": [{"channel": "email",
		"purpose": "marketing", "granted": true, "wording": "news-1", "source": "checkout"}]}`)
	shop.grant("ada", 210)

	shop.call("POST", "/v1/reminders/preview", `{"member": "external:ada", "reminder": "nearly-there"}`, "subject")
	shop.advance("1h")
	shop.printOutbox()

	// Output:
	// subject: "40 beans to go: Free shipping"
	// email to ada@example.com: 40 beans to go: Free shipping
	// You have 260 beans. With 40 beans more you can have: Free shipping.
}

// With advance_notice, members receive a notice before points expire. If no message reaches a member, the account shows
// the notice, and the points expire later by the notice period. This happens at most once.
func Example_notice() {
	shop := open(minimal, `
advance_notice: 14 days
reminders:
  messages:
    - { id: expiring, before: points.expire, by: 14 days, channels: [email] }
`)
	shop.enroll("ada")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 2999}]}`, "entries.0.expires_at")

	shop.advance("31d")
	shop.call("GET", "/v1/members/external:ada", "", "balance.active", "notices")
	shop.advance("14d")
	shop.call("GET", "/v1/members/external:ada", "", "balance.active", "notices")

	// Output:
	// entries.0.expires_at: "2026-12-31T23:00:00Z"
	// balance.active: 29
	// notices:
	//   {"kind":"points_expiry","notified_at":"2026-12-31T23:00:00Z","expires_at":"2027-01-14T23:00:00Z","points":29}
	// balance.active: 0
	// notices: []
}
