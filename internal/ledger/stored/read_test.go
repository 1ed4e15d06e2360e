package stored

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"pgregory.net/rapid"
)

// testReader requires that a reader decodes the documents of a type as package json does, and that it gives up if
// package json returns an error.
func testReader[D any, P interface {
	*D
	appendTo(b []byte) []byte
}](t *testing.T, read func(doc []byte) (D, bool)) {
	t.Run(reflect.TypeFor[D]().Name(), func(t *testing.T) {
		compare := func(t rapid.TB, doc []byte) bool {
			t.Helper()
			got, ok := read(doc)
			var want D
			if err := json.Unmarshal(doc, &want); ok && (err != nil || !reflect.DeepEqual(got, want)) {
				t.Fatalf("%s is read as\n%+v\nwant\n%+v, %v", doc, got, want, err)
			}
			return ok
		}
		var full D
		(&loyaltytest.Filler{}).Fill(t, "", reflect.ValueOf(&full).Elem())
		doc := bytes.ReplaceAll(P(&full).appendTo(nil), []byte(`\"`), nil) // without escaped characters
		for _, doc := range [][]byte{doc, []byte("{}")} {
			if !compare(t, doc) {
				t.Errorf("the reader gives up for %s", doc)
			}
		}
		const wrong = "\x00 \",-.0\\]}nt\xff"
		for i := 0; i < len(doc); i += 1 + len(doc)/500 {
			compare(t, doc[:i])
			compare(t, slices.Delete(slices.Clone(doc), i, i+1))
			compare(t, slices.Insert(slices.Clone(doc), i, wrong[i%len(wrong)]))
		}
		rapid.Check(t, func(t *rapid.T) {
			var random D
			drawer{t}.fields("", reflect.ValueOf(&random).Elem())
			doc := P(&random).appendTo(nil)
			compare(t, doc)
			from := rapid.IntRange(0, len(doc)).Draw(t, "from")
			to := rapid.IntRange(from, len(doc)).Draw(t, "to")
			compare(t, slices.Insert(slices.Clone(doc), to, doc[from:to]...)) // repeats a part
			compare(t, slices.Delete(doc, from, to))
		})
	})
}

func TestDocumentsAreReadAsPackageJSONDoes(t *testing.T) {
	testReader(t, readAccount)
	testReader(t, readEntry)
	testReader(t, readUnpacked)
}

// The reader accepts only the form in which documents are stored. Package json decodes the others.
func TestFormsThatTheReaderDoesNotAccept(t *testing.T) {
	for _, doc := range []string{
		``, `{`, `{}}`, ` {}`, `{"seq":1,}`, `{"seq" :1}`, `{"seq":01}`, `{"seq":-0}`, `{"seq":1.0}`, `{"seq":1e3}`,
		`{"seq":null}`, `{"seq":"1"}`, `{"seq":1,"seq":2}`, `{"later":1}`, `{"head":"\u0041"}`, "{\"head\":\"\n\"}",
		"{\"head\":\"\xff\"}", `{"slide":2147483648}`, `{"convm":1}`, `{"w":{"b":{},"a":{}}}`, `{"mb":{"a":1,"a":2}}`,
		`{"first":["a",]}`, `{"first":[null]}`, `{"tier":null}`, `{"lots":[1 ]}`,
	} {
		if d, ok := readAccount([]byte(doc)); ok {
			t.Errorf("%q is read as %+v", doc, d)
		}
	}
	for doc, want := range map[string]AccountDoc{
		`{"seq":-999999999999999999}`: {Sequence: -999999999999999999},
		`{"slide":2147483647}`:        {Slides: 2147483647},
		`{"past":[null,{}]}`:          {Past: []*tierDoc{nil, {}}},
		`{"lots":[],"convm":false}`:   {Lots: seriesDoc{}},
		`{"head":"ä","convm":true}`:   {Head: "ä", More: true},
	} {
		if d, ok := readAccount([]byte(doc)); !ok || !reflect.DeepEqual(d, want) {
			t.Errorf("%s is read as %+v, %t", doc, d, ok)
		}
	}
}

// A document that the reader does not accept is decoded by package json, without what the reader decoded before.
func TestReaderGivesUp(t *testing.T) {
	d, err := unpackedAccount([]byte(`{"seq":7,"later":[1],"head":"a\u0062"}`))
	if err != nil || d.Sequence != 7 || d.Head != "ab" {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = unpackedAccount([]byte(`{"seq":7,"seq":8}`))
	if err == nil || !strings.Contains(err.Error(), "duplicate") {
		t.Errorf("a repeated member: %v", err)
	}
}
