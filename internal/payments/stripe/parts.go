package stripe

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// parts contains the fields of objects that state the shipping, tax and tip of a payment.
type parts struct {
	// AmountDetails is set on payment intents since API version 2025-09-30, if the merchant provides it
	// (https://docs.stripe.com/payments/payment-line-items).
	AmountDetails struct {
		Tip      amount `json:"tip"`
		Shipping amount `json:"shipping"`
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
	} `json:"shipping_cost"` // set on checkout sessions and invoices

	// The following fields are set on invoices (https://docs.stripe.com/api/invoices/object). Before API version
	// 2025-03-31, an invoice has the ID of its payment intent.
	Total      int64    `json:"total"`
	TotalTaxes []amount `json:"total_tax_amounts"`
}

type amount struct {
	Amount int64 `json:"amount"`
}

// intentParts copies the shipping, tax and tip of the payment intent to f, which describes its capture.
func (o object) intentParts(f *loyalty.Fact) error {
	d := o.AmountDetails
	return setPortions(o.Currency,
		portion{&f.Tip, d.Tip.Amount}, portion{&f.Shipping, d.Shipping.Amount}, portion{&f.Tax, d.Tax.Total})
}

// partsFacts returns the shipping and tax that a checkout session or an invoice states for its payment. It returns no
// fact if there are none. It ignores the total of the session or invoice, because a charge reports the same money.
func (o object) partsFacts(clock int64) ([]loyalty.Fact, error) {
	total, tax := o.AmountTotal, o.TotalDetails.Tax
	if o.Object == "invoice" {
		total = o.Total
		for _, t := range o.TotalTaxes {
			tax += t.Amount
		}
	}
	f, err := o.fact(loyalty.FactParts, o.ID, loyalty.FactDone, total, clock)
	if err != nil {
		return nil, err
	}
	err = setPortions(o.Currency, portion{&f.Tax, tax}, portion{&f.Shipping, o.Shipping.Subtotal},
		portion{&f.ShippingTax, o.Shipping.Tax})
	if err != nil || f.Tax == 0 && f.Shipping == 0 {
		return nil, err
	}
	return []loyalty.Fact{f}, nil
}

// A portion is an amount in Stripe's minor units, and the field of a fact that receives the amount.
type portion struct {
	field  *int64
	amount int64
}

// setPortions converts each portion to minor units of ISO 4217 and assigns it to its field.
func setPortions(currency string, portions ...portion) error {
	for _, p := range portions {
		m, err := decimals.Money(p.amount, currency)
		if err != nil {
			return err
		}
		*p.field = m.Amount
	}
	return nil
}
