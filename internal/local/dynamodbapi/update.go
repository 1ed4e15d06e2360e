package dynamodbapi

import (
	"maps"
	"math/big"
	"strings"
)

// An update calculates the new item from the current one.
type update func(item attributes) (attributes, error)

// A term calculates a value from the current item. The update assigns this value to an attribute.
type term func(item attributes) (value, error)

type assignment struct {
	path []string
	term term
}

// parseUpdate parses an update expression. It supports SET with attributes, values, if_not_exists, + and -.
func parseUpdate(source string, names map[string]string, values attributes, used map[string]bool) (update, error) {
	e := newExpression(source, "UpdateExpression", names, values, used)
	e.expect("SET")
	var all []assignment
	for more := true; more && e.err == nil; more = e.take(",") {
		path := e.path()
		if len(path) == 1 && (path[0] == partitionName || path[0] == sortName) {
			e.fail("Cannot update attribute %s. This attribute is part of the key", path[0])
		}
		e.expect("=")
		all = append(all, assignment{path, e.sum()})
	}
	return func(item attributes) (attributes, error) { return assign(item, all) }, e.end()
}

func (e *expression) sum() term {
	left := e.term()
	sign := int64(1)
	switch e.peek() {
	case "+":
	case "-":
		sign = -1
	default:
		return left
	}
	e.next()
	right := e.term()
	return func(item attributes) (value, error) {
		a, err := left(item)
		if err != nil {
			return value{}, err
		}
		b, err := right(item)
		if err != nil {
			return value{}, err
		}
		return add(a, b, sign)
	}
}

func (e *expression) term() term {
	if e.peek() == "IF_NOT_EXISTS" {
		e.next()
		e.expect("(")
		path := e.path()
		e.expect(",")
		otherwise := e.term()
		e.expect(")")
		return func(item attributes) (value, error) {
			if v, ok := find(item, path); ok {
				return v, nil
			}
			return otherwise(item)
		}
	}
	source := strings.Join(e.tokens, " ")
	o := e.operand()
	return func(item attributes) (value, error) {
		v, ok := o(item)
		if !ok {
			return value{}, invalid(
				"The provided expression refers to an attribute that does not exist in the item: %s", source,
			)
		}
		return v, nil
	}
}

// add returns a + sign × b. It supports only integers, which is sufficient for the counters in the table.
func add(a, b value, sign int64) (value, error) {
	x, okX := a.rational()
	y, okY := b.rational()
	if !okX || !okY {
		return value{}, invalid("An operand in the update expression has an incorrect data type")
	}
	if !x.IsInt() || !y.IsInt() {
		return value{}, invalid("An update can only add integers")
	}
	y.Mul(y, big.NewRat(sign, 1))
	return number(x.Add(x, y).Num().String()), nil
}

// assign calculates all terms from the current item, and assigns them to attributes in a copy of the item.
func assign(item attributes, all []assignment) (attributes, error) {
	next := maps.Clone(item)
	for _, one := range all {
		v, err := one.term(item)
		if err != nil {
			return nil, err
		}
		if next, err = set(next, one.path, v); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// set returns a copy of the item in which the value at a path is v. It copies only the maps along the path.
func set(item attributes, path []string, v value) (attributes, error) {
	item = maps.Clone(item)
	if len(path) == 1 {
		item[path[0]] = v
		return item, nil
	}
	inner := item[path[0]]
	if inner.M == nil {
		return nil, invalid("The document path provided in the update expression is invalid for update")
	}
	changed, err := set(inner.M, path[1:], v)
	if err != nil {
		return nil, err
	}
	item[path[0]] = value{M: changed}
	return item, nil
}
