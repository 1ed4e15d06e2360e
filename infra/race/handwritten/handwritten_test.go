package handwritten

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/race/postgres"
)

const (
	testKey = "sk_test"
	opening = 1000 // points of each member
)

// TestService runs all tests on one server, because its start takes a second. Each test has its own member.
func TestService(t *testing.T) {
	s := start(t)
	t.Run("repeated order changes nothing", s.repeatedOrder)
	t.Run("changed order posts the difference", s.changedOrder)
	t.Run("order that many requests send at once is created once", s.orderAtOnce)
	t.Run("canceled order makes a debt of spent points", s.canceledOrder)
	t.Run("redemptions at once never overdraw the balance", s.redemptionsAtOnce)
	t.Run("repeated redemption changes nothing", s.repeatedRedemption)
	t.Run("commit spends reserved points once", s.commit)
	t.Run("quote equals the order", s.quote)
	t.Run("bad request is rejected", s.rejections)
	s.checkLedger(t)
}

// A testService is the handler, and its database for inspection.
type testService struct {
	store   *Store
	handler http.Handler
}

func start(t *testing.T) *testService {
	t.Helper()
	bin, err := exec.Command("../../postgresql", "--installed").Output()
	if err != nil {
		t.Skip("PostgreSQL is not installed; infra/postgresql downloads it")
	}
	dir, err := os.MkdirTemp("", "handwritten-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // the server runs as another user if this process is root
		t.Fatal(err)
	}
	server, err := postgres.Start(t.Context(), string(bytes.TrimSpace(bin)), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	store, err := Open(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	if err := store.Create(t.Context(), testKey, 20, opening); err != nil {
		t.Fatal(err)
	}
	handler, err := Handler(t.Context(), store, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return &testService{store, handler}
}

// A response has the fields of all responses.
type response struct {
	status   int
	replayed bool

	ID       string
	Status   any
	Revision int64
	Points   int64
	Balance  balance
	Title    string
}

func (s *testService) send(t *testing.T, method, path, key, body string) (r response) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewBufferString(body))
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Idempotency-Key", key)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, req)
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Errorf("%s %s: %v in %s", method, path, err, w.Body)
	}
	r.status, r.replayed = w.Code, w.Header().Get("Idempotent-Replayed") == "true"
	return r
}

func orderBody(member, status string, amount int64) string {
	return fmt.Sprintf(`{"member":"%s","placed_at":"2026-11-30T10:00:00Z","currency":"EUR","channel":"web",`+
		`"status":"%s","line_items":[{"id":"1","sku":"BEAN-1","category":"coffee-beans","quantity":1,"amount":%d}],`+
		`"shipping":490,"tenders":[{"kind":"card","amount":%d}]}`, member, status, amount, amount+490)
}

// want compares a response with the expected one. IDs and replays are compared by the caller.
func want(t *testing.T, got response, status int, points, active, reserved, debt int64) {
	t.Helper()
	b := balance{active, reserved, debt}
	if got.status != status || got.Points != points || got.Balance != b {
		t.Errorf("got %d with %d points and %+v, want %d with %d points and %+v",
			got.status, got.Points, got.Balance, status, points, b)
	}
}

func (s *testService) repeatedOrder(t *testing.T) {
	body := orderBody(MemberID(0), "paid", 2999)
	first := s.send(t, "PUT", "/v1/orders/a", "", body)
	want(t, first, http.StatusCreated, 59, opening+59, 0, 0)
	second := s.send(t, "PUT", "/v1/orders/a", "", body)
	want(t, second, http.StatusOK, 59, opening+59, 0, 0)
	if first.replayed || !second.replayed || second.Revision != 1 {
		t.Errorf("replayed: %v, then %v with revision %d", first.replayed, second.replayed, second.Revision)
	}
}

func (s *testService) changedOrder(t *testing.T) {
	for i, c := range []struct{ amount, points int64 }{{2999, 59}, {999, 19}, {5000, 100}, {2999, 59}} {
		r := s.send(t, "PUT", "/v1/orders/b", "", orderBody(MemberID(1), "paid", c.amount))
		want(t, r, []int{http.StatusCreated, http.StatusOK}[min(i, 1)], c.points, opening+c.points, 0, 0)
		if r.Revision != int64(i)+1 || r.replayed {
			t.Errorf("revision %d, replayed %v; want revision %d", r.Revision, r.replayed, i+1)
		}
	}
	r := s.send(t, "PUT", "/v1/orders/b", "", orderBody(MemberID(2), "paid", 2999))
	if r.status != http.StatusConflict {
		t.Errorf("an order that changes its member: %d, want 409", r.status)
	}
}

func (s *testService) orderAtOnce(t *testing.T) {
	body := orderBody(MemberID(3), "paid", 2999)
	var all sync.WaitGroup
	var mu sync.Mutex
	created := 0
	for range 16 {
		all.Go(func() {
			r := s.send(t, "PUT", "/v1/orders/c", "", body)
			mu.Lock()
			defer mu.Unlock()
			if r.status == http.StatusCreated {
				created++
			}
			want(t, r, r.status, 59, opening+59, 0, 0)
		})
	}
	all.Wait()
	if created != 1 {
		t.Errorf("%d requests created the order", created)
	}
}

func (s *testService) canceledOrder(t *testing.T) {
	member := MemberID(4)
	s.send(t, "PUT", "/v1/orders/d", "", orderBody(member, "paid", 10000))
	for i := range 4 {
		s.send(t, "POST", "/v1/redemptions", fmt.Sprintf("d-%d", i), redeemBody(member, true))
	}
	r := s.send(t, "PUT", "/v1/orders/d", "", orderBody(member, "canceled", 10000))
	want(t, r, http.StatusOK, 0, 0, 0, 200) // 1000 + 200 - 4 * 300 - 200
	r = s.send(t, "PUT", "/v1/orders/e", "", orderBody(member, "paid", 15000))
	want(t, r, http.StatusCreated, 300, 100, 0, 0)
}

func redeemBody(member string, commit bool) string {
	return fmt.Sprintf(`{"member":"%s","reward":"free-shipping","commit":%v}`, member, commit)
}

func (s *testService) redemptionsAtOnce(t *testing.T) {
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 16 {
		all.Go(func() {
			r := s.send(t, "POST", "/v1/redemptions", fmt.Sprintf("f-%d", i), redeemBody(MemberID(5), i%2 == 0))
			mu.Lock()
			defer mu.Unlock()
			statuses[r.status]++
		})
	}
	all.Wait()
	if statuses[http.StatusCreated] != 3 || statuses[http.StatusConflict] != 13 {
		t.Errorf("a balance of 1000 paid for rewards of 300 with statuses %v", statuses)
	}
	if b := s.send(t, "GET", "/v1/members/"+MemberID(5), "", "").Balance; b.Active != 100 {
		t.Errorf("the balance is %+v", b)
	}
}

func (s *testService) repeatedRedemption(t *testing.T) {
	member := MemberID(6)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			r := s.send(t, "POST", "/v1/redemptions", "g", redeemBody(member, true))
			want(t, r, r.status, 300, opening-300, 0, 0)
		})
	}
	all.Wait()
	if r := s.send(t, "POST", "/v1/redemptions", "g", redeemBody(member, true)); !r.replayed {
		t.Errorf("a repetition is not replayed: %+v", r)
	}
	if r := s.send(t, "POST", "/v1/redemptions", "g", redeemBody(member, false)); r.Title != string(keyReused) {
		t.Errorf("another request with the same key: %+v", r)
	}
}

func (s *testService) commit(t *testing.T) {
	member := MemberID(7)
	r := s.send(t, "POST", "/v1/redemptions", "h", redeemBody(member, false))
	want(t, r, http.StatusCreated, 300, opening-300, 300, 0)
	for _, again := range []bool{false, true} {
		c := s.send(t, "POST", "/v1/redemptions/"+r.ID+"/commit", "", "")
		want(t, c, http.StatusOK, 300, opening-300, 0, 0)
		if c.replayed != again || c.Status != "committed" {
			t.Errorf("replayed %v with status %v", c.replayed, c.Status)
		}
	}
	if r := s.send(t, "POST", "/v1/redemptions/rd_none/commit", "", ""); r.status != http.StatusNotFound {
		t.Errorf("unknown redemption: %d", r.status)
	}
}

func (s *testService) quote(t *testing.T) {
	body := orderBody(MemberID(8), "paid", 2999)
	want(t, s.send(t, "POST", "/v1/quotes", "", body), http.StatusOK, 59, opening, 0, 0)
	want(t, s.send(t, "PUT", "/v1/orders/i", "", body), http.StatusCreated, 59, opening+59, 0, 0)
}

func (s *testService) rejections(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"PUT", "/v1/orders/j", `{"unknown":1}`, http.StatusBadRequest},
		{"PUT", "/v1/orders/j", `{`, http.StatusBadRequest},
		{"PUT", "/v1/orders/j", `{"member":"mem_9"}`, http.StatusUnprocessableEntity},
		{"PUT", "/v1/orders/j", orderBody("mem_9", "open", 100), http.StatusUnprocessableEntity},
		{"PUT", "/v1/orders/j", orderBody("mem_9", "paid", -1), http.StatusUnprocessableEntity},
		{"PUT", "/v1/orders/j", orderBody("mem_none", "paid", 100), http.StatusNotFound},
		{"POST", "/v1/quotes", orderBody("mem_none", "paid", 100), http.StatusNotFound},
		{"POST", "/v1/redemptions", redeemBody("mem_none", true), http.StatusNotFound},
		{"POST", "/v1/redemptions", `{"member":"mem_9","reward":"none"}`, http.StatusUnprocessableEntity},
		{"GET", "/v1/members/mem_none", "", http.StatusNotFound},
	} {
		if r := s.send(t, c.method, c.path, "k", c.body); r.status != c.want {
			t.Errorf("%s %s %s: got %d, want %d", c.method, c.path, c.body, r.status, c.want)
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/members/mem_9", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d", w.Code)
	}
}

// checkLedger checks that each member's entries are numbered without gaps, add up to the balance, and record it.
func (s *testService) checkLedger(t *testing.T) {
	var wrong, entries int
	err := s.store.pool.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE NOT ok), sum(n) FROM (
			SELECT m.id, count(*) AS n, count(*) = m.entries AND max(e.sequence) = m.entries
				AND sum(e.points) = m.active - m.debt
				AND (array_agg(e.active ORDER BY e.sequence DESC))[1] = m.active AS ok
			FROM members m JOIN entries e ON e.member = m.id GROUP BY m.id
		) x`).Scan(&wrong, &entries)
	if err != nil {
		t.Fatal(err)
	}
	if wrong > 0 || entries < 40 {
		t.Errorf("%d members have a wrong ledger; there are %d entries", wrong, entries)
	}
}
