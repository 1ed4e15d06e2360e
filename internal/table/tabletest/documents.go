package tabletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// documents tests that stored documents are read back unchanged, to the last digit.
func (s *suite) documents(t *testing.T) {
	for name, doc := range map[string]string{
		"an empty document":                            `{}`,
		"the first integer that a float64 cannot hold": `{"n":9007199254740993}`,
		"the largest and smallest int64":               `{"max":9223372036854775807,"min":-9223372036854775808}`,
		"decimal fractions":                            `{"a":0.1,"b":-0.30000000000000004,"c":1234567890.123456789}`,
		"zeros and exponents":                          `{"a":0,"b":-0.0,"c":1e3,"d":2.50,"e":1E-7}`,
		"escapes and quotes":                           `{"a":"\"\\\/\b\f\n\r\t","b":"\u0041\u00e9","quote\"d":1}`,
		"emoji, line separators and markup": `{"a":"😀 \ud83d\ude00","b":"\u2028\u2029","c":"<a ` +
			`href=\"x\">&</a>","é":"ü"}`,
		"bytes": `{"a":"data:;base64,AAH/","b":["data:;base64,"],"c":{"d":"data:;base64,` +
			`aGVsbG8="}}`,
		"strings that resemble bytes": `{"a":"data:;base64,A","b":"data:;base64,AB==","c":"data:;base64",` +
			`"data:;base64,":"AAEC"}`,
		"a control character":              `{"a":"\u0000\u0001\u001f"}`,
		"empty strings, lists and objects": `{"s":"","l":[],"o":{}}`,
		"true, false and null":             `{"t":true,"f":false,"n":null,"l":[null,true,false]}`,
		"nested lists and objects":         `{"a":[[1,[2]],{"b":[{"c":{"d":[]}}]}],"e":{"f":{"g":{"h":"i"}}}}`,
		"names with a special meaning": `{"pk":"x","sk":"y","v":"z","doc":{"ttl":1},"a.b":1,"#a":2,":b":3,` +
			`"size":4,"S":{"N":"1"}}`,
		"white space between tokens":  " {\n\t\"a\" : [ 1 , 2 ]\r\n} ",
		"a document of nearly 350 KB": fmt.Sprintf(`{"a":%q}`, strings.Repeat("x", 340_000)),
	} {
		t.Run(name+" is read back unchanged", func(t *testing.T) {
			it := s.put(t, s.item(t, "a", doc))
			s.wantStored(t, it)
			if listed := s.list(t, table.Query{PK: it.Key.PK}); len(listed) == 1 {
				wantItem(t, listed[0], it)
			}
		})
	}
	t.Run("an encoded document is read back unchanged", func(t *testing.T) {
		it := s.item(t, "a", `{"a":[1,"<é>"],"b":{"c":9007199254740993}}`)
		s.transact(t, table.PutEncoded(it))
		it.Version++
		s.wantStored(t, it)
	})
	t.Run("an expiry is read back in whole seconds", func(t *testing.T) {
		it := s.item(t, "a", `{}`)
		it.Expires = time.Date(2031, 3, 31, 22, 59, 59, 987654321, time.FixedZone("", 7200))
		s.put(t, it)
		want := time.Date(2031, 3, 31, 20, 59, 59, 0, time.UTC)
		if got := s.get(t, it.Key).Expires; !got.Equal(want) || got.Nanosecond() != 0 {
			t.Errorf("expires %v, want %v", got, want)
		}
	})
	t.Run("an expiry can be removed", func(t *testing.T) {
		it := s.item(t, "a", `{}`)
		it.Expires = time.Date(2031, 3, 31, 0, 0, 0, 0, time.UTC)
		it = s.put(t, it)
		s.wantStored(t, it)
		it.Expires = time.Time{}
		s.put(t, it)
		if got := s.get(t, it.Key).Expires; !got.IsZero() {
			t.Errorf("expires %v, want never", got)
		}
	})
	t.Run("changes to an item after a put or a read do not change the table", func(t *testing.T) {
		it := s.item(t, "a", `{"n":1}`)
		s.put(t, it)
		copy(it.Doc, `{"n":2}`)
		copy(s.get(t, it.Key).Doc, `{"n":3}`)
		s.wantStored(t, table.Item{Key: it.Key, Version: 1, Doc: numbered(1)})
	})
	t.Run("a put does not change its argument", func(t *testing.T) {
		const doc = ` { "b" : 1.50 , "a" : "\u0041" } `
		it := s.item(t, "a", doc)
		s.put(t, it)
		if string(it.Doc) != doc {
			t.Errorf("the document is now %s", it.Doc)
		}
	})
}

// decode converts a document to a form that reflect.DeepEqual can compare: the order of names has no effect, and
// numbers are exact.
func decode(doc json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return fmt.Sprintf("%q: %v", doc, err)
	}
	return exact(v)
}

func exact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = exact(v[name])
		}
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return "number " + r.RatString()
		}
	}
	return v
}
