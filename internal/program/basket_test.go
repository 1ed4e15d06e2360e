package program

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// basket parses the text of an order, such as "12.50 food, 9.00 drinks x2; 5.00 off, 4.90 shipping, 1.42 tax, 8.00 by
// gift_card, in EUR". The line items precede the semicolon. Each one has the price of all its units, and its category.
func (s *story) basket(text string, now time.Time) loyalty.Order {
	o := loyalty.Order{
		Member: s.acc.Member, PlacedAt: now, Currency: s.books, Status: loyalty.OrderPaid,
	}
	lines, details, _ := strings.Cut(text, "; ")
	rest := parts(details)
	for i, d := range rest {
		if code, ok := strings.CutPrefix(d, "in "); ok {
			o.Currency = loyalty.Currency(code)
			rest = append(rest[:i], rest[i+1:]...)
			break
		}
	}
	for i, part := range parts(lines) {
		amount, what, _ := strings.Cut(part, " ")
		category, pieces, _ := strings.Cut(what, " x")
		o.Lines = append(o.Lines, loyalty.Line{
			ID: strconv.Itoa(i + 1), Category: category, Amount: s.minor(amount, o.Currency),
			Quantity: s.number(cmp.Or(pieces, "1")),
		})
	}
	for _, d := range rest {
		s.detail(&o, d)
	}
	return o
}

func (s *story) detail(o *loyalty.Order, text string) {
	figure, what, _ := strings.Cut(text, " ")
	amount := s.minor(figure, o.Currency)
	switch what {
	case "off":
		o.Discount = amount
	case "shipping":
		o.Shipping = amount
	case "tax":
		o.Tax = amount
	default:
		tender, ok := strings.CutPrefix(what, "by ")
		if !ok {
			s.t.Fatalf("%q is no part of an order", text)
		}
		kind, name, _ := strings.Cut(tender, " ")
		o.Tenders = append(o.Tenders, loyalty.Tender{Kind: loyalty.TenderKind(kind), Name: name, Amount: amount})
	}
}

// refund parses a refund: "10.00 food, 4.90 shipping" for categories and shipping, or "5.00" for the whole order.
func (s *story) refund(text string, now time.Time) loyalty.Refund {
	r := loyalty.Refund{ID: fmt.Sprint("re_", s.submitted), At: now, Status: loyalty.RefundSucceeded}
	for _, part := range parts(text) {
		figure, what, _ := strings.Cut(part, " ")
		amount := s.minor(figure, s.order.Currency)
		r.Amount += amount
		switch what {
		case "":
		case "shipping":
			r.Shipping += amount
		case "tax":
			r.Tax += amount
		default:
			r.Lines = append(r.Lines, loyalty.RefundLine{ID: s.line(what), Amount: amount})
		}
	}
	return r
}

// line returns the ID of the first line item of a category.
func (s *story) line(category string) string {
	for _, l := range s.order.Lines {
		if l.Category == category {
			return l.ID
		}
	}
	s.t.Fatalf("the order has no line of %s", category)
	return ""
}

// become sets the member's account to the facts of a table, such as "gold, birthday 05-20, 490 earned, 300.00 spent, 4
// elements". A program without levels has "member" instead of a level. Metrics of levels are counted in the month of
// now.
func (s *story) become(text string, now time.Time) {
	s.acc = loyalty.Account{Member: "mem_example", Status: loyalty.Active, Joined: now}
	so := loyalty.Metric{Month: calendar.DateOf(now, s.p.Zone).Month()}
	for _, fact := range parts(text) {
		first, second, _ := strings.Cut(fact, " ")
		switch {
		case first == "birthday":
			s.acc.Traits.Birthday = int(s.number(strings.Replace(second, "-", "", 1)))
		case second == "earned":
			so.Points = loyalty.Points(s.number(first))
		case second == "spent":
			so.Spend = s.minor(first, s.p.Tiers.Currency)
		case second == "elements":
			so.QualifyingItems = s.number(first)
		case first != "member":
			s.acc.Tier = validate.Standing(s.p, first, now)
		}
	}
	s.acc.Metrics = []loyalty.Metric{so}
}

func (s *story) minor(text string, c loyalty.Currency) int64 {
	n, reason := document.Minor(text, c)
	if reason != "" {
		s.t.Fatal(reason)
	}
	return n
}

func (s *story) number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func parts(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ", ")
}
