package snapshot

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// strategies contains one strategy of each kind, to be filled. A test compares it with the kinds in package loyalty.
var strategies = []loyalty.Strategy{
	loyalty.PerAmount{}, loyalty.PerUnit{}, loyalty.PerVisit{}, loyalty.Fixed{}, loyalty.Steps{}, loyalty.Multiply{},
}

// A filler sets every exported field to a unique value other than zero.
type filler struct {
	n          int64
	strategies int // number of strategies that were filled
}

func (f *filler) fill(t *testing.T, path string, v reflect.Value) {
	f.n++
	if f.special(t, path, v) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("%s ä\"< %d", v.Type(), f.n))
	case reflect.Int, reflect.Int32, reflect.Int64:
		f.number(v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(t, path, v.Elem())
	case reflect.Slice:
		n := 2
		if v.Type().Elem() == reflect.TypeFor[loyalty.Rule]() {
			n = len(strategies)
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(t, path, v.Index(i))
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(t, path, key)
		f.fill(t, path, value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				f.fill(t, path+"."+field.Name, v.Field(i))
			}
		}
	default:
		t.Fatalf("%s is a %s: teach this test to fill it", path, v.Type())
	}
}

// special fills values of types that allow only certain values, and reports whether v has such a type.
func (f *filler) special(t *testing.T, path string, v reflect.Value) bool {
	switch v.Type() {
	case reflect.TypeFor[loyalty.Compiled](): // Compile derives it from the rest of the program
	case reflect.TypeFor[*big.Rat]():
		v.Set(reflect.ValueOf(big.NewRat(f.n, 7919)))
	case reflect.TypeFor[*time.Location]():
		zone, err := time.LoadLocation("Asia/Kolkata")
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(zone))
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(f.n, f.n).UTC()))
	case reflect.TypeFor[loyalty.Currency]():
		v.SetString("EUR")
	case reflect.TypeFor[loyalty.Condition]():
		v.Set(reflect.ValueOf(asked(fmt.Sprintf("%d > 0", f.n))))
	case reflect.TypeFor[loyalty.Strategy]():
		s := reflect.New(reflect.TypeOf(strategies[f.strategies%len(strategies)])).Elem()
		f.strategies++
		f.fill(t, path, s)
		v.Set(s)
	default:
		return false
	}
	return true
}

// asked is a condition that consists only of a source.
type asked string

func (a asked) Holds(*loyalty.Facts) (bool, error) { return true, nil }
func (a asked) OrderNumbers() int                  { return 0 }

func (a asked) String() string { return string(a) }

// number sets a number to 1 if it represents a word of the program file. It sets an int64 to a value that floating
// point cannot represent exactly.
func (f *filler) number(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Int64:
		v.SetInt(1<<62 + f.n)
	case v.Type() == reflect.TypeFor[int]():
		v.SetInt(f.n)
	default:
		v.SetInt(1)
	}
}

// full returns a program with every field filled. Its conditions are valid, but most of its values could not come from
// a program file.
func full(t *testing.T) *loyalty.Program {
	p := &loyalty.Program{}
	(&filler{}).fill(t, "Program", reflect.ValueOf(p).Elem())
	for i := range p.Earn.Actions {
		p.Earn.Actions[i].Event = "review.approved"
	}
	return p
}

func TestNothingOfAProgramIsLost(t *testing.T) {
	want := full(t)
	got, err := read(Encode(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, alike); diff != "" {
		t.Errorf("a field was added to loyalty.Program, and the stored form lacks it:\n%s", diff)
	}
}
