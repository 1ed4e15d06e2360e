package condition

import (
	"math/big"
	"regexp"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The virtual machine of the library calls the following functions. Each function has one of the signatures that the
// machine can call without reflection (vm.FuncTypes). The functions cannot return an error. They panic with a failure
// instead, which the machine converts to an error.

// num returns v, which is an int or a number, as a number.
func num(v any) number {
	if n, ok := v.(int); ok {
		return number{int64(n), 0}
	}
	return v.(number)
}

func equal(a, b any) bool     { return num(a).cmp(num(b)) == 0 }
func less(a, b any) bool      { return num(a).cmp(num(b)) < 0 }
func lessEqual(a, b any) bool { return num(a).cmp(num(b)) <= 0 }
func more(a, b any) bool      { return num(a).cmp(num(b)) > 0 }
func moreEqual(a, b any) bool { return num(a).cmp(num(b)) >= 0 }

func fits(n number, ok bool) number {
	if !ok {
		panic(tooLarge)
	}
	return n
}

func add(a, b any) any      { return fits(num(a).add(num(b))) }
func subtract(a, b any) any { return fits(num(a).add(num(b).neg())) }
func multiply(a, b any) any { return fits(num(a).mul(num(b))) }
func negate(a any) any      { return num(a).neg() }

// remainder returns the remainder of a division of whole numbers.
func remainder(a, b any) any {
	by := num(b).coef
	if by == 0 {
		panic(failure("division by 0"))
	}
	return number{num(a).coef % by, 0}
}

func sum(list any) any {
	total := number{}
	for _, v := range list.([]any) {
		total = fits(total.add(num(v)))
	}
	return total
}

func largest(list any) any  { return outermost(list.([]any), 1) }
func smallest(list any) any { return outermost(list.([]any), -1) }

func outermost(list []any, side int) number {
	if len(list) == 0 {
		return number{}
	}
	best := num(list[0])
	for _, v := range list[1:] {
		if n := num(v); n.cmp(best) == side {
			best = n
		}
	}
	return best
}

func hasNumber(v, list any) bool {
	n := num(v)
	return slices.ContainsFunc(list.([]any), func(x any) bool { return num(x).cmp(n) == 0 })
}

func hasText(v, list any) bool {
	if texts, ok := list.([]string); ok {
		return slices.Contains(texts, v.(string))
	}
	return slices.Contains(list.([]any), v)
}

func matches(text, pattern any) bool      { return match(text.(string), pattern, maxMatched) }
func matchesShort(text, pattern any) bool { return match(text.(string), pattern, maxShort) }

// match reports whether a text matches a pattern. It rejects a text with more bytes than the given maximum, because the
// time that RE2 needs grows with the lengths of the text and of the pattern.
func match(text string, pattern any, longest int) bool {
	if len(text) > longest {
		panic(failure("the text is too long to match a pattern"))
	}
	return pattern.(*regexp.Regexp).MatchString(text)
}

func eventText(event, field any) string {
	e := event.(*loyalty.Event)
	switch field {
	case "type":
		return e.Type
	case "id":
		return e.ID
	}
	return fieldOf[string](e, field)
}

func eventTruth(event, field any) bool { return fieldOf[bool](event.(*loyalty.Event), field) }

func eventNumber(event, field any) any {
	r := fieldOf[*big.Rat](event.(*loyalty.Event), field)
	if r == nil {
		return number{}
	}
	return fits(fromRat(r))
}

// fieldOf returns the value of an event's field, or the zero value if the event does not have it.
func fieldOf[T any](e *loyalty.Event, field any) (value T) {
	held, ok := e.Data[field.(string)]
	if !ok || held == nil {
		return value
	}
	if value, ok = held.(T); !ok {
		panic(failure("event." + field.(string) + " does not have its declared type"))
	}
	return value
}
