package payments_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

func crc(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// guestPayment is a payment of 49.99 EUR by a person who may become a member.
var guestPayment = sample.Event{
	Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_9", Total: 4999, Email: "grace@shop.test",
}

// invoke sends an event to a function whose connections were not checked.
func invoke(t *testing.T, a *app.App, with app.Processors, e sample.Event, h http.Header, body []byte) string {
	t.Helper()
	unchecked := *a
	unchecked.Processors = with
	return post(t, t.Context(), payments.Webhooks(&unchecked), e, h, body)
}

// post sends an event to a function, and returns the status and the code of its answer.
func post(
	t *testing.T,
	ctx context.Context,
	function lambda.Handler,
	e sample.Event,
	h http.Header,
	body []byte,
) string {
	t.Helper()
	event := events.APIGatewayV2HTTPRequest{
		PathParameters: map[string]string{
			"program":  "corner",
			"provider": e.Provider,
		}, Headers: map[string]string{}, Body: string(body),
	}
	for name := range h {
		event.Headers[strings.ToLower(name)] = h.Get(name)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := function.Invoke(ctx, payload)
	var answer events.APIGatewayV2HTTPResponse
	var problem struct{ Code string }
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	if err == nil {
		err = json.Unmarshal([]byte(answer.Body), &problem)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(answer.StatusCode, " ", problem.Code)
}

// An event of an unknown order or member is stored, and counts once the order or member is known.
func TestPaymentBeforeOrder(t *testing.T) {
	for _, award := range []string{"orders", "orders_when_paid", "payments"} {
		for _, x := range stories {
			t.Run(award+" "+x.provider, func(t *testing.T) {
				s := newShop(t, award)
				facts := x.facts(false)
				for _, e := range facts[:2] {
					if got := s.deliver(e).String(); got != "200 applied" && got != "200 waiting" {
						t.Fatal(got)
					}
				}
				if s.points(s.member) != 0 {
					t.Fatalf("%d points for an order without a member", s.points(s.member))
				}
				for range 2 {
					s.order("1042", "paid", `,"member":"`+s.member+`"`)
				}
				if s.orderPoints("1042") != refunded1 || s.points(s.member) != refunded1 {
					t.Errorf("%d points, and the member has %d", s.orderPoints("1042"), s.points(s.member))
				}
				for _, e := range facts[:2] {
					s.want(e, "200 duplicate")
				}
			})
		}
	}
}

func TestPaymentBeforeEnrollment(t *testing.T) {
	for _, c := range []struct {
		name           string
		customer, mail string
	}{
		{"by the address", "", "Grace@shop.test "},
		{"by the customer", "77", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t, "payments")
			paid := guestPayment
			paid.Email, paid.Customer = c.mail, c.customer
			s.want(paid, "200 applied")
			refund := sample.Event{
				Provider: app.Stripe,
				Type:     "refund.created",
				Payment:  "pi_9",
				Object:   "re_9",
				Amount:   1733,
			}
			s.want(refund, "200 applied")
			if s.orderPoints("stripe:pi_9") != 0 {
				t.Fatalf("%d points without a member", s.orderPoints("stripe:pi_9"))
			}
			if strings.Contains(strings.ToLower(s.dump()), "grace") {
				t.Error("the address of a person who is not a member is in the table")
			}
			grace := s.enroll("77", "grace@shop.test")
			if s.points(grace) != refunded1 || s.orderPoints("stripe:pi_9") != refunded1 {
				t.Errorf("%d points", s.points(grace))
			}
			refund.Object, refund.Amount = "re_10", 899
			s.want(refund, "200 applied")
			if s.points(grace) != refunded2 {
				t.Errorf("%d points after another refund", s.points(grace))
			}
		})
	}
}

func TestPaymentBeforeEmailAddress(t *testing.T) {
	s := newShop(t, "payments")
	grace := s.enroll("77", "old@shop.test")
	s.want(guestPayment, "200 applied")
	s.call("PATCH", "/v1/members/"+grace, `{"email":"grace@shop.test"}`, 200)
	if n := s.points(grace); n != 0 {
		t.Errorf("%d points for an address that is not verified", n)
	}
	for range 2 {
		m := s.call("PATCH", "/v1/members/"+grace, `{"email_verified":true}`, 200)
		if got := m["balance"].(map[string]any)["pending"]; got != float64(whole) {
			t.Errorf("%v points", got)
		}
	}
}

// A person who enrolls with the address of a guest must not receive the points of the guest's purchases.
func TestUnverifiedEmailAddressClaimsNothing(t *testing.T) {
	s := newShop(t, "payments")
	s.want(guestPayment, "200 applied")
	mallory := s.call(
		"POST", "/v1/members", `{"external_id":"66","email":"grace@shop.test","email_verified":false}`, 201,
	)["id"].(string)
	s.call("PATCH", "/v1/members/"+mallory, `{"email":"GRACE@shop.test"}`, 200)
	if n := s.points(mallory); n != 0 {
		t.Errorf("%d points for an address that is not verified", n)
	}
	s.call("PATCH", "/v1/members/"+mallory, `{"email":""}`, 200)
	if grace := s.enroll("77", "grace@shop.test"); s.points(grace) != whole {
		t.Errorf("%d points of the purchase", s.points(grace))
	}
	s.call("POST", "/v1/members", `{"external_id":"79","email_verified":true}`, 422)
	s.call("PATCH", "/v1/members/"+mallory, `{"email_verified":true}`, 422)
}

// Any event of a payment may name its member, and a later event may add a name.
func TestPaymentIsClaimedByLaterName(t *testing.T) {
	pi := sample.Event{Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_9", Total: 4999}
	for _, kind := range []string{"charge.succeeded", "checkout.session.completed"} {
		named := pi
		named.Type, named.Email = kind, "grace@shop.test"
		for _, events := range [][]sample.Event{{pi, named}, {named, pi}, {pi, named, pi}} {
			s := newShop(t, "payments")
			for _, e := range events {
				s.deliver(e)
			}
			if grace := s.enroll("78", "grace@shop.test"); s.points(grace) != whole {
				t.Errorf("%s: %d points", kind, s.points(grace))
			}
		}
	}
}

func TestPaymentIsClaimedWithinLimit(t *testing.T) {
	s := newShop(t, "payments")
	s.want(guestPayment, "200 applied")
	if err := s.stack.Advance(t.Context(), 31*24*3600*1e9); err != nil {
		t.Fatal(err)
	}
	if grace := s.enroll("77", "grace@shop.test"); s.points(grace) != 0 {
		t.Errorf("%d points after 31 days", s.points(grace))
	}
}

// After the limit, neither a later event of the payment nor the shop's order assigns it to the member.
func TestPaymentClaimedTooLateIsNotAssigned(t *testing.T) {
	for name, then := range map[string]func(s *shop){
		"a refund": func(s *shop) {
			s.want(sample.Event{
				Provider: app.Stripe, Type: "refund.created", Payment: "pi_9", Object: "re_9", Amount: 100,
			}, "200 applied")
		},
		"the order": func(s *shop) { s.order("stripe:pi_9", "paid", "") },
	} {
		s := newShop(t, "payments")
		s.want(guestPayment, "200 applied")
		if err := s.stack.Advance(t.Context(), 31*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		grace := s.enroll("77", "grace@shop.test")
		then(s)
		if s.points(grace) != 0 {
			t.Errorf("%d points after %s", s.points(grace), name)
		}
	}
}

// A member may have paid before enrollment. The result is the same whether the payment or the enrollment arrives first.
func TestPaymentOlderThanMember(t *testing.T) {
	for _, c := range []struct {
		days int
		want int64
	}{{2, whole}, {29, whole}, {31, 0}} {
		for _, late := range []bool{false, true} {
			s := newShop(t, "payments")
			paid := guestPayment
			paid.At = noon.AddDate(0, 0, -c.days)
			if !late {
				s.want(paid, "200 applied")
			}
			grace := s.enroll("77", "grace@shop.test")
			if late {
				s.want(paid, "200 applied")
			}
			if s.points(grace) != c.want {
				t.Errorf("%d points for a payment of %d days ago, late %v", s.points(grace), c.days, late)
			}
		}
	}
}

// The names, the money, a refund and the enrollment may arrive in any order.
func TestGuestPaymentConvergesInEveryOrder(t *testing.T) {
	before := noon.AddDate(0, 0, -2)
	pi := sample.Event{Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_9", Total: 4999, At: before}
	named := sample.Event{
		Provider: app.Stripe,
		Type:     "charge.succeeded",
		Payment:  "pi_9",
		Total:    4999,
		Email:    "grace@shop.test",
		At:       before,
	}
	failed := sample.Event{
		Provider: app.Stripe, Type: "refund.failed", Payment: "pi_9", Object: "re_9", Status: "failed", Amount: 1733,
		Created: before.Add(time.Minute), At: before.Add(time.Minute),
	}
	back := sample.Event{
		Provider: app.Stripe,
		Type:     "charge.refunded",
		Payment:  "pi_9",
		Total:    4999,
		Back:     1733,
		At:       before.Add(time.Minute),
	}
	all([]int{1, 1, 1, 1, 1}, nil, func(order []int) {
		s := newShop(t, "payments")
		grace := ""
		for _, i := range order {
			if i == 4 {
				grace = s.enroll("77", "grace@shop.test")
				continue
			}
			s.deliver([]sample.Event{pi, named, failed, back}[i])
		}
		if s.points(grace) != whole {
			t.Errorf("%v: %d points", order, s.points(grace))
		}
	})
}

func TestPaymentOfKnownMemberMayBeLate(t *testing.T) {
	s := newShop(t, "payments")
	if err := s.stack.Advance(t.Context(), 40*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	s.want(
		sample.Event{
			Provider: app.Stripe,
			Type:     "payment_intent.succeeded",
			Payment:  "pi_9",
			Total:    4999,
			Email:    "ada@shop.test",
			At:       noon,
		},
		"200 applied",
	)
	if s.points(s.member) != whole {
		t.Errorf("%d points", s.points(s.member))
	}
}

func TestPaymentFindsMember(t *testing.T) {
	s := newShop(t, "payments")
	bob := s.enroll("cust-43", "bob@shop.test")
	pay := func(id string, e sample.Event) {
		e.Provider, e.Type, e.Payment, e.Total = app.Stripe, "payment_intent.succeeded", id, 1000
		s.want(e, "200 applied")
	}
	pay("pi_1", sample.Event{Member: bob, Email: "ada@shop.test", Customer: "cus_bob"}) // metadata precedes the address
	pay("pi_2", sample.Event{Member: "external:cust-43"})
	// The customer is known from the first payment.
	pay("pi_3", sample.Event{Customer: "cus_bob", Email: "ada@shop.test"})
	pay("pi_4", sample.Event{Member: "mem_nobody", Email: "ADA@shop.test"})
	pay("pi_5", sample.Event{Customer: "cust-42"})
	if s.points(bob) != 30 || s.points(s.member) != 20 {
		t.Errorf("bob has %d and ada %d", s.points(bob), s.points(s.member))
	}
}

// The member that the merchant names takes precedence over an email address, in any order of arrival.
func TestMerchantNamesMemberOfOrder(t *testing.T) {
	for _, late := range []bool{false, true} {
		s := newShop(t, "payments")
		grace := s.enroll("77", "grace@shop.test")
		paid := sample.Event{
			Provider: app.Stripe,
			Type:     "payment_intent.succeeded",
			Payment:  "pi_9",
			Total:    4999,
			Order:    "1042",
			Email:    "ada@shop.test",
		}
		if late {
			s.order("1042", "paid", `,"member":"`+grace+`"`)
		}
		s.want(paid, "200 applied")
		if !late && s.points(s.member) != whole {
			t.Errorf("%d points by the address", s.points(s.member))
		}
		for range 2 {
			if got := s.order("1042", "paid", `,"member":"`+grace+`"`)["points"]; got != float64(whole) {
				t.Errorf("worth %v", got)
			}
		}
		if s.points(s.member) != 0 || s.points(grace) != whole {
			t.Errorf("%d and %d points, late %v", s.points(s.member), s.points(grace), late)
		}
		s.want(
			sample.Event{Provider: app.Stripe, Type: "refund.created", Payment: "pi_9", Object: "re_9", Amount: 1733},
			"200 applied",
		)
		if s.points(s.member) != 0 || s.points(grace) != refunded1 {
			t.Errorf("%d and %d points after a refund, late %v", s.points(s.member), s.points(grace), late)
		}
		for _, m := range []string{s.member, grace} {
			if err := s.stack.App.Statements.Audit(t.Context(), "corner", loyalty.MemberID(m)); err != nil {
				t.Error(err)
			}
		}
		r, err := s.stack.App.Orders.Get(t.Context(), "corner", "1042")
		if err != nil || !r.State.Order.PlacedAt.Equal(noon.Add(-time.Hour)) {
			t.Errorf("placed at %s: %v", r.State.Order.PlacedAt, err)
		}
	}
}

// A payment earns once, whatever event types a merchant subscribes to, and in any order of arrival.
func TestStripePaymentEarnsOnce(t *testing.T) {
	s := newShop(t, "payments")
	e := sample.Event{Provider: app.Stripe, Payment: "pi_1", Total: 4999, Member: s.member}
	for _, kind := range []string{
		"checkout.session.completed", "charge.succeeded", "payment_intent.succeeded", "charge.captured",
	} {
		e.Type = kind
		if got := s.deliver(e).String(); got != "200 applied" && got != "200 waiting" {
			t.Errorf("%s: %s", kind, got)
		}
	}
	if s.points(s.member) != whole {
		t.Errorf("%d points", s.points(s.member))
	}
	// The charge's total of refunds includes the single refund, so the refund counts once. A failed refund restores the
	// points.
	e.Type, e.Back, e.At = "charge.refunded", 1733, noon.Add(60e9)
	s.want(e, "200 applied")
	r := sample.Event{
		Provider: app.Stripe,
		Type:     "refund.created",
		Payment:  "pi_1",
		Object:   "re_1",
		Amount:   1733,
		At:       noon.Add(60e9),
	}
	s.want(r, "200 applied")
	if s.points(s.member) != refunded1 {
		t.Errorf("%d points after a refund", s.points(s.member))
	}
	r.Type, r.Status, r.Created, r.At = "refund.failed", "failed", r.At, noon.Add(120e9)
	s.want(r, "200 applied")
	if s.points(s.member) != whole {
		t.Errorf("%d points after the refund failed", s.points(s.member))
	}
}
