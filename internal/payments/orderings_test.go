package payments_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A memoryTable is a table in memory that can be reset quickly. It checks the conditions of writes like the real
// tables. It is not safe for concurrent use.
type memoryTable struct{ items, base map[table.Key]table.Item }

func (m *memoryTable) Get(_ context.Context, key table.Key) (table.Item, error) {
	if it, ok := m.items[key]; ok {
		return it, nil
	}
	return table.Item{Key: key}, nil
}

func (m *memoryTable) Query(_ context.Context, q table.Query) iter.Seq2[table.Item, error] {
	var found []table.Item
	place := func(it table.Item) table.Key {
		if q.Index {
			return it.Index
		}
		return it.Key
	}
	for _, it := range m.items {
		if k := place(it); k.PK == q.PK && k.SK >= q.From && (q.To == "" || k.SK <= q.To) {
			found = append(found, it)
		}
	}
	slices.SortFunc(found, func(a, b table.Item) int {
		if q.Reverse {
			a, b = b, a
		}
		return strings.Compare(place(a).SK, place(b).SK)
	})
	return func(yield func(table.Item, error) bool) {
		for i, it := range found {
			if q.Limit > 0 && i == q.Limit || !yield(it, nil) {
				return
			}
		}
	}
}

func (m *memoryTable) Transact(_ context.Context, ops ...table.Op) error {
	for i, op := range ops {
		if now := m.items[op.Item.Key]; now.Version != op.Item.Version || op.Kind == table.OpAdd {
			now.Key = op.Item.Key
			return &table.ConflictError{Op: i, Key: op.Item.Key, Current: now}
		}
	}
	for _, op := range ops {
		switch it := op.Item; op.Kind {
		case table.OpPut:
			it.Version++
			m.items[it.Key] = it
		case table.OpDelete:
			delete(m.items, it.Key)
		}
	}
	return nil
}

// reset restores the initial content.
func (m *memoryTable) reset() { m.items = maps.Clone(m.base) }

// orderings delivers five facts in many orders, each to a reset table.
type orderings struct {
	t       *testing.T
	table   *memoryTable
	faulty  *tabletest.Faulty
	failed  int // deliveries that were answered with 503, and repeated
	app     *app.App
	p       *loyalty.Program
	handler lambda.Handler
	paypal  *paypalServer
	story   story
	events  [5]func() // functions that deliver the events
	first   string
	count   int
}

func newOrderings(t *testing.T, x story, won bool, seed uint64) *orderings {
	w := &orderings{t: t, table: &memoryTable{items: map[table.Key]table.Item{}}, story: x, paypal: newPayPalServer(t)}
	w.faulty = tabletest.NewFaulty(w.table, seed)
	w.app = &app.App{
		Table: w.faulty, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler), Stage: app.Test,
		Secret: []byte(
			"0123456789abcdefghijklmnopqrstuv",
		), Processors: settings(), HTTP: &http.Client{Transport: w.paypal}, Roots: w.paypal.Roots(),
	}
	if err := w.app.Wire(); err != nil {
		t.Fatal(err)
	}
	source := []byte(
		strings.NewReplacer("AWARD", "orders_when_paid", "earn:\n", "earn:\n  caps: [40 per day]\n").Replace(corner),
	)
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	published := catalog.Published{Program: "corner", Source: source, Snapshot: snapshot.Encode(p), By: "test"}
	if err := w.app.Catalog.Publish(t.Context(), published, 0); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.p, err = w.app.Programs.Live(t.Context(), "corner"); err != nil {
		t.Fatal(err)
	}
	w.table.base = maps.Clone(w.table.items)
	w.handler = payments.Webhooks(w.app)
	s := &shop{t: t, paypal: w.paypal}
	for i, e := range x.facts(won) {
		c := settings()["corner"][x.provider]
		body, err := e.Body(append(c.Secrets, "")[0])
		if err != nil {
			t.Fatal(err)
		}
		var h http.Header
		if x.provider == app.PayPal {
			h = s.paypal.sign(t, body, noon)
		} else if h, err = e.Headers(c, body, noon); err != nil {
			t.Fatal(err)
		}
		event := events.APIGatewayV2HTTPRequest{
			PathParameters: map[string]string{
				"program":  "corner",
				"provider": x.provider,
			}, Headers: map[string]string{}, Body: string(body),
		}
		if resource, action, ok := strings.Cut(e.Type, "/"); ok {
			event.PathParameters = map[string]string{"program": "corner", "resource": resource, "action": action}
		}
		for name := range h {
			event.Headers[strings.ToLower(name)] = h.Get(name)
		}
		payload, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		w.events[i] = func() {
			if x.provider == app.PayPal {
				w.paypal.store(t, e, noon)
			}
			w.deliver(payload)
		}
	}
	return w
}

func (w *orderings) deliver(payload []byte) {
	raw, err := w.handler.Invoke(w.t.Context(), payload)
	var answer events.APIGatewayV2HTTPResponse
	for err == nil && json.Unmarshal(raw, &answer) == nil && answer.StatusCode == 503 {
		w.failed++
		raw, err = w.handler.Invoke(w.t.Context(), payload)
	}
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	if err != nil || answer.StatusCode != 200 || strings.Contains(answer.Body, "quarantined") {
		w.t.Fatalf("%s: %s %v", w.story.provider, raw, err)
	}
}

func (w *orderings) member() {
	w.t.Helper()
	in := members.Enrollment{Member: "mem_ada", Profile: members.Profile{Email: "ada@shop.test"}}
	if _, err := w.app.Members.Enroll(w.t.Context(), w.p, in, ledger.By{Actor: "test", Input: "x"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *orderings) order() {
	w.t.Helper()
	o := loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: noon.Add(-time.Hour), Currency: "EUR", Status: loyalty.OrderPlaced,
		Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: 4999}},
	}
	if _, err := w.app.Orders.Put(w.t.Context(), w.p, o, ledger.By{Actor: "test"}); err != nil {
		w.t.Fatal(err)
	}
}

// end checks that the final state is that of the first order.
func (w *orderings) end(order []int) {
	w.t.Helper()
	r, err := w.app.Orders.Get(w.t.Context(), "corner", "1042")
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := w.app.Members.Get(w.t.Context(), w.p, "mem_ada")
	if err != nil {
		w.t.Fatal(err)
	}
	s := r.State
	s.Revision = 0
	final := fmt.Sprint(s, m.Account.Balance(), m.Account.Lots, m.Account.Pending, m.Account.Metrics, m.Account.Earned)
	if w.first == "" {
		w.first = final
	}
	if final != w.first {
		w.t.Fatalf("the ordering %v ends in\n%s\nand the first one in\n%s", order, final, w.first)
	}
	w.count++
	w.table.reset()
}

// run delivers the facts in one order: 0 to 4 are the events, and 5 is the shop's order.
func (w *orderings) run(order []int, reported bool) {
	w.t.Helper()
	w.member()
	if reported {
		w.order()
	}
	for _, i := range order {
		if i == 5 {
			w.order()
		} else {
			w.events[i]()
		}
	}
	w.end(order)
}

// all yields every order of facts. Fact i occurs remaining[i] times.
func all(remaining []int, done []int, yield func([]int)) {
	more := false
	for i := range remaining {
		if remaining[i] == 0 {
			continue
		}
		more = true
		remaining[i]--
		all(remaining, append(done, i), yield)
		remaining[i]++
	}
	if !more {
		yield(done)
	}
}

// The test runs 5,000 random orderings for each provider, or all 113,400 with PERENNIAL_LONG.
func TestFiveDuplicatedFactsConvergeInEveryOrder(t *testing.T) {
	for i, x := range stories {
		t.Run(x.provider, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
			w := newOrderings(t, x, i%2 == 0, 0)
			if os.Getenv("PERENNIAL_LONG") != "" {
				all([]int{2, 2, 2, 2, 2}, nil, func(order []int) { w.run(order, true) })
				if w.count != 113_400 {
					t.Errorf("there were %d orderings", w.count)
				}
				return
			}
			order := []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}
			for range 5_000 {
				w.run(order, true)
				r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			}
		})
	}
}

// The shop may also report the order at any time.
func TestSixFactsConvergeInEveryOrder(t *testing.T) {
	for i, x := range stories {
		t.Run(x.provider, func(t *testing.T) {
			w := newOrderings(t, x, i%2 == 1, 0)
			all([]int{1, 1, 1, 1, 1, 1}, nil, func(order []int) { w.run(order, false) })
			if w.count != 720 {
				t.Errorf("there were %d orderings", w.count)
			}
		})
	}
}

// A table that is busy, loses answers or has conflicts does not change the result. Events that were not stored are
// answered with 503 and sent again.
func TestFactsConvergeWithFailingTable(t *testing.T) {
	for i, x := range stories {
		t.Run(x.provider, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
			w := newOrderings(t, x, i%2 == 0, r.Uint64())
			w.run([]int{0, 1, 2, 3, 4}, true)
			order := []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}
			for range 300 {
				r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				w.member()
				w.order()
				w.faulty.BusyReads, w.faulty.Busy, w.faulty.LostBefore, w.faulty.LostAfter = 0.02, 0.1, 0.1, 0.1
				for _, i := range order {
					w.events[i]()
				}
				w.faulty.BusyReads, w.faulty.Busy, w.faulty.LostBefore, w.faulty.LostAfter = 0, 0, 0, 0
				w.end(order)
			}
			if f := w.faulty.Fired(); f.LostAfter < 50 || f.LostBefore < 50 || f.Busy < 50 || w.failed < 50 {
				t.Errorf("too little went wrong: %+v, %d repeated", f, w.failed)
			}
		})
	}
}
