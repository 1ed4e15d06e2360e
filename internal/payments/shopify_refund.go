package payments

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A shopifyRefund is a refund of money or a return of goods without money
// (https://shopify.dev/docs/api/admin-rest/latest/resources/refund). It states its parts in the shop's currency and
// in the customer's. Its transactions may state only the customer's currency.
type shopifyRefund struct {
	ID           jsontext.Value       `json:"id"`
	Order        jsontext.Value       `json:"order_id"`
	Created      string               `json:"created_at"`
	Lines        []shopifyReturn      `json:"refund_line_items"`
	Adjustments  []shopifyAdjustment  `json:"order_adjustments"`
	Transactions []shopifyTransaction `json:"transactions"`
}

// A shopifyBag is an amount in the shop's currency and in the customer's
// (https://shopify.dev/docs/api/admin-graphql/latest/objects/MoneyBag).
type shopifyBag struct {
	Shop     *shopifyMoney `json:"shop_money"`
	Customer *shopifyMoney `json:"presentment_money"`
}

type shopifyMoney struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency_code"`
}

type shopifyReturn struct {
	Line        jsontext.Value `json:"line_item_id"`
	Quantity    int64          `json:"quantity"`
	Subtotal    jsontext.Value `json:"subtotal"` // a number or a string
	Tax         jsontext.Value `json:"total_tax"`
	SubtotalSet shopifyBag     `json:"subtotal_set"`
	TaxSet      shopifyBag     `json:"total_tax_set"`
}

// A shopifyAdjustment is the refunded shipping, or a difference between the refund and its parts. A refunded amount
// is negative and excludes tax.
type shopifyAdjustment struct {
	Kind      string         `json:"kind"`
	Amount    jsontext.Value `json:"amount"`
	Tax       jsontext.Value `json:"tax_amount"`
	AmountSet shopifyBag     `json:"amount_set"`
	TaxSet    shopifyBag     `json:"tax_amount_set"`
}

type shopifyTransaction struct {
	Kind     string     `json:"kind"`
	Status   string     `json:"status"`
	Gateway  string     `json:"gateway"`
	Amount   string     `json:"amount"`
	Currency string     `json:"currency"`
	Test     *bool      `json:"test"`
	Set      shopifyBag `json:"amount_set"`
}

// A shopifyLine contains the fields that the package needs of an order's line item.
type shopifyLine struct {
	ID       jsontext.Value `json:"id"`
	Quantity int64          `json:"quantity"`
	Price    jsontext.Value `json:"price"`
	GiftCard bool           `json:"gift_card"`
}

// giftCard returns the line item if it sold a gift card, and otherwise the zero value.
func (l shopifyLine) giftCard(currency string) (loyalty.FactLine, error) {
	if !l.GiftCard || !idForm.MatchString(number(l.ID)) || l.Quantity < 1 {
		return loyalty.FactLine{}, nil
	}
	price, err := decimalMoney(number(l.Price), currency)
	if err != nil || price.Amount > loyalty.MaxAmount/l.Quantity {
		return loyalty.FactLine{}, odd(loyalty.AmountOutOfRange,
			"A gift card has no price, or one that is larger than one order may be.")
	}
	return loyalty.FactLine{ID: number(l.ID), Quantity: l.Quantity, Amount: price.Amount * l.Quantity}, nil
}

// in returns the amount in a currency: the amount that the bag states or, without one, the plain amount in the shop's
// currency. The result may be negative.
func (b shopifyBag) in(currency string, plain jsontext.Value) (int64, error) {
	text := number(plain)
	for _, m := range []*shopifyMoney{b.Customer, b.Shop} {
		if m != nil && m.Currency == currency {
			text = m.Amount
		}
	}
	if text == "" {
		return 0, nil
	}
	digits, negative := strings.CutPrefix(text, "-")
	m, err := decimalMoney(digits, currency)
	if negative {
		m.Amount = -m.Amount
	}
	return m.Amount, err
}

// currency returns the shop's currency if a part of the refund states it, and otherwise the empty string.
func (x shopifyRefund) currency() string {
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

// A shopifyParts contains the parts of a refund in one currency.
type shopifyParts struct {
	lines                                  []loyalty.FactLine
	goods, tax, shipping, shippingTax, off int64
}

// sum returns the total of the parts. If inside is set, prices include tax.
func (p shopifyParts) sum(inside bool) int64 {
	n := p.goods + p.shipping + p.shippingTax - p.off
	if !inside {
		n += p.tax
	}
	return n
}

func (x shopifyRefund) parts(currency string) (p shopifyParts, err error) {
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
		if id := number(l.Line); idForm.MatchString(id) && l.Quantity >= 0 {
			p.lines = append(p.lines, loyalty.FactLine{ID: id, Quantity: l.Quantity, Amount: max(0, goods), Tax: max(0, tax)})
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

// refunded reports whether the transaction returned money.
func (t shopifyTransaction) refunded() bool { return t.Kind == "refund" && t.Status == "success" }

// money returns the refunded money in a currency. It reports false if a transaction does not state its amount in this
// currency.
func (x shopifyRefund) money(currency string) (sum int64, ok bool, err error) {
	return x.moneyBy(currency, func(string) bool { return true })
}

// moneyBy returns the refunded money of the selected gateways.
func (x shopifyRefund) moneyBy(currency string, gateway func(string) bool) (sum int64, ok bool, err error) {
	for _, t := range x.Transactions {
		if !t.refunded() || !gateway(t.Gateway) {
			continue
		}
		if t.Currency != currency && (t.Set.Shop == nil || t.Set.Shop.Currency != currency) {
			return 0, false, nil
		}
		m := shopifyMoney{t.Amount, t.Currency}
		if t.Set.Shop != nil && t.Set.Shop.Currency == currency {
			m = *t.Set.Shop
		}
		n, err := decimalMoney(m.Amount, m.Currency)
		if err != nil {
			return 0, false, err
		}
		sum += n.Amount
	}
	return sum, true, nil
}

// fact returns the refunded money in the shop's currency, or no fact if only goods were returned. Parameter shop is
// the shop's currency, which an order states. A separate refund may state it with its parts.
func (x shopifyRefund) fact(shop string) ([]loyalty.Fact, error) {
	id := number(x.ID)
	if !idForm.MatchString(id) {
		return nil, wrongShape()
	}
	paid := ""
	for _, t := range x.Transactions {
		if t.refunded() {
			if paid != "" && paid != t.Currency {
				return nil, odd(loyalty.CurrencyMismatch, "One refund is in two currencies.")
			}
			paid = t.Currency
			if t.Set.Shop != nil {
				shop = cmp.Or(shop, t.Set.Shop.Currency)
			}
		}
	}
	if paid == "" {
		return nil, nil
	}
	shop = cmp.Or(shop, x.currency(), paid)
	parts, err := x.parts(shop)
	if err != nil {
		return nil, err
	}
	inside, err := x.taxInside(paid)
	if err != nil {
		return nil, err
	}
	amount, ok, err := x.money(shop)
	if err != nil {
		return nil, err
	}
	if !ok {
		amount = parts.sum(inside) // the customer paid in another currency
		if amount <= 0 {
			return nil, odd(loyalty.CurrencyMismatch,
				"The refund is not in the shop's currency, and does not say how much of that it is.")
		}
	}
	if amount == 0 {
		return nil, nil
	}
	f := loyalty.Fact{
		Kind: loyalty.FactRefund, ID: id, State: loyalty.FactDone, At: instant(x.Created), Clock: clock(instant(x.Created)),
		Money: loyalty.Money{Amount: amount, Currency: loyalty.Currency(shop)}, Lines: parts.lines,
		Shipping: max(0, parts.shipping), ShippingTax: max(0, parts.shippingTax), Tax: max(0, parts.tax+parts.shippingTax),
	}
	x.tender(&f)
	if inside {
		for i := range f.Lines {
			f.Lines[i].Amount = max(0, f.Lines[i].Amount-f.Lines[i].Tax)
		}
	}
	return []loyalty.Fact{f}, nil
}

// tender sets the portion of the refund that went to gift cards and store credit, if every transaction names its
// gateway. If the amount was converted from the customer's currency, the portion is known only if the whole refund
// went to gift cards and store credit or none of it did.
func (x shopifyRefund) tender(f *loyalty.Fact) {
	others := false
	for _, t := range x.Transactions {
		if t.refunded() && t.Gateway == "" {
			return
		}
		others = others || t.refunded() && !shopifyGiftCard(t.Gateway)
	}
	n, ok, _ := x.moneyBy(string(f.Money.Currency), shopifyGiftCard)
	if !others {
		n, ok = f.Money.Amount, true
	}
	if ok {
		f.Tendered, f.GiftCard = true, n
	}
}

// taxInside reports whether the refund's prices include tax. It compares the sum of the parts with the refunded money
// in the currency of the payment.
func (x shopifyRefund) taxInside(currency string) (bool, error) {
	parts, err := x.parts(currency)
	if err != nil {
		return false, err
	}
	amount, _, err := x.money(currency)
	return amount == parts.sum(true), err
}

func readShopifyRefund(body []byte) (event, error) {
	var x shopifyRefund
	if err := decode(body, &x); err != nil {
		return event{}, err
	}
	order := number(x.Order)
	if !idForm.MatchString(order) || x.Transactions == nil || x.Created == "" {
		return event{}, wrongShape()
	}
	f, err := x.fact("")
	e := event{id: number(x.ID) + ":", at: instant(x.Created)}
	for _, t := range x.Transactions {
		if t.Test != nil {
			e.live = not(t.Test)
		}
	}
	if len(f) > 0 {
		e.report = &report{Report: ledger.Report{Payment: "shopify:" + order, Order: order, Facts: f}}
	}
	return e, err
}
