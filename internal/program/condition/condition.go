// Package condition compiles the `when:` of a program file: one question about an order, an event, a
// reward or a member, like
//
//	order.channel == "web" && order.total >= 20
//	any(order.items, .category == "coffee-beans") and "vip" in member.segments
//
// It promises that a condition is understood when the program is published, or refused in words that whoever wrote
// it can act on; that numbers are exact decimals, never floating point; that the same facts give the same answer; and
// that an answer takes a bounded number of steps. It deliberately knows no clock, no randomness and no I/O, and is no
// programming language: there are no variables, no functions of one's own and no division.
//
// The language is a part of that of github.com/expr-lang/expr, which parses, compiles and runs it. What is not listed
// here is refused, so that a new release of the library adds nothing by itself.
//
// Names. Amounts are exact decimals in major units: 29.99 EUR is 29.99, 150 JPY is 150.
//
//	order.total .subtotal .discount .shipping .tax      amounts; subtotal is the sum of the lines, and tax that beside them
//	order.currency .channel .store                      text
//	order.items      a list, each with .sku .category .brand (text), .quantity (whole number), .amount
//	order.tenders    a list, each with .kind .name (text), .amount
//	order.number     which of the member's orders that count this is, from 1; 0 if it does not count
//	order.first      whether it is the first of them
//	member.tier      text
//	member.segments .campaigns                          lists of text; those registered for
//	member.orders    orders that count before this one
//	member.birthday_month                               whether this is the month of the birthday
//	event.type .id   text
//	event.<field>    each field of the event's type; one that this event does not have is "", 0 or false
//	at.year .month .day .hour .minute                   whole numbers, when it was placed or happened
//	at.weekday       "mon", "tue", "wed", "thu", "fri", "sat" or "sun"
//
// A condition of an order has order, one of an event has event; both have member and at. One of a reward has member, at
// and, of the order that it is to be used on, order.total and .currency, which are all that is known of it: where not even
// they are, a condition that asks for them does not hold. One of a member has member alone. There member.orders are the
// orders that count so far. Orders are numbered by placed_at and ID. As only the first 20 are remembered, a condition
// of an order compares order.number with numbers up to 20 and member.orders with numbers up to 19, and does nothing else
// with them.
//
// Operators: and or not (&& || !), == != < <= > >=, + - * and % (of whole numbers), in, contains, startsWith,
// endsWith, matches (with a fixed pattern of RE2), each also with not before it where it is a word.
//
// Functions of lists: any, all, none, one, count, filter, map and sum, each with a list and a question about its
// elements, which are # and whose fields are .amount and so on; sum, min and max of a list of numbers, where that of
// nothing is 0; len. Of text: len, lower, upper.
package condition

import (
	"errors"
	"sync"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Bounds of a condition. They keep the slowest that can be written, about the largest order that there can be, at
// some 100 ms, and usual ones at microseconds.
const (
	maxSource  = 1000      // bytes
	maxNodes   = 200       // names, values and operators
	maxDepth   = 2         // lists gone through within each other
	maxPattern = 200       // bytes of what follows matches
	maxMatched = 2048      // bytes of the text before it
	maxShort   = 128       // the same within a list, where each element is matched
	maxSteps   = 1_000_000 // names, values and operators evaluated for one answer, at most
)

// Env says what a condition is about: exactly one of an order, a type of events, a reward, and a member alone.
type Env struct {
	Order  bool
	Event  *loyalty.EventType
	Reward bool
	Member bool
}

// things is how many things it is about.
func (e Env) things() (n int) {
	for _, is := range []bool{e.Order, e.Event != nil, e.Reward, e.Member} {
		if is {
			n++
		}
	}
	return n
}

// An Error is why a source is no condition.
type Error struct {
	Column     int    // where, in characters from the beginning of the source; from 0
	Message    string // a clause without a full stop
	Suggestion string // the name that was probably meant; may be empty
}

// Error is the message and the suggestion.
func (e *Error) Error() string {
	if e.Suggestion != "" {
		return e.Message + "; did you mean " + e.Suggestion + "?"
	}
	return e.Message
}

// A failure is why a condition that was understood has no answer for these facts.
type failure string

func (f failure) Error() string { return string(f) }

// condition is a loyalty.Condition.
type condition struct {
	source   string
	env      Env
	program  *vm.Program
	work     work
	ordered  bool      // of a reward: whether it asks about the order
	numbers  int       // of an order: the greatest order number that it asks for
	machines sync.Pool // of *vm.VM: their stacks are worth keeping
}

// OrderNumbers returns the greatest order number that it asks for; 0 if it asks for none.
func (c *condition) OrderNumbers() int { return c.numbers }

// String is the source as it was written.
func (c *condition) String() string { return c.source }

// Holds answers the condition. The error is a sentence without a full stop for whoever asks why a rule did not
// apply. It never panics: the machine turns whatever happens on it into an error.
func (c *condition) Holds(f *loyalty.Facts) (bool, error) {
	if f == nil || (c.env.Order || c.ordered) && f.Order == nil {
		return false, failure("there is no order to ask about")
	}
	if c.env.Event != nil && f.Event == nil {
		return false, failure("there is no event to ask about")
	}
	env, err := derive(f)
	if err != nil {
		return false, err
	}
	steps := c.work.steps(env.longest)
	if steps > maxSteps {
		return false, failure("the condition is too much work for so many items")
	}
	machine, _ := c.machines.Get().(*vm.VM)
	if machine == nil {
		machine = &vm.VM{MemoryBudget: maxSteps}
	}
	answer, err := machine.Run(c.program, env)
	if steps < maxSteps/100 { // what a machine has grown to, it keeps
		c.machines.Put(machine)
	}
	if err != nil {
		return false, plain(err)
	}
	holds, ok := answer.(bool)
	if !ok {
		return false, failure("the condition has no answer")
	}
	return holds, nil
}

// plain is the error in our own words. The library's are for programmers.
func plain(err error) error {
	var ours failure
	var theirs *file.Error
	if errors.As(err, &theirs) && errors.As(theirs.Prev, &ours) {
		return ours
	}
	return failure("the condition could not be evaluated")
}
