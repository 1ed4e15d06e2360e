package handwritten

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/random"
)

// A service handles requests.
type service struct {
	store *Store
	keys  map[[sha256.Size]byte]bool
	log   *slog.Logger
}

// Handler returns the handler of the service. It reads the API keys only once.
func Handler(ctx context.Context, store *Store, log *slog.Logger) (http.Handler, error) {
	keys, err := store.keys(ctx)
	if err != nil {
		return nil, err
	}
	s := &service{store, keys, log}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/orders/{order}", s.putOrder)
	mux.HandleFunc("POST /v1/quotes", s.createQuote)
	mux.HandleFunc("POST /v1/redemptions", s.createRedemption)
	mux.HandleFunc("POST /v1/redemptions/{redemption}/commit", s.commitRedemption)
	mux.HandleFunc("GET /v1/members/{member}", s.getMember)
	return s.authenticated(mux), nil
}

func (s *service) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || !s.keys[sha256.Sum256([]byte(key))] {
			problem(w, http.StatusUnauthorized, "unauthenticated")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// An orderRequest is the body of an order and of a quote.
type orderRequest struct {
	Member    string     `json:"member"`
	PlacedAt  time.Time  `json:"placed_at"`
	Currency  string     `json:"currency"`
	Channel   string     `json:"channel"`
	Status    string     `json:"status"`
	LineItems []lineItem `json:"line_items"`
	Shipping  int64      `json:"shipping"`
	Tenders   []tender   `json:"tenders"`
}

type lineItem struct {
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Category string `json:"category"`
	Quantity int64  `json:"quantity"`
	Amount   int64  `json:"amount"`
}

type tender struct {
	Kind   string `json:"kind"`
	Amount int64  `json:"amount"`
}

// These variables are the program: one point per 1.00 EUR, multipliers for categories, and the prices of rewards.
var (
	multipliers = map[string]int64{"coffee-beans": 2, "gift-cards": 0}
	rewards     = map[string]int64{"five-off": 500, "free-shipping": 300}
)

// maxAmount is the largest amount of a line item, in cents. With this limit, all sums are far below 2^63.
const maxAmount = 1_000_000_000

func (o *orderRequest) validate() error {
	if o.Member == "" || o.PlacedAt.IsZero() || o.Currency != "EUR" || len(o.LineItems) == 0 ||
		len(o.LineItems) > 1000 {
		return errors.New("member, placed_at, currency EUR and 1 to 1,000 line_items are required")
	}
	for _, line := range o.LineItems {
		if line.ID == "" || line.Quantity < 1 || line.Amount < 0 || line.Amount > maxAmount {
			return errors.New("each line item needs an id, a quantity and an amount")
		}
	}
	return nil
}

// base returns the amount for which points are earned, in hundredths of a point. A canceled order earns nothing.
func (o *orderRequest) base() int64 {
	if o.Status == "canceled" {
		return 0
	}
	var sum int64
	for _, line := range o.LineItems {
		times, ok := multipliers[line.Category]
		if !ok {
			times = 1
		}
		sum += line.Amount * times
	}
	return sum
}

func (s *service) putOrder(w http.ResponseWriter, r *http.Request) {
	var in orderRequest
	body, ok := read(w, r, &in)
	if !ok || !valid(w, in.validate()) {
		return
	}
	if in.Status != "paid" && in.Status != "canceled" {
		problem(w, http.StatusUnprocessableEntity, "status must be paid or canceled")
		return
	}
	digest := sha256.Sum256(body)
	o := order{Order: r.PathValue("order"), Member: in.Member, Status: in.Status}
	result, err := s.store.putOrder(r.Context(), &o, digest[:], string(body), in.base())
	s.respond(w, o, result, err)
}

func (s *service) createQuote(w http.ResponseWriter, r *http.Request) {
	var in orderRequest
	if _, ok := read(w, r, &in); !ok || !valid(w, in.validate()) {
		return
	}
	q, result, err := s.store.quote(r.Context(), in.Member, in.base())
	s.respond(w, q, result, err)
}

func (s *service) createRedemption(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Member string `json:"member"`
		Reward string `json:"reward"`
		Commit bool   `json:"commit"`
	}
	body, ok := read(w, r, &in)
	if !ok {
		return
	}
	key := r.Header.Get("Idempotency-Key")
	price, known := rewards[in.Reward]
	if key == "" || in.Member == "" || !known {
		problem(w, http.StatusUnprocessableEntity, "Idempotency-Key, member and an existing reward are required")
		return
	}
	digest := sha256.Sum256(body)
	out := redemption{ID: "rd_" + random.Text(nil), Member: in.Member, Reward: in.Reward, Points: price}
	result, err := s.store.createRedemption(r.Context(), &out, key, digest[:], in.Commit)
	s.respond(w, out, result, err)
}

func (s *service) commitRedemption(w http.ResponseWriter, r *http.Request) {
	out, result, err := s.store.commitRedemption(r.Context(), r.PathValue("redemption"))
	s.respond(w, out, result, err)
}

func (s *service) getMember(w http.ResponseWriter, r *http.Request) {
	m, result, err := s.store.member(r.Context(), r.PathValue("member"))
	s.respond(w, m, result, err)
}

// read decodes the body of a request strictly. If the body is invalid, it writes the response and returns false.
func read(w http.ResponseWriter, r *http.Request, into any) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		problem(w, http.StatusBadRequest, "the body cannot be read")
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return nil, false
	}
	return body, true
}

func valid(w http.ResponseWriter, err error) bool {
	if err != nil {
		problem(w, http.StatusUnprocessableEntity, err.Error())
	}
	return err == nil
}

// statuses maps outcomes to HTTP statuses. Other outcomes have the status 200.
var statuses = map[outcome]int{
	created:            http.StatusCreated,
	unknownMember:      http.StatusNotFound,
	unknownRedemption:  http.StatusNotFound,
	memberChanged:      http.StatusConflict,
	insufficientPoints: http.StatusConflict,
	keyReused:          http.StatusUnprocessableEntity,
	expired:            http.StatusUnprocessableEntity,
}

func (s *service) respond(w http.ResponseWriter, value any, result outcome, err error) {
	if err != nil {
		s.log.Error("request failed", "error", err)
		problem(w, http.StatusInternalServerError, "internal_error")
		return
	}
	status, ok := statuses[result]
	if !ok {
		status = http.StatusOK
	}
	if status >= http.StatusBadRequest {
		problem(w, status, string(result))
		return
	}
	if result == replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	write(w, status, value)
}

func problem(w http.ResponseWriter, status int, text string) {
	write(w, status, map[string]any{"status": status, "title": text})
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // fails only if the client has closed the connection
}
