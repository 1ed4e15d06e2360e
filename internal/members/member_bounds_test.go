package members

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var (
	email    = stored.Identity{Kind: "email", Value: "ada@example.com"}
	external = stored.Identity{Kind: "external", Value: "1"}
)

func TestTraitsOfAProfile(t *testing.T) {
	for _, c := range []struct {
		profile        Profile
		birthday, year int
	}{
		{Profile{}, 0, 0},
		{Profile{Birthday: "1990-02-29"}, 0, 0}, // no such day
		{Profile{Birthday: "1992-02-29"}, 229, 0},
		{Profile{YearFrom: "04-01"}, 0, 401},
		{Profile{YearFrom: "04-31"}, 0, 0},
		{Profile{YearFrom: "02-29"}, 0, 229},
		{Profile{Birthday: "1992-12-31", YearFrom: "12-31"}, 1231, 1231},
	} {
		if got := traits(c.profile, nil); got.Birthday != c.birthday || got.MembershipYearStart != c.year {
			t.Errorf("%+v: %+v", c.profile, got)
		}
	}
}

// A repeated enrollment returns the member. Its data may be taken by another member, or differ from the first request.
func TestRequestToEnrol(t *testing.T) {
	for _, c := range []struct {
		name     string
		in       Enrollment
		input    string
		replayed bool
		code     loyalty.Code
	}{
		{"another member", Enrollment{Member: "mem_bob"}, "b", false, ""},
		{
			"another member with the same email address",
			Enrollment{Member: "mem_bob", Identities: []stored.Identity{email}},
			"b", false, loyalty.AlreadyExists,
		},
		{"the same request", Enrollment{Member: "mem_ada", Identities: []stored.Identity{email}}, "a", true, ""},
		{"the same member with another request", Enrollment{Member: "mem_ada"}, "b", false, loyalty.KeyReused},
		{"an unknown referral code", Enrollment{Member: "mem_bob", Code: "X"}, "b", false, loyalty.ValidationFailed},
		{"the same request with an unknown referral code", Enrollment{Member: "mem_ada", Code: "X"}, "a", true, ""},
	} {
		b := newBench(t)
		first := Enrollment{Member: "mem_ada", Identities: []stored.Identity{email}, Profile: Profile{Name: "Ada"}}
		got, err := Members{b.Ledger}.Enroll(t.Context(), b.p, first, ledger.By{Input: "a"})
		if err != nil || got.Replayed || got.Profile.Version != 1 || got.Account.Sequence != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
		got, err = Members{b.Ledger}.Enroll(t.Context(), b.p, c.in, ledger.By{Input: c.input})
		wantRejection(t, c.name, err, c.code)
		if got.Replayed != c.replayed || err == nil && got.Account.Member != c.in.Member {
			t.Errorf("%s: %+v", c.name, got)
		}
		if c.replayed && got.Profile.Name != "Ada" {
			t.Errorf("%s: %+v", c.name, got.Profile)
		}
	}
}

// An enrollment that was applied although the response was lost returns the member, with the entries that it caused.
func TestEnrolmentWhoseResponseWasLost(t *testing.T) {
	b := newBench(t)
	b.Fail = []error{table.ErrUnknown}
	got, err := Members{b.Ledger}.Enroll(t.Context(), b.p, Enrollment{Member: "mem_ada"}, ledger.By{Input: "a"})
	if err != nil || got.Account.Member != "mem_ada" || got.Account.Sequence != 1 || got.Profile.Version != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// An enrollment may earn points, which are returned although the response was lost.
func TestEnrollmentThatEarnsPoints(t *testing.T) {
	for _, failed := range [][]error{nil, {table.ErrUnknown}} {
		b := newBench(t)
		b.p.Earn.Actions = append(b.p.Earn.Actions, loyalty.Action{ID: "hello", Event: award.EventJoined, Points: 50})
		if err := engine.Compile(b.p); err != nil {
			t.Fatal(err)
		}
		b.Fail = failed
		got, err := Members{b.Ledger}.Enroll(t.Context(), b.p, Enrollment{Member: "mem_ada"}, ledger.By{Input: "a"})
		if err != nil || got.Account.Sequence != 2 || got.Account.Balance().Active != 50 || got.Profile.Version != 1 {
			t.Errorf("%v: %+v, %v", failed, got, err)
		}
		if it := b.item(t, referredItem("p", "", "mem_ada").Key); it.Version > 0 {
			t.Errorf("a member without a referrer is listed as a friend: %+v", it)
		}
	}
}

// A confirmed ledger writes only what is confirmed.
func TestWriteThatIsNotConfirmed(t *testing.T) {
	refused := errors.New("refused")
	for _, want := range []error{nil, refused} {
		b := newBench(t)
		l := Members{b.Ledger}.Confirmed(func() error { return want })
		_, err := Members{l}.Enroll(t.Context(), b.p, Enrollment{Member: "mem_ada"}, ledger.By{Input: "a"})
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
		if _, err := (Members{b.Ledger}).Get(t.Context(), b.p, "mem_ada"); (err == nil) != (want == nil) {
			t.Errorf("confirmed %t: %v", want == nil, err)
		}
	}
}

// Reminders are planned for members who granted or withdrew a consent, or if the program sends reminders.
func TestRemindersOfANewMember(t *testing.T) {
	consent := []remind.Consent{{Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon}}
	for _, c := range []struct {
		name      string
		consents  []remind.Consent
		reminders []loyalty.Reminder
		want      bool
	}{
		{"nothing", nil, nil, false},
		{"a consent", consent, nil, true},
		{"a reminder", nil, []loyalty.Reminder{{ID: "x"}}, true},
	} {
		b := newBench(t)
		b.p.Reminders.Messages = c.reminders
		in := Enrollment{Member: "mem_ada", Consents: c.consents}
		if _, err := (Members{b.Ledger}).Enroll(t.Context(), b.p, in, ledger.By{Input: "a"}); err != nil {
			t.Fatal(err)
		}
		if it := b.remind(t, "mem_ada"); it.Version > 0 != c.want {
			t.Errorf("%s: %+v", c.name, it)
		}
		contact, err := Consents{b.Ledger}.Contact(t.Context(), "p", "mem_ada")
		if err != nil || len(contact.Consents) != len(c.consents) {
			t.Errorf("%s: %+v, %v", c.name, contact, err)
		}
	}
}

// A changed profile replaces the version that was read, and moves the identities of the member.
func TestChangeOfAProfile(t *testing.T) {
	taken := stored.Identity{Kind: "email", Value: "bob@example.com"}
	for _, c := range []struct {
		name    string
		in      Change
		code    loyalty.Code
		pointer string
		again   bool // the profile was changed meanwhile
		finds   map[stored.Identity]bool
	}{
		{"nothing", Change{}, "", "", false, map[stored.Identity]bool{email: true, external: false}},
		{
			"another identity",
			Change{Removed: []stored.Identity{email}, Added: []stored.Identity{external}},
			"", "", false,
			map[stored.Identity]bool{email: false, external: true},
		},
		{
			"an identity that was not stored",
			Change{Removed: []stored.Identity{external}},
			"", "", false,
			map[stored.Identity]bool{email: true, external: false},
		},
		{
			"the email address of another member",
			Change{Removed: []stored.Identity{email}, Added: []stored.Identity{external, taken}},
			loyalty.AlreadyExists, "/email", false,
			map[stored.Identity]bool{email: true, external: false},
		},
		{
			"the external ID of another member",
			Change{Added: []stored.Identity{{Kind: "external", Value: "2"}}},
			loyalty.AlreadyExists, "/external_id", false,
			map[stored.Identity]bool{email: true},
		},
		{
			"an earlier version",
			Change{Profile: Profile{Version: 7}, Added: []stored.Identity{external}},
			"", "", true,
			map[stored.Identity]bool{email: true, external: false},
		},
	} {
		b := newBench(t)
		ms := Members{b.Ledger}
		for _, in := range []Enrollment{
			{Member: "mem_ada", Identities: []stored.Identity{email}},
			{Member: "mem_bob", Identities: []stored.Identity{taken, {Kind: "external", Value: "2"}}},
		} {
			if _, err := ms.Enroll(t.Context(), b.p, in, ledger.By{Input: string(in.Member)}); err != nil {
				t.Fatal(err)
			}
		}
		c.in.Profile.Member, c.in.Profile.Name = "mem_ada", "Ada"
		if c.in.Profile.Version == 0 {
			c.in.Profile.Version = 1
		}
		err := ms.Change(t.Context(), b.p, c.in, ledger.By{Input: "c"})
		var refusal *loyalty.Error
		if errors.As(err, &refusal) && refusal.Pointer != c.pointer {
			t.Errorf("%s: the error points to %s", c.name, refusal.Pointer)
		}
		if !c.again {
			wantRejection(t, c.name, err, c.code)
		} else if !errors.Is(err, ledger.ErrTryAgain) {
			t.Errorf("%s: %v", c.name, err)
		}
		p, failed := ms.Profile(t.Context(), "p", "mem_ada")
		if failed != nil || (p.Name == "Ada") != (err == nil) {
			t.Errorf("%s: %+v, %v", c.name, p, failed)
		}
		for id, want := range c.finds {
			m, err := ms.Find(t.Context(), "p", id)
			if (err == nil) != want || want && m != "mem_ada" || !want && !errors.Is(err, loyalty.NotFound) {
				t.Errorf("%s: %s finds %q, %v", c.name, id.Kind, m, err)
			}
		}
	}
}

// A change makes the member's reminders due at once. Changed consents are written with it.
func TestRemindersAreDueAfterAChange(t *testing.T) {
	consent := []remind.Consent{{Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon}}
	for _, c := range []struct {
		name     string
		consents []remind.Consent
		version  int64 // the version of the stored contact
	}{
		{"no consent", nil, 1},
		{"the same consent", consent, 1},
		{"another consent", []remind.Consent{{Channel: loyalty.SMS, Purpose: loyalty.Marketing, Granted: true}}, 2},
	} {
		b := newBench(t)
		in := Enrollment{Member: "mem_ada", Consents: consent, Profile: Profile{Email: "ada@example.com"}}
		if _, err := (Members{b.Ledger}).Enroll(t.Context(), b.p, in, ledger.By{Input: "a"}); err != nil {
			t.Fatal(err)
		}
		it := b.remind(t, "mem_ada")
		it.Index = RemindKey("p", "mem_ada", noon.Add(time.Hour))
		if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		b.Clock = noon.Add(time.Minute)
		change := Change{Profile: Profile{Member: "mem_ada", Version: 1}, Consents: c.consents}
		if err := (Members{b.Ledger}).Change(t.Context(), b.p, change, ledger.By{Input: "c"}); err != nil {
			t.Fatal(err)
		}
		if got := b.remind(t, "mem_ada"); got.Index != RemindKey("p", "mem_ada", b.Clock) {
			t.Errorf("%s: the reminders are due at %s", c.name, got.Index.SK)
		}
		if it := b.item(t, stored.MemberKey("p", "mem_ada", "CONTACT")); it.Version != c.version {
			t.Errorf("%s: the contact has version %d, want %d", c.name, it.Version, c.version)
		}
	}
}

// If the program gives advance notice, the account records the channels in which the member can be contacted.
func TestChannelsThatAnAccountRecords(t *testing.T) {
	consent := []remind.Consent{{Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon}}
	for _, notice := range []bool{false, true} {
		b := newBench(t)
		if notice {
			b.p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 1}
		}
		in := Enrollment{Member: "mem_ada", Consents: consent}
		ms := Members{b.Ledger}
		if _, err := ms.Enroll(t.Context(), b.p, in, ledger.By{Input: "a"}); err != nil {
			t.Fatal(err)
		}
		channels := func(name string, want int) {
			t.Helper()
			got, err := ms.Get(t.Context(), b.p, "mem_ada")
			if !notice {
				want = 0
			}
			if err != nil || len(got.Account.Traits.Channels) != want {
				t.Errorf("advance notice %t, %s: %+v, %v", notice, name, got.Account.Traits.Channels, err)
			}
		}
		channels("without an address", 0)
		withAddress := Enrollment{Member: "mem_bob", Consents: consent, Profile: Profile{Email: "bob@example.com"}}
		if m, err := ms.Enroll(t.Context(), b.p, withAddress, ledger.By{Input: "b"}); err != nil ||
			len(m.Account.Traits.Channels) != 1 {
			t.Errorf("enrolled with an address: %+v, %v", m.Account.Traits.Channels, err)
		}
		change := Change{Profile: Profile{Member: "mem_ada", Email: "ada@example.com", Version: 1}}
		if err := ms.Change(t.Context(), b.p, change, ledger.By{Input: "c"}); err != nil {
			t.Fatal(err)
		}
		channels("with an address", 1)
		f := FailedAddress{Channel: loyalty.Email, Address: "ada@example.com", Why: Bounced, At: noon}
		if err := (Consents{b.Ledger}).AddressFailed(t.Context(), b.p, "mem_ada", f); err != nil {
			t.Fatal(err)
		}
		channels("after the address failed", 0)
	}
}
