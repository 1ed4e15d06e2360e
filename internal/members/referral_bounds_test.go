package members

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestSamePersonAccordingToProfiles(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y Profile
		want bool
	}{
		{"no data", Profile{}, Profile{}, false},
		{"the same phone number", Profile{Phone: "+4930123"}, Profile{Phone: "+4930123"}, true},
		{"another phone number", Profile{Phone: "+4930123"}, Profile{Phone: "+4930124"}, false},
		{"one phone number", Profile{Phone: "+4930123"}, Profile{}, false},
		{"the same email address", Profile{Email: "ada@example.com"}, Profile{Email: "ada@example.com"}, true},
		{"another email address", Profile{Email: "ada@example.com"}, Profile{Email: "bob@example.com"}, false},
		{"another domain", Profile{Email: "ada@example.com"}, Profile{Email: "ada@example.org"}, false},
		{"one email address", Profile{Email: "ada@example.com"}, Profile{}, false},
		{
			"the same phone number with other email addresses",
			Profile{Phone: "1", Email: "a@example.com"},
			Profile{Phone: "1", Email: "b@example.com"},
			true,
		},
		{
			"other phone numbers with the same email address",
			Profile{Phone: "1", Email: "a@example.com"},
			Profile{Phone: "2", Email: "a@example.com"},
			true,
		},
	} {
		if got := samePerson(c.x, c.y); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
		if got := samePerson(c.y, c.x); got != c.want {
			t.Errorf("%s, reversed: %t", c.name, got)
		}
	}
}

func TestMailboxesThatAreTheSame(t *testing.T) {
	for _, c := range []struct {
		x, y string
		want bool
	}{
		{"ada@example.com", "ADA@Example.COM", true},
		{"ada@example.com", "a.da+news@example.com", true},
		{"ada@gmail.com", "ada@googlemail.com", true},
		{"ada@gmail.com", "ada@mail.com", false},
		{"anna1@example.com", "annal@example.com", false}, // both are ASCII
		{"ada@example.com", "аda@example.com", true},      // the second begins with a Cyrillic character
		{"ada@example.com", "ada@exаmple.com", true},
		{"ada@bücher.example", "ada@xn--bcher-kva.example", true},
		{"ada@bücher.example", "ada@bucher.example", false},
	} {
		if got := sameMailbox(c.x, c.y); got != c.want {
			t.Errorf("%s and %s: %t", c.x, c.y, got)
		}
		if got := sameMailbox(c.y, c.x); got != c.want {
			t.Errorf("%s and %s: %t", c.y, c.x, got)
		}
	}
}

// A member has one referral code, and a code belongs to one member.
func TestReferralCodeThatIsAssigned(t *testing.T) {
	for _, c := range []struct {
		name string
		m    loyalty.MemberID
		code string
		want string
		fail []error
		err  loyalty.Code
	}{
		{"the same code", "mem_ada", "BEANS", "BEANS", nil, ""},
		{"the same code as entered", "mem_ada", "be-ans", "BEANS", nil, ""},
		{"no code", "mem_ada", "", "BEANS", nil, ""},
		{"another code", "mem_ada", "MUGS", "", nil, loyalty.AlreadyExists},
		{"another member's code", "mem_bob", "BEANS", "", nil, loyalty.AlreadyExists},
		{"a free code", "mem_bob", "MUGS", "MUGS", nil, ""},
		{
			"a free code after a conflict with the member's own item", "mem_bob", "MUGS", "MUGS",
			[]error{&table.ConflictError{Op: 0}},
			"",
		},
	} {
		b := newBench(t)
		b.enroll(t, "mem_ada", "mem_bob")
		rs := Referrals{b.Ledger}
		if code, err := rs.GiveCode(t.Context(), b.p, "mem_ada", "BEANS"); err != nil || code != "BEANS" {
			t.Fatalf("%s, %v", code, err)
		}
		b.Fail = c.fail
		got, err := rs.GiveCode(t.Context(), b.p, c.m, c.code)
		wantRejection(t, c.name, err, c.err)
		if got != c.want {
			t.Errorf("%s: the code is %q, want %q", c.name, got, c.want)
		}
	}
	// A generated code that exists already is replaced by another one.
	b := newBench(t)
	b.enroll(t, "mem_ada")
	b.Fail = []error{&table.ConflictError{Op: 1}}
	if code, err := (Referrals{b.Ledger}).GiveCode(t.Context(), b.p, "mem_ada", ""); err != nil || code == "" {
		t.Errorf("%q, %v", code, err)
	}
}

// A member names a referrer once. The same request again returns the first result.
func TestRequestToNameAReferrer(t *testing.T) {
	for _, c := range []struct {
		name     string
		in       ReferralRequest
		replayed bool
		code     loyalty.Code
		by       loyalty.MemberID
	}{
		{"the same", ReferralRequest{"rf_1", "mem_eve", "BEANS"}, true, "", "mem_ada"},
		{"another code", ReferralRequest{"rf_1", "mem_eve", "MUGS"}, false, loyalty.KeyReused, "mem_ada"},
		{"an unknown code", ReferralRequest{"rf_1", "mem_eve", "X"}, false, loyalty.KeyReused, "mem_ada"},
		{"another request", ReferralRequest{"rf_2", "mem_eve", "BEANS"}, false, loyalty.ReferralClaimed, "mem_ada"},
		{
			"an unknown code of another request",
			ReferralRequest{"rf_2", "mem_dan", "X"},
			false,
			loyalty.ValidationFailed, "",
		},
		{"the member's own code", ReferralRequest{"rf_2", "mem_bob", "MUGS"}, false, loyalty.SelfReferral, ""},
		{"an unknown member", ReferralRequest{"rf_2", "mem_nina", "MUGS"}, false, loyalty.NotFound, ""},
		{"another member", ReferralRequest{"rf_2", "mem_dan", "MUGS"}, false, "", "mem_bob"},
	} {
		b := newBench(t)
		b.enroll(t, "mem_ada", "mem_bob", "mem_eve", "mem_dan")
		rs := Referrals{b.Ledger}
		for m, code := range map[loyalty.MemberID]string{"mem_ada": "BEANS", "mem_bob": "MUGS"} {
			if _, err := rs.GiveCode(t.Context(), b.p, m, code); err != nil {
				t.Fatal(err)
			}
		}
		first := ReferralRequest{"rf_1", "mem_eve", "BEANS"}
		if m, err := rs.Refer(t.Context(), b.p, first, ledger.By{}); err != nil || m.Replayed {
			t.Fatalf("%+v, %v", m, err)
		}
		m, err := rs.Refer(t.Context(), b.p, c.in, ledger.By{})
		wantRejection(t, c.name, err, c.code)
		if m.Replayed != c.replayed || err == nil && m.Account.Traits.Referral.By != c.by {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
}

// A referral whose response was lost is recorded once, and makes the friend's reminders due.
func TestReferralWhoseResponseWasLost(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada", "mem_eve")
	rs := Referrals{b.Ledger}
	if _, err := rs.GiveCode(t.Context(), b.p, "mem_ada", "BEANS"); err != nil {
		t.Fatal(err)
	}
	it := firstRemind("p", "mem_eve", noon.Add(time.Hour))
	if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	b.Fail = []error{table.ErrUnknown}
	m, err := rs.Refer(t.Context(), b.p, ReferralRequest{"rf_1", "mem_eve", "BEANS"}, ledger.By{})
	if err != nil || m.Account.Traits.Referral.By != "mem_ada" || m.Account.Sequence != 2 {
		t.Errorf("%+v, %v", m.Account, err)
	}
	if got := b.remind(t, "mem_eve"); got.Index != RemindKey("p", "mem_eve", noon) {
		t.Errorf("the reminders are due at %s", got.Index.SK)
	}
}

// A member who enrolls with a referral code is a friend of the referrer. Errors point to the field of the enrollment.
func TestEnrolmentWithAReferralCode(t *testing.T) {
	for _, c := range []struct {
		name    string
		code    string
		profile Profile
		want    loyalty.Code
	}{
		{"a code", "BEANS", Profile{Email: "eve@example.com"}, ""},
		{"no code", "", Profile{}, ""},
		{"an unknown code", "X", Profile{}, loyalty.ValidationFailed},
		{"the code of the same person", "BEANS", Profile{Email: "a.da@example.com"}, loyalty.SelfReferral},
	} {
		b := newBench(t)
		ada := Enrollment{Member: "mem_ada", Profile: Profile{Email: "ada@example.com"}}
		if _, err := (Members{b.Ledger}).Enroll(t.Context(), b.p, ada, ledger.By{Input: "a"}); err != nil {
			t.Fatal(err)
		}
		if _, err := (Referrals{b.Ledger}).GiveCode(t.Context(), b.p, "mem_ada", "BEANS"); err != nil {
			t.Fatal(err)
		}
		in := Enrollment{Member: "mem_eve", Code: c.code, Profile: c.profile}
		m, err := Members{b.Ledger}.Enroll(t.Context(), b.p, in, ledger.By{Input: "e"})
		wantRejection(t, c.name, err, c.want)
		if refusal, ok := err.(*loyalty.Error); ok && refusal.Pointer != "/referral_code" {
			t.Errorf("%s: the error points to %s", c.name, refusal.Pointer)
		}
		referred := c.want == "" && c.code != ""
		if r := m.Account.Traits.Referral; (r.By == "mem_ada") != referred || r.At.Equal(noon) != referred {
			t.Errorf("%s: %+v", c.name, r)
		}
		friends, err := Referrals{b.Ledger}.Friends(t.Context(), b.p, "mem_ada", "", 0)
		if err != nil || len(friends) > 0 != referred || referred && friends[0].Referral.By != "mem_ada" {
			t.Errorf("%s: %+v, %v", c.name, friends, err)
		}
		alike, err := Referrals{b.Ledger}.Alike(t.Context(), "p", "mem_ada", "mem_eve")
		if err != nil || alike {
			t.Errorf("%s: alike %t, %v", c.name, alike, err)
		}
	}
}

func TestFriendsAreListedInPages(t *testing.T) {
	b := newBench(t)
	friends := []loyalty.MemberID{"mem_b", "mem_b2", "mem_c"}
	b.enroll(t, "mem_ada")
	b.enroll(t, friends...)
	for _, m := range friends {
		if err := b.Table.Transact(t.Context(), table.Put(referredItem("p", "mem_ada", m))); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		after loyalty.MemberID
		limit int
		want  []loyalty.MemberID
	}{
		{"", 0, friends},
		{"", 2, friends[:2]},
		{"mem_b", 0, friends[1:]},
		{"mem_b2", 0, friends[2:]},
		{"mem_b2", 1, friends[2:]},
		{"mem_c", 0, nil},
	} {
		got, err := Referrals{b.Ledger}.Friends(t.Context(), b.p, "mem_ada", c.after, c.limit)
		var ids []loyalty.MemberID
		for _, f := range got {
			ids = append(ids, f.Member)
		}
		if err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("after %q, at most %d: %v, %v", c.after, c.limit, ids, err)
		}
	}
}

func TestDamagedItemsOfMembers(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada")
	ms := Members{b.Ledger}
	b.put(t, stored.MemberKey("p", "mem_ada", "REFERRAL"), `{"c":5}`)
	if _, err := (Referrals{b.Ledger}).CodeOf(t.Context(), "p", "mem_ada"); err == nil {
		t.Error("the referral code is damaged")
	}
	b.put(t, stored.IdentityKey("p", email), `{"m":5}`)
	if _, err := ms.Find(t.Context(), "p", email); err == nil {
		t.Error("the identity is damaged")
	}
	b.put(t, livesInKey("p", "mem_ada"), `{"h":5}`)
	if _, err := ms.Get(t.Context(), b.p, "mem_ada"); err == nil {
		t.Error("the household is damaged")
	}
	b.put(t, livesInKey("p", "mem_ada"), `{}`)
	b.put(t, stored.MemberKey("p", "mem_ada", stored.ProfileItem), `{"name":5}`)
	if _, err := ms.Get(t.Context(), b.p, "mem_ada"); err == nil {
		t.Error("the profile is damaged")
	}
}
