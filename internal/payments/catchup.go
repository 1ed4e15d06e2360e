package payments

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
)

// CatchUp reads from a processor's API what it has reported since an instant, and processes it like webhooks. Events
// that were processed before are duplicates. CatchUp returns the number of events for each outcome, even with an
// error, and can be repeated after an error. Stripe and PayPal store events for 30 days. For Shopify, it reads the
// orders instead of events.
func (r *Receiver) CatchUp(ctx context.Context, program, provider string, since time.Time) (map[ledger.Outcome]int, error) {
	counts := map[ledger.Outcome]int{}
	con := r.connection(ctx, program, provider)
	if con == nil {
		return counts, fmt.Errorf("payments: program %s is not connected to %s", program, provider)
	}
	pull, ok := map[string]func(context.Context, *Receiver, *connection, time.Time, string) (page, error){
		app.Stripe: pullStripe, app.PayPal: pullPayPal, app.Square: pullSquare, app.Shopify: pullShopify,
	}[provider]
	if !ok {
		return counts, fmt.Errorf("payments: %s has no interface to ask for events; it repeats them by itself", provider)
	}
	if con.agreed.APISecret == "" {
		return counts, fmt.Errorf("payments: the connection of %s to %s has no api_secret to ask with", program, provider)
	}
	for next := ""; ; {
		p, err := pull(ctx, r, con, since.UTC(), next)
		if err != nil {
			return counts, err
		}
		for _, e := range p.events {
			one, err := r.take(ctx, con, arrival{path: e.path, body: e.body, at: r.app.Now()})
			if err != nil {
				return counts, err
			}
			counts[one.Outcome]++
		}
		if p.next == "" || p.next == next {
			return counts, nil
		}
		next = p.next
	}
}

// A page is one page of a processor's list of events. The next cursor is empty on the last page.
type page struct {
	events []pulled
	next   string
}

// A pulled is an event that was read from the API. Its path is the topic of the webhook address, for processors that
// use it.
type pulled struct {
	path string
	body jsontext.Value
}

func pulledFrom(path string, events []jsontext.Value) (all []pulled) {
	for _, e := range events {
		all = append(all, pulled{path, e})
	}
	return all
}

// base returns the base URL of a processor's API. For Shopify, the connection's settings contain it. For PayPal,
// paypalAPI has its own.
func (con *connection) base(stage app.Stage) string {
	if con.agreed.API != "" {
		return strings.TrimSuffix(con.agreed.API, "/")
	}
	switch {
	case con.provider == app.Stripe:
		return "https://api.stripe.com"
	case stage == app.Live:
		return "https://connect.squareup.com"
	}
	return "https://connect.squareupsandbox.com"
}

func (con *connection) bearer(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+con.agreed.APISecret)
	if con.provider == app.Stripe {
		r.Header.Set("Stripe-Version", stripeVersion) // version of objects; events keep the version of their webhook
	}
}

// readPage decodes a page's JSON.
func readPage(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("payments: a processor's list of events is of another form: %w", err)
	}
	return nil
}

// pullStripe reads a page of events, newest first (https://docs.stripe.com/api/events/list).
func pullStripe(ctx context.Context, r *Receiver, con *connection, since time.Time, after string) (page, error) {
	q := url.Values{"limit": {"100"}, "created[gte]": {fmt.Sprint(since.Unix())}}
	if after != "" {
		q.Set("starting_after", after)
	}
	raw, err := fetch(ctx, r.app.HTTP, con.base(r.app.Stage)+"/v1/events?"+q.Encode(), con.bearer)
	if err != nil {
		return page{}, err
	}
	var list struct {
		Data []jsontext.Value `json:"data"`
		More bool             `json:"has_more"`
	}
	if err := readPage(raw, &list); err != nil || !list.More || len(list.Data) == 0 {
		return page{events: pulledFrom("", list.Data)}, err
	}
	var last stripeEvent
	err = readPage(list.Data[len(list.Data)-1], &last)
	return page{events: pulledFrom("", list.Data), next: last.ID}, err
}

// pullPayPal reads a page of events (https://developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_list).
func pullPayPal(ctx context.Context, r *Receiver, con *connection, since time.Time, next string) (page, error) {
	path := next
	if path == "" {
		q := url.Values{"page_size": {"100"}, "start_time": {since.Format(time.RFC3339)}, "end_time": {r.app.Now().UTC().Format(time.RFC3339)}}
		path = "/v1/notifications/webhooks-events?" + q.Encode()
	}
	raw, err := con.api.get(ctx, path)
	if err != nil {
		return page{}, err
	}
	var list struct {
		Events []jsontext.Value `json:"events"`
		Links  []struct {
			Href string `json:"href"`
			Rel  string `json:"rel"`
		} `json:"links"`
	}
	if err := readPage(raw, &list); err != nil {
		return page{}, err
	}
	p := page{events: pulledFrom("", list.Events)}
	for _, l := range list.Links {
		if u, err := url.Parse(l.Href); l.Rel == "next" && err == nil && len(list.Events) > 0 {
			p.next = u.RequestURI() // use only the path, so that the next request goes to PayPal's known host
		}
	}
	return p, nil
}

// pullSquare reads a page of events (https://developer.squareup.com/reference/square/events-api/search-events).
func pullSquare(ctx context.Context, r *Receiver, con *connection, since time.Time, cursor string) (page, error) {
	query := map[string]any{
		"limit": 100, "query": map[string]any{"filter": map[string]any{"created_at": map[string]string{"start_at": since.Format(time.RFC3339)}}},
	}
	if cursor != "" {
		query["cursor"] = cursor
	}
	body, err := json.Marshal(query)
	if err != nil {
		return page{}, fmt.Errorf("payments: ask Square: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, con.base(r.app.Stage)+"/v2/events", bytes.NewReader(body))
	if err != nil {
		return page{}, fmt.Errorf("payments: ask Square: %w", err)
	}
	con.bearer(req)
	req.Header.Set("Content-Type", "application/json")
	raw, err := send(r.app.HTTP, req)
	if err != nil {
		return page{}, err
	}
	var list struct {
		Events []jsontext.Value `json:"events"`
		Cursor string           `json:"cursor"`
	}
	err = readPage(raw, &list)
	return page{events: pulledFrom("", list.Events), next: list.Cursor}, err
}

// pullShopify reads a page of orders by ascending ID
// (https://shopify.dev/docs/api/admin-rest/latest/resources/order). An order includes its refunds. If gift cards paid
// part of an order, pullShopify also reads its transactions.
func pullShopify(ctx context.Context, r *Receiver, con *connection, since time.Time, after string) (page, error) {
	q := url.Values{"status": {"any"}, "limit": {"50"}, "updated_at_min": {since.Format(time.RFC3339)}, "since_id": {"0"}}
	if after != "" {
		q.Set("since_id", after)
	}
	var list struct {
		Orders []jsontext.Value `json:"orders"`
	}
	if err := r.askShopify(ctx, con, "orders.json?"+q.Encode(), &list); err != nil {
		return page{}, err
	}
	p := page{events: pulledFrom("orders/updated", list.Orders)}
	for i, raw := range list.Orders {
		var o shopifyOrder
		if err := readPage(raw, &o); err != nil {
			return page{}, err
		}
		if i == 49 {
			p.next = number(o.ID)
		}
		if _, mixed := o.tenders(); !mixed || !idForm.MatchString(number(o.ID)) {
			continue
		}
		var paid struct {
			Transactions []jsontext.Value `json:"transactions"`
		}
		if err := r.askShopify(ctx, con, "orders/"+number(o.ID)+"/transactions.json", &paid); err != nil {
			return page{}, err
		}
		p.events = append(p.events, pulledFrom("order_transactions/create", paid.Transactions)...)
	}
	return p, nil
}

// askShopify reads a document from Shopify's Admin API.
func (r *Receiver) askShopify(ctx context.Context, con *connection, path string, into any) error {
	raw, err := fetch(ctx, r.app.HTTP, con.base(r.app.Stage)+"/admin/api/2025-07/"+path, func(req *http.Request) {
		req.Header.Set("X-Shopify-Access-Token", con.agreed.APISecret)
	})
	if err != nil {
		return err
	}
	return readPage(raw, into)
}
