package engine

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
)

func TestAccountThatDoesNotKnowEnoughOrders(t *testing.T) {
	at := func(n int) loyalty.PlacedOrder {
		return loyalty.PlacedOrder{At: noon.Add(time.Duration(n) * time.Minute).UTC(), ID: fmt.Sprint(n)}
	}
	for _, c := range []struct {
		name        string
		known       []int
		orders      int64 // that count
		order       int
		was, counts bool
		want        []int
		enough      bool
	}{
		{"all are known, and one is added", []int{1, 2}, 2, 3, false, true, []int{1, 2, 3}, true},
		{"all are known, and one ends", []int{1, 2}, 2, 2, true, false, []int{1}, true},
		{"one is known of two, and one is added behind it", []int{1}, 2, 3, false, true, []int{1}, false},
		{"one is known of two, and one is added before it", []int{2}, 2, 1, false, true, []int{1, 2}, false},
		{"three are known of nine", []int{1, 2, 3}, 9, 4, false, true, []int{1, 2, 3}, true},
		{"three are known of nine, and one ends", []int{1, 2, 3}, 9, 2, true, false, []int{1, 3}, false},
		{"three are known of three, and one ends", []int{1, 2, 3}, 3, 2, true, false, []int{1, 3}, true},
		{"an order that counted counts still", []int{1}, 2, 1, true, true, []int{1}, false},
		{"an order that did not count does not yet", []int{1}, 1, 2, false, false, []int{1}, true},
		{"one is known of two, and another one does not count", []int{1}, 2, 3, false, false, []int{1}, false},
	} {
		p := made(t, func(p *loyalty.Program) { p.Earn.Rules = []loyalty.Rule{nth("third", 3, 1)} })
		acc := loyalty.Account{Metrics: []loyalty.Metric{{Month: 202612, Orders: c.orders}}}
		for _, n := range c.known {
			acc.First.Orders = append(acc.First.Orders, at(n))
		}
		x := at(c.order)
		got, enough := award.FirstOrders(
			&p.Compiled, acc, &p.Compiled, &loyalty.Order{ID: x.ID, PlacedAt: x.At}, c.was, c.counts,
		)
		var ids []string
		for _, o := range got.Orders {
			ids = append(ids, o.ID)
		}
		if fmt.Sprint(ids) != fmt.Sprint(c.want) || enough != c.enough || got.Most != 3 {
			t.Errorf("%s: %v, enough %t; want %v, %t", c.name, ids, enough, c.want, c.enough)
		}
	}
}

// A program must not let an order's number determine whether the order counts.
func TestCategoryThatDependsOnTheNumberOfTheOrder(t *testing.T) {
	third := nth("third", 3, 1).Match.When
	for _, c := range []struct {
		rules []loyalty.CategoryRule
		ok    bool
	}{
		{[]loyalty.CategoryRule{{ID: "a", Category: "beans", Multiply: big.NewRat(2, 1), When: third}}, true},
		{[]loyalty.CategoryRule{{ID: "a", Category: "beans", Multiply: big.NewRat(0, 1), When: third}}, false},
		{[]loyalty.CategoryRule{
			{ID: "a", Category: "mugs", Multiply: big.NewRat(0, 1)},
			{ID: "b", Category: "beans", Multiply: big.NewRat(2, 1), When: third},
		}, true},
		{[]loyalty.CategoryRule{
			{ID: "a", Category: "beans", Multiply: big.NewRat(0, 1)},
			{ID: "b", Category: "beans", Multiply: big.NewRat(2, 1), When: third},
		}, false},
	} {
		p := testProgram(t)
		p.Earn.Categories = c.rules
		if err := Compile(p); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.rules, err)
		}
	}
}

// Conditions see the shipping and tax of an order without the refunded part.
func TestFactsOfARefundedOrder(t *testing.T) {
	for _, c := range []struct {
		shipping, tax   int64 // refunded
		total, wantShip int64
		wantTax         int64
	}{{0, 0, 1000_00 + 490 + 1900, 490, 1900}, {90, 0, 1000_00 + 400 + 1900, 400, 1900}, {490, 1900, 1000_00, 0, 0}} {
		var got loyalty.Facts
		p := made(t, func(p *loyalty.Program) {
			p.Earn.Rules = []loyalty.Rule{
				{
					ID: "r", Give: loyalty.Fixed{Points: 1},
					Match: loyalty.Match{When: condition(func(f *loyalty.Facts) (bool, error) {
						got = *f
						return true, nil
					})},
				},
			}
		})
		o := paid("EUR", loyalty.Line{Amount: 1000_00})
		o.Shipping, o.Tax = 490, 1900
		if n := c.shipping + c.tax; n > 0 {
			r := back("1", n)
			r.Shipping, r.Tax = c.shipping, c.tax
			o.Refunds = []loyalty.Refund{r}
		}
		if _, err := QuoteOrder(p, joined(t, p, noon), o, nil, noon); err != nil {
			t.Fatal(err)
		}
		if got.Total != c.total || got.Order.Shipping != c.wantShip || got.Order.Tax != c.wantTax {
			t.Errorf(
				"%+v: a total of %d with %d shipping and %d tax",
				c,
				got.Total,
				got.Order.Shipping,
				got.Order.Tax,
			)
		}
	}
}
