package stored

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The functions in append.gen.go encode the documents of accounts and entries. They return the same bytes as Encode,
// without reflection. Each member and element is followed by a comma, which closed replaces.

//go:generate go run ./generate

// closed appends the end of an object or array.
func closed(b []byte, end byte) []byte {
	if last := len(b) - 1; b[last] == ',' {
		b[last] = end
		return b
	}
	return append(b, end)
}

// unlessEmpty appends a comma to a member whose value is an object, or removes the member, which begins at start, if
// the object is empty.
func unlessEmpty(b []byte, start int) []byte {
	if n := len(b); b[n-2] == '{' {
		return b[:start]
	}
	return append(b, ',')
}

func appendText(b []byte, text string) []byte {
	b, err := jsontext.AppendQuote(b, text)
	if err != nil {
		panic("ledger: a stored form cannot be written: " + err.Error()) // a bug: texts are valid UTF-8
	}
	return b
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for _, text := range list {
		b = append(appendText(b, text), ',')
	}
	return closed(b, ']')
}

func appendNumbers[N ~int32 | ~int64](b []byte, list []N) []byte {
	b = append(b, '[')
	for _, n := range list {
		b = append(strconv.AppendInt(b, int64(n), 10), ',')
	}
	return closed(b, ']')
}

// An object is a JSON object whose members are already in the order of their names. Encoding does not sort them, unlike
// those of a map.
type object[V any] []member[V]

type member[V any] struct {
	Name  string
	Value V
}

func (o object[V]) MarshalJSONTo(to *jsontext.Encoder) error {
	if err := to.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := to.WriteToken(jsontext.String(m.Name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(to, &m.Value); err != nil {
			return err
		}
	}
	return to.WriteToken(jsontext.EndObject)
}

func (o *object[V]) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	*o = nil
	if from.PeekKind() != '{' {
		return json.UnmarshalDecode(from, &map[string]V{}) // null, or an error
	}
	if _, err := from.ReadToken(); err != nil {
		return err
	}
	for from.PeekKind() != '}' {
		name, err := from.ReadToken()
		if err != nil {
			return err
		}
		m := member[V]{Name: name.String()}
		if err := json.UnmarshalDecode(from, &m.Value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	o.sort()
	_, err := from.ReadToken()
	return err
}

// sort sorts the members. It panics if two members have the same name, because such an object could not be read.
func (o object[V]) sort() {
	slices.SortFunc(o, func(x, y member[V]) int { return cmp.Compare(x.Name, y.Name) })
	for i := 1; i < len(o); i++ {
		if o[i].Name == o[i-1].Name {
			panic("ledger: a stored form cannot be written: two members are named " + o[i].Name)
		}
	}
}
