package dynamotable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// indexName is the name of the table's index. template.yaml and Create use the same name.
const indexName = "index"

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func whole(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func keyAttributes(key table.Key) attributes {
	return attributes{"pk": text(key.PK), "sk": text(key.SK)}
}

func keyOf(a attributes) table.Key   { return table.Key{PK: textOf(a["pk"]), SK: textOf(a["sk"])} }
func indexOf(a attributes) table.Key { return table.Key{PK: textOf(a["ipk"]), SK: textOf(a["isk"])} }

func textOf(v types.AttributeValue) string {
	s, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return s.Value
}

func wholeOf(v types.AttributeValue) (int64, error) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("%T is not a number", v)
	}
	return strconv.ParseInt(n.Value, 10, 64)
}

// encode returns the attributes that a Put stores for the item. They contain the version after the current one.
func encode(it table.Item) (attributes, error) {
	doc, err := parse(it.Doc)
	if err != nil {
		return nil, err
	}
	native, err := attributevalue.Marshal(withBytes(doc))
	if err != nil {
		return nil, err
	}
	a := keyAttributes(it.Key)
	a["v"] = whole(it.Version + 1)
	a["doc"] = native
	if !it.Index.IsZero() {
		a["ipk"], a["isk"] = text(it.Index.PK), text(it.Index.SK)
	}
	if !it.Expires.IsZero() {
		a["ttl"] = whole(it.Expires.Unix())
	}
	return a, nil
}

// withBytes replaces the strings in v that represent bytes (see table.Binary) with the bytes, so that DynamoDB stores
// them in binary form.
func withBytes(v any) any {
	switch v := v.(type) {
	case string:
		if b, ok := table.Bytes(v); ok {
			return b
		}
	case map[string]any:
		for name, value := range v {
			v[name] = withBytes(value)
		}
	case []any:
		for i, value := range v {
			v[i] = withBytes(value)
		}
	}
	return v
}

// decode returns the item with the given key from its attributes. If there are no attributes, the item is absent.
func decode(key table.Key, a attributes) (table.Item, error) {
	it := table.Item{Key: key, Index: indexOf(a)}
	if len(a) == 0 {
		return it, nil
	}
	var err error
	if it.Version, err = wholeOf(a["v"]); err != nil {
		return table.Item{}, fmt.Errorf("version: %w", err)
	}
	if ttl, ok := a["ttl"]; ok {
		seconds, err := wholeOf(ttl)
		if err != nil {
			return table.Item{}, fmt.Errorf("expiry: %w", err)
		}
		it.Expires = time.Unix(seconds, 0).UTC()
	}
	var doc map[string]any
	useNumber := func(o *attributevalue.DecoderOptions) { o.UseNumber = true }
	if err := attributevalue.UnmarshalWithOptions(a["doc"], &doc, useNumber); err != nil {
		return table.Item{}, fmt.Errorf("document: %w", err)
	}
	if it.Doc, err = render(doc); err != nil {
		return table.Item{}, fmt.Errorf("document: %w", err)
	}
	return it, nil
}

// parse decodes a document into maps, slices and json.Numbers. All numbers are in canonical form.
func parse(doc json.RawMessage) (map[string]any, error) {
	if len(doc) > maxDoc {
		return nil, fmt.Errorf("document has %d bytes, more than %d", len(doc), maxDoc)
	}
	if !utf8.Valid(doc) {
		return nil, errors.New("document is not UTF-8")
	}
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("document is not a JSON object: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("document has data after its JSON object")
	}
	if object == nil {
		return nil, errors.New("document is null, not a JSON object")
	}
	if _, err := canonical(object); err != nil {
		return nil, err
	}
	return object, nil
}

// render encodes a document that parse returned.
func render(doc map[string]any) (json.RawMessage, error) {
	if doc == nil {
		return nil, errors.New("not a map")
	}
	if _, err := canonical(doc); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// canonical replaces every number in v with its canonical json.Number, and bytes with their string, so that
// reflect.DeepEqual can compare documents. It modifies v.
func canonical(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		return number(string(v))
	case attributevalue.Number:
		return number(string(v))
	case []byte:
		return table.Binary(v), nil
	case map[string]any:
		for name, value := range v {
			if v[name], err = canonical(value); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	case []any:
		for i, value := range v {
			if v[i], err = canonical(value); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// same reports whether the current item is the result of a Put of the second item.
func same(now, it table.Item) bool {
	if now.Version != it.Version+1 || now.Index != it.Index {
		return false
	}
	if now.Expires.IsZero() != it.Expires.IsZero() || !now.Expires.IsZero() && now.Expires.Unix() != it.Expires.Unix() {
		return false
	}
	a, errA := parse(now.Doc)
	b, errB := parse(it.Doc)
	return errA == nil && errB == nil && reflect.DeepEqual(a, b)
}
