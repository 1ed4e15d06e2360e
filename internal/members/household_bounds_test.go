package members

import (
	"errors"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// found creates a household of a member.
func (b *bench) found(t *testing.T, id string, head loyalty.MemberID) {
	t.Helper()
	if _, err := (Households{b.Ledger}).Found(t.Context(), b.p, id, head, ledger.By{Input: id}); err != nil {
		t.Fatal(err)
	}
}

// join invites members to a household, and accepts the invitations.
func (b *bench) join(t *testing.T, id string, ms ...loyalty.MemberID) {
	t.Helper()
	for _, m := range ms {
		if _, err := (Households{b.Ledger}).Invite(t.Context(), b.p, id, m, share.Adult); err != nil {
			t.Fatal(err)
		}
		if _, err := (Households{b.Ledger}).AcceptInvitation(t.Context(), b.p, id, m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRequestToCreateAHousehold(t *testing.T) {
	for _, c := range []struct {
		name     string
		id       string
		head     loyalty.MemberID
		input    string
		replayed bool
		code     loyalty.Code
	}{
		{"another household", "hh_2", "mem_bob", "hh_2", false, ""},
		{"the same request", "hh_1", "mem_ada", "hh_1", true, ""},
		{"the same ID with another request", "hh_1", "mem_ada", "x", false, loyalty.KeyReused},
		{"a member of a household", "hh_2", "mem_ada", "hh_2", false, loyalty.AlreadyExists},
		{"an unknown member", "hh_2", "mem_eve", "hh_2", false, loyalty.NotFound},
	} {
		b := newBench(t)
		b.enroll(t, "mem_ada", "mem_bob")
		b.found(t, "hh_1", "mem_ada")
		got, err := Households{b.Ledger}.Found(t.Context(), b.p, c.id, c.head, ledger.By{Input: c.input})
		wantRejection(t, c.name, err, c.code)
		if got.Replayed != c.replayed || c.code == "" && !slices.Equal(got.Joined(), []loyalty.MemberID{c.head}) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// A household whose creation was applied although the response was lost is not a replay.
func TestHouseholdIsCreatedAlthoughTheResponseWasLost(t *testing.T) {
	for _, failed := range []error{table.ErrUnknown, &table.ConflictError{}} {
		b := newBench(t)
		b.enroll(t, "mem_ada")
		b.Fail = []error{failed}
		got, err := Households{b.Ledger}.Found(t.Context(), b.p, "hh_1", "mem_ada", ledger.By{Input: "hh_1"})
		if err != nil || got.Replayed || len(got.Members) != 1 {
			t.Errorf("%v: %+v, %v", failed, got, err)
		}
		if h, err := (Households{b.Ledger}).Get(t.Context(), "p", "hh_1"); err != nil || len(h.Members) != 1 {
			t.Errorf("%v: the household is stored as %+v, %v", failed, h, err)
		}
	}
	b := newBench(t)
	b.enroll(t, "mem_ada")
	b.Fail = []error{table.ErrBusy}
	if _, err := (Households{b.Ledger}).Found(
		t.Context(), b.p, "hh_1", "mem_ada", ledger.By{Input: "hh_1"},
	); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the table is busy: %v", err)
	}
	if _, err := (Households{b.Ledger}).Get(t.Context(), "p", "hh_1"); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("a household that was not created: %v", err)
	}
}

// A change that is lost is written again, and one that was applied is not.
func TestHouseholdChangesOnce(t *testing.T) {
	for _, failed := range []error{table.ErrUnknown, &table.ConflictError{}} {
		b := newBench(t)
		b.enroll(t, "mem_ada", "mem_bob")
		b.found(t, "hh_1", "mem_ada")
		b.Fail = []error{failed}
		if _, err := (Households{b.Ledger}).Invite(t.Context(), b.p, "hh_1", "mem_bob", share.Child); err != nil {
			t.Fatal(err)
		}
		if it := b.item(t, householdKey("p", "hh_1")); it.Version != 2 {
			t.Errorf("%v: version %d", failed, it.Version)
		}
		h, err := Households{b.Ledger}.Invite(t.Context(), b.p, "hh_1", "mem_bob", share.Child)
		if it := b.item(t, householdKey("p", "hh_1")); err != nil || len(h.Members) != 2 || it.Version != 2 {
			t.Errorf("%v: %+v is version %d, %v", failed, h, it.Version, err)
		}
	}
}

// A member who leaves a household, or whose invitation ends, does not leave another household.
func TestHouseholdThatAMemberLeaves(t *testing.T) {
	type step func(hs Households, b *bench) error
	leave := func(id string, m loyalty.MemberID) step {
		return func(hs Households, b *bench) error {
			_, err := hs.Leave(t.Context(), b.p, id, m)
			return err
		}
	}
	remove := func(id string, m loyalty.MemberID) step {
		return func(hs Households, b *bench) error {
			_, err := hs.Remove(t.Context(), b.p, id, m)
			return err
		}
	}
	// mem_ada has created hh_1, and mem_eve hh_2. mem_bob has joined hh_1 and is invited to hh_2. mem_dan is in none.
	for _, c := range []struct {
		name  string
		steps []step
		code  loyalty.Code
		lives string // the household of mem_bob afterwards
	}{
		{"nothing", nil, "", "hh_1"},
		{"the member leaves", []step{leave("hh_1", "mem_bob")}, "", ""},
		{"twice", []step{leave("hh_1", "mem_bob"), leave("hh_1", "mem_bob")}, "", ""},
		{"the owner removes the member", []step{remove("hh_1", "mem_bob")}, "", ""},
		{"the owner removes the member twice", []step{remove("hh_1", "mem_bob"), remove("hh_1", "mem_bob")}, "", ""},
		{"the owner is removed", []step{remove("hh_1", "mem_ada")}, loyalty.ValidationFailed, "hh_1"},
		{"the invitation is declined", []step{leave("hh_2", "mem_bob")}, "", "hh_1"},
		{"both", []step{leave("hh_2", "mem_bob"), leave("hh_1", "mem_bob")}, "", ""},
		{
			"both, and the first again",
			[]step{leave("hh_2", "mem_bob"), leave("hh_1", "mem_bob"), leave("hh_2", "mem_bob")},
			loyalty.NotFound, "",
		},
		{"a member who was in none", []step{leave("hh_1", "mem_dan")}, loyalty.NotFound, "hh_1"},
		{"a household that does not exist", []step{leave("hh_3", "mem_bob")}, loyalty.NotFound, "hh_1"},
		{"the other owner leaves", []step{leave("hh_2", "mem_eve")}, "", "hh_1"},
		{"the owner leaves", []step{leave("hh_1", "mem_ada")}, "", "hh_1"},
	} {
		b := newBench(t)
		b.enroll(t, "mem_ada", "mem_bob", "mem_eve", "mem_dan")
		b.found(t, "hh_1", "mem_ada")
		b.found(t, "hh_2", "mem_eve")
		b.join(t, "hh_1", "mem_bob")
		hs := Households{b.Ledger}
		if _, err := hs.Invite(t.Context(), b.p, "hh_2", "mem_bob", share.Adult); err != nil {
			t.Fatal(err)
		}
		var err error
		for _, s := range c.steps {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			err = s(hs, b)
		}
		wantRejection(t, c.name, err, c.code)
		got, err := Members{b.Ledger}.Get(t.Context(), b.p, "mem_bob")
		if err != nil || got.Household != c.lives {
			t.Errorf("%s: the member is in %q, %v, want %q", c.name, got.Household, err, c.lives)
		}
	}
}

func TestInvitationThatCannotBeAccepted(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada", "mem_bob", "mem_eve")
	b.found(t, "hh_1", "mem_ada")
	b.found(t, "hh_2", "mem_bob")
	hs := Households{b.Ledger}
	_, err := hs.Invite(t.Context(), b.p, "hh_1", "mem_dan", share.Adult)
	wantRejection(t, "an unknown member", err, loyalty.NotFound)
	_, err = hs.Invite(t.Context(), b.p, "hh_3", "mem_bob", share.Adult)
	wantRejection(t, "an unknown household", err, loyalty.NotFound)
	_, err = hs.AcceptInvitation(t.Context(), b.p, "hh_1", "mem_eve")
	wantRejection(t, "no invitation", err, loyalty.NotFound)
	if _, err := hs.Invite(t.Context(), b.p, "hh_1", "mem_bob", share.Adult); err != nil {
		t.Fatal(err)
	}
	_, err = hs.AcceptInvitation(t.Context(), b.p, "hh_1", "mem_bob")
	wantRejection(t, "a member of another household", err, loyalty.AlreadyExists)
	if h, err := hs.Leave(t.Context(), b.p, "hh_2", "mem_bob"); err != nil || len(h.Members) > 0 {
		t.Fatalf("%+v, %v", h, err)
	}
	if h, err := hs.AcceptInvitation(t.Context(), b.p, "hh_1", "mem_bob"); err != nil || len(h.Joined()) != 2 {
		t.Errorf("after leaving the other household: %+v, %v", h, err)
	}
	if _, err := hs.Get(t.Context(), "p", "hh_2"); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("a household that has ended: %v", err)
	}
	b.p.Households.Size = 0
	if got, err := (Members{b.Ledger}).Get(t.Context(), b.p, "mem_bob"); err != nil || got.Household != "" {
		t.Errorf("a program without households: %q, %v", got.Household, err)
	}
}

// A redemption draws on the other members who have joined, while the household stays the same.
func TestMembersWhomARedemptionMayDrawOn(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada", "mem_bob", "mem_eve")
	b.found(t, "hh_1", "mem_ada")
	b.join(t, "hh_1", "mem_bob")
	if _, err := (Households{b.Ledger}).Invite(t.Context(), b.p, "hh_1", "mem_eve", share.Adult); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m      loyalty.MemberID
		others []loyalty.MemberID
		id     string
	}{
		{"mem_ada", []loyalty.MemberID{"mem_bob"}, "hh_1"},
		{"mem_bob", []loyalty.MemberID{"mem_ada"}, "hh_1"},
		{"mem_eve", nil, ""}, // only invited
	} {
		cmd := ledger.Command{Program: b.p, Member: c.m}
		h, err := Households{b.Ledger}.DrawOn(t.Context(), &cmd)
		if err != nil || h.ID != c.id || !slices.Equal(cmd.Others, c.others) || len(cmd.With) != len(c.others) {
			t.Errorf("%s: %+v, %+v, %v", c.m, h, cmd, err)
		}
		for _, op := range cmd.With {
			if op.Kind != table.OpCheck || op.Item.Key != householdKey("p", "hh_1") {
				t.Errorf("%s: %+v", c.m, op)
			}
		}
	}
	accs, err := Households{b.Ledger}.Accounts(t.Context(), b.p, []loyalty.MemberID{"mem_ada", "mem_bob"})
	if err != nil || len(accs) != 2 || accs[0].Member != "mem_ada" || accs[1].Member != "mem_bob" {
		t.Errorf("%+v, %v", accs, err)
	}
	if got := Contributors(loyalty.Redemption{
		Contributions: []loyalty.Contribution{{Member: "mem_bob"}, {Member: "mem_eve"}},
	}); !slices.Equal(got, []loyalty.MemberID{"mem_bob", "mem_eve"}) {
		t.Errorf("%v", got)
	}
	// Damaged items are errors, even if the household can be read.
	b.put(t, livesInKey("p", "mem_ada"), `{"h":"hh_1","l":5}`)
	if _, err := (Households{b.Ledger}).DrawOn(
		t.Context(), &ledger.Command{Program: b.p, Member: "mem_ada"},
	); err == nil {
		t.Error("the household of a member is damaged")
	}
	b.put(t, householdKey("p", "hh_1"), `{"m":[{"m":"mem_ada","r":"owner","i":1,"s":1}],"by":5}`)
	if _, err := (Households{b.Ledger}).Get(t.Context(), "p", "hh_1"); err == nil {
		t.Error("the household is damaged")
	}
	if _, err := (Households{b.Ledger}).Invite(t.Context(), b.p, "hh_1", "mem_eve", share.Child); err == nil {
		t.Error("a damaged household is changed")
	}
}

// wantRejection requires the error of a code, or none if the code is empty.
func wantRejection(t *testing.T, name string, err error, code loyalty.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("%s: %v, want %q", name, err, code)
	}
}
