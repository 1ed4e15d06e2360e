package payments

import (
	"context"
	"errors"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A paypalOrder states shipping and tax for each purchase unit. Its captures do not state them
// (https://developer.paypal.com/docs/api/orders/v2/#orders_get).
type paypalOrder struct {
	ID    string `json:"id"`
	Units []struct {
		Amount struct {
			paypalMoney
			Breakdown struct {
				Tax      *paypalMoney `json:"tax_total"`
				Shipping *paypalMoney `json:"shipping"`
			} `json:"breakdown"`
		} `json:"amount"`
		Payments struct {
			Captures []struct {
				ID string `json:"id"`
			} `json:"captures"`
		} `json:"payments"`
	} `json:"purchase_units"`
}

// order returns the ID of the checkout order of a capture, or the empty string if it has none.
func (o paypalObject) order() string {
	if id := o.Supplementary.Related.Order; idForm.MatchString(id) {
		return id
	}
	for _, l := range o.Links {
		if _, id, ok := strings.Cut(l.Href, "/v2/checkout/orders/"); ok && l.Rel == "up" && idForm.MatchString(id) {
			return id
		}
	}
	return ""
}

// orderParts reads the shipping and tax of a capture from PayPal's API. It returns no facts if PayPal no longer has
// the order.
func (o paypalObject) orderParts(ctx context.Context, api *paypalAPI) ([]loyalty.Fact, error) {
	if o.order() == "" {
		return nil, nil
	}
	raw, err := api.get(ctx, "/v2/checkout/orders/"+o.order())
	if bad := (*answerError)(nil); errors.As(err, &bad) && bad.final() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var order paypalOrder
	if decode(raw, &order) != nil {
		return nil, nil
	}
	return order.parts(o)
}

// parts returns the shipping and tax of the purchase unit to which a capture belongs.
func (x paypalOrder) parts(capture paypalObject) ([]loyalty.Fact, error) {
	for _, u := range x.Units {
		for _, c := range u.Payments.Captures {
			if c.ID != capture.ID {
				continue
			}
			m, err := u.Amount.money()
			if err != nil {
				return nil, err
			}
			at := instant(capture.Created)
			f := loyalty.Fact{Kind: loyalty.FactParts, ID: x.ID, State: loyalty.FactDone, Money: m, Clock: clock(at), At: at}
			f.Tax, f.Shipping, err = portions(m.Currency, u.Amount.Breakdown.Tax, u.Amount.Breakdown.Shipping)
			if err != nil || f.Tax == 0 && f.Shipping == 0 {
				return nil, err
			}
			return []loyalty.Fact{f}, nil
		}
	}
	return nil, nil
}

// portions converts tax and shipping to minor units of one currency. A missing portion is zero.
func portions(c loyalty.Currency, tax, shipping *paypalMoney) (n, m int64, err error) {
	read := func(from *paypalMoney) (amount int64) {
		if from == nil || err != nil {
			return 0
		}
		var one loyalty.Money
		if one, err = from.money(); err == nil && one.Currency != c {
			err = odd(loyalty.CurrencyMismatch, "A portion of the amount is in another currency.")
		}
		return one.Amount
	}
	n, m = read(tax), read(shipping)
	return n, m, err
}

// salePortions returns the tax and shipping that a v1 sale states with its amount.
func (m paypalMoney) salePortions() (tax, shipping int64, err error) {
	portion := func(text string) *paypalMoney {
		if text == "" {
			return nil
		}
		return &paypalMoney{Total: text, Currency: m.Currency}
	}
	return portions(loyalty.Currency(m.Currency), portion(m.Details.Tax), portion(m.Details.Shipping))
}
