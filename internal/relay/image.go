package relay

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// plainOf converts a value in DynamoDB's JSON, such as {"N":"5"}, to the value that it represents. Bytes become strings
// in the form of table.Binary.
func plainOf(v any) (any, error) {
	typed, ok := v.(map[string]any)
	if !ok || len(typed) != 1 {
		return nil, fmt.Errorf("relay: %v is not an attribute value", v)
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
	return nil, fmt.Errorf("relay: %v is not an attribute value", v)
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
