package shopify

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A refund is a refund of money or a return of goods without a refund
// (https://shopify.dev/docs/api/admin-rest/latest/resources/refund). It states its parts in the shop's currency and in
// the customer's currency. Its transactions may state only the customer's currency.
type refund struct {
	ID           jsontext.Value `json:"id"`
	Order        jsontext.Value `json:"order_id"`
	Created      string         `json:"created_at"`
	Lines        []returnedLine `json:"refund_line_items"`
	Adjustments  []adjustment   `json:"order_adjustments"`
	Transactions []transaction  `json:"transactions"`
}

// A returnedLine is a line item from which goods were returned.
type returnedLine struct {
	Line        jsontext.Value `json:"line_item_id"`
	Quantity    int64          `json:"quantity"`
	Subtotal    jsontext.Value `json:"subtotal"` // a JSON number or string
	Tax         jsontext.Value `json:"total_tax"`
	SubtotalSet moneySet       `json:"subtotal_set"`
	TaxSet      moneySet       `json:"total_tax_set"`
}

// An adjustment is the refunded shipping, or a difference between the refund and the sum of its parts. An amount that
// was refunded is negative and excludes tax.
type adjustment struct {
	Kind      string         `json:"kind"`
	Amount    jsontext.Value `json:"amount"`
	Tax       jsontext.Value `json:"tax_amount"`
	AmountSet moneySet       `json:"amount_set"`
	TaxSet    moneySet       `json:"tax_amount_set"`
}

// currency returns the shop's currency if a part of the refund states it, and otherwise an empty string.
func (x refund) currency() string {
	for _, l := range x.Lines {
		if l.SubtotalSet.Shop != nil {
			return l.SubtotalSet.Shop.Currency
		}
	}
	for _, a := range x.Adjustments {
		if a.AmountSet.Shop != nil {
			return a.AmountSet.Shop.Currency
		}
	}
	return ""
}

// refundParts contains the parts of a refund in minor units of one currency.
type refundParts struct {
	lines                                  []loyalty.FactLine
	goods, tax, shipping, shippingTax, off int64
}

// sum returns the total of the parts. The argument taxIncluded states whether the amounts of goods include tax.
func (p refundParts) sum(taxIncluded bool) int64 {
	n := p.goods + p.shipping + p.shippingTax - p.off
	if !taxIncluded {
		n += p.tax
	}
	return n
}

func (x refund) parts(currency string) (p refundParts, err error) {
	for _, l := range x.Lines {
		goods, err := l.SubtotalSet.in(currency, l.Subtotal)
		if err != nil {
			return p, err
		}
		tax, err := l.TaxSet.in(currency, l.Tax)
		if err != nil {
			return p, err
		}
		p.goods, p.tax = p.goods+goods, p.tax+tax
		if id := webhook.Number(l.Line); webhook.IsID(id) && l.Quantity >= 0 {
			p.lines = append(
				p.lines, loyalty.FactLine{ID: id, Quantity: l.Quantity, Amount: max(0, goods), Tax: max(0, tax)},
			)
		}
	}
	for _, a := range x.Adjustments {
		amount, err := a.AmountSet.in(currency, a.Amount)
		if err != nil {
			return p, err
		}
		tax, err := a.TaxSet.in(currency, a.Tax)
		if err != nil {
			return p, err
		}
		if a.Kind == "shipping_refund" {
			p.shipping, p.shippingTax = p.shipping-amount, p.shippingTax-tax
		} else {
			p.off += amount + tax
		}
	}
	return p, nil
}

// money returns the refunded money in the given currency. It reports false if a transaction does not state its amount
// in this currency.
func (x refund) money(currency string) (sum int64, ok bool, err error) {
	return x.moneyBy(currency, func(string) bool { return true })
}

// moneyBy is like money, but includes only the gateways for which the function gateway returns true.
func (x refund) moneyBy(currency string, gateway func(string) bool) (sum int64, ok bool, err error) {
	for _, t := range x.Transactions {
		if !t.refunded() || !gateway(t.Gateway) {
			continue
		}
		if t.Currency != currency && (t.Set.Shop == nil || t.Set.Shop.Currency != currency) {
			return 0, false, nil
		}
		m := money{t.Amount, t.Currency}
		if t.Set.Shop != nil && t.Set.Shop.Currency == currency {
			m = *t.Set.Shop
		}
		n, err := webhook.DecimalMoney(m.Amount, m.Currency)
		if err != nil {
			return 0, false, err
		}
		sum += n.Amount
	}
	return sum, true, nil
}

// currencies returns two currencies: the currency in which money was refunded (empty if no money was refunded), and the
// shop's currency. The argument shop is the shop's currency if it is known from the order. If shop is empty, the shop's
// currency is read from the refund's own amounts.
func (x refund) currencies(shop string) (paid, own string, err error) {
	for _, t := range x.Transactions {
		if !t.refunded() {
			continue
		}
		if paid != "" && paid != t.Currency {
			return "", "", webhook.Unusable(loyalty.CurrencyMismatch, "One refund is in two currencies.")
		}
		paid = t.Currency
		if t.Set.Shop != nil {
			shop = cmp.Or(shop, t.Set.Shop.Currency)
		}
	}
	return paid, cmp.Or(shop, x.currency(), paid), nil
}

// fact returns the refunded money in the shop's currency, or no fact if only goods were returned. The argument shop is
// the shop's currency if it is known from the order. If shop is empty, the shop's currency is read from the refund's
// own amounts.
func (x refund) fact(shop string) ([]loyalty.Fact, error) {
	id := webhook.Number(x.ID)
	if !webhook.IsID(id) {
		return nil, errTopic
	}
	paid, shop, err := x.currencies(shop)
	if err != nil || paid == "" {
		return nil, err
	}
	parts, err := x.parts(shop)
	if err != nil {
		return nil, err
	}
	taxIncluded, err := x.taxIncluded(paid)
	if err != nil {
		return nil, err
	}
	amount, ok, err := x.money(shop)
	if err != nil {
		return nil, err
	}
	if !ok {
		amount = parts.sum(taxIncluded) // the customer paid in another currency
		if amount <= 0 {
			return nil, webhook.Unusable(loyalty.CurrencyMismatch,
				"The refund is not in the shop's currency and does not state the amount in that currency.")
		}
	}
	if amount == 0 {
		return nil, nil
	}
	created := webhook.Instant(x.Created)
	f := loyalty.Fact{
		Kind: loyalty.FactRefund, ID: id, State: loyalty.FactDone, At: created, Clock: webhook.Clock(created),
		Money: loyalty.Money{Amount: amount, Currency: loyalty.Currency(shop)}, Lines: parts.lines,
		Shipping: max(0, parts.shipping), ShippingTax: max(0, parts.shippingTax),
		Tax: max(0, parts.tax+parts.shippingTax),
	}
	x.tender(&f)
	if taxIncluded {
		for i := range f.Lines {
			f.Lines[i].Amount = max(0, f.Lines[i].Amount-f.Lines[i].Tax)
		}
	}
	return []loyalty.Fact{f}, nil
}

// tender sets the portion of the refund that was paid to gift cards and store credit. The portion is known only if
// every transaction names its gateway. If the amount was converted from the customer's currency, the portion is known
// only if the whole refund or no part of the refund was paid to gift cards and store credit.
func (x refund) tender(f *loyalty.Fact) {
	others := false
	for _, t := range x.Transactions {
		if t.refunded() && t.Gateway == "" {
			return
		}
		others = others || t.refunded() && !isGiftCard(t.Gateway)
	}
	n, ok, _ := x.moneyBy(string(f.Money.Currency), isGiftCard)
	if !others {
		n, ok = f.Money.Amount, true
	}
	if ok {
		f.Tendered, f.GiftCard = true, n
	}
}

// taxIncluded reports whether the refund's prices include tax. For this, it compares the sum of the parts with the
// refunded money, in the currency of the payment.
func (x refund) taxIncluded(currency string) (bool, error) {
	parts, err := x.parts(currency)
	if err != nil {
		return false, err
	}
	amount, _, err := x.money(currency)
	return amount == parts.sum(true), err
}

func readRefund(body []byte) (webhook.Event, error) {
	var x refund
	if err := webhook.Decode(body, &x); err != nil {
		return webhook.Event{}, err
	}
	order := webhook.Number(x.Order)
	if !webhook.IsID(order) || x.Transactions == nil || x.Created == "" {
		return webhook.Event{}, errTopic
	}
	f, err := x.fact("")
	e := webhook.Event{ID: webhook.Number(x.ID) + ":", At: webhook.Instant(x.Created)}
	for _, t := range x.Transactions {
		if t.Test != nil {
			e.Live = not(t.Test)
		}
	}
	if len(f) > 0 {
		e.Report = &webhook.Report{Report: service.Report{Payment: "shopify:" + order, Order: order, Facts: f}}
	}
	return e, err
}
