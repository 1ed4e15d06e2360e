package dynamodbapi

import (
	"reflect"
	"strings"
)

// A condition reports whether an item satisfies a condition expression. The item is nil if it does not exist.
type condition func(item attributes) bool

// An operand returns one side of a comparison. It reports false if the item does not have the attribute.
type operand func(item attributes) (v value, ok bool)

// parseCondition parses a condition expression. It supports attribute_exists, attribute_not_exists, comparisons,
// BETWEEN, AND, OR and parentheses. An empty expression is always true.
func parseCondition(
	source string, names map[string]string, values attributes, used map[string]bool,
) (condition, error) {
	if source == "" {
		return func(attributes) bool { return true }, nil
	}
	e := newExpression(source, "ConditionExpression", names, values, used)
	c := e.disjunction()
	return c, e.end()
}

func (e *expression) disjunction() condition {
	c := e.conjunction()
	for e.take("OR") {
		left, right := c, e.conjunction()
		c = func(item attributes) bool { return left(item) || right(item) }
	}
	return c
}

func (e *expression) conjunction() condition {
	c := e.test()
	for e.take("AND") {
		left, right := c, e.test()
		c = func(item attributes) bool { return left(item) && right(item) }
	}
	return c
}

func (e *expression) test() condition {
	switch e.peek() {
	case "(":
		e.next()
		c := e.disjunction()
		e.expect(")")
		return c
	case "ATTRIBUTE_EXISTS":
		return e.exists(true)
	case "ATTRIBUTE_NOT_EXISTS":
		return e.exists(false)
	}
	left := e.operand()
	if e.take("BETWEEN") {
		least := e.operand()
		e.expect("AND")
		most := e.operand()
		return func(item attributes) bool {
			return ordered(item, left, least, func(o int) bool { return o >= 0 }) &&
				ordered(item, left, most, func(o int) bool { return o <= 0 })
		}
	}
	return e.comparison(left)
}

func (e *expression) exists(want bool) condition {
	e.next()
	e.expect("(")
	path := e.path()
	e.expect(")")
	return func(item attributes) bool {
		_, ok := find(item, path)
		return ok == want
	}
}

func (e *expression) operand() operand {
	if strings.HasPrefix(e.peek(), ":") {
		v := e.literal()
		return func(attributes) (value, bool) { return v, true }
	}
	path := e.path()
	return func(item attributes) (value, bool) { return find(item, path) }
}

func (e *expression) comparison(left operand) condition {
	operator := e.next()
	holds, isOrder := map[string]func(int) bool{
		"<":  func(o int) bool { return o < 0 },
		"<=": func(o int) bool { return o <= 0 },
		">":  func(o int) bool { return o > 0 },
		">=": func(o int) bool { return o >= 0 },
	}[operator]
	if !isOrder && operator != "=" && operator != "<>" {
		e.fail("the operator %q is not supported", operator)
		return nil
	}
	right := e.operand()
	if isOrder {
		return func(item attributes) bool { return ordered(item, left, right, holds) }
	}
	return func(item attributes) bool {
		a, okA := left(item)
		b, okB := right(item)
		return okA && okB && equal(a, b) == (operator == "=")
	}
}

// ordered compares two operands. It returns false if one of them does not exist, or if their types cannot be compared.
// Otherwise, it passes their order (-1, 0 or 1) to the function wanted and returns the result.
func ordered(item attributes, left, right operand, wanted func(int) bool) bool {
	a, okA := left(item)
	b, okB := right(item)
	if !okA || !okB {
		return false
	}
	order, ok := compare(a, b)
	return ok && wanted(order)
}

func equal(a, b value) bool {
	if order, ok := compare(a, b); ok {
		return order == 0
	}
	return reflect.DeepEqual(a, b)
}
