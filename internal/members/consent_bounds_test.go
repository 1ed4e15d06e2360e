package members

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var granted = remind.Consent{
	Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon, Wording: "v1", Source: "app",
}

// A consent is logged if it differs from the last one of its channel and purpose.
func TestConsentThatIsLogged(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*remind.Consent)
		logged bool
	}{
		"the same":        {func(*remind.Consent) {}, false},
		"later":           {func(c *remind.Consent) { c.At = noon.Add(time.Hour) }, false},
		"withdrawn":       {func(c *remind.Consent) { c.Granted = false }, true},
		"another channel": {func(c *remind.Consent) { c.Channel = loyalty.SMS }, true},
		"another purpose": {func(c *remind.Consent) { c.Purpose = loyalty.Transactional }, true},
		"another wording": {func(c *remind.Consent) { c.Wording = "v2" }, true},
		"another source":  {func(c *remind.Consent) { c.Source = "checkout" }, true},
	} {
		b := newBench(t)
		b.enroll(t, "mem_ada")
		cs := Consents{b.Ledger}
		x := granted
		c.change(&x)
		for _, consents := range [][]remind.Consent{{granted}, {x}} {
			if err := cs.Consent(t.Context(), b.p, "mem_ada", consents, "key"); err != nil {
				t.Fatal(err)
			}
		}
		var log []remind.Consent
		for l, err := range cs.Log(t.Context(), "p", "mem_ada") {
			if err != nil || l.By != "key" {
				t.Fatalf("%+v, %v", l, err)
			}
			log = append(log, l.Consent)
		}
		want := []remind.Consent{granted, x}
		if !c.logged {
			want = want[:1]
		}
		if !slices.Equal(log, want) {
			t.Errorf("%s: the log is %+v, want %+v", name, log, want)
		}
		if contact, err := cs.Contact(t.Context(), "p", "mem_ada"); err != nil || contact.logs != len(want) ||
			!slices.Contains(contact.Consents, want[len(want)-1]) {
			t.Errorf("%s: %+v, %v", name, contact, err)
		}
	}
}

// A channel reaches a member if it needs no address, or has one that has not failed.
func TestChannelsThatReachAMember(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile Profile
		failed  []FailedAddress
		want    []loyalty.Channel
	}{
		{"no address", Profile{}, nil, []loyalty.Channel{loyalty.Push, loyalty.Webhook}},
		{
			"an email address",
			Profile{Email: "ada@example.com"},
			nil,
			[]loyalty.Channel{loyalty.Email, loyalty.Push, loyalty.Webhook},
		},
		{
			"a phone number",
			Profile{Phone: "+4930123"},
			nil,
			[]loyalty.Channel{loyalty.SMS, loyalty.Push, loyalty.Webhook},
		},
		{
			"an address that failed",
			Profile{Email: "ada@example.com"},
			[]FailedAddress{{Channel: loyalty.Email, Address: "ada@example.com"}},
			[]loyalty.Channel{loyalty.Push, loyalty.Webhook},
		},
		{
			"another address that failed",
			Profile{Email: "ada@example.com"},
			[]FailedAddress{{Channel: loyalty.Email, Address: "ada@example.org"}},
			[]loyalty.Channel{loyalty.Email, loyalty.Push, loyalty.Webhook},
		},
		{
			"the address of another channel failed",
			Profile{Phone: "+4930123"},
			[]FailedAddress{{Channel: loyalty.Email, Address: "+4930123"}},
			[]loyalty.Channel{loyalty.SMS, loyalty.Push, loyalty.Webhook},
		},
	} {
		contact := Contact{Failed: c.failed}
		if got := contact.Reach(c.profile); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		contact.Consents = remind.Consents{granted, {Channel: loyalty.SMS, Purpose: loyalty.Marketing}}
		uses := contact.channels(c.profile)
		if got := slices.Contains(c.want, loyalty.Email); len(uses) > 0 != got || len(uses) > 1 {
			t.Errorf("%s: the member can be contacted in %v", c.name, uses)
		}
	}
}

// A failed address is stored once. A complaint also withdraws the consent to marketing.
func TestAddressThatFails(t *testing.T) {
	bounced := FailedAddress{Channel: loyalty.Email, Address: "ada@example.com", Why: Bounced, At: noon}
	complained := bounced
	complained.Why = Complained
	other := complained
	other.Channel, other.Address = loyalty.SMS, "+4930123"
	for _, c := range []struct {
		name    string
		fails   []FailedAddress
		failed  int
		allowed bool
		version int64 // the version of the contact
	}{
		{"bounced", []FailedAddress{bounced}, 1, true, 2},
		{"bounced twice", []FailedAddress{bounced, bounced}, 1, true, 2},
		{"complained", []FailedAddress{complained}, 1, false, 2},
		{"complained twice", []FailedAddress{complained, complained}, 1, false, 2},
		{"bounced and complained", []FailedAddress{bounced, complained}, 1, false, 3},
		{"complained in another channel", []FailedAddress{other}, 1, true, 2},
	} {
		b := newBench(t)
		b.enroll(t, "mem_ada")
		cs := Consents{b.Ledger}
		if err := cs.Consent(t.Context(), b.p, "mem_ada", []remind.Consent{granted}, "key"); err != nil {
			t.Fatal(err)
		}
		for _, f := range c.fails {
			if err := cs.AddressFailed(t.Context(), b.p, "mem_ada", f); err != nil {
				t.Fatal(err)
			}
		}
		got, err := cs.Contact(t.Context(), "p", "mem_ada")
		if err != nil || len(got.Failed) != c.failed || len(got.Consents) != 1 || got.item.Version != c.version ||
			got.Consents.Allow(loyalty.Email, loyalty.Marketing) != c.allowed {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// A contact has at most ten failed addresses: the latest ones.
func TestLatestFailedAddresses(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada")
	cs := Consents{b.Ledger}
	for i := range 11 {
		got, err := cs.Contact(t.Context(), "p", "mem_ada")
		if err != nil || len(got.Failed) != i {
			t.Fatalf("%d addresses are stored as %+v, %v", i, got.Failed, err)
		}
		f := FailedAddress{Channel: loyalty.Email, Address: fmt.Sprint(i), Why: Bounced, At: noon}
		if err := cs.AddressFailed(t.Context(), b.p, "mem_ada", f); err != nil {
			t.Fatal(err)
		}
	}
	got, err := cs.Contact(t.Context(), "p", "mem_ada")
	if err != nil || len(got.Failed) != 10 || got.Failed[0].Address != "1" || got.Failed[9].Address != "10" {
		t.Errorf("%+v, %v", got.Failed, err)
	}
}

// A changed contact makes the reminders due at once. A conflict is retried.
func TestConsentMakesRemindersDue(t *testing.T) {
	b := newBench(t)
	b.enroll(t, "mem_ada")
	cs := Consents{b.Ledger}
	if it := b.remind(t, "mem_ada"); it.Version > 0 {
		t.Fatalf("without consents and reminders, the member has %+v", it)
	}
	b.Fail = []error{&table.ConflictError{}}
	for i, source := range []string{"app", "app", "checkout"} {
		b.Clock = noon.Add(time.Duration(i) * time.Hour)
		x := granted
		x.Source = source
		if err := cs.Consent(t.Context(), b.p, "mem_ada", []remind.Consent{x}, "key"); err != nil {
			t.Fatal(err)
		}
		due := map[int]time.Time{0: noon, 1: noon, 2: noon.Add(2 * time.Hour)}[i]
		if it := b.remind(t, "mem_ada"); it.Index != RemindKey("p", "mem_ada", due) {
			t.Errorf("consent %d: the reminders are due at %s", i, it.Index.SK)
		}
	}
	b.Fail = []error{table.ErrBusy}
	withdrawn := granted
	withdrawn.Granted = false
	if err := cs.Consent(
		t.Context(), b.p, "mem_ada", []remind.Consent{withdrawn}, "key",
	); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the table is busy: %v", err)
	}
	err := cs.Consent(t.Context(), b.p, "mem_bob", []remind.Consent{granted}, "key")
	wantRejection(t, "an unknown member", err, loyalty.NotFound)
	if it := b.item(t, stored.MemberKey("p", "mem_bob", "CONTACT")); it.Version > 0 {
		t.Errorf("an unknown member has %+v", it)
	}
}
