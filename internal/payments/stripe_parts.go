package payments

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// stripeParts are the fields that state for what the money of a payment was.
type stripeParts struct {
	// Payment intents since 2025-09-30, if the merchant states it (https://docs.stripe.com/payments/payment-line-items).
	AmountDetails struct {
		Tip      stripeAmount `json:"tip"`
		Shipping stripeAmount `json:"shipping"`
		Tax      struct {
			Total int64 `json:"total_tax_amount"`
		} `json:"tax"`
	} `json:"amount_details"`

	// Checkout sessions (https://docs.stripe.com/api/checkout/sessions/object).
	AmountTotal  int64 `json:"amount_total"`
	TotalDetails struct {
		Tax int64 `json:"amount_tax"`
	} `json:"total_details"`
	Shipping struct {
		Subtotal int64 `json:"amount_subtotal"`
		Tax      int64 `json:"amount_tax"`
	} `json:"shipping_cost"` // invoices too

	// Invoices (https://docs.stripe.com/api/invoices/object). Before 2025-03-31 they name their payment intent.
	Total      int64          `json:"total"`
	TotalTaxes []stripeAmount `json:"total_tax_amounts"`
}

type stripeAmount struct {
	Amount int64 `json:"amount"`
}

// intentParts adds to a capture what its payment intent states that the money was for.
func (o stripeObject) intentParts(f *loyalty.Fact) error {
	d := o.AmountDetails
	return stripePortion(o.Currency, map[*int64]int64{
		&f.Tip: d.Tip.Amount, &f.Shipping: d.Shipping.Amount, &f.Tax: d.Tax.Total,
	})
}

// partsFact is what a checkout session or an invoice states that the money of its payment was for.
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

// stripePortion stores amounts in Stripe's minor units in those of ISO 4217.
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
