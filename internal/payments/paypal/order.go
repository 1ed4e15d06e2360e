package paypal

import (
	"context"
	"errors"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// An order is a checkout order. It states shipping and tax for each purchase unit; the captures of the order do not
// state them (https://developer.paypal.com/docs/api/orders/v2/#orders_get).
type order struct {
	ID    string `json:"id"`
	Units []struct {
		Amount struct {
			amount
			Breakdown struct {
				Tax      *amount `json:"tax_total"`
				Shipping *amount `json:"shipping"`
			} `json:"breakdown"`
		} `json:"amount"`
		Payments struct {
			Captures []struct {
				ID string `json:"id"`
			} `json:"captures"`
		} `json:"payments"`
	} `json:"purchase_units"`
}

// order returns the ID of the checkout order to which a capture belongs, or an empty string if there is none.
func (o object) order() string {
	if id := o.Supplementary.Related.Order; webhook.IsID(id) {
		return id
	}
	for _, l := range o.Links {
		if _, id, ok := strings.Cut(l.Href, "/v2/checkout/orders/"); ok && l.Rel == "up" && webhook.IsID(id) {
			return id
		}
	}
	return ""
}

// orderParts reads the shipping and tax of a capture from PayPal's API. It returns no facts if the order is no longer
// available.
func (p *provider) orderParts(ctx context.Context, capture object) ([]loyalty.Fact, error) {
	id := capture.order()
	if id == "" {
		return nil, nil
	}
	raw, err := p.get(ctx, "/v2/checkout/orders/"+id)
	if bad := (*webhook.AnswerError)(nil); errors.As(err, &bad) && bad.Final() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var x order
	if webhook.Decode(raw, &x) != nil {
		return nil, nil
	}
	return x.parts(capture)
}

// parts returns the shipping and tax of the purchase unit to which a capture belongs.
func (x order) parts(capture object) ([]loyalty.Fact, error) {
	for _, u := range x.Units {
		for _, c := range u.Payments.Captures {
			if c.ID != capture.ID {
				continue
			}
			m, err := u.Amount.money()
			if err != nil {
				return nil, err
			}
			at := webhook.Instant(capture.Created)
			f := loyalty.Fact{
				Kind: loyalty.FactParts, ID: x.ID, State: loyalty.FactDone, Money: m, Clock: webhook.Clock(at), At: at,
			}
			f.Tax, f.Shipping, err = portions(m.Currency, u.Amount.Breakdown.Tax, u.Amount.Breakdown.Shipping)
			if err != nil || f.Tax == 0 && f.Shipping == 0 {
				return nil, err
			}
			return []loyalty.Fact{f}, nil
		}
	}
	return nil, nil
}

// portions converts tax and shipping to minor units of the currency c. A portion that is nil counts as zero.
func portions(c loyalty.Currency, tax, shipping *amount) (n, m int64, err error) {
	read := func(from *amount) (amount int64) {
		if from == nil || err != nil {
			return 0
		}
		var one loyalty.Money
		if one, err = from.money(); err == nil && one.Currency != c {
			err = webhook.Unusable(loyalty.CurrencyMismatch, "A portion of the amount is in another currency.")
		}
		return one.Amount
	}
	n, m = read(tax), read(shipping)
	return n, m, err
}

// salePortions returns the tax and shipping that a sale (in version 1 of the API) states in its amount.
func (a amount) salePortions() (tax, shipping int64, err error) {
	portion := func(text string) *amount {
		if text == "" {
			return nil
		}
		return &amount{Total: text, Currency: a.Currency}
	}
	return portions(loyalty.Currency(a.Currency), portion(a.Details.Tax), portion(a.Details.Shipping))
}
