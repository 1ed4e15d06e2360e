package shopify

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestList(t *testing.T) {
	const (
		orders, transactions = "/admin/api/2025-07/orders.json", "/admin/api/2025-07/orders/120/transactions.json"
		mixed                = `"payment_gateway_names":["gift_card","bogus"]`
	)
	request := func(after string) string {
		return "GET " + orders + "?limit=50&since_id=" + after + "&status=any&updated_at_min=2026-12-01T12%3A00%3A00Z"
	}
	page := func(n int, id string) string {
		return `{"orders":[` + strings.Repeat(`{"id":1},`, n-1) + `{"id":` + id + `}]}`
	}
	webhooktest.RunLists(t, New, map[string]webhooktest.ListTest{
		"a whole page": {
			Answers: map[string]string{orders: page(50, "99")}, Want: []string{request("0")}, Events: 50, Next: "99",
		},
		"the last page": {
			Cursor: "99", Answers: map[string]string{orders: page(49, "120")}, Want: []string{request("99")},
			Events: 49,
		},
		"an order that gift cards paid in part": {
			Cursor: "99", Answers: map[string]string{
				orders: page(2, "120,"+mixed), transactions: `{"transactions":[{},{}]}`,
			},
			Want: []string{request("99"), "GET " + transactions}, Events: 4,
		},
		"an ID of another form": {
			Answers: map[string]string{orders: page(2, `"../x",`+mixed)}, Want: []string{request("0")}, Events: 2,
		},
		"transactions that cannot be read": {
			Cursor: "99", Answers: map[string]string{orders: page(2, "120,"+mixed)},
			Want: []string{request("99"), "GET " + transactions}, Fails: true,
		},
	})
}
