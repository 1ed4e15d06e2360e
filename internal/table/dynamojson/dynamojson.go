// Package dynamojson converts items in DynamoDB's JSON to items of package table. Stream records and exports contain
// items in this form, such as {"pk":{"S":"P#x"},"v":{"N":"1"}}. Package dynamotable writes these items; the AWS SDK has
// no function that reads this form.
package dynamojson

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Item returns the item with the given attributes.
func Item(attributes map[string]any) (it table.Item, err error) {
	it.Key = table.Key{PK: text(attributes["pk"]), SK: text(attributes["sk"])}
	it.Index = table.Key{PK: text(attributes["ipk"]), SK: text(attributes["isk"])}
	if it.Key.PK == "" || it.Key.SK == "" {
		return it, errors.New("dynamojson: an item has no key")
	}
	if it.Version, err = number(attributes["v"]); err != nil {
		return it, fmt.Errorf("dynamojson: the version of %s: %w", it.Key, err)
	}
	if ttl, ok := attributes["ttl"]; ok {
		seconds, err := number(ttl)
		if err != nil {
			return it, fmt.Errorf("dynamojson: the expiry of %s: %w", it.Key, err)
		}
		it.Expires = time.Unix(seconds, 0).UTC()
	}
	if it.Doc, err = Document(attributes); err != nil {
		return it, fmt.Errorf("%w (%s)", err, it.Key)
	}
	return it, nil
}

// Document returns the document of the item with the given attributes.
func Document(attributes map[string]any) ([]byte, error) {
	doc, ok := attributes["doc"]
	if !ok {
		return nil, errors.New("dynamojson: an item has no document")
	}
	plain, err := plainOf(doc)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

// text returns the value of a string attribute, or an empty string.
func text(v any) string {
	plain, _ := plainOf(v)
	s, _ := plain.(string)
	return s
}

// number returns the value of an attribute that is a whole number.
func number(v any) (int64, error) {
	plain, err := plainOf(v)
	if err != nil {
		return 0, err
	}
	n, ok := plain.(jsontext.Value)
	if !ok {
		return 0, fmt.Errorf("%v is not a number", v)
	}
	return strconv.ParseInt(string(n), 10, 64)
}

// plainOf converts a value in DynamoDB's JSON, such as {"N":"5"}, to the value that it represents. Bytes become strings
// in the form of table.Binary.
func plainOf(v any) (any, error) {
	typed, ok := v.(map[string]any)
	if !ok || len(typed) != 1 {
		return nil, fmt.Errorf("dynamojson: %v is not an attribute value", v)
	}
	for name, value := range typed {
		switch x := value.(type) {
		case string:
			switch name {
			case "S":
				return x, nil
			case "N":
				return jsontext.Value(x), nil
			case "B":
				return "data:;base64," + x, nil
			}
		case bool:
			if name == "BOOL" {
				return x, nil
			}
			return nil, nil // NULL
		case map[string]any:
			return plainMap(x)
		case []any:
			return plainList(x)
		}
	}
	return nil, fmt.Errorf("dynamojson: %v is not an attribute value", v)
}

func plainMap(values map[string]any) (any, error) {
	plain := make(map[string]any, len(values))
	for name, v := range values {
		p, err := plainOf(v)
		if err != nil {
			return nil, err
		}
		plain[name] = p
	}
	return plain, nil
}

func plainList(values []any) (any, error) {
	plain := make([]any, 0, len(values))
	for _, v := range values {
		p, err := plainOf(v)
		if err != nil {
			return nil, err
		}
		plain = append(plain, p)
	}
	return plain, nil
}
