package sample

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// Body returns the body of the event. The secret is used only for Adyen, whose signatures are in the body.
func (e Event) Body(secret string) ([]byte, error) {
	e = e.filled()
	if kinds[e.Provider][e.Type] == "" {
		return nil, fmt.Errorf("sample: unknown event %q of %q; the events are %s",
			e.Type, e.Provider, strings.Join(Types(e.Provider), ", "))
	}
	var o object
	switch e.Provider {
	case app.Stripe:
		o = e.stripe()
	case app.Shopify:
		o = e.shopify()
	case app.Square:
		o = e.square()
	case app.PayPal:
		o = e.paypal()
	case app.Adyen:
		var err error
		if o, err = e.adyen(secret); err != nil {
			return nil, err
		}
	case app.Standard:
		o = e.standard()
	}
	return json.Marshal(o)
}
