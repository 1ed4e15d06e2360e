package condition

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// An environment contains the facts in the form that conditions use. Its struct tags are the names in the language.
// Package condition derives the vocabulary from the tags, and the library uses the tags to look up fields. The library
// requires that the fields are exported.
type environment struct {
	Order  order  `expr:"order"`
	Member member `expr:"member"`
	At     moment `expr:"at"`
	// Conditions access the event through functions, because the program defines its fields.
	Event *loyalty.Event `expr:"event"`

	// of contains the facts from which the environment was derived. A copy of these facts has the same cached
	// environment, but must not use it, because the copy can differ.
	of      *loyalty.Facts
	longest int // number of elements in the longest list
}

type order struct {
	Total    number    `expr:"total"`
	Subtotal number    `expr:"subtotal"`
	Discount number    `expr:"discount"`
	Shipping number    `expr:"shipping"`
	Tax      number    `expr:"tax"`
	Currency string    `expr:"currency"`
	Channel  string    `expr:"channel"`
	Store    string    `expr:"store"`
	Items    []*item   `expr:"items"`
	Tenders  []*tender `expr:"tenders"`
	Number   int       `expr:"number"`
	First    bool      `expr:"first"`
}

type item struct {
	SKU      string `expr:"sku"`
	Category string `expr:"category"`
	Brand    string `expr:"brand"`
	Quantity int    `expr:"quantity"`
	Amount   number `expr:"amount"`
}

type tender struct {
	Kind   string `expr:"kind"`
	Name   string `expr:"name"`
	Amount number `expr:"amount"`
}

type member struct {
	Tier          string   `expr:"tier"`
	Segments      []string `expr:"segments"`
	Campaigns     []string `expr:"campaigns"`
	Orders        int      `expr:"orders"`
	BirthdayMonth bool     `expr:"birthday_month"`
}

type moment struct {
	Year    int    `expr:"year"`
	Month   int    `expr:"month"`
	Day     int    `expr:"day"`
	Hour    int    `expr:"hour"`
	Minute  int    `expr:"minute"`
	Weekday string `expr:"weekday"`
}

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// derive returns the environment of the facts. It caches the environment in the facts, and returns the cached one if it
// exists.
func derive(f *loyalty.Facts) (*environment, error) {
	if cached, ok := f.Cached.(*environment); ok && cached.of == f {
		return cached, nil
	}
	e := &environment{Member: memberOf(f), At: momentOf(f.At), Event: f.Event, of: f}
	if f.Order != nil {
		exponent, ok := f.Order.Currency.Exponent()
		if !ok {
			return nil, failure("the order's currency is unknown")
		}
		e.Order = orderOf(f, int8(exponent))
	}
	e.longest = max(len(e.Order.Items), len(e.Order.Tenders), len(e.Member.Segments), len(e.Member.Campaigns))
	f.Cached = e
	return e, nil
}

func orderOf(f *loyalty.Facts, exponent int8) order {
	o := f.Order
	return order{
		Total:    number{f.Total, exponent},
		Subtotal: number{subtotal(o.Lines), exponent},
		Discount: number{o.Discount, exponent},
		Shipping: number{o.Shipping, exponent},
		Tax:      number{o.Tax, exponent},
		Currency: string(o.Currency),
		Channel:  o.Channel,
		Store:    o.Store,
		Items:    itemsOf(o.Lines, exponent),
		Tenders:  tendersOf(o.Tenders, exponent),
		Number:   int(f.Buyer.Orders) + 1,
		First:    f.Buyer.Orders == 0,
	}
}

func subtotal(lines []loyalty.Line) (sum int64) {
	for i := range lines {
		sum += lines[i].Amount
	}
	return sum
}

func itemsOf(lines []loyalty.Line, exponent int8) []*item {
	all, list := make([]item, len(lines)), make([]*item, len(lines))
	for i := range lines {
		l := &lines[i]
		all[i] = item{l.SKU, l.Category, l.Brand, int(l.Quantity), number{l.Amount, exponent}}
		list[i] = &all[i]
	}
	return list
}

func tendersOf(tenders []loyalty.Tender, exponent int8) []*tender {
	all, list := make([]tender, len(tenders)), make([]*tender, len(tenders))
	for i, t := range tenders {
		all[i] = tender{string(t.Kind), t.Name, number{t.Amount, exponent}}
		list[i] = &all[i]
	}
	return list
}

func memberOf(f *loyalty.Facts) member {
	b := &f.Buyer
	return member{
		Tier:          b.Level,
		Segments:      b.Segments,
		Campaigns:     b.OptIns,
		Orders:        int(max(b.Orders, 0)),
		BirthdayMonth: b.Birthday/100 == int(f.At.Month()),
	}
}

func momentOf(at time.Time) moment {
	year, month, day := at.Date()
	hour, minute, _ := at.Clock()
	return moment{year, int(month), day, hour, minute, weekdays[at.Weekday()]}
}
