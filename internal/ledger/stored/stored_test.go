package stored

import (
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var alike = cmp.Options{
	cmp.Comparer(func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
}

// This test fails if a new field of Account is missing in the stored form.
func TestNothingOfAnAccountIsLost(t *testing.T) {
	var want loyalty.Account
	(&loyaltytest.Filler{}).Fill(t, "Account", reflect.ValueOf(&want).Elem())
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
	(&loyaltytest.Filler{}).Fill(t, "Entry", reflect.ValueOf(&e).Elem())
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
	encrypted, plain := full(t), full(t)
	plain.Event.Event.Texts = ""
	for _, want := range []loyalty.Entry{encrypted, plain} {
		got, err := ReadEntry(table.Item{Version: 1, Doc: Encode(StoredEntry(want))}, want.Cause)
		if err != nil {
			t.Fatal(err)
		}
		if want.Event.Event.Texts != "" {
			delete(want.Event.Event.Data, "text") // texts are stored only once, encrypted
		}
		if diff := cmp.Diff(want, got, alike); diff != "" {
			t.Errorf("a field was added to loyalty.Entry, or to what it holds, and the stored form lacks it:\n%s", diff)
		}
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
