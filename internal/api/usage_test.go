package api

import (
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perennial-loyalty/perennial/internal/cost"
	"github.com/perennial-loyalty/perennial/internal/cost/costtest"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// TestUsageOfRequests compares the usage of the table and the logs by each request with internal/cost, exactly. After
// an intended change, go test ./internal/api -run TestUsageOfRequests -update writes the file.
func TestUsageOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		used := map[string]cost.Usage{}
		for _, measure := range []func(*usageWorld){
			(*usageWorld).measureOrders, (*usageWorld).measureLargeOrder, (*usageWorld).measureExternalIDs,
			(*usageWorld).measureReads,
			(*usageWorld).measureRedemptions, (*usageWorld).measureLimited, (*usageWorld).measureUnknownCodes,
		} {
			w := newUsageWorld(t)
			measure(w)
			maps.Copy(used, w.used)
		}
		costtest.Compare(t, slices.Collect(maps.Values(used)))
	})
}

// A usageWorld is an API over a table that counts the usage.
type usageWorld struct {
	*world
	meter  *tabletest.Meter
	member string // a member who has ordered for two years
	orders int
	used   map[string]cost.Usage // by ID
}

const (
	aDay   = 24 * time.Hour
	aMonth = 30 * aDay
)

// newUsageWorld enrolls a member with the external ID "ada" who orders each month for two years, so that the latest
// orders are pending.
func newUsageWorld(t *testing.T) *usageWorld {
	w := &usageWorld{used: map[string]cost.Usage{}}
	w.meter = &tabletest.Meter{Table: memory(t), Bubble: true}
	w.world = newWorld(t, w.meter)
	w.publishVersion(1, false)
	w.member = w.must(
		"POST", "/v1/members",
		`{"external_id": "ada", "email": "ada@example.com", "name": "Ada Lovelace", "locale": "en"}`,
	)
	for range 24 {
		w.order()
		w.advance(aMonth)
	}
	for range 2 {
		w.order()
		w.advance(aDay)
	}
	w.must(
		"POST", "/v1/members/"+w.member+"/adjustments",
		`{"points": 20000, "reason": "for the redemptions of the test"}`,
	)
	w.warm()
	return w
}

// publishVersion publishes the demo program after another version. If limited, the free mug has a stock and the cinema
// ticket uploaded codes; no other reward has either.
func (w *usageWorld) publishVersion(after int, limited bool) {
	source := string(program.Demo())
	source = strings.Replace(source, ", stock: 20,", ",", 1)
	if !limited {
		source = strings.Replace(source, ", stock: 200", "", 1)
		source = strings.Replace(source, ", codes: uploaded", ", codes: generated", 1)
	}
	w.publish("bluebird", []byte(source), after)
	w.advance(time.Minute) // until every process uses the new version
	w.warm()
}

// warm makes every function read the API key and the program, as a process does once a minute.
func (w *usageWorld) warm() {
	w.t.Helper()
	for _, r := range []sentRequest{
		{method: "GET", path: "/v1/members/mem_unknown"},
		{
			method: "POST", path: "/v1/quotes",
			body: []byte(`{"member": "mem_unknown", "currency": "EUR", "line_items": []}`),
		},
		{method: "GET", path: "/v1/orders/unknown"},
		{method: "POST", path: "/v1/redemptions/rd_unknown/commit", body: []byte("{}")},
	} {
		if a := w.do(r); a.status != http.StatusNotFound {
			w.t.Fatalf("%s %s: %d %s", r.method, r.path, a.status, a.body)
		}
	}
	// The key of the program is cached.
	if _, err := w.app.Members.Profile(w.t.Context(), "bluebird", loyalty.MemberID(w.member)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *usageWorld) order() {
	w.orders++
	w.must("PUT", fmt.Sprint("/v1/orders/", 100_000+w.orders), w.orderOf("paid", threeLines, ""))
}

const threeLines = `{"id": "1", "sku": "BEAN-1", "category": "coffee-beans", "quantity": 2, "amount": 5998},
	{"id": "2", "sku": "MUG-01", "category": "mugs", "quantity": 1, "amount": 1490},
	{"id": "3", "sku": "FILTER", "category": "brewing", "quantity": 1, "amount": 590}`

func (w *usageWorld) orderOf(status, lines, more string) string {
	return fmt.Sprintf(`{"member": %q, "placed_at": %q, "currency": "EUR", "channel": "web", "status": %q,
		"line_items": [%s], "shipping": 490, "tenders": [{"kind": "card", "amount": 8568}]%s}`,
		w.member, w.clock().Format(time.RFC3339), status, lines, more)
}

// measure sends a request that must succeed, and records its usage.
func (w *usageWorld) measure(id, method, path, body string) map[string]any {
	w.t.Helper()
	a := w.measureAny(id, sentRequest{method: method, path: path, body: []byte(body)})
	if a.status >= http.StatusMultipleChoices {
		w.t.Fatalf("%s: %d %s", id, a.status, a.body)
	}
	m, _ := a.json.(map[string]any)
	return m
}

// measureAny sends a request and records its usage.
func (w *usageWorld) measureAny(id string, r sentRequest) answered {
	w.t.Helper()
	w.mu.Lock()
	w.log.Reset()
	w.mu.Unlock()
	w.meter.Take()
	a := w.do(r)
	u := w.meter.Take()
	w.used[id] = cost.Usage{
		ID: id, Steps: u.Steps, Calls: u.Calls, Read: u.Read, Write: u.Write, Items: u.Items,
		LogBytes: costtest.LogBytes(w.log.String()),
	}
	return a
}

// measureUnknownCodes measures lookups of codes that do not exist. They count toward the limit of the API key, and
// toward the limit of the client if the request names one.
func (w *usageWorld) measureUnknownCodes() {
	for _, c := range []struct {
		id     string
		header map[string]string
	}{
		{"code_unknown", nil},
		{"code_unknown_client", map[string]string{"Perennial-Client": "till-7"}},
	} {
		a := w.measureAny(c.id, sentRequest{method: "GET", path: "/v1/codes/7K3M-Q9XZ-02VB-HJ4D-R", header: c.header})
		if a.status != http.StatusNotFound {
			w.t.Fatalf("%s: %d %s", c.id, a.status, a.body)
		}
	}
}

func (w *usageWorld) measureOrders() {
	paid := w.orderOf("paid", threeLines, "")
	w.measure("order", "PUT", "/v1/orders/200001", paid)
	w.measure("order_repeated", "PUT", "/v1/orders/200001", paid)
	refund := fmt.Sprintf(`, "refunds": [{"id": "re_1", "at": %q, "amount": 2999, `+
		`"line_items": [{"id": "1", "quantity": 1, "amount": 2999}]}]`,
		w.clock().Format(time.RFC3339))
	w.measure("order_refunded", "PUT", "/v1/orders/200001", w.orderOf("paid", threeLines, refund))
	w.measure("order_canceled", "PUT", "/v1/orders/200001", w.orderOf("canceled", threeLines, refund))
	w.measure("order_placed", "PUT", "/v1/orders/200002", w.orderOf("placed", threeLines, ""))
	w.measure("order_paid", "PUT", "/v1/orders/200002", w.orderOf("paid", threeLines, ""))
	w.measure("event", "POST",
		"/v1/events", fmt.Sprintf(`{"member": %q, "type": "review.approved", "id": "778", "at": %q,
		"data": {"rating": 5, "text": "I had no idea that beans could be so much better than others."}}`, w.member,
			w.clock().Format(time.RFC3339)))
}

// measureLargeOrder measures orders of 100 line items, each with a numbered ID, a SKU and a price. An order whose entry
// is larger than 1 KB, such as one with random SKUs, costs more.
func (w *usageWorld) measureLargeOrder() {
	random := rand.New(rand.NewPCG(1, 1))
	digits := func(n int) int { return random.IntN(int(math.Pow10(n))) }
	price := func() int { return 100*random.IntN(40) + []int{49, 90, 99}[random.IntN(3)] }
	families := []string{"beans", "mugs", "tea", "filters", "grinders", "cups", "syrups", "sets"}
	for i, c := range []struct {
		id   string
		line func() string // the JSON of a line item, without its ID
	}{
		{"order_100", func() string {
			family, n := families[random.IntN(8)], 1+max(0, random.IntN(6)-3)
			return fmt.Sprintf(
				`"sku": "%s-%04d", "category": %q, "quantity": %d, "amount": %d`, strings.ToUpper(family), digits(4),
				family, n, n*price(),
			)
		}},
		{"order_100_digits", func() string {
			return fmt.Sprintf(
				`"sku": "%08d", "category": %q, "quantity": 1, "amount": %d`, digits(8), families[random.IntN(8)],
				100*random.IntN(40)+99,
			)
		}},
		{"order_100_ean", func() string {
			return fmt.Sprintf(
				`"sku": "40%011d", "category": "grocery", "quantity": 1, "amount": %d`, digits(11),
				100*random.IntN(20)+99,
			)
		}},
		{"order_100_random", func() string {
			return fmt.Sprintf(
				`"sku": "%016x", "category": %q, "quantity": 1, "amount": %d`, random.Uint64(),
				families[random.IntN(8)], price(),
			)
		}},
	} {
		w.advance(aDay) // so that the daily caps do not affect several orders
		w.warm()
		lines := make([]string, 100)
		for n := range lines {
			lines[n] = fmt.Sprintf(`{"id": "%d", %s}`, n+1, c.line())
		}
		path, all := fmt.Sprint("/v1/orders/", 200_005+i), strings.Join(lines, ",")
		w.measure(c.id, "PUT", path, w.orderOf("paid", all, ""))
		if i > 0 {
			continue
		}
		refund := `, "refunds": [{"id": "re_1", "at": %q, "amount": 200, "line_items": [%s]}]`
		refunded := make([]string, 10)
		for n := range refunded {
			refunded[n] = fmt.Sprintf(`{"id": "%d", "quantity": 1, "amount": 20}`, 7*n+1)
		}
		w.measure(
			c.id+"_refunded", "PUT", path,
			w.orderOf("paid", all, fmt.Sprintf(refund, w.clock().Format(time.RFC3339), strings.Join(refunded, ","))),
		)
	}
}

func (w *usageWorld) measureReads() {
	w.measureColdProcess()
	w.measure("member", "GET", "/v1/members/"+w.member, "")
	w.measure("tier", "GET", "/v1/members/"+w.member+"/tier", "")
	w.measure("rewards", "GET", "/v1/members/"+w.member+"/rewards", "")
	w.measure("quote", "POST", "/v1/quotes", w.basket())
	w.measure("statement", "GET", "/v1/members/"+w.member+"/entries", "")
	w.measure("search_email", "GET", "/v1/members?email=ada@example.com", "")
	w.measure("search_name", "GET", "/v1/members?name=lovelace", "")
	w.measure("search_order", "GET", "/v1/members?order=100001", "")
	w.measureLists()
}

// measureLists measures the lists by level and by latest change, which the relay has completed.
func (w *usageWorld) measureLists() {
	lists := listing.List{Table: w.table, Now: w.clock}
	if err := lists.Refresh(w.t.Context(), "bluebird", loyalty.MemberID(w.member)); err != nil {
		w.t.Fatal(err)
	}
	w.measure("search_tier", "GET", "/v1/members?tier=gold", "")
	w.measure("search_updated", "GET", "/v1/members?updated_since=2026-12-01T10:00:00Z", "")
}

func (w *usageWorld) basket() string {
	return strings.Replace(w.orderOf("paid", threeLines, ""), `"status": "paid",`, "", 1)
}

// redeem redeems a reward and returns the redemption's ID.
func (w *usageWorld) redeem(id, reward, more string) string {
	rd := w.measure(
		id, "POST", "/v1/redemptions", fmt.Sprintf(`{"member": %q, "reward": %q%s}`, w.member, reward, more),
	)
	return rd["id"].(string)
}

func (w *usageWorld) measureRedemptions() {
	w.measure("commit", "POST", "/v1/redemptions/"+w.redeem("reserve", "free-shipping", "")+"/commit", "{}")
	rd := w.redeem("reserve", "free-shipping", "")
	w.measure("cancel", "POST", "/v1/redemptions/"+rd+"/cancel", "{}")
	w.redeem("redeem", "free-shipping", `, "commit": true`)
}

func (w *usageWorld) measureExternalIDs() {
	external := strings.Replace(w.orderOf("paid", threeLines, ""), w.member, "external:ada", 1)
	w.measure("order_external_first", "PUT", "/v1/orders/200003", external)
	w.measure("order_external", "PUT", "/v1/orders/200004", external)
}

// measureColdProcess reads a member in a process that has read neither the API key nor the program.
func (w *usageWorld) measureColdProcess() {
	warm := *w.app
	cold := warm
	cold.Ledger, cold.Keys, cold.Programs = nil, nil, nil
	if err := cold.Wire(); err != nil {
		w.t.Fatal(err)
	}
	h := w.handlers["members"]
	w.handlers["members"] = access.Handler("members", Members(&cold))
	w.measure("member_cold", "GET", "/v1/members/"+w.member, "")
	w.handlers["members"] = h
}

// measureLimited measures rewards with a stock and with uploaded codes. For the lists, the last code is in a
// reservation that has expired but is not recorded as expired yet.
func (w *usageWorld) measureLimited() {
	w.publishVersion(2, true)
	for shard := range ledger.BudgetShards { // the first use of each counter creates it, which costs more
		key := table.Key{PK: "P#bluebird#C#rewards.free-mug", SK: fmt.Sprintf("BUDGET#%02d", shard)}
		if err := w.table.Transact(w.t.Context(), table.Add(key, "n", 0, 0)); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := (inventory.Codes{Ledger: &ledger.Ledger{Table: w.table, Now: w.clock}}).Add(
		w.t.Context(), "bluebird", "cinema", lastCodes(2),
	); err != nil {
		w.t.Fatal(err)
	}
	w.measure("commit_stock", "POST", "/v1/redemptions/"+w.redeem("reserve_stock", "free-mug", "")+"/commit", "{}")
	w.measure("cancel_stock", "POST", "/v1/redemptions/"+w.redeem("reserve_stock", "free-mug", "")+"/cancel", "{}")
	w.measure("commit_code", "POST", "/v1/redemptions/"+w.redeem("reserve_code", "cinema", "")+"/commit", "{}")
	w.measure("cancel_code", "POST", "/v1/redemptions/"+w.redeem("reserve_code", "cinema", "")+"/cancel", "{}")
	w.measure(
		"commit_gift_card", "POST", "/v1/redemptions/"+w.redeem("reserve_gift_card", "gift-25", "")+"/commit", "{}",
	)
	w.redeem("redeem_gift_card", "gift-25", `, "commit": true`)

	eve := w.must("POST", "/v1/members", `{"external_id": "eve"}`)
	w.must("POST", "/v1/members/"+eve+"/adjustments", `{"points": 5000, "reason": "for the redemptions of the test"}`)
	w.must("POST", "/v1/redemptions", fmt.Sprintf(`{"member": %q, "reward": "cinema"}`, eve))
	w.advance(31 * time.Minute)
	w.warm()
	w.measure("rewards_limited", "GET", "/v1/members/"+w.member+"/rewards", "")
	w.measure("quote_limited", "POST", "/v1/quotes", w.basket())
}

// lastCodes yields codes at the end of a pool. The search for a code starts at a random place, so it finds one of them
// at once, as in a large pool.
func lastCodes(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, found := 0, 0; found < n; i++ {
			code := fmt.Sprint("CINEMA-", i)
			h := fnv.New32a()
			h.Write([]byte(code))
			if h.Sum32() < 0xffff_0000 {
				continue
			}
			if found++; !yield(code) {
				return
			}
		}
	}
}
