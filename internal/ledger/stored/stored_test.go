package stored

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var alike = cmp.Options{
	cmp.Comparer(func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
}

// A filler sets every field to a unique value that is not zero.
type filler struct{ n int64 }

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
	case reflect.Int, reflect.Int32:
		v.SetInt(f.n)
	case reflect.Int64:
		v.SetInt(1<<53 + 1<<32*f.n) // not exact as a float64, and small enough that a sum does not overflow
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(t, path, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(t, path, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	default:
		t.Fatalf("%s is a %s: teach this test to fill it", path, v.Type())
	}
}

// special fills fields that allow only certain values, and reports whether it filled the field.
func (f *filler) special(t *testing.T, path string, v reflect.Value) bool {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_000 + f.n).UTC()))
	case reflect.TypeFor[calendar.Date]():
		v.SetInt(20_260_000 + f.n)
	case reflect.TypeFor[map[string]any]():
		v.Set(
			reflect.ValueOf(
				map[string]any{"text": "ä\"<", "number": big.NewRat(f.n, 7919), "truth": true, "not": false},
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

// This test fails if a new field of Account is missing in the stored form.
func TestNothingOfAnAccountIsLost(t *testing.T) {
	var want loyalty.Account
	(&filler{}).fill(t, "Account", reflect.ValueOf(&want).Elem())
	want.Wallet = ""          // the points wallet
	want.First.Loaded = false // Loaded is not stored
	want.First.Target = 0     // not stored either
	want.Later = loyalty.LaterOrders{}
	for i := range want.Pending {
		want.Pending[i].Cause.Revision = 0 // all revisions share the pending points
	}
	got, err := ReadAccount(table.Item{Version: 1, Doc: Encode(StoredAccount(want))}, want.Member)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, alike); diff != "" {
		t.Errorf("a field was added to loyalty.Account, and the stored form lacks it:\n%s", diff)
	}
}

// full returns an entry in which every field is filled. The ID, the member and the revision of its order and event are
// those of the entry, because the stored form has them only once.
func full(t *testing.T) loyalty.Entry {
	var e loyalty.Entry
	(&filler{}).fill(t, "Entry", reflect.ValueOf(&e).Elem())
	for i := range e.Postings {
		e.Postings[i].Cause.Revision = 0
	}
	e.Cause.ID = "event family:" + e.Cause.ID
	o, ev := e.Order, e.Event
	o.Order.ID, o.Order.Member, o.Revision = e.Cause.ID, e.Member, e.Cause.Revision
	_, id, _ := strings.Cut(e.Cause.ID, ":")
	ev.Event.ID, ev.Event.Member, ev.Revision = id, e.Member, e.Cause.Revision
	o.Grants[0].Rule, o.Shares[0].Rule = "", ""                             // the base grant
	o.Grants[0].Wallet, o.Shares[0].Charged, o.Shares[0].Granted = "", 0, 0 // the program's caps have no budget
	o.Worth = o.Grants[0].Worth                                             // the other grant is in another wallet
	return e
}

func TestNothingOfAnEntryIsLost(t *testing.T) {
	want := full(t)
	got, err := ReadEntry(table.Item{Version: 1, Doc: Encode(StoredEntry(want))}, want.Cause)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, alike); diff != "" {
		t.Errorf("a field was added to loyalty.Entry, or to what it holds, and the stored form lacks it:\n%s", diff)
	}
}

// An omitted field is read as its zero value.
func TestAnEntryOfNothingIsReadAsNothing(t *testing.T) {
	want := loyalty.Entry{Cause: loyalty.Cause{Kind: loyalty.CauseEnrollment, ID: "mem_ada", Revision: 1}}
	for name, o := range map[string]*loyalty.OrderState{
		"no order":            nil,
		"an order of nothing": {Grants: []loyalty.Grant{{}}},
		"an order below a cap": {
			Worth: 5, Grants: []loyalty.Grant{{Worth: 5}}, Shares: []loyalty.Share{{Used: 5, Peak: 5}},
		},
		"an order that was refunded":    {Grants: []loyalty.Grant{{}}, Shares: []loyalty.Share{{Peak: 5}}},
		"an order that got nothing":     {Grants: []loyalty.Grant{{}}, Shares: []loyalty.Share{{Cut: true}}},
		"an order whose points were up": {Grants: []loyalty.Grant{{}}, Shares: []loyalty.Share{{Used: 5, Peak: 5}}},
	} {
		if want.Order = o; o != nil {
			o.Order.ID, o.Revision = want.Cause.ID, 1
		}
		got, err := ReadEntry(table.Item{Version: 1, Doc: Encode(StoredEntry(want))}, want.Cause)
		if diff := cmp.Diff(want, got, alike); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}
