// Package condition compiles the conditions (`when:`) of a program file. A condition is a question about an order, an
// event, a reward or a member, like
//
//	order.channel == "web" && order.total >= 20
//	any(order.items, .category == "coffee-beans") and "vip" in member.segments
//
// The package guarantees that
//
//   - a condition is compiled when the program is published, or rejected with a message that helps its author fix it;
//   - numbers are exact decimals, never floating point;
//   - the same facts give the same answer;
//   - an answer takes a bounded number of steps.
//
// The language has no clock, no randomness and no I/O. It is not a programming language: it has no variables, no
// user-defined functions and no division.
//
// The language is a subset of that of github.com/expr-lang/expr, which parses, compiles and runs it. Everything that
// is not listed here is rejected, so that a new release of the library does not extend the language.
//
// Names. Amounts are exact decimals in major units: 29.99 EUR is 29.99, 150 JPY is 150.
//
//	order.total .subtotal .discount .shipping .tax      amounts; subtotal: the sum of the line items, without tax
//	order.currency .channel .store                      text
//	order.items      a list, each with .sku .category .brand (text), .quantity (whole number), .amount
//	order.tenders    a list, each with .kind .name (text), .amount
//	order.number     number of the order among the member's orders that count, from 1; 0 if it does not count
//	order.first      whether order.number is 1
//	member.tier      text
//	member.segments .campaigns                          lists of text; campaigns that the member registered for
//	member.orders    number of orders that count before this one
//	member.birthday_month                               whether the member's birthday is in this month
//	event.type .id   text
//	event.<field>    each field of the event's type; "", 0 or false if this event does not have the field
//	at.year .month .day .hour .minute                   whole numbers; the time of the order or event
//	at.weekday       "mon", "tue", "wed", "thu", "fri", "sat" or "sun"
//
// Orders and events provide the names order and event. Both provide member and at. A reward provides member, at and,
// of the order on which it is used, only order.total and order.currency. If these are not known, a condition that
// uses them does not hold. A reminder provides only member, and member.orders is then the number of orders that count
// so far. Orders are numbered by placed_at and ID. Because accounts store only the first 20 orders, a condition of an
// order may only compare order.number with numbers up to 20 and member.orders with numbers up to 19.
//
// Operators: and or not (&& || !), == != < <= > >=, + - * and % (of whole numbers), in, contains, startsWith,
// endsWith, matches (with a fixed RE2 pattern). The operators that are words can be negated with not.
//
// Functions of lists: any, all, none, one, count, filter, map and sum, each with a list and an expression about an
// element. The element is #, and its fields are .amount and so on. Also sum, min and max of a list of numbers, which
// are 0 for an empty list, and len. Functions of text: len, lower, upper.
package condition

import (
	"errors"
	"sync"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// These constants limit a condition. Within these limits, the slowest possible condition takes about 100 ms for the
// largest order. Usual conditions take microseconds.
const (
	maxSource  = 1000      // maximum length of the source in bytes
	maxNodes   = 200       // maximum number of names, values and operators
	maxDepth   = 2         // maximum nesting depth of loops over lists
	maxPattern = 200       // maximum length of a pattern of the operator matches, in bytes
	maxMatched = 2048      // maximum length of a text that is matched, in bytes
	maxShort   = 128       // replaces maxMatched within a loop, where the match runs for each element
	maxSteps   = 1_000_000 // maximum number of evaluated names, values and operators per answer
)

// An Env states the subject of a condition. Exactly one field is set: an order, an event type, a reward, or a member
// alone.
type Env struct {
	Order  bool
	Event  *loyalty.EventType
	Reward bool
	Member bool
}

// things returns the number of subjects that are set. It is one for a valid Env.
func (e Env) things() (n int) {
	for _, is := range []bool{e.Order, e.Event != nil, e.Reward, e.Member} {
		if is {
			n++
		}
	}
	return n
}

// An Error describes why a source is not a valid condition.
type Error struct {
	Column     int    // position of the error in the source, in characters, starting at 0
	Message    string // the message, a clause without a final period
	Suggestion string // the probably intended name; may be empty
}

// Error returns the message and the suggestion.
func (e *Error) Error() string {
	if e.Suggestion != "" {
		return e.Message + "; did you mean " + e.Suggestion + "?"
	}
	return e.Message
}

// A failure is the reason why a compiled condition has no answer for the given facts.
type failure string

func (f failure) Error() string { return string(f) }

// A condition implements loyalty.Condition.
type condition struct {
	source   string
	env      Env
	program  *vm.Program
	work     work
	ordered  bool      // for a reward: whether the condition uses the order
	numbers  int       // for an order: the greatest order number with which the condition compares
	machines sync.Pool // reusable *vm.VM values
}

// OrderNumbers returns the greatest order number that the condition distinguishes, or 0 if it uses none.
func (c *condition) OrderNumbers() int { return c.numbers }

// String returns the source as written.
func (c *condition) String() string { return c.source }

// Holds reports whether the condition holds for the facts. The error is a sentence without a final period that explains
// why a rule did not apply. Holds never panics, because the virtual machine converts panics to errors.
func (c *condition) Holds(f *loyalty.Facts) (bool, error) {
	if f == nil || (c.env.Order || c.ordered) && f.Order == nil {
		return false, failure("there is no order to evaluate")
	}
	if c.env.Event != nil && f.Event == nil {
		return false, failure("there is no event to evaluate")
	}
	env, err := derive(f)
	if err != nil {
		return false, err
	}
	steps := c.work.steps(env.longest)
	if steps > maxSteps {
		return false, failure("the condition is too expensive for this number of items")
	}
	machine, _ := c.machines.Get().(*vm.VM)
	if machine == nil {
		machine = &vm.VM{MemoryBudget: maxSteps}
	}
	answer, err := machine.Run(c.program, env)
	if steps < maxSteps/100 { // a machine's stack never shrinks, so a large machine is not reused
		c.machines.Put(machine)
	}
	if err != nil {
		return false, plain(err)
	}
	holds, ok := answer.(bool)
	if !ok {
		return false, failure("the condition has no result")
	}
	return holds, nil
}

// plain replaces an error message of the library, which is for programmers, with a message for authors of conditions.
func plain(err error) error {
	var ours failure
	var theirs *file.Error
	if errors.As(err, &theirs) && errors.As(theirs.Prev, &ours) {
		return ours
	}
	return failure("the condition could not be evaluated")
}

// A work is the maximum number of steps that a condition takes. The steps at each nesting depth of loops are counted
// separately, because the steps of a loop run once for each element of its list.
type work [maxDepth + 1]int64

// steps returns the total number of steps if the longest list has n elements.
func (w work) steps(n int) (sum int64) {
	for depth := maxDepth; depth >= 0; depth-- {
		sum = sum*int64(n) + w[depth]
	}
	return sum
}
