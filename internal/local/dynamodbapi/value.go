package dynamodbapi

import (
	"bytes"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A value is an attribute value in DynamoDB's JSON. Exactly one field is set. There is no field for sets, because no
// item of the table contains a set.
type value struct {
	S    *string          `json:"S,omitzero"`
	B    *string          `json:"B,omitzero"` // in base64
	N    *string          `json:"N,omitzero"`
	BOOL *bool            `json:"BOOL,omitzero"`
	NULL *bool            `json:"NULL,omitzero"`
	L    []value          `json:"L,omitzero"`
	M    map[string]value `json:"M,omitzero"`
}

// attributes contains the attributes of an item or of a nested map, by name. It is nil for an absent item.
type attributes map[string]value

func text(s string) value   { return value{S: &s} }
func number(n string) value { return value{N: &n} }

// kind returns DynamoDB's name for the type of a value. It returns "" unless exactly one field is set.
func (v value) kind() string {
	var kinds []string
	for name, set := range map[string]bool{
		"S": v.S != nil, "B": v.B != nil, "N": v.N != nil, "BOOL": v.BOOL != nil, "NULL": v.NULL != nil,
		"L": v.L != nil, "M": v.M != nil,
	} {
		if set {
			kinds = append(kinds, name)
		}
	}
	if len(kinds) != 1 {
		return ""
	}
	return kinds[0]
}

// check returns an error if a value, or a value nested in it, does not have exactly one type or is an invalid number.
func (v value) check() error {
	switch v.kind() {
	case "":
		return invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case "N":
		if _, ok := v.rational(); !ok {
			return invalid("The parameter cannot be converted to a numeric value: %.50s", *v.N)
		}
	case "B":
		if _, ok := table.Bytes(binary + *v.B); !ok {
			return invalid("The parameter cannot be converted to a binary value: %.50s", *v.B)
		}
	case "L":
		for _, e := range v.L {
			if err := e.check(); err != nil {
				return err
			}
		}
	case "M":
		return attributes(v.M).check()
	}
	return nil
}

func (a attributes) check() error {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if err := a[name].check(); err != nil {
			return err
		}
	}
	return nil
}

// rational returns the value of a number. It reports false if the value is not a valid number.
func (v value) rational() (*big.Rat, bool) {
	if v.N == nil || !jsontext.Value(*v.N).IsValid() || jsontext.Value(*v.N).Kind() != '0' || len(*v.N) > 200 {
		return nil, false
	}
	return new(big.Rat).SetString(*v.N)
}

// compare compares two numbers by value, or two strings by their bytes. It reports false for any other types.
func compare(a, b value) (order int, ok bool) {
	if a.S != nil && b.S != nil {
		return bytes.Compare([]byte(*a.S), []byte(*b.S)), true
	}
	x, xIs := a.rational()
	y, yIs := b.rational()
	if !xIs || !yIs {
		return 0, false
	}
	return x.Cmp(y), true
}

// binary is the start of a string that represents bytes in a stored document; see table.Binary.
var binary = table.Binary(nil)

func isBinary(s string) bool {
	_, ok := table.Bytes(s)
	return ok
}

// These options convert documents between two forms: the stored JSON, and DynamoDB's JSON, in which each value has a
// type.
var (
	fromPlain = json.WithUnmarshalers(json.UnmarshalFromFunc(readPlain))
	toPlain   = json.WithMarshalers(json.MarshalToFunc(writePlain))
)

// parseDocument converts a stored document to a value.
func parseDocument(doc []byte) (v value, err error) {
	if err := json.Unmarshal(doc, &v, fromPlain); err != nil {
		return value{}, fmt.Errorf("dynamodbapi: read a document: %w", err)
	}
	return v, nil
}

// renderDocument converts a value to a stored document.
func renderDocument(v value) ([]byte, error) {
	doc, err := json.Marshal(v, toPlain, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("dynamodbapi: write a document: %w", err)
	}
	return doc, nil
}

func readPlain(dec *jsontext.Decoder, v *value) error {
	switch dec.PeekKind() {
	case '{':
		v.M = map[string]value{}
		return json.UnmarshalDecode(dec, &v.M)
	case '[':
		v.L = []value{}
		return json.UnmarshalDecode(dec, &v.L)
	}
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	yes := true
	switch token.Kind() {
	case '"':
		s := token.String()
		if *v = text(s); isBinary(s) {
			encoded := strings.TrimPrefix(s, binary)
			*v = value{B: &encoded}
		}
	case '0':
		*v = number(token.String())
	case 'n':
		v.NULL = &yes
	case 't', 'f':
		is := token.Bool()
		v.BOOL = &is
	}
	return nil
}

func writePlain(enc *jsontext.Encoder, v value) error {
	switch v.kind() {
	case "S":
		return enc.WriteToken(jsontext.String(*v.S))
	case "B":
		return enc.WriteToken(jsontext.String(binary + *v.B))
	case "N":
		return enc.WriteValue(jsontext.Value(*v.N))
	case "BOOL":
		return enc.WriteToken(jsontext.Bool(*v.BOOL))
	case "L":
		return json.MarshalEncode(enc, v.L)
	case "M":
		return json.MarshalEncode(enc, v.M)
	}
	return enc.WriteToken(jsontext.Null)
}
