package condition_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/program/condition"
)

func TestInvalidConditionIsRejectedInPlainWords(t *testing.T) {
	for _, test := range []struct {
		name, source string
		column       int
		message      string
		suggestion   string
	}{
		// Names.
		{"a wrong first name", `ordr.total > 20`, 0, "there is no ordr", "order"},
		{"a wrong second name", `order.totl > 20`, 6, "order has no totl", "total"},
		{"a wrong name of an item", `any(order.items, .categry == "tea")`, 18, "item has no categry", "category"},
		{"a second name without its first", `total > 20`, 0, "there is no total", "order.total"},
		{"a name like nothing", `weather == "fine"`, 0, "there is no weather", ""},
		{
			"a name behind characters of two bytes", `order.store == "Köln" and mmber.orders > 1`, 26,
			"there is no mmber", "member",
		},
		{
			"an event in an order's", `event.type == "x"`, 0,
			"there is no event here: this condition is about an order", "",
		},
		{"a field of a text", `order.store.name == "x"`, 12, "text has no name", ""},
		{
			"a field of a list", `order.items.amount > 5`, 12,
			"a list has no field amount; use a function like any for the fields of its elements", "",
		},
		{"the library's own name", `$env.order.total > 1`, 0, "there is no $env", ""},

		// Kinds.
		{"an amount and a text", `order.total == "20"`, 12, "an amount cannot be compared with text", ""},
		{"a text and a number", `order.channel == 5`, 14, "text cannot be compared with a whole number", ""},
		{"texts by size", `order.channel < "web"`, 14, "text can only be compared with == and !=", ""},
		{"a list and a text", `member.segments == "vip"`, 16, "a list cannot be compared: use in, any or count", ""},
		{"an object", `order > 20`, 6, "order is not a value: use one of its fields, like order.channel", ""},
		{"no answer but a number", `order.total + 5`, 0, "a condition must be true or false; this is an amount", ""},
		{"no answer but a text", `order.channel`, 0, "a condition must be true or false; this is text", ""},
		{
			"and of a text", `order.first and order.channel`, 12,
			"both sides of and must be true or false; one is text", "",
		},
		{"not of a number", `not order.total`, 0, "not requires true or false; this is an amount", ""},
		{
			"a sum of texts", `order.channel + "x" == "webx"`, 14,
			"+ requires numbers on both sides; these are text and text", "",
		},
		{"a remainder of amounts", `order.total % 5 == 0`, 12, "% requires whole numbers on both sides", ""},
		{"a negative text", `-order.channel == 1`, 0, "text cannot be negative", ""},
		{"in a text", `"we" in order.channel`, 5, "in requires a list; to search in text, use contains", ""},
		{"a number in texts", `5 in member.segments`, 2, "a whole number is never in a list of texts", ""},
		{"contains of a list", `member.segments contains "vip"`, 16, "contains requires text; for a list, use in", ""},
		{"any of no list", `any(order.total, # > 5)`, 0, "any requires a list; this is an amount", ""},
		{
			"any without a question", `any(order.items, .amount)`, 17,
			"any requires a condition on each element that is true or false; this is an amount", "",
		},
		{
			"a sum of items", `sum(order.items) > 5`, 0,
			"sum requires a list of numbers, like sum(map(order.items, .amount))", "",
		},
		{
			"a sum of brands", `sum(order.items, .brand) > 5`, 0,
			"sum requires a list of numbers, like sum(map(order.items, .amount))", "",
		},
		{"a list of both", `order.total in [1, "2"]`, 19, "a list must contain only texts or only numbers", ""},
		{
			"a list that is not fixed", `order.channel in [order.store]`, 24,
			"a list must contain texts or numbers, like [\"gold\", \"silver\"]", "",
		},

		// Order numbers beyond those that accounts store.
		{
			"a number beyond the first 20", `order.number == 21`, 6,
			"order.number can only be compared with whole numbers up to 20, like order.number == 3", "",
		},
		{
			"the numbers beyond 21", `order.number > 21`, 6,
			"order.number can only be compared with whole numbers up to 20, like order.number == 3", "",
		},
		{
			"earlier orders beyond 19", `member.orders <= 20`, 7,
			"member.orders can only be compared with whole numbers up to 19, like member.orders == 3", "",
		},
		{
			"a list of numbers beyond 20", `order.number in [1, 21]`, 6,
			"order.number can only be compared with whole numbers up to 20, like order.number == 3", "",
		},
		{
			"every fifth order", `order.number % 5 == 0`, 6,
			"order.number can only be compared with whole numbers up to 20, like order.number == 3", "",
		},
		{
			"a number and an amount", `order.total > order.number`, 20,
			"order.number can only be compared with whole numbers up to 20, like order.number == 3", "",
		},
		{
			"one number of two", `order.number == 3 or order.number == order.number`, 27,
			"order.number can only be compared with whole numbers up to 20, like order.number == 3", "",
		},

		// Features of the library that are not part of the language.
		{"a division", `order.total / 2 > 10`, 12, "division is not supported: multiply the other side instead", ""},
		{"the clock", `now().Year() > 2020`, 6, "only a function name can precede a parenthesis", ""},
		{"the clock alone", `now() == now()`, 0, "a condition cannot use now", ""},
		{"a date", `date("2026-01-01") == 1`, 0, "a condition cannot use date", ""},
		{"a repetition", `repeat("x", 1000000) == ""`, 0, "a condition cannot use repeat", ""},
		{"a range", `any(1..1000000, # == 5)`, 5, ".. is not supported: compare with >= and <=", ""},
		{"a power", `2 ** 64 > 1`, 2, "** is not supported", ""},
		{"a fold", `reduce(order.items, #acc + 1, 0) > 1`, 0, "a condition cannot use reduce", ""},
		{"an unknown function", `som(order.items, 1) > 5`, 0, "unknown function som", "sum"},
		{"a place in a list", `order.items[0].amount > 5`, 11, "lists cannot be indexed: use any, all or filter", ""},
		{"a choice", `order.first ? true : false`, 25, "? and if are not supported: use and, or", ""},
		{"a variable", `let x = 5; order.total > x`, 4, "let is not supported", ""},
		{"nil", `order.store == nil`, 15, `nil is not supported: an unknown value is "", 0 or false`, ""},
		{"an exponent", `order.total > 1e3`, 14, "a number must have at most 18 digits, like 1250 or 12.50", ""},
		{
			"too many digits", `order.total > 0.1234567890123456789`, 14,
			"a number must have at most 18 digits, like 1250 or 12.50", "",
		},

		// Limits.
		{
			"three lists within each other", `any(order.items, any(order.items, any(order.items, true)))`, 34,
			"list functions can be nested at most 2 levels deep", "",
		},
		{
			"a list in two lists", `any(order.items, any(order.items, .sku in member.segments))`, 39,
			"list functions can be nested at most 2 levels deep", "",
		},
		{"a long source", strings.Repeat(" ", 1000) + "true", 0, "a condition must have at most 1000 bytes", ""},
		{
			"many nodes", "true" + strings.Repeat("&&true", 150), 300,
			"a condition must have at most 200 names, values and operators", "",
		},
		{
			"a pattern that is computed", `order.store matches order.channel`, 26,
			"matches must be followed by a pattern in quotation marks", "",
		},
		{
			"a long pattern", `order.store matches "` + strings.Repeat("a", 201) + `"`, 20,
			"a pattern must have at most 200 bytes", "",
		},
		{"a large pattern", `order.store matches "(a{30}b{30}){20}"`, 20, "the pattern has too many repetitions", ""},
		{"a wrong pattern", `order.store matches "(a"`, 20, "this is not a valid RE2 pattern", ""},

		// Syntax.
		{"nothing", ``, 0, "the condition is incomplete", ""},
		{"half a comparison", `order.total >=`, 13, "the condition is incomplete", ""},
		{"an open parenthesis", `(order.first or any(order.items, true)`, 37, "the condition is incomplete", ""},
		{"a parenthesis too many", `(order.first))`, 13, ") is not expected here", ""},
		{"one equals sign", `order.total = 20`, 12, "use == to compare", "=="},
		{"an open text", `order.channel == "web`, 17, "the text that starts here is not terminated", ""},
		{
			"a text over two lines", "order.channel == \"web\nor app\"", 17,
			"the text that starts here is not terminated", "",
		},
		{"an escape that is none", `order.channel == "w\qeb"`, 17, "the text that starts here is not terminated", ""},
		{"two words", `order.first order.channel`, 12, "order is not expected here", ""},
		{"a field of nothing", `.amount > 5`, 0, "a name is missing before the dot", ""},
		{"a strange sign", `order.total > 20 €`, 17, "€ is not expected here", ""},
		{"no UTF-8", "order.store == \"\xff\"", 0, "a condition must be UTF-8 text", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := condition.Compile(test.source, condition.Env{Order: true})
			var refusal *condition.Error
			if !errors.As(err, &refusal) {
				t.Fatalf("%s: %v", test.source, err)
			}
			want := condition.Error{Column: test.column, Message: test.message, Suggestion: test.suggestion}
			if *refusal != want {
				t.Errorf("%s\n got %d %q %q\nwant %d %q %q", test.source,
					refusal.Column, refusal.Message, refusal.Suggestion, want.Column, want.Message, want.Suggestion)
			}
		})
	}
}

func TestAnEventsConditionKnowsTheFieldsOfItsTypeAlone(t *testing.T) {
	for source, want := range map[string]condition.Error{
		`event.ratng > 4`:      {Column: 6, Message: "event has no ratng", Suggestion: "rating"},
		`order.total > 4`:      {Message: "there is no order here: this condition is about an event"},
		`event.rating > "4"`:   {Column: 13, Message: "a number cannot be compared with text"},
		`event.verified == ""`: {Column: 15, Message: "true or false cannot be compared with text"},
	} {
		_, err := condition.Compile(source, condition.Env{Event: review})
		var refusal *condition.Error
		if !errors.As(err, &refusal) || *refusal != want {
			t.Errorf("%s: %+v, want %+v", source, refusal, want)
		}
	}
}

func TestAConditionIsAboutOneThing(t *testing.T) {
	for _, env := range []condition.Env{
		{},
		{Order: true, Event: review},
		{Member: true, Order: true},
		{Member: true, Reward: true},
		{Order: true, Reward: true},
		{Event: review, Reward: true},
		{Order: true, Event: review, Reward: true},
	} {
		if _, err := condition.Compile("true", env); err == nil {
			t.Errorf("%+v was taken", env)
		}
	}
}
