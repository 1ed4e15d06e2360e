package ledger

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The stored forms of payments: only add fields.

type receiptDoc struct {
	ID    string    `json:"id"`
	Facts []factDoc `json:"f,omitempty"`
}

type factDoc struct {
	Kind     string `json:"k"`
	ID       string `json:"id"`
	State    string `json:"st"`
	Amount   int64  `json:"a"`
	Currency string `json:"cur"`
	Clock    int64  `json:"c"`
	At       int64  `json:"at"`
	Shipping int64  `json:"shi,omitzero"`
	Tax      int64  `json:"tax,omitzero"`

	ShippingTax int64         `json:"sht,omitzero"`
	Tip         int64         `json:"tip,omitzero"`
	Lines       []factLineDoc `json:"l,omitempty"`
	GiftCard    int64         `json:"gift,omitzero"`
	Mixed       bool          `json:"mix,omitzero"`
	Tendered    bool          `json:"ten,omitzero"`
	Released    int64         `json:"rel,omitzero"`
}

type factLineDoc struct {
	ID       string `json:"id"`
	Quantity int64  `json:"q,omitzero"`
	Amount   int64  `json:"a,omitzero"`
	Tax      int64  `json:"tax,omitzero"`
}

// knownDoc is the stored state of a payment, apart from its order.
type knownDoc struct {
	Payment  receiptDoc `json:"p"`
	Order    string     `json:"o,omitzero"`    // the order that it pays, once known; never changes
	Same     string     `json:"same,omitzero"` // the payment into which this one was merged; other fields are empty
	Member   string     `json:"m,omitzero"`    // the member as named by the processor
	Customer string     `json:"cus,omitzero"`
	Email    string     `json:"em,omitzero"`   // a keyed hash
	Parked   bool       `json:"park,omitzero"` // its order is listed under every known name
}

// parkedDoc lists an order of an unknown payer under a name by which the payer may become known.
type parkedDoc struct {
	Order string `json:"o"`
	At    int64  `json:"at"`
}

// deliveryDoc is a verified event as received, with its outcome.
type deliveryDoc struct {
	Provider string `json:"by"`
	Event    string `json:"id"`
	Type     string `json:"t"`
	Path     string `json:"path,omitzero"` // the subject of the event according to the webhook's URL
	At       int64  `json:"at,omitzero"`
	Received int64  `json:"rec"`
	Mark     string `json:"mark"`           // fingerprint of the event's content
	Body     []byte `json:"body,omitempty"` // encrypted
	Outcome  string `json:"out"`
	Code     string `json:"code,omitzero"`
	Detail   string `json:"why,omitzero"`
	Payment  string `json:"pay,omitzero"`
	Order    string `json:"o,omitzero"`
	Redriven int64  `json:"re,omitzero"` // when a quarantined event was accepted
}

// transmissionDoc binds a transmission to the body with which it was received.
type transmissionDoc struct {
	Body string `json:"b"`
}

func storedReceipt(x loyalty.Receipt) receiptDoc {
	d := receiptDoc{ID: x.ID}
	for _, f := range x.Facts {
		one := factDoc{
			Kind: string(f.Kind), ID: f.ID, State: string(f.State), Amount: f.Money.Amount,
			Currency: string(f.Money.Currency),
			Clock:    f.Clock, At: millis(f.At), Shipping: f.Shipping, Tax: f.Tax, ShippingTax: f.ShippingTax,
			Tip:      f.Tip,
			GiftCard: f.GiftCard, Mixed: f.Mixed, Tendered: f.Tendered, Released: f.Released,
		}
		for _, l := range f.Lines {
			one.Lines = append(one.Lines, factLineDoc(l))
		}
		d.Facts = append(d.Facts, one)
	}
	return d
}

func (d receiptDoc) receipt() loyalty.Receipt {
	x := loyalty.Receipt{ID: d.ID}
	for _, f := range d.Facts {
		one := loyalty.Fact{
			Kind: loyalty.FactKind(f.Kind), ID: f.ID, State: loyalty.FactState(f.State),
			Money: loyalty.Money{Amount: f.Amount, Currency: loyalty.Currency(f.Currency)},
			Clock: f.Clock, At: instant(f.At), Shipping: f.Shipping, Tax: f.Tax, ShippingTax: f.ShippingTax, Tip: f.Tip,
			GiftCard: f.GiftCard, Mixed: f.Mixed, Tendered: f.Tendered, Released: f.Released,
		}
		for _, l := range f.Lines {
			one.Lines = append(one.Lines, loyalty.FactLine(l))
		}
		x.Facts = append(x.Facts, one)
	}
	return x
}

func (d deliveryDoc) delivery(key string, version int64) Kept {
	return Kept{
		Delivery: Delivery{
			Provider: d.Provider, Event: d.Event, Type: d.Type, Path: d.Path, At: instant(d.At),
			Received: instant(d.Received),
			Mark:     d.Mark, Body: d.Body,
		},
		Key: key, Outcome: Outcome(d.Outcome), Code: loyalty.Code(d.Code), Detail: d.Detail,
		Payment: d.Payment, Order: d.Order, Redriven: instant(d.Redriven), version: version,
	}
}

func storedDelivery(k Kept) deliveryDoc {
	return deliveryDoc{
		Provider: k.Provider, Event: k.Event, Type: k.Type, Path: k.Path, At: millis(k.At),
		Received: millis(k.Received),
		Mark:     k.Mark, Body: k.Body, Outcome: string(k.Outcome), Code: string(k.Code), Detail: k.Detail,
		Payment: k.Payment, Order: k.Order, Redriven: millis(k.Redriven),
	}
}

// whole truncates the instants of facts to the precision of the stored form.
func whole(facts []loyalty.Fact) []loyalty.Fact {
	out := make([]loyalty.Fact, len(facts))
	for i, f := range facts {
		f.At = f.At.UTC().Truncate(time.Millisecond)
		out[i] = f
	}
	return out
}
