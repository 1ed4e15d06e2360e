package stored

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The stored forms of payments: only add fields.

type ReceiptDoc struct {
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

func StoredReceipt(x loyalty.Receipt) ReceiptDoc {
	d := ReceiptDoc{ID: x.ID}
	for _, f := range x.Facts {
		one := factDoc{
			Kind: string(f.Kind), ID: f.ID, State: string(f.State), Amount: f.Money.Amount,
			Currency: string(f.Money.Currency),
			Clock:    f.Clock, At: Millis(f.At), Shipping: f.Shipping, Tax: f.Tax, ShippingTax: f.ShippingTax,
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

func (d ReceiptDoc) Receipt() loyalty.Receipt {
	x := loyalty.Receipt{ID: d.ID}
	for _, f := range d.Facts {
		one := loyalty.Fact{
			Kind: loyalty.FactKind(f.Kind), ID: f.ID, State: loyalty.FactState(f.State),
			Money: loyalty.Money{Amount: f.Amount, Currency: loyalty.Currency(f.Currency)},
			Clock: f.Clock, At: Instant(f.At), Shipping: f.Shipping, Tax: f.Tax, ShippingTax: f.ShippingTax, Tip: f.Tip,
			GiftCard: f.GiftCard, Mixed: f.Mixed, Tendered: f.Tendered, Released: f.Released,
		}
		for _, l := range f.Lines {
			one.Lines = append(one.Lines, loyalty.FactLine(l))
		}
		x.Facts = append(x.Facts, one)
	}
	return x
}

// Whole truncates the instants of facts to the precision of the stored form.
func Whole(facts []loyalty.Fact) []loyalty.Fact {
	out := make([]loyalty.Fact, len(facts))
	for i, f := range facts {
		f.At = f.At.UTC().Truncate(time.Millisecond)
		out[i] = f
	}
	return out
}
