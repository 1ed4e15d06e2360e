package condition_test

import (
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
)

var review = &loyalty.EventType{Name: "review", Fields: map[string]loyalty.FieldKind{
	"rating": loyalty.NumberField, "text": loyalty.TextField, "verified": loyalty.BooleanField,
	"photos": loyalty.NumberField,
}}

// aboutOrder returns facts about an order of 29.97 EUR for line items, with a discount of 2.00, shipping of 4.90 and
// tax of 1.13, in total 34.00 EUR. It was placed on a Saturday in the month of the member's birthday.
func aboutOrder() *loyalty.Facts {
	return &loyalty.Facts{
		Order: &loyalty.Order{
			Currency: "EUR", Channel: "web", Store: "berlin", Discount: 200, Shipping: 490, Tax: 113,
			Lines: []loyalty.Line{
				{SKU: "beans-1", Category: "coffee-beans", Brand: "Bluebird", Quantity: 2, Amount: 1998},
				{SKU: "mug", Category: "mugs", Brand: "Clay", Quantity: 1, Amount: 989},
				{SKU: "bag", Category: "gifts", Quantity: 3, Amount: 10},
			},
			Tenders: []loyalty.Tender{
				{Kind: loyalty.TenderCard, Name: "visa", Amount: 3000}, {Kind: loyalty.TenderCash, Amount: 400},
			},
		},
		Total: 3400,
		Buyer: loyalty.Buyer{
			Level: "gold", Orders: 4, Segments: []string{"vip", "berlin"}, OptIns: []string{"double-weekend"},
			Birthday: 523,
		},
		At: time.Date(2026, time.May, 16, 9, 30, 0, 0, time.UTC),
	}
}

func aboutReview() *loyalty.Facts {
	return &loyalty.Facts{
		Event: &loyalty.Event{Type: "review.approved", ID: "778", Data: map[string]any{
			"rating": big.NewRat(9, 2), "text": "Lovely beans, would buy again", "verified": true,
		}},
		Buyer: loyalty.Buyer{Level: "silver", Orders: -1},
		At:    time.Date(2026, time.May, 16, 9, 30, 0, 0, time.UTC),
	}
}

func TestAConditionAboutAnOrderHoldsOrNot(t *testing.T) {
	for _, test := range []struct {
		name, source string
		holds        bool
	}{
		{
			"an amount is compared in major units",
			`order.total >= 34 && order.total <= 34.00 and order.total == 34.0`, true,
		},
		{"an amount is not in minor units", `order.total >= 3400`, false},
		{"a cent decides", `order.subtotal > 29.96 and order.subtotal < 29.98 and order.subtotal != 29.9`, true},
		{
			"each part of the total can be asked for",
			`order.discount == 2 and order.shipping == 4.9 and order.tax == 1.13`, true,
		},
		{"parts add up", `order.subtotal - order.discount + order.shipping + order.tax == order.total`, true},
		{
			"an amount is multiplied",
			`order.total * 2 < order.subtotal + 38.04 and order.total * 2 > order.subtotal + 38.02`, true,
		},
		{"a factor has decimals", `order.total * 1.075 == 36.55`, true},
		{"a negative number", `order.discount - order.total == -32 and -order.total < 0`, true},
		{"a number groups its digits", `order.total < 1_000.5`, true},
		{
			"texts are equal or not", `order.currency == "EUR" and order.channel != 'pos' and order.store == "berlin"`,
			true,
		},
		{"a text is in a list", `order.channel in ["app", "web"] and order.store not in ["munich"]`, true},
		{"a number is in a list", `at.day in [1, 16.0] and not (order.total in [33.99, 34.01])`, true},
		{
			"parts of texts",
			`order.store startsWith "ber" and order.store endsWith "lin" and order.store contains "rl"`, true,
		},
		{"a pattern", `order.store matches "^b.*n$" and order.store not matches "x"`, true},
		{
			"upper and lower",
			`upper(order.channel) == "WEB" and lower("GOLD") == member.tier and len(order.channel) == 3`, true,
		},
		{"any item", `any(order.items, .category == "coffee-beans")`, true},
		{"no such item", `any(order.items, .category == "tea")`, false},
		{
			"all, none and one",
			`all(order.items, .quantity >= 1) and none(order.items, .amount > 20) and one(order.items, .sku == "mug")`,
			true,
		},
		{
			"count", `count(order.items, .amount >= 9.89) == 2 and count(order.items) == 3 and len(order.items) == 3`,
			true,
		},
		{"sum of amounts", `sum(order.items, .amount) == 29.97 and sum(order.items, .amount) == order.subtotal`, true},
		{"sum of quantities", `sum(order.items, .quantity) == 6`, true},
		{"sum of what is computed", `sum(order.items, .amount * .quantity) == 50.15`, true},
		{"sum of a filtered list", `sum(filter(order.items, .category != "mugs"), .amount) == 20.08`, true},
		{"sum of a mapped list", `sum(map(order.items, .amount)) == 29.97`, true},
		{
			"largest and smallest",
			`max(map(order.items, .amount)) == 19.98 and min(map(order.items, .amount)) == 0.1`, true,
		},
		{"the largest of nothing is 0", `max(map(filter(order.items, .sku == "x"), .amount)) == 0`, true},
		{"a pipe", `order.items | filter(.quantity > 1) | count() == 2`, true},
		{"an item's text is in a mapped list", `"mugs" in map(order.items, .category)`, true},
		{"a list within a list", `all(order.items, .amount * 3 <= sum(order.items, .amount) * 2.01)`, true},
		{"tenders", `any(order.tenders, .kind == "card" and .name == "visa" and .amount == 30)`, true},
		{
			"the number of the order",
			`order.number == 5 and 4 < order.number <= 20 and order.number in [3, 5] and not order.first ` +
				`and member.orders == 4`,
			true,
		},
		{
			"the member",
			`member.tier == "gold" and "vip" in member.segments and "double-weekend" in member.campaigns`, true,
		},
		{"a segment that is not there", `"student" in member.segments`, false},
		{"a question about segments", `any(member.segments, # startsWith "ber")`, true},
		{"the birthday's month", `member.birthday_month`, true},
		{
			"time",
			`at.year == 2026 and at.month == 5 and at.day == 16 and at.hour == 9 and at.minute == 30 ` +
				`and at.weekday == "sat"`,
			true,
		},
		{"comparisons in a row", `9 <= at.hour < 17 and 30 < order.total <= 34`, true},
		{"truths are compared", `order.first == false and true`, true},
		{"a comment", "true // who reads this?", true},
	} {
		t.Run(
			test.name,
			func(t *testing.T) { mustHold(t, test.source, condition.Env{Order: true}, aboutOrder(), test.holds) },
		)
	}
}

func TestAConditionAboutARewardKnowsTheMemberAndWhatTheOrderComesTo(t *testing.T) {
	env := condition.Env{Reward: true}
	order := aboutOrder()
	mustHold(t, `member.tier == "gold" and order.total > 30 and order.currency == "EUR"`, env, order, true)
	order.Order, order.Cached = nil, nil
	mustHold(t, `member.tier == "gold"`, env, order, true)
	c, err := condition.Compile(`order.total < 50`, env)
	if err != nil {
		t.Fatal(err)
	}
	if holds, err := c.Holds(order); holds || err == nil {
		t.Errorf("of an unreported order it holds: %t, %v", holds, err)
	}
	for source, want := range map[string]condition.Error{
		`any(order.items, .amount > 5)`: {Column: 10, Message: "order has no items"},
		`event.rating > 4`:              {Message: "there is no event here: this condition is about a reward"},
	} {
		_, err := condition.Compile(source, env)
		var refusal *condition.Error
		if !errors.As(err, &refusal) || *refusal != want {
			t.Errorf("%s: %+v, want %+v", source, err, want)
		}
	}
}

func TestAConditionAboutAMemberKnowsNothingElse(t *testing.T) {
	env := condition.Env{Member: true}
	facts := &loyalty.Facts{Buyer: loyalty.Buyer{Level: "gold", Orders: 3, Segments: []string{"vip"}}}
	mustHold(t, `member.tier == "gold" and member.orders > 2 and "vip" in member.segments`, env, facts, true)
	mustHold(t, `member.orders == 0`, env, facts, false)
	for _, name := range []string{"event", "order", "at"} {
		_, err := condition.Compile(name+`.total > 4`, env)
		want := condition.Error{Message: "there is no " + name + " here: this condition is about a member"}
		var refusal *condition.Error
		if !errors.As(err, &refusal) || *refusal != want {
			t.Errorf("%s: %+v, want %+v", name, err, want)
		}
	}
}

func TestAConditionAboutAnEventHoldsOrNot(t *testing.T) {
	for _, test := range []struct {
		name, source string
		holds        bool
	}{
		{"its type and id", `event.type == "review.approved" and event.id == "778"`, true},
		{"a number", `event.rating == 4.5 and event.rating > 4 and event.rating * 2 == 9`, true},
		{"a text", `len(event.text) >= 20 and event.text contains "beans"`, true},
		{"a boolean", `event.verified and event.verified == true`, true},
		{"a field that is not there", `event.photos == 0`, true},
		{
			"the member, before any order",
			`member.orders == 0 and member.tier == "silver" and not member.birthday_month`, true,
		},
	} {
		t.Run(
			test.name,
			func(t *testing.T) { mustHold(t, test.source, condition.Env{Event: review}, aboutReview(), test.holds) },
		)
	}
}

func mustHold(t *testing.T, source string, env condition.Env, facts *loyalty.Facts, want bool) {
	t.Helper()
	c, err := condition.Compile(source, env)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	if c.String() != source {
		t.Errorf("the source became %q", c)
	}
	for range 2 { // the second time with cached facts
		if got, err := c.Holds(facts); err != nil || got != want {
			t.Errorf("%s holds: %v, %v; want %v", source, got, err, want)
		}
	}
}

func TestAmountsAreExactInEveryCurrency(t *testing.T) {
	for _, test := range []struct {
		name     string
		currency loyalty.Currency
		total    int64
		source   string
	}{
		{"tenths add up", "EUR", 30, `order.total == 0.1 + 0.2`},
		{
			"tenths add up item by item", "EUR", 30,
			`sum(order.items, .amount) == 0.3 and sum(order.items, .amount) >= 0.3`,
		},
		{"yen have no decimals", "JPY", 150, `order.total == 150 and order.total < 150.000000000000001`},
		{"dinars have three", "KWD", 1005, `order.total == 1.005 and order.total > 1.0049999999999999`},
		{"a third factor", "KWD", 1005, `order.total * 1.005 * 1.005 == 1.015075125`},
		{"the largest order", "JPY", 1e12, `order.total == 1000000000000 and order.total * 1.5 + 1 == 1500000000001`},
		{
			"18 digits", "EUR", 1,
			`0.01 + 0.000000000000000001 == 0.010000000000000001 and order.total < 0.010000000000000001`,
		},
		{
			"beyond the digits of a float", "EUR", 1,
			`9007199254740993 != 9007199254740992 and 9007199254740993.1 > 9007199254740993`,
		},
		{
			"beyond 64 bits in comparing", "EUR", 1,
			`999999999999999999 > 0.999999999999999999 and -999999999999999999 < -0.999999999999999999`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := loyalty.Line{Quantity: 1, Amount: test.total / 3}
			mustHold(t, test.source, condition.Env{Order: true}, &loyalty.Facts{
				Order: &loyalty.Order{Currency: test.currency, Lines: []loyalty.Line{line, line, line}},
				Total: test.total,
			}, true)
		})
	}
}

func TestFactsThatGiveNoAnswerAreAPlainError(t *testing.T) {
	many := aboutOrder()
	many.Order.Lines = make([]loyalty.Line, loyalty.MaxLines)
	noCurrency := aboutOrder()
	noCurrency.Order.Currency = "ABC"
	third, wrong, long, within := aboutReview(), aboutReview(), aboutReview(), aboutReview()
	third.Event.Data["rating"] = big.NewRat(1, 3)
	wrong.Event.Data["text"] = true
	long.Event.Data["text"] = strings.Repeat("a", 5000)
	within.Event.Data["text"] = strings.Repeat("a", 200)
	order, event := condition.Env{Order: true}, condition.Env{Event: review}
	for _, test := range []struct {
		name, source string
		env          condition.Env
		facts        *loyalty.Facts
		want         string
	}{
		{
			"a product with too many digits", `order.total * 999999999999 * 999999999 > 0`, order, aboutOrder(),
			"a number has too many digits",
		},
		{"a remainder by nothing", `at.day % (at.day - 16) == 0`, order, aboutOrder(), "division by 0"},
		{
			"each of 10,000 items with each", `all(order.items, any(order.items, .amount > 5))`, order, many,
			"the condition is too expensive for this number of items",
		},
		{"a number without an end", `event.rating > 4`, event, third, "a number has too many digits"},
		{"a field of another kind", `event.text == ""`, event, wrong, "event.text does not have its declared type"},
		{
			"a long text for a pattern", `event.text matches "a+b"`, event, long,
			"the text is too long to match a pattern",
		},
		{
			"a text for a pattern in a list", `any(["a"], event.text matches "a+b")`, event, within,
			"the text is too long to match a pattern",
		},
		{"an unknown currency", `order.total > 1`, order, noCurrency, "the order's currency is unknown"},
		{"no order", `order.total > 1`, order, aboutReview(), "there is no order to evaluate"},
		{"no event", `event.rating > 1`, event, aboutOrder(), "there is no event to evaluate"},
		{"no facts", `order.total > 1`, order, nil, "there is no order to evaluate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := condition.Compile(test.source, test.env)
			if err != nil {
				t.Fatal(err)
			}
			if holds, err := c.Holds(test.facts); holds || err == nil || err.Error() != test.want {
				t.Errorf("%s holds: %v, %v; want %q", test.source, holds, err, test.want)
			}
		})
	}
}

func TestTenThousandItemsAreNotTooManyForOneQuestion(t *testing.T) {
	facts := aboutOrder()
	facts.Order.Lines = make([]loyalty.Line, loyalty.MaxLines)
	mustHold(
		t, `any(order.items, .category == "tea") or sum(order.items, .amount) > 30`, condition.Env{Order: true}, facts,
		false,
	)
}

func TestTheEnvironmentIsDerivedOncePerFacts(t *testing.T) {
	a, err1 := condition.Compile(`order.total >= 34`, condition.Env{Order: true})
	b, err2 := condition.Compile(`order.channel == "web"`, condition.Env{Order: true})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	facts := aboutOrder()
	if ok, err := a.Holds(facts); !ok || err != nil {
		t.Fatal(ok, err)
	}
	cached := facts.Cached
	if ok, err := b.Holds(facts); !ok || err != nil || facts.Cached != cached {
		t.Errorf("the second condition derived again: %v %v", ok, err)
	}
	another := *facts
	another.Total = 1
	if ok, err := a.Holds(&another); ok || err != nil {
		t.Errorf("a copy with another total was judged by the original: %v %v", ok, err)
	}
}

func TestOneConditionIsAskedByManyAtOnce(t *testing.T) {
	c, err := condition.Compile(
		`sum(order.items, .amount) == 29.97 and order.store matches "^b"`, condition.Env{Order: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if ok, err := c.Holds(aboutOrder()); !ok || err != nil {
					t.Error(ok, err)
					return
				}
			}
		})
	}
	all.Wait()
}
