package api

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func summary(a answered) string {
	if a.status < 400 {
		return strconv.Itoa(a.status)
	}
	return strconv.Itoa(a.status) + " " + a.code()
}

func jsonOf(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"id":"%d","quantity":1,"amount":1}`, i)
	}
	return `{"member":"cust","placed_at":"2026-12-01T10:00:00Z","currency":"EUR","status":"paid","line_items": [` +
		b.String()[1:] + `]}`
}

// TestOversizedRequestsAreRefused sends requests that are too large for a script.
func TestOversizedRequestsAreRefused(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{}`)
	adjust := "/v1/members/" + ada + "/adjustments"
	nested := func(n int) string { return `{"points":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	before := w.dump()
	for _, c := range []struct{ name, method, path, body, want string }{
		{"nested 32 deep", "POST", adjust, nested(31), "422 validation_failed"},
		{"nested 33 deep", "POST", adjust, nested(32), "400 json_too_deep"},
		{"nested 10,000 deep", "POST", adjust, nested(10_000), "400 json_too_deep"},
		{"opened 200,000 times", "POST", adjust, strings.Repeat(`{"a":`, 40_000), "400 json_too_deep"},
		{"brackets in a string", "POST", adjust, `{"points":5,"reason":"` + strings.Repeat(`[\"`, 60) + `"}`, "201"},
		{
			"a number of 200 KB", "POST", adjust, `{"points":` + strings.Repeat("9", 200_000) + `,"reason":"attack"}`,
			"422 amount_out_of_range",
		},
		{
			"a number of 1 MB", "POST", adjust, `{"points":` + strings.Repeat("9", 1<<20) + `,"reason":"attack"}`,
			"413 payload_too_large",
		},
		{
			"256 KiB and a byte", "POST", adjust, `{"points":5,"reason":"attack"}` + strings.Repeat(" ", 256<<10-29),
			"413 payload_too_large",
		},
		{"an order above 1 MiB", "PUT", "/v1/orders/1", strings.Repeat(" ", 1<<20) + "{", "413 payload_too_large"},
		{"10,001 lines", "PUT", "/v1/orders/1", lines(10_001), "422 validation_failed"},
		{"10,000 lines of an unknown member", "PUT", "/v1/orders/1", lines(10_000), "404 not_found"},
		{"an id of 129 characters", "GET", "/v1/orders/" + strings.Repeat("a", 129), "", "400 invalid_parameter"},
		{"an id of 128 characters", "GET", "/v1/orders/" + strings.Repeat("a", 128), "", "404 not_found"},
		{
			"a cursor of 10 kB", "GET", "/v1/members/" + ada + "/entries?cursor=" + strings.Repeat("A", 10_000), "",
			"400 invalid_cursor",
		},
	} {
		r := sentRequest{method: c.method, path: c.path}
		if c.body != "" {
			r.body = []byte(c.body)
		}
		a := w.do(r)
		if got := summary(a); got != c.want {
			t.Errorf("%s: %s %.200s, want %s", c.name, got, a.body, c.want)
		}
		if a.status >= 400 && w.dump() != before {
			t.Errorf("%s left a trace", c.name)
		}
		before = w.dump()
	}
	key := sentRequest{
		method: "POST", path: "/v1/members", body: []byte("{}"),
		header: map[string]string{"Idempotency-Key": strings.Repeat("k", 10_000)},
	}
	if got := summary(w.do(key)); got != "400 invalid_idempotency_key" {
		t.Errorf("a key of 10 kB: %s", got)
	}
	key.header["Idempotency-Key"] = "key\r\nSet-Cookie: a=b; padding"
	if a, _ := w.send(key); summary(a) != "400 invalid_idempotency_key" {
		t.Errorf("a key with a line break: %s", summary(a))
	}
}

func TestSixtyRedemptionsOfAHundredFromSevenHundredAndThirty(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		cheap := strings.Replace(plainSource(t), "cost: 300", "cost: 100", 1)
		body := jsonOf(map[string]string{"source": cheap})
		w.must("PUT", "/v1/program/draft", body)
		w.must("POST", "/v1/program/publish", "{}")
		ada := w.must("POST", "/v1/members", `{}`)
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 730, "reason": "a good start"}`)
		redeem := sentRequest{
			method: "POST", path: "/v1/redemptions",
			body: []byte(`{"member": "` + ada + `", "reward": "free-shipping", "commit": true}`),
		}
		got := w.parallel(60, func(int) sentRequest { return redeem })
		if got["201"] != 7 || got["409 insufficient_points"] != 53 {
			t.Errorf("60 redemptions of 100 from 730 answered %v, want seven 201 and fifty-three 409", got)
		}
		a := w.do(sentRequest{method: "GET", path: "/v1/members/" + ada})
		if active, _ := lookup(a.json, "balance.active"); active != 30.0 {
			t.Errorf("%v are left of 730", active)
		}
	})
}

// TestCodesCannotBeGuessed checks that no one can find a valid code by trying codes.
func TestCodesCannotBeGuessed(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		guesses := 10_000
		if w.dump() == "" {
			guesses = 500 // over the network
		}
		w.publish("bluebird", []byte(programSource(t, "shop")), 1)
		w.advance(time.Minute) // until every function has loaded the program
		ada := w.must("POST", "/v1/members", `{}`)
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 1000, "reason": "a good start"}`)
		card := w.post("POST", "/v1/redemptions", `{"member": "`+ada+`", "reward": "gift-25", "commit": true}`)
		real, _ := lookup(card.json, "code")
		ask := func(client, code string) string {
			r := sentRequest{
				method: "GET", path: "/v1/codes/" + code, header: map[string]string{"Perennial-Client": client},
			}
			a, _ := w.send(r)
			return summary(a)
		}
		got := map[string]int{}
		last := time.Duration(0)
		for i := range guesses {
			at := time.Minute * time.Duration(i) / time.Duration(guesses)
			w.advance(at - last)
			last = at
			var bits [10]byte
			binary.BigEndian.PutUint64(bits[:], uint64(i))
			got[ask("guesser", redeem.NewCode(bits))]++
			if i%(guesses/10) == 0 {
				got["genuine "+ask("guesser", real.(string))]++
			}
			if i%10 == 0 {
				got["uploaded "+ask("guesser", "GUESS-"+strconv.Itoa(i))]++
			}
		}
		want := map[string]int{
			"404 not_found": guesses, "genuine 200": 10, "uploaded 404 not_found": 5,
			"uploaded 429 rate_limited": guesses/10 - 5,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d guesses in a minute, want (-) and got (+):\n%s", guesses, diff)
		}
		if got := ask("another", "GUESS-1"); got != "404 not_found" {
			t.Errorf("another client was answered %s", got)
		}
		w.advance(2 * time.Minute)
		burst := w.parallel(50, func(i int) sentRequest {
			path := "/v1/codes/GUESS-" + strconv.Itoa(i) + "/uses"
			return sentRequest{method: "POST", path: path, header: map[string]string{"Perennial-Client": "guesser"}}
		})
		if burst["404 not_found"] > 5 ||
			burst["404 not_found"]+burst["429 rate_limited"]+burst["503 temporarily_unavailable"] != 50 {
			t.Errorf("a burst of 50 answered %v, want five 404 at most", burst)
		}
	})
}

func TestFiftyReportsOfOneOrderCreateOneEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		ada := w.must("POST", "/v1/members", `{}`)
		put := sentRequest{
			method: "PUT",
			path:   "/v1/orders/1042", body: []byte(`{"member": "` + ada + `", "placed_at": "2026-12-01T10:00:00Z",
			"currency": "EUR", "status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 1000}]}`),
		}
		got := w.parallel(50, func(int) sentRequest { return put })
		if got["201"] != 1 || got["200"] != 49 {
			t.Errorf("50 tellings of one order answered %v, want one 201 and 49 times 200", got)
		}
		a := w.do(sentRequest{method: "GET", path: "/v1/orders/1042"})
		if n, _ := lookup(a.json, "entries.#"); n != 1.0 {
			t.Errorf("there are %v entries: %s", n, a.body)
		}
	})
}

func TestOneKeySentTwentyTimesRedeemsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		ada := w.must("POST", "/v1/members", `{}`)
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 730, "reason": "a good start"}`)
		got := w.parallel(20, func(int) sentRequest {
			return sentRequest{
				method: "POST", path: "/v1/redemptions",
				body:   []byte(`{"member": "` + ada + `", "reward": "free-shipping"}`),
				header: map[string]string{"Idempotency-Key": "one-key-for-all-20"},
			}
		})
		if got["201"] != 20 {
			t.Errorf("one key sent 20 times answered %v, want twenty times 201", got)
		}
		a := w.do(sentRequest{method: "GET", path: "/v1/members/" + ada})
		if active, _ := lookup(a.json, "balance.active"); active != 430.0 {
			t.Errorf("%v are left of 730", active)
		}
	})
}

// parallel sends n requests at once and counts the answers by status and code. It passes each answer to the look
// functions, one answer at a time.
func (w *world) parallel(n int, r func(i int) sentRequest, look ...func(answered)) map[string]int {
	w.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	got := map[string]int{}
	for i := range n {
		all.Go(func() {
			a := w.do(r(i))
			mu.Lock()
			defer mu.Unlock()
			got[summary(a)]++
			for _, f := range look {
				f(a)
			}
		})
	}
	all.Wait()
	return got
}

// broken is a table whose calls fail or panic.
type broken struct {
	table.Table
	err   error
	panic bool
}

func (b *broken) fail() error {
	if b.panic {
		panic("the secret word is canary@example.com")
	}
	return b.err
}

func (b *broken) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if err := b.fail(); err != nil {
		return table.Item{}, err
	}
	return b.Table.Get(ctx, key)
}

func (b *broken) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	if err := b.fail(); err != nil {
		return func(yield func(table.Item, error) bool) { yield(table.Item{}, err) }
	}
	return b.Table.Query(ctx, q)
}

func TestInternalErrorsAreNotExposed(t *testing.T) {
	for _, c := range []struct {
		name, want string
		err        error
		panic      bool
	}{
		{name: "an error of the table", err: errors.New("pk P#bluebird is corrupt"), want: "500 internal_error"},
		{name: "a panic", panic: true, want: "500 internal_error"},
		{name: "a busy table", err: table.ErrBusy, want: "503 temporarily_unavailable"},
		{name: "a lost answer", err: table.ErrUnknown, want: "503 temporarily_unavailable"},
		{name: "a deadline", err: fmt.Errorf("get: %w", context.DeadlineExceeded), want: "503 temporarily_unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &broken{Table: memory(t)}
			w := newWorld(t, b)
			ada := w.must("POST", "/v1/members", `{}`)
			b.err, b.panic = c.err, c.panic
			w.log.Reset()
			a := w.do(sentRequest{method: "GET", path: "/v1/members/" + ada})
			if got := summary(a); got != c.want {
				t.Errorf("%s: %s", got, a.body)
			}
			if strings.Contains(string(a.body), "corrupt") || strings.Contains(string(a.body), "canary") {
				t.Errorf("the response exposes internals: %s", a.body)
			}
			id := a.json.(map[string]any)["request_id"].(string)
			if !strings.Contains(w.log.String(), `"Errors":1`) {
				t.Errorf("the failure is not counted: %s", w.log.String())
			}
			logged := strings.Count(w.log.String(), `"level":"ERROR"`)
			if a.status == 500 && (logged != 1 || !strings.Contains(w.log.String(), `"request_id":"`+id+`"`)) {
				t.Errorf("logged %d times: %s", logged, w.log.String())
			}
			if a.status == 503 && (logged != 0 || a.header["retry-after"] == "") {
				t.Errorf("Retry-After %q, logged as an error %d times", a.header["retry-after"], logged)
			}
		})
	}
}

// hanging is a table that does not answer queries.
type hanging struct{ table.Table }

func (hanging) Query(ctx context.Context, _ table.Query) iter.Seq2[table.Item, error] {
	<-ctx.Done()
	return func(yield func(table.Item, error) bool) { yield(table.Item{}, fmt.Errorf("hanging: %w", ctx.Err())) }
}

func TestRequestIsAnsweredBeforeLambdasDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, hanging{memory(t)})
		w.timeout = 10 * time.Second
		began := time.Now()
		a := w.do(sentRequest{method: "GET", path: "/v1/members/mem_00000000000000000000"})
		if took := time.Since(began); summary(a) != "503 temporarily_unavailable" || a.header["retry-after"] == "" ||
			took != w.timeout-app.Reserve {
			t.Errorf("%s after %s", summary(a), took)
		}
		if !strings.Contains(w.log.String(), `"Timeouts":1`) || !strings.Contains(w.log.String(), `"Errors":1`) {
			t.Errorf("the timeout is not counted: %s", w.log.String())
		}
	})
}

func TestAnEventThatIsNoneIsAnInternalError(t *testing.T) {
	w := newWorld(t, memory(t))
	for _, payload := range []string{``, `null`, `[]`, `{`, `{"routeKey":5}`, "\xff"} {
		out, err := w.handlers["earn"].Invoke(t.Context(), []byte(payload))
		if err != nil || !strings.Contains(string(out), `"statusCode":`) {
			t.Errorf("%q: %s %v", payload, out, err)
		}
	}
}

func TestAFunctionServesNoRouteOfAnother(t *testing.T) {
	w := newWorld(t, memory(t))
	for _, r := range request.Routes() {
		for function, h := range w.handlers {
			if function == r.Function {
				continue
			}
			payload, _ := json.Marshal(w.event(sentRequest{method: "GET", path: "/v1/nowhere"}, r.Pattern, nil))
			out, _ := h.Invoke(t.Context(), payload)
			if !strings.HasPrefix(string(out), `{"statusCode":404`) {
				t.Errorf("%s serves %s: %s", function, r.Pattern, out)
			}
		}
	}
}

// TestLogLinesContainNoSecrets puts marked values in every place that a caller controls and searches the log for them.
func TestLogLinesContainNoSecrets(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{"email": "canary@example.com", "name": "canary", "external_id": "canary-1"}`)
	for _, r := range []sentRequest{
		{
			method: "PATCH", path: "/v1/members/" + ada,
			body: []byte(`{"email": "canary2@example.com", "name": "canary\u0000"}`),
		},
		{method: "POST", path: "/v1/members", body: []byte(`{"email": "canary@example.com"}`)},
		{method: "POST", path: "/v1/members", body: []byte(`{"canary": "canary@example.com"`)},
		{method: "GET", path: "/v1/members/external:canary-1"},
		{method: "GET", path: "/v1/members/canary%0d%0acanary"},
		{method: "GET", path: "/canary?api_key=" + w.keys["admin"], key: "none"},
		{method: "GET", path: "/v1/members/" + ada + "?api_key=" + w.keys["admin"]},
		{method: "GET", path: "/v1/members/" + ada + "/entries?cursor=canary"},
		{
			method: "GET", path: "/v1/rewards", key: "none",
			header: map[string]string{"Authorization": "Bearer sk_test_canary"},
		},
		{
			method: "POST", path: "/v1/members", body: []byte("{}"),
			header: map[string]string{"Idempotency-Key": "canary-canary-canary"},
		},
		{
			method: "POST", path: "/v1/members/" + ada + "/adjustments",
			body: []byte(`{"points": 5, "reason": "canary\u001b[31m"}`),
		},
		{
			method: "POST", path: "/v1/members/" + ada + "/adjustments",
			body: []byte(`{"points": 5, "reason": "canary"}`),
		},
	} {
		w.do(r)
	}
	logged := w.log.String()
	if strings.Count(logged, "\n") < 12 {
		t.Fatalf("too few lines to say anything:\n%s", logged)
	}
	secrets := []string{"canary", ada, string(w.app.Secret)}
	for name, key := range w.keys {
		if key != "" && name != "garbage" {
			secrets = append(secrets, key, key[len("sk_test_000000000000_"):])
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(logged), "\n") {
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				t.Errorf("a log line contains %q: %s", secret, line)
			}
		}
		if !json.Valid([]byte(line)) {
			t.Errorf("a log line is no JSON: %s", line)
		}
	}
}

func TestCursorsAndIdsSurviveARestart(t *testing.T) {
	tab := memory(t)
	w := newWorld(t, tab)
	ada := w.must("POST", "/v1/members", `{}`)
	for range 3 {
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 5, "reason": "a good start"}`)
	}
	next, _ := lookup(
		w.do(sentRequest{method: "GET", path: "/v1/members/" + ada + "/entries?page_size=1"}).json, "next_cursor",
	)
	fresh := *w.app
	fresh.Keys, fresh.Programs, fresh.Ledger = nil, nil, nil
	if err := fresh.Wire(); err != nil {
		t.Fatal(err)
	}
	w.handlers["members"] = Members(&fresh)
	a := w.do(sentRequest{method: "GET", path: "/v1/members/" + ada + "/entries?cursor=" + next.(string)})
	if n, _ := lookup(a.json, "data.#"); n != 3.0 {
		t.Errorf("the second page after a restart: %s", a.body)
	}
}

func TestARevokedKeyStopsWithinAMinute(t *testing.T) {
	w := newWorld(t, memory(t))
	read := sentRequest{method: "GET", path: "/v1/rewards", key: "reader"}
	if got := summary(w.do(read)); got != "200" {
		t.Fatal(got)
	}
	other := *w.app
	other.Keys = nil
	if err := other.Wire(); err != nil {
		t.Fatal(err)
	}
	id := w.keys["reader"][len("sk_test_") : len("sk_test_")+12]
	if err := other.Keys.Revoke(t.Context(), "bluebird", id); err != nil {
		t.Fatal(err)
	}
	w.advance(60 * time.Second)
	if got := summary(w.do(read)); got != "401 token_invalid" {
		t.Errorf("a minute after it was revoked elsewhere: %s", got)
	}
}

// Parallel transfers of the same points must credit them once. In 2015, such transfers doubled the value of Starbucks
// cards.
func TestTwentyParallelTransfersCreditPointsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		w.publish("bluebird", []byte(strings.Replace(programSource(t, "presents"), "fee: 5%", "min: 100", 1)), 1)
		ada, bob := w.must(
			"POST", "/v1/members", `{"external_id": "1"}`,
		), w.must("POST", "/v1/members", `{"external_id": "2"}`)
		w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 100, "reason": "a good start"}`)
		give := sentRequest{
			method: "POST", path: "/v1/members/" + ada + "/transfers",
			body: []byte(`{"to": "` + bob + `", "points": 100}`),
		}
		got := w.parallel(20, func(int) sentRequest { return give })
		if got["201"] != 1 || got["409 insufficient_points"] != 19 {
			t.Errorf("20 gifts of 100 from 100 answered %v, want one 201 and nineteen 409", got)
		}
		for m, want := range map[string]float64{ada: 0, bob: 100} {
			a := w.do(sentRequest{method: "GET", path: "/v1/members/" + m})
			if active, _ := lookup(a.json, "balance.active"); active != want {
				t.Errorf("%s has %v, want %v", m, active, want)
			}
		}
	})
}
