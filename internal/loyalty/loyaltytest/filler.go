package loyaltytest

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"
	_ "time/tzdata" // makes time zones available and equal on every machine

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A Filler sets every field to a unique value that is not zero.
type Filler struct{ N int64 }

// Fill sets a value and everything that it contains. The path names the value in messages.
func (f *Filler) Fill(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	f.N++
	if f.special(t, path, v) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("%s ä\"< %d", v.Type(), f.N))
	case reflect.Int, reflect.Int32:
		v.SetInt(f.N)
	case reflect.Int64:
		v.SetInt(1<<53 + 1<<32*f.N) // not exact as a float64, and small enough that a sum does not overflow
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.Fill(t, path, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.Fill(t, path, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.Fill(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	default:
		t.Fatalf("%s is a %s, which Filler does not support", path, v.Type())
	}
}

// special fills fields that allow only certain values, and reports whether it filled the field.
func (f *Filler) special(t *testing.T, path string, v reflect.Value) bool {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + f.N).UTC()))
	case reflect.TypeFor[calendar.Date]():
		v.SetInt(20_260_000 + f.N)
	case reflect.TypeFor[map[string]any]():
		v.Set(
			reflect.ValueOf(
				map[string]any{"text": "ä\"<", "number": big.NewRat(f.N, 7919), "truth": true, "not": false},
			),
		)
	case reflect.TypeFor[*time.Location]():
		zone, err := time.LoadLocation("Asia/Kolkata")
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(zone))
	case reflect.TypeFor[loyalty.CapPeriod]():
		v.SetString("week")
	default:
		return false
	}
	return true
}
