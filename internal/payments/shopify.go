package payments

import (
	"math/big"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// An order of Shopify is one payment of ours, under the order's id, for its refunds and disputes name that. Its
// note_attributes are not looked at: whoever shops writes them into the cart, and could name an order or a member of
// somebody else (https://shopify.dev/docs/api/storefront/latest/objects/Attribute). Amounts are those of the shop's
// currency, as decimal texts. An event has no identity that is signed, so it is told apart by
// its topic, which is the address, by what it is about, and by a digest of all that it says: an order may change twice
// within a second, and a dispute does not say when it did. What is repeated is the same bytes
// (https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates).
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
	Current   *string          `json:"current_total_price"` // without what was returned, exchanged or removed
	Lines     []shopifyLine    `json:"line_items"`
	Shipping  []shopifyFreight `json:"shipping_lines"`
	Refunds   []shopifyRefund  `json:"refunds"`
	Customer  *struct {
		ID    jsontext.Value `json:"id"`
		Email string         `json:"email"`
	} `json:"customer"`
}

// A shopifyFreight is one way of shipping that the customer paid for.
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

// shopifyTopics are the addresses that are known; those that say nothing of money are acknowledged, also the three
// that Shopify wants of every app.
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

// readShopifyOther reads what says nothing of money.
func readShopifyOther(body []byte) (event, error) { return event{}, decode(body, &struct{}{}) }

// wrongShape says that a body is not what is sent to its address. The signature of one topic is good for every other.
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

// shopifyGiftCard reports whether a gateway is that of gift cards or of store credit.
func shopifyGiftCard(gateway string) bool {
	return gateway == "gift_card" || gateway == "shopify_store_credit"
}

// tenders reports whether gift cards and store credit paid all of an order, or some of it. An order lists its gateways
// without amounts, so how much gift cards paid of a part, only order_transactions/create reports.
func (o shopifyOrder) tenders() (cards, mixed bool) {
	n := 0
	for _, name := range o.Gateways {
		if shopifyGiftCard(name) {
			n++
		}
	}
	return n > 0 && n == len(o.Gateways), n > 0 && n < len(o.Gateways)
}

// capture is the money of an order, and what of it was for shipping, tax and gift cards.
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

// withParts states how much of a capture was for shipping and tax, as far as the order does.
func (o shopifyOrder) withParts(f loyalty.Fact) loyalty.Fact {
	total, _ := decimalMoney(*o.Total, o.Currency) // paid has read it
	goods, goodsErr := decimalMoney(o.Subtotal, o.Currency)
	tax, taxErr := decimalMoney(o.TotalTax, o.Currency)
	shippingTax, shippingErr := o.shippingTax()
	if goodsErr != nil || taxErr != nil || shippingErr != nil {
		return f // it is all for goods, as far as we know
	}
	if total.Amount > 0 { // of an exchange, the tax of what was exchanged did not come
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

// shippingTax is the part of the tax that was for shipping, in the shop's currency.
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

// paid is what the customer paid in all: what the order costs now, and the money that went back. An exchange adds the new
// goods to the total price, and leaves there what was returned for them.
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

// shopifyDisputes is how a dispute goes on, for no time of its changes is told.
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
			state = loyalty.FactPending // no money was moved
		}
	}
	f := loyalty.Fact{Kind: loyalty.FactDispute, ID: id, State: state, Money: m, Clock: int64(rank), At: instant(x.Initiated)}
	if x.Type == "chargeback" {
		f.Clock += int64(len(shopifyDisputes)) // what an inquiry has become
	}
	return event{
		id: id + ":", at: f.At,
		report: &report{Report: ledger.Report{Payment: "shopify:" + order, Order: order, Facts: nothing([]loyalty.Fact{f})}},
	}, nil
}

// not is the opposite of what may be unsaid.
func not(b *bool) *bool {
	if b == nil {
		return nil
	}
	live := !*b
	return &live
}

// clock is an instant in milliseconds, for comparing.
func clock(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
