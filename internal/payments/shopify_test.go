package payments_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// Whoever shops writes the attributes of the cart: they say neither which order a payment is of nor whose it is.
func TestAShopperNamesNoOrderAndNoMember(t *testing.T) {
	attributes := func(name, value string) string {
		return fmt.Sprintf(`"note_attributes":[{"name":%q,"value":%q}]`, name, value)
	}
	paid := sample.Event{Provider: app.Shopify, Type: "orders/paid", Payment: "7001", Total: 4999}
	refund := sample.Event{Provider: app.Shopify, Type: "refunds/create", Payment: "7001", Object: "8001", Amount: 4999}

	s := newShop(t, "orders") // a refund that was to be somebody else's
	s.order("7001", "paid", `,"member":"`+s.member+`"`)
	s.order("7002", "paid", `,"member":"`+s.member+`"`)
	if got := s.edited(paid, `"note_attributes":[]`, attributes("loyalty_order", "7002")).String(); got != "200 applied" {
		t.Fatal(got)
	}
	s.want(refund, "200 applied")
	if s.worth("7001") != 0 || s.worth("7002") != whole {
		t.Errorf("its own order is worth %d, and the other one %d", s.worth("7001"), s.worth("7002"))
	}

	s = newShop(t, "payments") // and a purchase
	if got := s.edited(paid, `"note_attributes":[]`, attributes("loyalty_member", s.member)).String(); got != "200 applied" {
		t.Fatal(got)
	}
	if s.points(s.member) != 0 {
		t.Errorf("a member who did not buy has %d points", s.points(s.member))
	}
}
