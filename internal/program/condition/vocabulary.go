package condition

import (
	"maps"
	"reflect"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A kind is the type of a value. It determines the operations that are allowed.
type kind int

const (
	truth kind = iota
	text
	whole   // represented by an int or by a number without decimal places
	decimal // represented by a number
	amount  // represented by a number
	list
	object // has fields; the object itself cannot be used as a value
)

// A shape is the complete type of a value, including the fields of an object and the elements of a list.
type shape struct {
	kind   kind
	name   string           // for an object: its name
	fields map[string]shape // for an object: the shapes of its fields
	of     *shape           // for a list: the shape of its elements
}

func (s shape) isNumber() bool { return s.kind == whole || s.kind == decimal || s.kind == amount }

func (s shape) isList(of kind) bool { return s.kind == list && s.of.kind == of }

// String returns the name of the shape's kind for messages.
func (s shape) String() string {
	switch s.kind {
	case truth:
		return "true or false"
	case text:
		return "text"
	case whole:
		return "a whole number"
	case decimal:
		return "a number"
	case amount:
		return "an amount"
	case list:
		return "a list"
	}
	return s.name
}

// vocabulary returns the first names of the expressions in a condition, such as order in order.total.
func vocabulary(env Env) map[string]shape {
	names := maps.Clone(words)
	if env.Member {
		return map[string]shape{"member": names["member"]}
	}
	if env.Reward {
		all := names["order"].fields
		names["order"] = shape{
			kind: object, name: "order", fields: map[string]shape{"total": all["total"], "currency": all["currency"]},
		}
	}
	if env.Event == nil {
		return names
	}
	delete(names, "order")
	fields := make(map[string]shape, len(env.Event.Fields)+2)
	for name, kind := range env.Event.Fields {
		switch kind {
		case loyalty.TextField:
			fields[name] = shape{kind: text}
		case loyalty.NumberField:
			fields[name] = shape{kind: decimal}
		case loyalty.BooleanField:
			fields[name] = shape{kind: truth}
		}
	}
	fields["type"], fields["id"] = shape{kind: text}, shape{kind: text}
	names["event"] = shape{kind: object, name: "event", fields: fields}
	return names
}

// words contains the vocabulary except the fields of events. It is derived from the struct tags of environment, so that
// every name that compiles also exists at run time.
var words = func() map[string]shape {
	all := shapeOf(reflect.TypeFor[environment](), "").fields
	delete(all, "event")
	return all
}()

func shapeOf(t reflect.Type, name string) shape {
	switch t {
	case reflect.TypeFor[bool]():
		return shape{kind: truth}
	case reflect.TypeFor[string]():
		return shape{kind: text}
	case reflect.TypeFor[int]():
		return shape{kind: whole}
	case reflect.TypeFor[number]():
		return shape{kind: amount}
	}
	switch t.Kind() {
	case reflect.Slice:
		of := shapeOf(t.Elem(), name)
		return shape{kind: list, of: &of}
	case reflect.Pointer:
		return shapeOf(t.Elem(), t.Elem().Name())
	}
	s := shape{kind: object, name: name, fields: map[string]shape{}}
	for f := range t.Fields() {
		if tag := f.Tag.Get("expr"); tag != "" {
			s.fields[tag] = shapeOf(f.Type, tag)
		}
	}
	return s
}

func namesOf[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
