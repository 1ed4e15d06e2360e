package stored

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"pgregory.net/rapid"
)

// A drawer fills documents with random values. Each field is zero in about half of the documents, so that each
// combination of present and omitted members occurs.
type drawer struct{ *rapid.T }

func (d drawer) fill(path string, v reflect.Value) {
	if !rapid.Bool().Draw(d.T, path+" is set") {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(rapid.String().Draw(d.T, path))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(d.T, path) >> (64 - v.Type().Bits()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.fill(path, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 2).Draw(d.T, path+" length"), 2))
		for i := range v.Len() {
			d.fill(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			if v.Index(i).Kind() == reflect.Struct {
				if name := v.Index(i).FieldByName("Name"); strings.HasPrefix(v.Type().Name(), "object[") {
					name.SetString(fmt.Sprint(i, name)) // the names of an object's members are unique
				}
			}
		}
	case reflect.Struct:
		d.fields(path, v)
	default:
		panic(path + " has the unknown type " + v.Type().String())
	}
}

func (d drawer) fields(path string, v reflect.Value) {
	for i := range v.NumField() {
		d.fill(path+"."+v.Type().Field(i).Name, v.Field(i))
	}
}

// The functions that the generator writes return the same bytes as package json, for empty documents, for documents in
// which every field is set, and for any other documents.
func TestDocumentsAreAppendedAsTheyAreEncoded(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[AccountDoc](), reflect.TypeFor[entryDoc](), reflect.TypeFor[unpackedDoc](),
	} {
		t.Run(typ.Name(), func(t *testing.T) {
			doc := reflect.New(typ)
			compareEncodings(t, doc.Interface())
			(&loyaltytest.Filler{}).Fill(t, typ.Name(), doc.Elem())
			compareEncodings(t, doc.Interface())
			rapid.Check(t, func(t *rapid.T) {
				doc := reflect.New(typ)
				drawer{t}.fields(typ.Name(), doc.Elem())
				compareEncodings(t, doc.Interface())
			})
		})
	}
}

func compareEncodings(t rapid.TB, doc any) {
	t.Helper()
	got, want := doc.(interface{ appendTo(b []byte) []byte }).appendTo(nil), Encode(doc)
	if !bytes.Equal(got, want) {
		t.Fatalf("appended\n%s\nwant\n%s", got, want)
	}
}

// Invalid texts and two members with the same name are bugs: they are never stored.
func TestInvalidDocumentsAreNotAppended(t *testing.T) {
	for name, encode := range map[string]func(){
		"invalid text": func() { PackedAccount(AccountDoc{Head: "\xff"}) },
		"the same wallet twice": func() {
			StoredAccount(loyalty.Account{Purses: []loyalty.Purse{{Wallet: "a"}, {Wallet: "a"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the account is encoded")
				}
			}()
			encode()
		})
	}
}

func TestObjectsAreReadInTheOrderOfTheirNames(t *testing.T) {
	for doc, want := range map[string]object[int64]{
		`{"b":2,"a":1}`: {{"a", 1}, {"b", 2}},
		`{}`:            nil,
		`null`:          nil,
	} {
		got := object[int64]{{"c", 3}}
		if err := json.Unmarshal([]byte(doc), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read as %v, %v", doc, got, err)
		}
	}
	for _, doc := range []string{`{"a":1,"a":2}`, `{"a":"b"}`, `{"a":1`, `[]`, `1`} {
		if got := new(object[int64]); json.Unmarshal([]byte(doc), got) == nil {
			t.Errorf("%s is read as %v", doc, *got)
		}
	}
}
