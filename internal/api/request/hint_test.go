package request

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// TestMisspelledFieldIsSuggested changes one character of a field of an order or of a line item. The rejection suggests
// the field.
func TestMisspelledFieldIsSuggested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bodies := []reflect.Type{reflect.TypeFor[OrderBody](), reflect.TypeFor[LineBody]()}
		in := rapid.SampledFrom(bodies).Draw(t, "type")
		name := rapid.SampledFrom(fieldNames(in)).Draw(t, "field")
		at := rapid.IntRange(0, len(name)-1).Draw(t, "at")
		wrong := name[:at] + "0" + name[at+1:]
		err := unknownField(jsontext.Pointer("/"+wrong), in).(*Refusal)
		if len(name) > 2 && !strings.HasSuffix(err.detail, "Did you mean "+name+"?") {
			t.Fatalf("%s: %s", wrong, err.detail)
		}
		if err.Faults[0].Pointer != "/"+wrong {
			t.Fatalf("pointer %s", err.Faults[0].Pointer)
		}
	})
}
