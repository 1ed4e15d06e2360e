package payments_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
)

func TestRefundsInUnusualOrders(t *testing.T) {
	for _, x := range stories {
		t.Run(x.provider, func(t *testing.T) {
			facts := x.facts(false)
			paid, refund, lost := facts[0], facts[1], facts[4]

			s := newShop(t, "orders_when_paid") // a refund and a lost dispute are reported before the payment
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			refund.Amount = 2000
			s.deliver(refund)
			s.deliver(lost)
			if s.orderPoints("1042") != 0 {
				t.Errorf("%d points before it was paid", s.orderPoints("1042"))
			}
			s.want(paid, "200 applied")
			if got := s.orderPoints("1042"); got != 0 { // 49.99 - 20 - 30 < 1
				t.Errorf("%d points", got)
			}

			s = newShop(t, "orders_when_paid") // two partial refunds exceed the payment
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.want(paid, "200 applied")
			refund.Amount = 3000
			s.want(refund, "200 applied")
			refund.Object = x.refund2
			s.want(refund, "200 quarantined refund_exceeds_payment")
			if s.orderPoints("1042") != 0 || s.points(s.member) != 0 {
				t.Errorf("%d points", s.orderPoints("1042"))
			}

			s = newShop(t, "orders_when_paid") // three refunds of 16.66 and one of 0.01 are the whole payment
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.want(paid, "200 applied")
			for i, n := range []int64{1666, 1666, 1666, 1} {
				refund.Object, refund.Amount = fmt.Sprint("90", i), n
				s.want(refund, "200 applied")
			}
			if s.orderPoints("1042") != 0 || s.points(s.member) != 0 {
				t.Errorf("after 3 x 33.33 %% and a cent %d points", s.orderPoints("1042"))
			}

			s = newShop(t, "orders_when_paid") // a refund in another currency
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.want(paid, "200 applied")
			refund.Object, refund.Amount, refund.Currency = x.refund1, 1733, "USD"
			s.unchanged(func() { s.want(refund, "200 quarantined currency_mismatch") })

			s = newShop(t, "orders_when_paid") // the refund is reported before the payment
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			if got := s.deliver(refund).String(); got != "200 waiting" && got != "200 applied" {
				t.Error(got)
			}
			s.want(paid, "200 quarantined currency_mismatch")
			if s.points(s.member) != whole {
				t.Errorf("%d points", s.points(s.member))
			}
			refund.Currency, refund.Amount = "EUR", -1733 // a negative amount
			s.unchanged(func() {
				s.want(refund, "200 quarantined amount_out_of_range")
			})
		})
	}
}

func TestZeroAmounts(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Shopify, app.Square, app.Standard} {
		e := s.paid(provider)
		body, err := e.Body("")
		if err != nil {
			t.Fatal(err)
		}
		body = []byte(strings.NewReplacer("4999", "0", "49.99", "0.00").Replace(string(body)))
		h, err := e.Headers(settings()["corner"][provider], body, noon)
		if err != nil {
			t.Fatal(err)
		}
		s.post(e.Path("corner"), h, body)
		if s.points(s.member) != 0 {
			t.Errorf("%s: %d points for nothing", provider, s.points(s.member))
		}
	}
}
