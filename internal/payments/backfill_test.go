package payments_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// eventsAPI is a provider's list of events, in pages of two. It requires the token.
type eventsAPI struct {
	t      *testing.T
	story  story
	events []json.RawMessage
	asked  int
}

func (a *eventsAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/oauth2/token" {
		fmt.Fprint(w, `{"access_token":"token-0123456789abcdef","expires_in":60}`)
		return
	}
	if r.Header.Get("Authorization") != "Bearer token-0123456789abcdef" &&
		r.Header.Get("X-Shopify-Access-Token") != "token-0123456789abcdef" {
		w.WriteHeader(401)
		return
	}
	if a.asked++; a.asked > 50 { // the list must end
		w.WriteHeader(500)
		return
	}
	from := 0
	page := func(token string) []json.RawMessage {
		from, _ = strconv.Atoi(token)
		return a.events[from:min(from+2, len(a.events))]
	}
	var answer any
	switch q := r.URL.Query(); r.URL.Path {
	case "/v1/events":
		after := 0
		for i, e := range a.events {
			if id := q.Get("starting_after"); id != "" && strings.Contains(string(e), `"`+id+`"`) {
				after = i + 1
			}
		}
		if q.Get("created[gte]") != fmt.Sprint(noon.AddDate(0, 0, -1).Unix()) {
			a.t.Errorf("asked for %v", q)
		}
		answer = map[string]any{"data": page(fmt.Sprint(after)), "has_more": after+2 < len(a.events)}
	case "/v2/events":
		var in struct{ Cursor string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		list, next := page(in.Cursor), ""
		if from+2 < len(a.events) {
			next = fmt.Sprint(from + 2)
		}
		answer = map[string]any{"events": list, "cursor": next}
	case "/v1/notifications/webhooks-events":
		list, links := page(q.Get("next")), []any{}
		if from+2 < len(a.events) {
			links = append(
				links,
				map[string]string{
					"rel":  "next",
					"href": fmt.Sprintf("https://elsewhere.test%s?next=%d", r.URL.Path, from+2),
				},
			)
		}
		answer = map[string]any{"events": list, "links": links}
	case "/admin/api/2025-07/orders.json":
		answer = map[string]any{"orders": a.events}
	default: // PayPal's objects
		for _, e := range a.events {
			var in struct{ Resource map[string]any }
			if json.Unmarshal(e, &in) == nil {
				for _, id := range []any{in.Resource["id"], in.Resource["dispute_id"]} {
					if id != nil && strings.HasSuffix(r.URL.Path, "/"+id.(string)) {
						answer = in.Resource
					}
				}
			}
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func TestMissedEventsCountOnce(t *testing.T) {
	for _, x := range stories {
		if x.provider == app.Adyen {
			continue
		}
		t.Run(x.provider, func(t *testing.T) {
			api := &eventsAPI{t: t, story: x}
			server := httptest.NewServer(api)
			defer server.Close()
			with := settings()
			c := with["corner"][x.provider]
			c.API, c.APISecret = server.URL, "token-0123456789abcdef"
			with["corner"][x.provider] = c
			s := newShopWith(t, options{award: "orders_when_paid", processors: with})
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			five := x.facts(false)
			facts := five[:3]
			if x.provider == app.Shopify { // its API is asked for orders, which include their refunds
				o := asMap(t, facts[0])
				o["refunds"] = []any{asMap(t, facts[1]), asMap(t, facts[2])}
				api.events = append(api.events, marshal(t, o))
			} else {
				for _, e := range facts {
					api.events = append(api.events, marshal(t, asMap(t, e)))
				}
				slices.Reverse(api.events)
				h, body := s.signed(facts[1]) // one of the events was already delivered
				want := map[bool]string{true: "200 applied", false: "200 waiting"}[x.provider == app.Shopify]
				s.expect(facts[1].Path("corner"), h, body, want)
			}
			r := payments.New(s.stack.App)
			for i, want := range []map[service.Outcome]int{
				{service.Applied: 2, service.Duplicate: 1}, {service.Duplicate: 3},
			} {
				if x.provider == app.Shopify {
					want = []map[service.Outcome]int{{service.Applied: 1}, {service.Duplicate: 1}}[i]
				}
				if x.provider != app.Shopify && i == 0 { // the first refund waits for the payment
					want = map[service.Outcome]int{service.Waiting: 1, service.Duplicate: 1, service.Applied: 1}
				}
				got, err := r.Backfill(t.Context(), "corner", x.provider, noon.AddDate(0, 0, -1))
				if err != nil || !maps.Equal(got, want) {
					t.Errorf("%v, want %v: %v", got, want, err)
				}
				if s.orderPoints("1042") != refunded2 {
					t.Errorf("%d points", s.orderPoints("1042"))
				}
			}
			if x.provider != app.Shopify && api.asked < 4 {
				t.Errorf("only %d pages were asked for", api.asked)
			}
		})
	}
	s := newShop(t, "payments")
	for _, provider := range []string{app.Adyen, app.Standard, app.Stripe, "nobody"} {
		if _, err := payments.New(s.stack.App).Backfill(t.Context(), "corner", provider, noon); err == nil {
			t.Errorf("%s was asked", provider)
		}
	}
}

// Shopify's orders do not state how much gift cards paid, so their transactions are read too.
func TestBackfillReadsTransactionsOfMixedShopifyOrders(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		var answer any
		switch q := r.URL.Query(); r.URL.Path {
		case "/admin/api/2025-07/orders.json":
			from, _ := strconv.Atoi(q.Get("since_id"))
			orders := []object{}
			for id := from + 1; id <= 52 && len(orders) < 50; id++ {
				o := shopifyOrder(0, 0, false, false, object{"id": id})
				if id == 7 {
					o["payment_gateway_names"] = []string{"gift_card", "bogus"}
				}
				orders = append(orders, o)
			}
			answer = object{"orders": orders}
		case "/admin/api/2025-07/orders/7/transactions.json":
			gift, card := shopifyTransaction(
				"81",
				"gift_card",
				"sale",
				"success",
				2_000,
			), shopifyTransaction(
				"80",
				"bogus",
				"sale",
				"success",
				3_000,
			)
			gift["order_id"], card["order_id"] = 7, 7
			answer = object{"transactions": []object{gift, card}}
		default:
			w.WriteHeader(404)
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	with := settings()
	c := with["corner"][app.Shopify]
	c.API, c.APISecret = server.URL, "token-0123456789abcdef"
	with["corner"][app.Shopify] = c
	s := newShopWith(t, options{award: "payments", processors: with})
	got, err := payments.New(s.stack.App).Backfill(t.Context(), "corner", app.Shopify, noon.AddDate(0, 0, -1))
	if want := map[service.Outcome]int{service.Applied: 54}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
	const orders = "/admin/api/2025-07/orders.json"
	if want := []string{orders, "/admin/api/2025-07/orders/7/transactions.json", orders}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if got, want := s.points(s.member), int64(51*50+30); got != want {
		t.Errorf("%d points, want %d", got, want)
	}
}

func asMap(t *testing.T, e sample.Event) map[string]any {
	body, err := e.Body("")
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

func marshal(t *testing.T, v any) json.RawMessage {
	raw, err := json.MarshalIndent(v, "", " ") // formatted differently from the webhook
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Only Adyen's first report of a dispute names the payment. Reports may arrive in any order.
func TestAdyenDisputeHasItsOwnReference(t *testing.T) {
	chain := []struct {
		kind    string
		payment string
		worth   int64
	}{
		{
			"NOTIFICATION_OF_CHARGEBACK",
			"PSP1",
			0,
		}, {"CHARGEBACK", "PSP1", 0}, {"CHARGEBACK_REVERSED", "", whole}, {"SECOND_CHARGEBACK", "", 0},
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}} {
		s := newShop(t, "orders_when_paid")
		s.order("1042", "placed", `,"member":"`+s.member+`"`)
		s.want(stories[4].facts(false)[0], "200 applied")
		for _, i := range order {
			x := chain[i]
			e := sample.Event{
				Provider: app.Adyen,
				Type:     x.kind,
				Payment:  x.payment,
				Object:   "PSPD1",
				Amount:   4999,
				At:       noon.Add(time.Duration(i) * time.Hour),
			}
			item, err := e.AdyenItem(settings()["corner"][app.Adyen].Secrets[0])
			if err != nil {
				t.Fatal(err)
			}
			if x.payment == "" { // remove the payment that the sample fills in
				e.Payment = "-"
				if item, err = e.AdyenItem(settings()["corner"][app.Adyen].Secrets[0]); err != nil {
					t.Fatal(err)
				}
				item = resigned(t, item, map[string]any{"originalReference": ""})
			}
			a := s.post(
				"/v1/webhooks/corner/adyen",
				http.Header{"Content-Type": {"application/json"}},
				batch(t, "false", item),
			)
			if a.String() != "200 applied" && a.String() != "200 waiting" {
				t.Errorf("%s: %s", x.kind, a)
			}
			if order[0] == 0 && s.orderPoints("1042") != x.worth {
				t.Errorf("after %s %d points", x.kind, s.orderPoints("1042"))
			}
		}
		if s.orderPoints("1042") != 0 {
			t.Errorf("%v: worth %d after the second chargeback", order, s.orderPoints("1042"))
		}
	}
}
