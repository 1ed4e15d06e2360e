package members_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// If the program gives advance notice, the account records the channels in which the member can be contacted: those
// with a consent and an address that has not failed.
func TestAccountRecordsChannelsForAdvanceNotice(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.P.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: 2}
		if err := engine.Compile(b.P); err != nil {
			t.Fatal(err)
		}
		news := remind.Consent{Channel: loyalty.Email, Purpose: loyalty.Transactional, Granted: true, At: b.Now()}
		in := members.Enrollment{
			Member: "mem_ada", Profile: members.Profile{Email: "ada@example.com"}, Consents: []remind.Consent{news},
		}
		if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
			t.Context(), b.P, in, ledger.By{Actor: "test", Input: "ada"},
		); err != nil {
			t.Fatal(err)
		}
		byEmail := []loyalty.ChannelUse{{Channel: loyalty.Email, Purpose: loyalty.Transactional}}
		want := func(what string, entries int64, want []loyalty.ChannelUse) {
			t.Helper()
			m, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, "mem_ada")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, m.Account.Traits.Channels); diff != "" || m.Account.Sequence != entries {
				t.Errorf(
					"%s: there are %d entries, want %d; the channels are (-want +got):\n%s", what, m.Account.Sequence,
					entries, diff,
				)
			}
		}
		want("enrolled with a consent", 1, byEmail)
		failed := func(address string) {
			t.Helper()
			f := members.FailedAddress{Channel: loyalty.Email, Address: address, Why: members.Bounced, At: b.Now()}
			if err := (members.Consents{Ledger: b.Ledger}).AddressFailed(t.Context(), b.P, "mem_ada", f); err != nil {
				t.Fatal(err)
			}
		}
		failed("other@example.com")
		want("another address failed", 1, byEmail)
		failed("ada@example.com")
		want("the address failed", 2, nil)
		failed("ada@example.com")
		want("it failed again", 2, nil)
		m, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, "mem_ada")
		if err != nil {
			t.Fatal(err)
		}
		m.Profile.Email = "lovelace@example.com"
		if err := (members.Members{Ledger: b.Ledger}).Change(
			t.Context(), b.P, members.Change{Profile: m.Profile}, ledger.By{Actor: "test"},
		); err != nil {
			t.Fatal(err)
		}
		want("a new address", 3, byEmail)
		news.Granted, news.At = false, b.Now().Add(time.Minute)
		for range 2 {
			if err := (members.Consents{Ledger: b.Ledger}).Consent(
				t.Context(), b.P, "mem_ada", []remind.Consent{news}, "key",
			); err != nil {
				t.Fatal(err)
			}
			want("a consent that is taken back", 4, nil)
		}
		news.Granted, news.At = true, b.Now().Add(2*time.Minute)
		if err := (members.Consents{Ledger: b.Ledger}).Consent(
			t.Context(), b.P, "mem_ada", []remind.Consent{news}, "key",
		); err != nil {
			t.Fatal(err)
		}
		want("a consent", 5, byEmail)
		b.Audit(t, "mem_ada")
	})
}
