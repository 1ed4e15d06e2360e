package stored

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// againDoc is an order that is to be decided again. It is stored. Fields may only be added.
type againDoc struct {
	Order   string `json:"o"` // encoded by placedText
	Reasons string `json:"b"`
}

// placedText encodes an order as the millisecond at which it was placed, in base 36, and its ID: "mi8x2k00 1042".
func placedText(o loyalty.PlacedOrder) string {
	return strconv.FormatInt(o.At.UnixMilli(), 36) + " " + o.ID
}

func placedFrom(s string) (loyalty.PlacedOrder, error) {
	at, id, _ := strings.Cut(s, " ")
	ms, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return loyalty.PlacedOrder{}, fmt.Errorf("%q is not an order with an instant", s)
	}
	return loyalty.PlacedOrder{At: Instant(ms), ID: id}, nil
}

func storedAgain(x loyalty.Again) againDoc { return againDoc{placedText(x.Order), x.Reasons} }

func (d againDoc) again() (loyalty.Again, error) {
	o, err := placedFrom(d.Order)
	return loyalty.Again{Order: o, Reasons: d.Reasons}, err
}

// storedFrom encodes an order that is to be decided again together with all later orders. An empty document means that
// there is no such order.
func storedFrom(x *loyalty.Again) *againDoc {
	switch {
	case x == nil:
		return nil
	case *x == loyalty.Again{}:
		return &againDoc{}
	}
	d := storedAgain(*x)
	return &d
}

func (d *againDoc) from() (*loyalty.Again, error) {
	switch {
	case d == nil:
		return nil, nil
	case d.Order == "":
		return &loyalty.Again{}, nil
	}
	x, err := d.again()
	return &x, err
}

// storedCut encodes an order as placedText does, but with a day between the time and the ID: the day on which the
// order's periods end (0: none).
func storedCut(x loyalty.CutOrder) string {
	at, id, _ := strings.Cut(placedText(x.Order), " ")
	return at + " " + strconv.Itoa(int(x.Ends)) + " " + id
}

func cutFrom(s string) (x loyalty.CutOrder, err error) {
	at, rest, _ := strings.Cut(s, " ")
	ends, id, _ := strings.Cut(rest, " ")
	if x.Order, err = placedFrom(at + " " + id); err != nil {
		return x, err
	}
	day, err := strconv.Atoi(ends)
	if err != nil {
		return x, fmt.Errorf("%q is not an order with a day", s)
	}
	x.Ends = calendar.Date(day)
	return x, nil
}

// convertingDoc contains the first orders that could convert a referral. It is stored. Fields may only be added.
type convertingDoc struct {
	Orders []string `json:"o,omitempty"` // encoded by placedText
	More   bool     `json:"m,omitzero"`
}

func storedConverting(c *loyalty.Converting) *convertingDoc {
	if c == nil {
		return nil
	}
	return &convertingDoc{each(c.Orders, placedText), c.More}
}

func (d *convertingDoc) converting() (*loyalty.Converting, error) {
	if d == nil {
		return nil, nil
	}
	orders, err := readEach(d.Orders, placedFrom)
	return &loyalty.Converting{Orders: orders, More: d.More}, err
}
