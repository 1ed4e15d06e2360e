package members_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// destroyKey deletes the wrapped key of a member, which is stored with the profile.
func destroyKey(t *testing.T, tab table.Table, program string, m loyalty.MemberID) {
	t.Helper()
	it, err := tab.Get(t.Context(), stored.MemberKey(program, m, stored.ProfileItem))
	if err != nil || it.Version == 0 {
		t.Fatalf("%+v, %v", it, err)
	}
	if err := tab.Transact(t.Context(), table.Delete(it)); err != nil {
		t.Fatal(err)
	}
}

// TestTextsOfEntries encrypts each kind of text, and reads it before and after the keys of its members are destroyed.
func TestTextsOfEntries(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	ms := members.Members{Ledger: b.Ledger}
	for _, m := range []loyalty.MemberID{"mem_ada", "mem_ben"} {
		in := members.Enrollment{Member: m, Profile: members.Profile{Member: m}}
		if _, err := ms.Enroll(t.Context(), b.P, in, ledger.By{Input: string(m)}); err != nil {
			t.Fatal(err)
		}
	}
	seal := func(m loyalty.MemberID, text string) string {
		sealed, err := ms.SealText(t.Context(), b.P.ID, m, text)
		if err != nil || strings.Contains(sealed, text) && text != "" {
			t.Fatalf("%q, %v", sealed, err)
		}
		return sealed
	}
	first := seal("mem_ada", "a reason")
	if again := seal("mem_ada", "a reason"); again != first || seal("mem_ada", "") != "" {
		t.Error("equal texts have different results, or an empty text is not empty")
	}
	ev := loyalty.Event{Member: "mem_ada", Data: map[string]any{
		"text": "good", "product": "mug", "rating": big.NewRat(5, 1), "new": true,
	}}
	if err := ms.SealEvent(t.Context(), b.P.ID, &ev); err != nil {
		t.Fatal(err)
	}
	ev.Data = map[string]any{"rating": big.NewRat(5, 1), "new": true} // as it is stored
	entry := loyalty.Entry{Member: "mem_ada", Reasons: []loyalty.Reason{
		{Args: []string{"1 per 1.00"}}, {Args: []string{"bronze", "gold", seal("mem_ada", "a reason")}},
	}}
	entry.Event = &loyalty.EventState{Event: ev}
	received := loyalty.Entry{Member: "mem_ben"}
	received.Redemption = &loyalty.Redemption{By: "mem_ada", Note: seal("mem_ada", "for you")}

	read := func() (loyalty.Entry, loyalty.Entry) {
		t.Helper()
		texts, x, y := members.TextReader{Members: ms, Program: b.P.ID}, entry, received
		if err := texts.Entry(t.Context(), &x); err != nil {
			t.Fatal(err)
		}
		if err := texts.Entry(t.Context(), &y); err != nil {
			t.Fatal(err)
		}
		return x, y
	}
	x, y := read()
	data := x.Event.Event.Data
	if len(data) != 4 || data["text"] != "good" || data["product"] != "mug" || data["new"] != true {
		t.Errorf("the event's data is %v", data)
	}
	if diff := cmp.Diff([]string{"bronze", "gold", "a reason"}, x.Reasons[1].Args); diff != "" {
		t.Error(diff)
	}
	if y.Redemption.Note != "for you" {
		t.Errorf("the note is %q", y.Redemption.Note)
	}
	if entry.Reasons[1].Args[2] == "a reason" || len(entry.Event.Event.Data) != 2 ||
		received.Redemption.Note == "for you" {
		t.Error("the entries that were read have changed")
	}
	destroyKey(t, b.Table, b.P.ID, "mem_ada")
	x, y = read()
	if x.Reasons[1].Args[2] != "" || len(x.Event.Event.Data) != 2 || y.Redemption.Note != "" {
		t.Errorf("after the key was destroyed: %+v, %+v, %+v", x.Reasons, x.Event, y.Redemption)
	}
	_, err := ms.SealText(t.Context(), b.P.ID, "mem_ada", "a reason")
	servicetest.WantRejection(t, err, loyalty.NotFound)
}

// A text that was encrypted for another member cannot be decrypted.
func TestTextOfAnotherMember(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	ms := members.Members{Ledger: b.Ledger}
	for _, m := range []loyalty.MemberID{"mem_ada", "mem_ben"} {
		in := members.Enrollment{Member: m, Profile: members.Profile{Member: m}}
		if _, err := ms.Enroll(t.Context(), b.P, in, ledger.By{Input: string(m)}); err != nil {
			t.Fatal(err)
		}
	}
	sealed, err := ms.SealText(t.Context(), b.P.ID, "mem_ada", "a reason")
	if err != nil {
		t.Fatal(err)
	}
	texts := members.TextReader{Members: ms, Program: b.P.ID}
	for _, damaged := range []string{sealed, sealed[:len(sealed)-2], "~", "~?"} {
		if text, err := texts.Text(t.Context(), "mem_ben", damaged); err == nil {
			t.Errorf("%q was decrypted to %q", damaged, text)
		}
	}
}
