package payments

import (
	"math/big"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A shopifyOrder is an order of Shopify, which counts as one payment. The payment has the order's ID, because refunds
// and disputes refer to it. Field note_attributes is ignored: customers can set it in the cart and could name another
// customer's order or member (https://shopify.dev/docs/api/storefront/latest/objects/Attribute). Amounts are decimal
// strings in the shop's currency.
//
// Shopify events have no signed ID. They are identified by the topic, which is the address, by their object and by a
// digest of the body, because an order can change twice within a second and a dispute has no time of change. A
// repeated event has the same bytes (https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates).
type shopifyOrder struct {
	ID        jsontext.Value   `json:"id"`
	Currency  string           `json:"currency"`
	Total     *string          `json:"total_price"`
	Subtotal  string           `json:"subtotal_price"`
	TotalTax  string           `json:"total_tax"`
	TaxInside bool             `json:"taxes_included"`
	Financial string           `json:"financial_status"`
	Gateways  []string         `json:"payment_gateway_names"`
	Test      *bool            `json:"test"`
	Email     string           `json:"email"`
	Processed string           `json:"processed_at"`
	Created   string           `json:"created_at"`
	Updated   string           `json:"updated_at"`
	Current   *string          `json:"current_total_price"` // without items that were returned, exchanged or removed
	Lines     []shopifyLine    `json:"line_items"`
	Shipping  []shopifyFreight `json:"shipping_lines"`
	Refunds   []shopifyRefund  `json:"refunds"`
	Customer  *struct {
		ID    jsontext.Value `json:"id"`
		Email string         `json:"email"`
	} `json:"customer"`
}

// A shopifyFreight is a shipping method that the customer paid for.
type shopifyFreight struct {
	Taxes []struct {
		Price jsontext.Value `json:"price"`
		Set   shopifyBag     `json:"price_set"`
	} `json:"tax_lines"`
}

type shopifyDispute struct {
	ID        jsontext.Value `json:"id"`
	Order     jsontext.Value `json:"order_id"`
	Type      string         `json:"type"`
	Status    string         `json:"status"`
	Amount    string         `json:"amount"`
	Currency  string         `json:"currency"`
	Initiated string         `json:"initiated_at"`
}

// shopifyTopics maps the known topics to their readers. Topics that do not concern money are acknowledged, including
// the three that Shopify requires of every app.
var shopifyTopics = map[string]func(body []byte) (event, error){
	"orders/create": readShopifyOrder, "orders/paid": readShopifyOrder, "orders/updated": readShopifyOrder,
	"orders/cancelled": readShopifyOrder, "orders/partially_fulfilled": readShopifyOrder, "orders/fulfilled": readShopifyOrder,
	"refunds/create": readShopifyRefund,

	"order_transactions/create": readShopifyPayment,
	"disputes/create":           readShopifyDispute, "disputes/update": readShopifyDispute,
}

func readShopify(topic string, body []byte) (event, error) {
	read, ok := shopifyTopics[topic]
	if !ok {
		read = readShopifyOther
	}
	e, err := read(body)
	e.kind, e.id = topic, topic+":"+e.id+digest(body)
	return e, err
}

// readShopifyOther reads an event that does not concern money.
func readShopifyOther(body []byte) (event, error) { return event{}, decode(body, &struct{}{}) }

// wrongShape returns the oddity of a body that does not match its address. Shopify's signature does not cover the
// topic, so it is also valid at the address of another topic.
func wrongShape() error {
	return odd("validation_failed", "The body is not of the topic that this address is for.")
}

func readShopifyOrder(body []byte) (event, error) {
	var o shopifyOrder
	if err := decode(body, &o); err != nil {
		return event{}, err
	}
	id := number(o.ID)
	if !idForm.MatchString(id) || o.Total == nil || o.Financial == "" || o.Lines == nil || o.Updated == "" {
		return event{}, wrongShape()
	}
	e := event{id: id + ":" + o.Updated + ":", at: instant(o.Updated), live: not(o.Test)}
	r := &report{Report: ledger.Report{Payment: "shopify:" + id, Order: id}, email: o.Email}
	if c := o.Customer; c != nil {
		if customer := number(c.ID); idForm.MatchString(customer) {
			r.Customer = "shopify:" + customer
		}
		if r.email == "" {
			r.email = c.Email
		}
	}
	e.report = r
	return e, o.facts(r, id)
}

func (o shopifyOrder) facts(r *report, id string) error {
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
	r.Facts = nothing(r.Facts)
	return nil
}

// shopifyGiftCard reports whether a gateway is that of gift cards or store credit.
func shopifyGiftCard(gateway string) bool {
	return gateway == "gift_card" || gateway == "shopify_store_credit"
}

// tenders reports whether gift cards and store credit paid all of an order (cards) or part of it (mixed). An order
// lists its gateways without amounts. Only order_transactions/create states the amount of a part.
func (o shopifyOrder) tenders() (cards, mixed bool) {
	n := 0
	for _, name := range o.Gateways {
		if shopifyGiftCard(name) {
			n++
		}
	}
	return n > 0 && n == len(o.Gateways), n > 0 && n < len(o.Gateways)
}

// capture returns the payment of an order, with its portions for shipping, tax and gift cards.
func (o shopifyOrder) capture(id string) (loyalty.Fact, error) {
	total, err := o.paid()
	if err != nil {
		return loyalty.Fact{}, err
	}
	f := loyalty.Fact{Kind: loyalty.FactCapture, ID: id, Money: total, Clock: clock(instant(o.Updated)), At: instant(o.Processed)}
	if f.At.IsZero() {
		f.At = instant(o.Created)
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
func (o shopifyOrder) withParts(f loyalty.Fact) loyalty.Fact {
	total, _ := decimalMoney(*o.Total, o.Currency) // paid has already parsed it
	goods, goodsErr := decimalMoney(o.Subtotal, o.Currency)
	tax, taxErr := decimalMoney(o.TotalTax, o.Currency)
	shippingTax, shippingErr := o.shippingTax()
	if goodsErr != nil || taxErr != nil || shippingErr != nil {
		return f // without valid portions, the whole amount counts as goods
	}
	if total.Amount > 0 { // after an exchange, only the paid share of the tax counts
		share := new(big.Int).Mul(big.NewInt(tax.Amount), big.NewInt(f.Money.Amount))
		f.Tax = share.Quo(share, big.NewInt(total.Amount)).Int64()
	}
	f.Shipping = max(0, total.Amount-goods.Amount-tax.Amount)
	if o.TaxInside {
		f.Shipping = max(0, total.Amount-goods.Amount-shippingTax)
	}
	f.ShippingTax = min(shippingTax, f.Tax)
	return f
}

// shippingTax returns the tax on shipping, in the shop's currency.
func (o shopifyOrder) shippingTax() (sum int64, err error) {
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

// paid returns the total that the customer paid: the current price of the order plus the refunded money. After an
// exchange, the total price includes the new items and still includes the returned ones.
func (o shopifyOrder) paid() (loyalty.Money, error) {
	total, err := decimalMoney(*o.Total, o.Currency)
	if err != nil || o.Current == nil {
		return total, err
	}
	now, err := decimalMoney(*o.Current, o.Currency)
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

// shopifyDisputes lists the states of a dispute in their order. The order replaces the time of a change, which
// Shopify does not state.
var shopifyDisputes = []string{"needs_response", "under_review", "charge_refunded", "accepted", "lost", "won"}

func readShopifyDispute(body []byte) (event, error) {
	var x shopifyDispute
	if err := decode(body, &x); err != nil {
		return event{}, err
	}
	id, order, rank := number(x.ID), number(x.Order), slices.Index(shopifyDisputes, x.Status)
	if !idForm.MatchString(id) || !idForm.MatchString(order) || rank < 0 || x.Type != "inquiry" && x.Type != "chargeback" {
		return event{}, wrongShape()
	}
	m, err := decimalMoney(x.Amount, x.Currency)
	if err != nil {
		return event{}, err
	}
	state := loyalty.FactOpen
	switch x.Status {
	case "won":
		state = loyalty.FactWon
	case "lost", "accepted":
		state = loyalty.FactLost
	default:
		if x.Type == "inquiry" {
			state = loyalty.FactPending // no money has moved
		}
	}
	f := loyalty.Fact{Kind: loyalty.FactDispute, ID: id, State: state, Money: m, Clock: int64(rank), At: instant(x.Initiated)}
	if x.Type == "chargeback" {
		// A chargeback can follow an inquiry, so it ranks after all states of the inquiry.
		f.Clock += int64(len(shopifyDisputes))
	}
	return event{
		id: id + ":", at: f.At,
		report: &report{Report: ledger.Report{Payment: "shopify:" + order, Order: order, Facts: nothing([]loyalty.Fact{f})}},
	}, nil
}

// not returns the negation of an optional value, or nil if it is not set.
func not(b *bool) *bool {
	if b == nil {
		return nil
	}
	live := !*b
	return &live
}

// clock returns an instant in milliseconds, for comparisons. The zero time is 0.
func clock(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
