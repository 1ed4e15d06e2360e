package condition_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
)

// FuzzCompileAndHold compiles and evaluates arbitrary sources. Nothing may panic. The same source must always have the
// same result, and the same facts the same answer. An error must name a position in the source. An answer about a large
// order must be fast.
func FuzzCompileAndHold(f *testing.F) {
	for _, source := range []string{
		`order.channel == "web" && order.total >= 20.5`,
		`any(order.items, .category == "coffee-beans") or sum(order.items, .amount * .quantity) > 30`,
		`max(map(filter(order.items, # .quantity > 1), -.amount)) in [1, 2.50]`,
		`all(order.items, count(order.items, .amount < 5 <= 6) != 3)`,
		`"vip" in member.segments and order.store not matches "^b.*n$" and at.weekday in ["sat"]`,
		`event.rating == 4.5 and event.verified and len(event.text) > 20 and lower(event.type) startsWith "r"`,
		`order.number == 3 or member.orders in [1, 2] // why?`,
		`let x = [1..3]; x?.y[1:2] ?? {"a": nil} | reduce(#acc)`,
		`one(["a"], # == 'b') ? if true {false} else {true} : none([], #)`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) { compileAndHold(t, source) })
}

// FuzzSpelled does the same with sources composed of words of the language, one for each byte, so that more of them are
// valid conditions.
func FuzzSpelled(f *testing.F) {
	words := strings.Fields(`order . total subtotal items tenders segments campaigns member event at rating text
		verified quantity amount category channel number first weekday hour and or not == != < <= >= + - * %
		in contains matches
		startsWith any( all( none( one( count( filter( map( sum( max( min( len( lower( ( ) , # [ ] "web" "sat" ""
		0 1 20.5 3 999999999999 0.000000001 true false | ? : ; { } / ..`)
	f.Add([]byte{46, 0, 1, 4, 60, 1, 13, 27, 66, 57})
	f.Fuzz(func(t *testing.T, spelled []byte) {
		var source strings.Builder
		for _, b := range spelled {
			source.WriteString(words[int(b)%len(words)])
			source.WriteByte(' ')
		}
		compileAndHold(t, strings.ReplaceAll(source.String(), ". ", "."))
	})
}

func compileAndHold(t *testing.T, source string) {
	for _, env := range []condition.Env{{Order: true}, {Event: review}, {Reward: true}, {Member: true}} {
		c, err := condition.Compile(source, env)
		again, err2 := condition.Compile(source, env)
		if err != nil {
			checkRefusal(t, source, err, err2)
			continue
		}
		if err2 != nil || c.String() != again.String() {
			t.Fatalf("%q is understood once: %v", source, err2)
		}
		facts := aboutReview()
		if env.Order {
			facts = aboutOrder()
			askSoon(t, c)
		}
		holds, err := c.Holds(facts)
		holds2, err2 := again.Holds(facts)
		if holds != holds2 || (err == nil) != (err2 == nil) {
			t.Errorf("%q holds: %v, %v; then %v, %v", source, holds, err, holds2, err2)
		}
		if err != nil && err.Error() == "the condition could not be evaluated" {
			t.Errorf("%q is understood and cannot be evaluated", source)
		}
	}
}

func checkRefusal(t *testing.T, source string, err, err2 error) {
	var one, two *condition.Error
	if !errors.As(err, &one) || !errors.As(err2, &two) || *one != *two {
		t.Fatalf("%q is refused by %v, then by %v", source, err, err2)
	}
	if one.Column < 0 || one.Column > utf8.RuneCountInString(source) || one.Message == "" {
		t.Errorf("%q is refused at %d: %s", source, one.Column, one.Message)
	}
	if one.Message == "the condition is invalid" {
		t.Errorf("%q passed the reader and not the library", source)
	}
}

// askSoon evaluates a condition for an order with 300 line items, for which two nested loops over lists nearly exceed
// the limit.
func askSoon(t *testing.T, c loyalty.Condition) {
	large := aboutOrder()
	for len(large.Order.Lines) < 300 {
		large.Order.Lines = append(large.Order.Lines, large.Order.Lines[0])
	}
	began := time.Now()
	_, _ = c.Holds(large) // an error for too many steps is also an answer
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("%q took %v", c, took)
	}
}
