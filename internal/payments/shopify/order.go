package shopify

import (
	"math/big"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// An order contains the fields of an order that the package uses
// (https://shopify.dev/docs/api/admin-rest/latest/resources/order). Amounts are in the shop's currency.
type order struct {
	ID          jsontext.Value `json:"id"`
	Currency    string         `json:"currency"`
	Total       *string        `json:"total_price"`
	Subtotal    string         `json:"subtotal_price"`
	TotalTax    string         `json:"total_tax"`
	TaxIncluded bool           `json:"taxes_included"`
	Financial   string         `json:"financial_status"`
	Gateways    []string       `json:"payment_gateway_names"`
	Test        *bool          `json:"test"`
	Email       string         `json:"email"`
	Processed   string         `json:"processed_at"`
	Created     string         `json:"created_at"`
	Updated     string         `json:"updated_at"`
	// Current is the total without items that were returned, exchanged or removed.
	Current  *string        `json:"current_total_price"`
	Lines    []line         `json:"line_items"`
	Shipping []shippingLine `json:"shipping_lines"`
	Refunds  []refund       `json:"refunds"`
	Customer *struct {
		ID    jsontext.Value `json:"id"`
		Email string         `json:"email"`
	} `json:"customer"`
}

// A line contains the fields of a line item that the package uses.
type line struct {
	ID       jsontext.Value `json:"id"`
	Quantity int64          `json:"quantity"`
	Price    jsontext.Value `json:"price"`
	GiftCard bool           `json:"gift_card"`
}

// giftCard returns the line item if a gift card was sold with it. Otherwise, it returns the zero value.
func (l line) giftCard(currency string) (loyalty.FactLine, error) {
	if !l.GiftCard || !webhook.IsID(webhook.Number(l.ID)) || l.Quantity < 1 {
		return loyalty.FactLine{}, nil
	}
	price, err := webhook.DecimalMoney(webhook.Number(l.Price), currency)
	if err != nil || price.Amount > loyalty.MaxAmount/l.Quantity {
		return loyalty.FactLine{}, webhook.Unusable(loyalty.AmountOutOfRange,
			"A gift card has no price, or its price exceeds the maximum of an order.")
	}
	return loyalty.FactLine{ID: webhook.Number(l.ID), Quantity: l.Quantity, Amount: price.Amount * l.Quantity}, nil
}

// A shippingLine is a shipping method that the customer paid for.
type shippingLine struct {
	Taxes []struct {
		Price jsontext.Value `json:"price"`
		Set   moneySet       `json:"price_set"`
	} `json:"tax_lines"`
}

func readOrder(body []byte) (webhook.Event, error) {
	var o order
	if err := webhook.Decode(body, &o); err != nil {
		return webhook.Event{}, err
	}
	id := webhook.Number(o.ID)
	if !webhook.IsID(id) || o.Total == nil || o.Financial == "" || o.Lines == nil || o.Updated == "" {
		return webhook.Event{}, errTopic
	}
	e := webhook.Event{ID: id + ":" + o.Updated + ":", At: webhook.Instant(o.Updated), Live: not(o.Test)}
	r := &webhook.Report{Report: service.Report{Payment: "shopify:" + id, Order: id}, Address: o.Email}
	if c := o.Customer; c != nil {
		if customer := webhook.Number(c.ID); webhook.IsID(customer) {
			r.Customer = "shopify:" + customer
		}
		if r.Address == "" {
			r.Address = c.Email
		}
	}
	e.Report = r
	return e, o.facts(r, id)
}

func (o order) facts(r *webhook.Report, id string) error {
	f, err := o.capture(id)
	if err != nil {
		return err
	}
	if f.State != "" {
		r.Facts = append(r.Facts, f)
	}
	for _, x := range o.Refunds {
		f, err := x.fact(o.Currency)
		if err != nil {
			return err
		}
		r.Facts = append(r.Facts, f...)
	}
	r.Facts = webhook.Moving(r.Facts...)
	return nil
}

// isGiftCard reports whether a payment gateway is for gift cards or store credit.
func isGiftCard(gateway string) bool {
	return gateway == "gift_card" || gateway == "shopify_store_credit"
}

// tenders reports whether an order was paid only with gift cards and store credit (cards), or partly (mixed). An order
// lists its gateways without amounts. Only the topic order_transactions/create states the amount of each part.
func (o order) tenders() (cards, mixed bool) {
	n := 0
	for _, name := range o.Gateways {
		if isGiftCard(name) {
			n++
		}
	}
	return n > 0 && n == len(o.Gateways), n > 0 && n < len(o.Gateways)
}

// capture returns the payment of an order, including its portions for shipping, tax and gift cards.
func (o order) capture(id string) (loyalty.Fact, error) {
	total, err := o.paid()
	if err != nil {
		return loyalty.Fact{}, err
	}
	f := loyalty.Fact{
		Kind: loyalty.FactCapture, ID: id, Money: total,
		Clock: webhook.Clock(webhook.Instant(o.Updated)), At: webhook.Instant(o.Processed),
	}
	if f.At.IsZero() {
		f.At = webhook.Instant(o.Created)
	}
	var cards bool
	if cards, f.Mixed = o.tenders(); cards {
		f.GiftCard = total.Amount
	}
	switch o.Financial {
	case "paid", "partially_refunded", "refunded":
		f.State = loyalty.FactDone
	case "voided":
		f.State = loyalty.FactFailed
	}
	for _, l := range o.Lines {
		card, err := l.giftCard(o.Currency)
		if err != nil {
			return f, err
		}
		if card.ID != "" {
			f.Lines = append(f.Lines, card)
		}
	}
	return o.withParts(f), nil
}

// withParts adds the portions for shipping and tax to a capture, if the order states them.
func (o order) withParts(f loyalty.Fact) loyalty.Fact {
	total, _ := webhook.DecimalMoney(*o.Total, o.Currency) // cannot fail, because paid has already parsed it
	goods, goodsErr := webhook.DecimalMoney(o.Subtotal, o.Currency)
	tax, taxErr := webhook.DecimalMoney(o.TotalTax, o.Currency)
	shippingTax, shippingErr := o.shippingTax()
	if goodsErr != nil || taxErr != nil || shippingErr != nil {
		return f // without valid portions, the whole amount counts as goods
	}
	if total.Amount > 0 { // after an exchange, only a part of the tax belongs to the payment
		share := new(big.Int).Mul(big.NewInt(tax.Amount), big.NewInt(f.Money.Amount))
		f.Tax = share.Quo(share, big.NewInt(total.Amount)).Int64()
	}
	f.Shipping = max(0, total.Amount-goods.Amount-tax.Amount)
	if o.TaxIncluded {
		f.Shipping = max(0, total.Amount-goods.Amount-shippingTax)
	}
	f.ShippingTax = min(shippingTax, f.Tax)
	return f
}

// shippingTax returns the tax on shipping in minor units of the shop's currency.
func (o order) shippingTax() (sum int64, err error) {
	for _, way := range o.Shipping {
		for _, t := range way.Taxes {
			n, err := t.Set.in(o.Currency, t.Price)
			if err != nil {
				return 0, err
			}
			sum += max(0, n)
		}
	}
	return sum, nil
}

// paid returns the total that the customer paid. It is the current price of the order plus the refunded money. The
// field total_price cannot be used, because after an exchange it includes both the new items and the returned ones.
func (o order) paid() (loyalty.Money, error) {
	total, err := webhook.DecimalMoney(*o.Total, o.Currency)
	if err != nil || o.Current == nil {
		return total, err
	}
	now, err := webhook.DecimalMoney(*o.Current, o.Currency)
	if err != nil {
		return total, err
	}
	for _, x := range o.Refunds {
		facts, err := x.fact(o.Currency)
		if err != nil {
			return total, err
		}
		for _, f := range facts {
			now.Amount += f.Money.Amount
		}
	}
	total.Amount = min(total.Amount, now.Amount)
	return total, nil
}
