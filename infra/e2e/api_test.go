package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func publish(w *world) {
	table := w.stack.Outputs["TableName"]
	out := w.operator("program", "publish", "--table", table, "infra/e2e/testdata/program.yaml")
	if !strings.Contains(out, "version 1 of "+program+" is live") {
		w.Fatal(out)
	}
	w.key = w.operator("keys", "create", "--table", table, "--program", program, "--scope", "admin", "--stage", "live")
	w.want(w.call(success, "GET", "/v1/program", ""), "version", "1")
}

func unknownPath(w *world) {
	problem := w.call(http.StatusNotFound, "GET", "/v1/no/such/path", "")
	w.want(problem, "code", "not_found")
	w.want(problem, "status", "404")
	problem = w.call(http.StatusMethodNotAllowed, "DELETE", "/v1/program", "")
	w.want(problem, "code", "method_not_allowed")
	problem = w.send(http.StatusUnauthorized, "GET", "/v1/program", http.Header{}, "")
	w.want(problem, "code", "unauthenticated")
}

// enroll creates a member with points to spend.
func (w *world) enroll(external string, points int) string {
	w.Helper()
	id := w.call(success, "POST", "/v1/members",
		fmt.Sprintf(`{"external_id": %q, "email": "%s@example.com", "locale": "en"}`, external, external)).text("id")
	if points > 0 {
		w.call(
			success, "POST", "/v1/members/"+id+"/adjustments",
			fmt.Sprintf(`{"points": %d, "reason": "end-to-end test"}`, points),
		)
	}
	return id
}

// balance checks the spendable points of a member.
func (w *world) balance(member string, points int) {
	w.Helper()
	w.want(w.call(success, "GET", "/v1/members/"+member, ""), "balance.active", fmt.Sprint(points))
}

// putOrder sends an order of one line of 49.99 EUR.
func (w *world) putOrder(id, member, status string, placed time.Time, more string) answer {
	w.Helper()
	return w.call(success, "PUT", "/v1/orders/"+id, fmt.Sprintf(
		`{"member": %q, "placed_at": %q, "currency": "EUR", "status": %q, `+
			`"line_items": [{"id": "1", "sku": "BEAN", "quantity": 1, "amount": 4999}]%s}`,
		member, placed.UTC().Format(time.RFC3339), status, more))
}

func order(w *world) {
	ada := w.enroll("ada", 0)
	placed := time.Now()
	first := w.putOrder("1042", ada, "paid", placed, "")
	w.want(first, "points", "49")
	w.want(w.putOrder("1042", ada, "paid", placed, ""), "entries.0.id", first.text("entries.0.id"))
	refund := fmt.Sprintf(`, "refunds": [{"id": "re_1", "at": %q, "amount": 2000}]`, placed.UTC().Format(time.RFC3339))
	w.want(w.putOrder("1042", ada, "paid", placed, refund), "points", "29")
	w.want(w.call(success, "GET", "/v1/members/"+ada, ""), "balance.pending", "29")
	entries := w.call(success, "GET", "/v1/members/"+ada+"/entries", "")
	if list, _ := entries.at("data").([]any); len(list) < 2 {
		w.Errorf("the statement has %d entries: %v", len(list), entries)
	}
}

func limitedReward(w *world) {
	bob := w.enroll("bob", 250)
	quote := w.call(success, "POST", "/v1/quotes", fmt.Sprintf(
		`{"member": %q, "currency": "EUR", "line_items": [{"id": "1", "sku": "BEAN", "quantity": 1, "amount": 4999}]}`,
		bob))
	w.want(quote, "points", "49")
	redeem := fmt.Sprintf(`{"member": %q, "reward": "mug"}`, bob)
	rd := w.call(success, "POST", "/v1/redemptions", redeem)
	w.want(rd, "status", "reserved")
	w.want(w.call(success, "POST", "/v1/redemptions/"+rd.text("id")+"/commit", ""), "status", "committed")
	rd = w.call(success, "POST", "/v1/redemptions", redeem)
	w.want(w.call(
		http.StatusConflict, "POST", "/v1/redemptions",
		fmt.Sprintf(`{"member": %q, "reward": "mug"}`, w.enroll("ben", 100)),
	),
		"code", "reward_out_of_stock")
	w.call(success, "POST", "/v1/redemptions/"+rd.text("id")+"/cancel", "")
	w.balance(bob, 150)
}

func codePool(w *world) {
	file := filepath.Join(w.TempDir(), "codes")
	if err := os.WriteFile(file, []byte("CINEMA-4F7K-9QXT-2MRB\nCINEMA-8WZD-3HNP-6VJC\n"), 0o600); err != nil {
		w.Fatal(err)
	}
	w.operator("codes", "upload", "--table", w.stack.Outputs["TableName"], program, "cinema", file)
	carl := w.enroll("carl", 100)
	rd := w.call(
		success, "POST", "/v1/redemptions", fmt.Sprintf(`{"member": %q, "reward": "cinema", "commit": true}`, carl),
	)
	if code := rd.text("code"); !strings.HasPrefix(code, "CINEMA-") {
		w.Errorf("the code is %s", code)
	}
}

func giftCard(w *world) {
	dora := w.enroll("dora", 100)
	rd := w.call(
		success, "POST", "/v1/redemptions", fmt.Sprintf(`{"member": %q, "reward": "gift-25", "commit": true}`, dora),
	)
	code := rd.text("code")
	w.want(w.call(success, "GET", "/v1/codes/"+code, ""), "state", "valid")
	w.call(success, "POST", "/v1/codes/"+code+"/uses", `{"amount": 1000, "currency": "EUR"}`)
	w.want(w.call(success, "GET", "/v1/codes/"+code, ""), "remaining.amount", "1500")
}

func waitlist(w *world) {
	eve, fay := w.enroll("eve", 100), w.enroll("fay", 100)
	rd := w.call(success, "POST", "/v1/redemptions", fmt.Sprintf(`{"member": %q, "reward": "print"}`, eve))
	w.call(success, "POST", "/v1/rewards/print/waitlist", fmt.Sprintf(`{"member": %q}`, fay))
	w.call(success, "POST", "/v1/redemptions/"+rd.text("id")+"/cancel", "")
	w.call(success, "POST", "/v1/redemptions", fmt.Sprintf(`{"member": %q, "reward": "print", "commit": true}`, fay))
	w.balance(fay, 0)
	w.balance(eve, 100)
}

func transfer(w *world) {
	gil, hal := w.enroll("gil", 300), w.enroll("hal", 0)
	tr := w.call(success, "POST", "/v1/members/"+gil+"/transfers", fmt.Sprintf(`{"to": %q, "points": 200}`, hal))
	w.call(success, "POST", "/v1/transfers/"+tr.text("id")+"/accept", "{}")
	w.balance(gil, 100)
	w.balance(hal, 200)
}

func household(w *world) {
	ida, joe := w.enroll("ida", 50), w.enroll("joe", 150)
	home := w.call(success, "POST", "/v1/households", fmt.Sprintf(`{"owner": %q}`, ida)).text("id")
	w.call(success, "POST", "/v1/households/"+home+"/invitations", fmt.Sprintf(`{"member": %q, "role": "adult"}`, joe))
	w.call(success, "POST", "/v1/households/"+home+"/accept", fmt.Sprintf(`{"member": %q}`, joe))
	w.want(w.call(
		success, "POST", "/v1/redemptions",
		fmt.Sprintf(`{"member": %q, "reward": "mug", "household": true, "commit": true}`, ida),
	),
		"status", "committed")
	w.balance(ida, 0)
	w.balance(joe, 100)
}
