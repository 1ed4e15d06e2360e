package local

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A home is the country of a person. It has typical names of persons, and a currency that is used if the program
// supports it.
type home struct {
	locale, zone string
	currency     loyalty.Currency
	first, last  []string
}

var homes = []home{
	{
		"de", "Europe/Berlin", "EUR",
		[]string{"Ada", "Jonas", "Mia", "Emil", "Lena"},
		[]string{"Krüger", "Weiß", "Hofmann", "Özdemir"},
	},
	{"de-AT", "Europe/Vienna", "EUR", []string{"Paula", "Felix", "Marie"}, []string{"Gruber", "Huber", "Bauer"}},
	{"fr", "Europe/Paris", "EUR", []string{"Chloé", "Louis", "Inès"}, []string{"Martin", "Lefèvre", "Diallo"}},
	{"en-US", "America/New_York", "USD", []string{"Grace", "Noah", "Ruth"}, []string{"Hopper", "Nguyen", "O'Neil"}},
	{"en-US", "America/Los_Angeles", "USD", []string{"Olivia", "Liam", "Sofía"}, []string{"García", "Lee", "Smith"}},
	{"ja", "Asia/Tokyo", "JPY", []string{"葵", "蓮", "陽菜"}, []string{"佐藤", "鈴木", "高橋"}},
}

// goods are the products of the shop. Prices are in euro cents.
var goods = []struct {
	sku, category string
	price         int64
}{
	{"BEAN-1", "coffee-beans", 1499},
	{"BEAN-2", "coffee-beans", 2999},
	{"BEAN-3", "coffee-beans", 899},
	{"MUG-01", "mugs", 1490},
	{"MUG-02", "mugs", 2250},
	{"FILTER", "brewing", 590},
	{"PRESS", "brewing", 3995},
	{"MACHINE", "machines", 24900},
	{"GIFT-25", "gift-cards", 2500},
}

// order returns a random order that is paid.
func (per *person) order(id string, at time.Time) loyalty.Order {
	o := loyalty.Order{
		ID: id, Member: per.id, PlacedAt: at, Currency: per.currency(), Status: loyalty.OrderPaid,
		Channel: []string{"web", "web", "app", "store"}[per.rand.IntN(4)],
	}
	total := int64(0)
	for line := range 1 + per.rand.IntN(3) {
		g := goods[per.rand.IntN(len(goods))]
		n := int64(1 + per.rand.IntN(2))
		l := loyalty.Line{
			ID: fmt.Sprint(line + 1), SKU: g.sku, Category: g.category, Quantity: n,
			Amount: n * in(o.Currency, g.price),
		}
		o.Lines = append(o.Lines, l)
		total += l.Amount
	}
	if per.oneIn(6) {
		o.Discount = total / 10
	}
	if total < in(o.Currency, 4000) && o.Channel != "store" {
		o.Shipping = in(o.Currency, 490)
	}
	o.Tenders = per.tenders(o.Currency, total-o.Discount+o.Shipping)
	return o
}

// tenders returns the tenders of an order. Some orders are paid only by card. Others are partly paid with a gift card
// or store credit, for which no points are earned.
func (per *person) tenders(c loyalty.Currency, total int64) []loyalty.Tender {
	card := loyalty.Tender{Kind: loyalty.TenderCard, Amount: total}
	other := loyalty.Tender{Kind: loyalty.TenderGiftCard, Amount: min(total, in(c, 1000))}
	switch {
	case per.oneIn(10):
	case per.oneIn(15):
		other.Kind = loyalty.TenderStoreCredit
	default:
		return []loyalty.Tender{card}
	}
	if card.Amount -= other.Amount; card.Amount == 0 {
		return []loyalty.Tender{other}
	}
	return []loyalty.Tender{other, card}
}

// currency returns the currency of the person's home if the program supports it. Otherwise, it returns the program's
// first currency.
func (per *person) currency() loyalty.Currency {
	rates := per.program.Earn.Rates
	if _, ok := rates[per.home.currency]; ok {
		return per.home.currency
	}
	return Currencies(per.program)[0]
}

// Currencies returns the currencies that have an earning rate in a program, sorted by code.
func Currencies(p *loyalty.Program) []loyalty.Currency {
	return slices.Sorted(maps.Keys(p.Earn.Rates))
}

// in converts a price in euro cents to minor units of another currency, with an approximate rate.
func in(c loyalty.Currency, cents int64) int64 {
	switch decimals, _ := c.Exponent(); decimals {
	case 0:
		return cents * 8 / 5
	case 3:
		return cents * 4
	}
	return cents
}
