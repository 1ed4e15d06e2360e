package payments

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// A stripeParts contains the fields that state the portions of a payment.
type stripeParts struct {
	// AmountDetails is set on payment intents since 2025-09-30, if the merchant provides it
	// (https://docs.stripe.com/payments/payment-line-items).
	AmountDetails struct {
		Tip      stripeAmount `json:"tip"`
		Shipping stripeAmount `json:"shipping"`
		Tax      struct {
			Total int64 `json:"total_tax_amount"`
		} `json:"tax"`
	} `json:"amount_details"`

	// The following fields are set on checkout sessions (https://docs.stripe.com/api/checkout/sessions/object).
	AmountTotal  int64 `json:"amount_total"`
	TotalDetails struct {
		Tax int64 `json:"amount_tax"`
	} `json:"total_details"`
	Shipping struct {
		Subtotal int64 `json:"amount_subtotal"`
		Tax      int64 `json:"amount_tax"`
	} `json:"shipping_cost"` // also set on invoices

	// The following fields are set on invoices (https://docs.stripe.com/api/invoices/object). Invoices before
	// 2025-03-31 name their payment intent.
	Total      int64          `json:"total"`
	TotalTaxes []stripeAmount `json:"total_tax_amounts"`
}

type stripeAmount struct {
	Amount int64 `json:"amount"`
}

// intentParts adds the portions that a payment intent states to its capture.
func (o stripeObject) intentParts(f *loyalty.Fact) error {
	d := o.AmountDetails
	return stripePortion(o.Currency, map[*int64]int64{
		&f.Tip: d.Tip.Amount, &f.Shipping: d.Shipping.Amount, &f.Tax: d.Tax.Total,
	})
}

// partsFact returns the portions that a checkout session or an invoice states for its payment.
func (o stripeObject) partsFact(clock int64) (loyalty.Fact, error) {
	total, tax := o.AmountTotal, o.TotalDetails.Tax
	if o.Object == "invoice" {
		total = o.Total
		for _, t := range o.TotalTaxes {
			tax += t.Amount
		}
	}
	m, err := stripeDecimals.money(total, o.Currency)
	if err != nil {
		return loyalty.Fact{}, err
	}
	f := loyalty.Fact{Kind: loyalty.FactParts, ID: o.ID, State: loyalty.FactDone, Money: m, Clock: clock, At: unix(o.Created)}
	return f, stripePortion(o.Currency, map[*int64]int64{
		&f.Tax: tax, &f.Shipping: o.Shipping.Subtotal, &f.ShippingTax: o.Shipping.Tax,
	})
}

// stripePortion converts amounts from Stripe's minor units to those of ISO 4217 and stores each at its pointer.
func stripePortion(currency string, amounts map[*int64]int64) error {
	for to, amount := range amounts {
		m, err := stripeDecimals.money(amount, currency)
		if err != nil {
			return err
		}
		*to = m.Amount
	}
	return nil
}
