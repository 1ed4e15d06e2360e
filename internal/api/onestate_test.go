package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// TestReadsAgreeAndChangeNothing runs random histories twice: once with reads at random instants, and once without. All
// read routes must agree with each other and with a second read, and both accounts must be equal at the end.
func TestReadsAgreeAndChangeNothing(t *testing.T) {
	seed := seedtest.Or(t, 15)
	var seen stateCounts
	for run := range uint64(20) {
		histories := make([]map[string]any, 2)
		for i, reads := range []bool{true, false} {
			h := newStateHistory(t, seed+run, reads)
			h.run(&seen)
			histories[i] = h.state()
		}
		for name, with := range histories[0] {
			if without := histories[1][name]; !reflect.DeepEqual(with, without) {
				t.Fatalf("run %d: %s is with reads\n%s\nand without\n%s", run, name, jsonOf(with), jsonOf(without))
			}
		}
	}
	t.Logf("%+v", seen)
	if seen.due < 30 || seen.moved < 3 || seen.expired < 5 || seen.automatic < 3 || seen.versions < 10 {
		t.Errorf("the histories show too little: %+v", seen)
	}
}

// stateCounts counts the effects of time that the histories contained, to show that the test covers them.
type stateCounts struct {
	due       int // reads for which an effect of time was due
	moved     int // members who moved because of a publication
	expired   int // reservations that expired
	automatic int // rewards that were redeemed automatically
	versions  int // reads for which several versions of the program had effects due
}

// stateProgram returns a program whose random versions differ in every setting that has effects over time.
func stateProgram(rng *rand.Rand) string {
	pick := func(options ...string) string { return options[rng.IntN(len(options))] }
	auto := ""
	if rng.IntN(3) == 0 {
		auto = "redemption: { auto: { reward: small, at: 400, limit: 2 per day } }\n"
	}
	return `version: 1
program: bluebird
name: { en: Bluebird }
points: { en: { one: point, other: points } }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00 }
    pending: ` + pick("0 days", "2 days", "5 days") + `
    expires: { after: ` + pick("20 days", "2 months") + ` }
tiers:
  qualify: { by: points_earned, window: ` + pick("lifetime", "2 months rolling") + ` }
  keep_for: 1 month
  minimums: [ { level: gold, segment: card } ]
  levels:
    - { id: basic, name: { en: Basic }, from: 0 }
    - { id: gold, name: { en: Gold }, from: ` + pick("150", "300", "500") + `, entry_bonus: 70 }
rewards:
  - { id: small, name: { en: One euro off }, type: amount_off, cost: 100, value: 1 EUR }
` + auto
}

// A stateHistory is a random history of two members in a separate world.
type stateHistory struct {
	*world
	rng         *rand.Rand
	step        int
	reads       bool
	random      *rand.Rand // source of randomness for reads only, so that histories with and without reads are the same
	members     []string
	orders      []map[string]any
	redemptions []string
}

func newStateHistory(t *testing.T, seed uint64, reads bool) *stateHistory {
	h := &stateHistory{
		world: newWorld(t, memory(t)), rng: rand.New(rand.NewPCG(seed, 1)), random: rand.New(rand.NewPCG(seed, 2)),
		reads: reads,
	}
	h.release()
	for range 2 {
		h.members = append(h.members, h.command("POST", "/v1/members", map[string]any{})["id"].(string))
	}
	return h
}

// command sends a request whose Idempotency-Key depends only on the history.
func (h *stateHistory) command(method, path string, body any) map[string]any {
	h.t.Helper()
	h.step++
	r := sentRequest{method: method, path: path}
	if body != nil {
		r.body = []byte(jsonOf(body))
	}
	if method == "POST" {
		r.header = map[string]string{"idempotency-key": fmt.Sprintf("key-of-step-%08d", h.step)}
	}
	a, _ := h.send(r)
	if a.status >= 500 {
		h.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	out, _ := a.json.(map[string]any)
	return out
}

// release publishes another version of the program.
func (h *stateHistory) release() {
	h.t.Helper()
	source := []byte(stateProgram(h.rng))
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		h.t.Fatal(err)
	}
	modes := []loyalty.RefreshMode{loyalty.UpgradeOnly, loyalty.FullRefresh}
	in := app.Publication{Program: p, Source: source, By: "test", Levels: modes[h.rng.IntN(2)]}
	if _, _, err := h.app.Programs.Publish(h.t.Context(), in); err != nil {
		h.t.Fatal(err)
	}
}

func (h *stateHistory) run(seen *stateCounts) {
	for range 30 {
		h.advance(time.Duration(h.rng.Int64N(int64(6 * 24 * time.Hour))).Truncate(time.Millisecond))
		h.act()
		if h.reads && h.random.IntN(2) == 0 {
			h.agree(h.members[h.random.IntN(2)], seen)
		}
	}
	h.advance(time.Minute)
}

// act performs one random action.
func (h *stateHistory) act() {
	m := h.members[h.rng.IntN(2)]
	switch h.rng.IntN(11) {
	case 0, 1:
		h.release()
	case 2, 3, 4:
		placed := h.clock().Add(-time.Duration(h.rng.IntN(72)) * time.Hour).UTC()
		o := map[string]any{
			"member": m, "placed_at": placed, "currency": "EUR", "status": "paid",
			"line_items": []any{map[string]any{"id": "1", "quantity": 1, "amount": 5_000 + h.rng.IntN(30_000)}},
		}
		h.orders = append(h.orders, o)
		h.command("PUT", fmt.Sprint("/v1/orders/o", len(h.orders)), o)
	case 5:
		if n := len(h.orders); n > 0 {
			at := h.rng.IntN(n)
			h.orders[at]["status"] = "canceled"
			h.command("PUT", fmt.Sprint("/v1/orders/o", at+1), h.orders[at])
		}
	case 6, 9, 10:
		body := map[string]any{"member": m, "reward": "small", "commit": h.rng.IntN(4) == 0}
		if id, ok := h.command("POST", "/v1/redemptions", body)["id"].(string); ok {
			h.redemptions = append(h.redemptions, id)
		}
	case 7:
		segments := [][]string{{}, {"card"}}[h.rng.IntN(2)]
		changed := h.command("PATCH", "/v1/members/"+m, map[string]any{"segments": segments})
		if h.reads {
			if read := h.get("/v1/members/" + m); !reflect.DeepEqual(changed, read) {
				h.t.Fatalf("PATCH answers\n%s\nand GET\n%s", jsonOf(changed), jsonOf(read))
			}
		}
	case 8:
		body := map[string]any{"points": h.rng.IntN(200) - 20, "reason": "a correction"}
		h.command("POST", "/v1/members/"+m+"/adjustments", body)
	}
}

func (w *world) get(path string) map[string]any {
	w.t.Helper()
	a, _ := w.send(sentRequest{method: "GET", path: path})
	if a.status != 200 {
		w.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	return a.json.(map[string]any)
}

// statement reads all pages of a member's statement, newest first.
func (w *world) statement(m string) (all []map[string]any) {
	w.t.Helper()
	for cursor := ""; ; {
		page := w.get("/v1/members/" + m + "/entries?page_size=7" + cursor)
		for _, e := range page["data"].([]any) {
			all = append(all, e.(map[string]any))
		}
		next, ok := page["next_cursor"].(string)
		if !ok {
			return all
		}
		cursor = "&cursor=" + next
	}
}

// agree reads a member on all routes and fails if they disagree.
func (h *stateHistory) agree(m string, seen *stateCounts) {
	h.t.Helper()
	h.observe(m, seen)
	paths := []string{"/v1/members/" + m, "/v1/members/" + m + "/tier", "/v1/members/" + m + "/entries"}
	for _, id := range h.redemptions {
		paths = append(paths, "/v1/redemptions/"+id)
	}
	h.random.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	first := map[string]map[string]any{}
	for _, path := range paths {
		first[path] = h.get(path)
	}
	for _, path := range paths {
		if again := h.get(path); !reflect.DeepEqual(first[path], again) {
			h.t.Fatalf("%s answers first\n%s\nthen\n%s", path, jsonOf(first[path]), jsonOf(again))
		}
	}
	h.consistent(m, first)
}

// consistent fails if the responses of the same instant contradict each other.
func (h *stateHistory) consistent(m string, read map[string]map[string]any) {
	h.t.Helper()
	member, tier := read["/v1/members/"+m], read["/v1/members/"+m+"/tier"]
	balance := member["balance"].(map[string]any)
	entries := h.statement(m)
	sum := 0.0
	for _, e := range entries {
		sum += e["points"].(float64)
	}
	if want := balance["active"].(float64) + balance["pending"].(float64) - balance["debt"].(float64); sum != want {
		h.t.Fatalf("the statement adds up to %v, and the balance is %v", sum, balance)
	}
	if latest := entries[0]["balance"]; !reflect.DeepEqual(latest, member["balance"]) {
		h.t.Fatalf("the latest entry states the balance %v, and the member %v", latest, balance)
	}
	for _, field := range []string{"level", "since", "until"} {
		if of := member["tier"].(map[string]any)[field]; of != tier[field] {
			h.t.Fatalf("the member's tier says %s %v, and the tier %v", field, of, tier[field])
		}
	}
	reserved := 0.0
	for _, id := range h.redemptions {
		r := read["/v1/redemptions/"+id]
		if r["member"] != m {
			continue
		}
		if !reflect.DeepEqual(r["balance"], member["balance"]) {
			h.t.Fatalf("redemption %s answers with the balance %v, and the member has %v", id, r["balance"], balance)
		}
		if r["status"] == "reserved" {
			reserved += r["points"].(float64)
		}
	}
	if reserved != balance["reserved"] {
		h.t.Fatalf("redemptions reserve %v, and the balance is %v", reserved, balance)
	}
}

// observe counts the effects of time that are due when a member is read.
func (h *stateHistory) observe(m string, seen *stateCounts) {
	h.t.Helper()
	ctx := context.Background()
	p, err := h.app.Programs.Live(ctx, "bluebird")
	if err != nil {
		h.t.Fatal(err)
	}
	before := 0
	for range h.app.Statements.List(ctx, p.ID, loyalty.MemberID(m), 0, 0) {
		before++
	}
	entries := h.statement(m)
	due := entries[:len(entries)-before]
	if len(due) > 0 {
		seen.due++
	}
	effects := jsonOf(due)
	for what, n := range map[string]*int{
		`"kind":"release"`: &seen.expired, `rd_auto_`: &seen.automatic, `rules`: &seen.moved,
	} {
		if strings.Contains(effects, what) {
			*n++
		}
	}
	if s, _, err := h.app.Programs.Schedule(ctx, p.ID); err == nil && len(s.Past) > 0 && len(due) > 0 {
		if oldest, err := time.Parse(time.RFC3339, due[len(due)-1]["at"].(string)); err == nil &&
			s.Past[len(s.Past)-1].Until.After(oldest) {
			seen.versions++
		}
	}
}

// state returns the responses about the members and their statements, without the instants at which entries were
// written and the API keys that caused them.
func (h *stateHistory) state() map[string]any {
	out := map[string]any{}
	for i, m := range h.members {
		out[fmt.Sprint("member ", i)] = h.get("/v1/members/" + m)
		entries := h.statement(m)
		for _, e := range entries {
			maps.DeleteFunc(e, func(field string, _ any) bool { return field == "recorded_at" || field == "actor" })
		}
		out[fmt.Sprint("statement ", i)] = entries
	}
	return out
}

// unwritable is a table that rejects writes while busy is set.
type unwritable struct {
	table.Table
	busy atomic.Bool
}

func (u *unwritable) Transact(ctx context.Context, ops ...table.Op) error {
	if u.busy.Load() {
		return table.ErrBusy
	}
	return u.Table.Transact(ctx, ops...)
}

// TestReadsShowDueEntriesThatCannotBeWritten reads a member while the table rejects writes. All routes must show the
// same state as after a successful write.
func TestReadsShowDueEntriesThatCannotBeWritten(t *testing.T) {
	u := &unwritable{Table: memory(t)}
	w := newWorld(t, u)
	w.publish("bluebird", []byte(programSource(t, "shop")), 1)
	m := w.must("POST", "/v1/members", `{}`)
	w.must("POST", "/v1/members/"+m+"/adjustments", `{"points": 1000, "reason": "a good start"}`)
	held := w.must("POST", "/v1/redemptions", `{"member": "`+m+`", "reward": "monthly"}`)
	w.advance(time.Hour)
	paths := []string{
		"/v1/members/" + m, "/v1/members/" + m + "/tier", "/v1/members/" + m + "/entries?page_size=2",
		"/v1/redemptions/" + held,
	}
	read := func() (bodies []string) {
		for _, path := range paths {
			bodies = append(bodies, jsonOf(w.get(path)))
		}
		entry := w.get(paths[2])["data"].([]any)[0].(map[string]any)["id"].(string)
		return append(bodies, jsonOf(w.get("/v1/members/"+m+"/entries/"+entry)))
	}
	u.busy.Store(true)
	unwritten := read()
	u.busy.Store(false)
	if written := read(); !slices.Equal(unwritten, written) {
		t.Errorf("unwritten:\n%s\nwritten:\n%s", strings.Join(unwritten, "\n"), strings.Join(written, "\n"))
	}
	if !strings.Contains(unwritten[2], `"release"`) || !strings.Contains(unwritten[3], `"expired"`) {
		t.Errorf("the reservation has not expired:\n%s", strings.Join(unwritten, "\n"))
	}
}

// TestExpiredTransferAgreesWithItsGiver reads a transfer offer that has expired: its points must be available to the
// sender again.
func TestExpiredTransferAgreesWithItsGiver(t *testing.T) {
	w := newWorld(t, memory(t))
	w.publish("bluebird", []byte(programSource(t, "gifts")), 1)
	giver, friend := w.must("POST", "/v1/members", `{}`), w.must("POST", "/v1/members", `{}`)
	w.must("POST", "/v1/members/"+giver+"/adjustments", `{"points": 1000, "reason": "a good start"}`)
	offer := w.must("POST", "/v1/members/"+giver+"/transfers", `{"to": "`+friend+`", "points": 200}`)
	if got := w.get("/v1/transfers/" + offer); got["status"] != "offered" {
		t.Fatalf("the transfer is %s", jsonOf(got))
	}
	w.advance(8 * 24 * time.Hour)
	transfer, member := w.get("/v1/transfers/"+offer), w.get("/v1/members/"+giver)
	if transfer["status"] != "expired" || !reflect.DeepEqual(transfer["balance"], member["balance"]) {
		t.Errorf("the transfer is %s, and the giver has %s", jsonOf(transfer), jsonOf(member["balance"]))
	}
}

// rival is a table in which another request writes immediately before the next write.
type rival struct {
	table.Table
	write func()
}

func (r *rival) Transact(ctx context.Context, ops ...table.Op) error {
	if write := r.write; write != nil {
		r.write = nil
		write()
	}
	return r.Table.Transact(ctx, ops...)
}

// TestReadShowsWhatAnotherRequestWrote reads a member while another request writes the same account.
func TestReadShowsWhatAnotherRequestWrote(t *testing.T) {
	r := &rival{Table: memory(t)}
	w := newWorld(t, r)
	w.publish("bluebird", []byte(programSource(t, "shop")), 1)
	m := w.must("POST", "/v1/members", `{}`)
	w.must("POST", "/v1/members/"+m+"/adjustments", `{"points": 1000, "reason": "a good start"}`)
	w.must("POST", "/v1/redemptions", `{"member": "`+m+`", "reward": "monthly"}`)
	w.advance(time.Hour)
	r.write = func() {
		w.must("POST", "/v1/members/"+m+"/adjustments", `{"points": 5, "reason": "at the same time"}`)
	}
	if got, _ := lookup(w.get("/v1/members/"+m), "balance.active"); got != 1005.0 {
		t.Errorf("the member has %v points", got)
	}
	if entries := w.statement(m); len(entries) != 5 {
		t.Errorf("the statement has %d entries: %s", len(entries), jsonOf(entries))
	}
}

// TestQuotesAndRewardListsWriteNothing requests a quote and the rewards of a member whose account has changes due.
func TestQuotesAndRewardListsWriteNothing(t *testing.T) {
	w, members := newShop(t, memory(t), 1)
	m := members[0]
	w.must("POST", "/v1/redemptions", `{"member": "`+m+`", "reward": "monthly"}`)
	w.advance(time.Hour)
	before := w.dump()
	quote := `{"member": "` + m + `", "currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 1000}]}`
	for _, a := range []answered{
		w.post("POST", "/v1/quotes", quote), w.do(sentRequest{method: "GET", path: "/v1/rewards?member=" + m}),
	} {
		if a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if after := w.dump(); after != before || before == "" {
		t.Error("the table has changed")
	}
	var quoted struct {
		Balance struct{ Active, Reserved int64 }
	}
	if err := json.Unmarshal(w.post("POST", "/v1/quotes", quote).body, &quoted); err != nil ||
		quoted.Balance.Active != 1000 {
		t.Errorf("the quote shows %+v, %v", quoted, err)
	}
}
