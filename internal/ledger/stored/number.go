package stored

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// againDoc is an order that is to be decided again. It is a stored form: only add fields.
type againDoc struct {
	Order   string `json:"o"` // encoded like storedPlaced
	Reasons string `json:"b"`
}

// storedPlaced encodes each order as the millisecond at which it was placed, in base 36, and its ID: "mi8x2k00 1042".
func storedPlaced(orders []loyalty.PlacedOrder) (out []string) {
	for _, o := range orders {
		out = append(out, placedText(o))
	}
	return out
}

func placedText(o loyalty.PlacedOrder) string {
	return strconv.FormatInt(o.At.UnixMilli(), 36) + " " + o.ID
}

func readPlaced(stored []string) (out []loyalty.PlacedOrder, err error) {
	for _, s := range stored {
		o, err := placedFrom(s)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func placedFrom(s string) (loyalty.PlacedOrder, error) {
	at, id, _ := strings.Cut(s, " ")
	ms, err := strconv.ParseInt(at, 36, 64)
	if err != nil {
		return loyalty.PlacedOrder{}, fmt.Errorf("%q is not an order with an instant", s)
	}
	return loyalty.PlacedOrder{At: Instant(ms), ID: id}, nil
}

func storedAgain(orders []loyalty.Again) (out []againDoc) {
	for _, x := range orders {
		out = append(out, againDoc{placedText(x.Order), x.Reasons})
	}
	return out
}

func readAgain(stored []againDoc) (out []loyalty.Again, err error) {
	for _, d := range stored {
		o, err := placedFrom(d.Order)
		if err != nil {
			return nil, err
		}
		out = append(out, loyalty.Again{Order: o, Reasons: d.Reasons})
	}
	return out, nil
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
	return &againDoc{placedText(x.Order), x.Reasons}
}

func (d *againDoc) from() (*loyalty.Again, error) {
	switch {
	case d == nil:
		return nil, nil
	case d.Order == "":
		return &loyalty.Again{}, nil
	}
	o, err := placedFrom(d.Order)
	return &loyalty.Again{Order: o, Reasons: d.Reasons}, err
}

// storedCut encodes orders as storedPlaced does, but with a day between the time and the ID: the day on which the
// order's periods end (0: none).
func storedCut(orders []loyalty.CutOrder) (out []string) {
	for _, x := range orders {
		at, id, _ := strings.Cut(placedText(x.Order), " ")
		out = append(out, at+" "+strconv.Itoa(int(x.Ends))+" "+id)
	}
	return out
}

func readCut(stored []string) (out []loyalty.CutOrder, err error) {
	for _, s := range stored {
		at, rest, _ := strings.Cut(s, " ")
		ends, id, _ := strings.Cut(rest, " ")
		o, err := placedFrom(at + " " + id)
		if err != nil {
			return nil, err
		}
		day, err := strconv.Atoi(ends)
		if err != nil {
			return nil, fmt.Errorf("%q is not an order with a day", s)
		}
		out = append(out, loyalty.CutOrder{Order: o, Ends: loyalty.Date(day)})
	}
	return out, nil
}

// convertingDoc contains the first orders that could convert a referral. It is a stored form: only add fields.
type convertingDoc struct {
	Orders []string `json:"o,omitempty"` // encoded like storedPlaced
	More   bool     `json:"m,omitzero"`
}

func storedConverting(c *loyalty.Converting) *convertingDoc {
	if c == nil {
		return nil
	}
	return &convertingDoc{storedPlaced(c.Orders), c.More}
}

func (d *convertingDoc) converting() (*loyalty.Converting, error) {
	if d == nil {
		return nil, nil
	}
	orders, err := readPlaced(d.Orders)
	return &loyalty.Converting{Orders: orders, More: d.More}, err
}
