package members

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// If a read fails, an operation returns the error. It does not continue as if the item were absent.
func TestOperationsReturnTheErrorOfARead(t *testing.T) {
	var b *bench
	create := func() table.Table {
		b = newBench(t)
		b.enroll(t, "mem_ada", "mem_bob", "mem_eve")
		b.found(t, "hh_1", "mem_ada")
		b.join(t, "hh_1", "mem_bob")
		if _, err := (Referrals{b.Ledger}).GiveCode(t.Context(), b.p, "mem_ada", "BEANS"); err != nil {
			t.Fatal(err)
		}
		if err := b.Table.Transact(
			t.Context(), table.Put(firstRemind("p", "mem_ada", noon.Add(time.Hour))),
			table.Put(referredItem("p", "mem_ada", "mem_bob")),
		); err != nil {
			t.Fatal(err)
		}
		return b
	}
	by := ledger.By{Input: "x"}
	for name, operation := range map[string]func(*ledger.Ledger) error{
		"get": func(l *ledger.Ledger) error {
			_, err := Members{l}.Get(t.Context(), b.p, "mem_ada")
			return err
		},
		"current": func(l *ledger.Ledger) error {
			_, err := Members{l}.Current(t.Context(), b.p, "mem_ada")
			return err
		},
		"profile": func(l *ledger.Ledger) error {
			_, err := Members{l}.Profile(t.Context(), "p", "mem_ada")
			return err
		},
		"find": func(l *ledger.Ledger) error {
			_, err := Members{l}.Find(t.Context(), "p", stored.Identity{Kind: ReferralCode, Value: "BEANS"})
			return err
		},
		"enroll": func(l *ledger.Ledger) error {
			_, err := Members{l}.Enroll(t.Context(), b.p, Enrollment{Member: "mem_dan", Code: "BEANS"}, by)
			return err
		},
		"agreed": func(l *ledger.Ledger) error {
			in := Change{Profile: Profile{Member: "mem_ada"}, Consents: []remind.Consent{granted}}
			_, _, err := Members{l}.agreed(t.Context(), b.p, in, by)
			return err
		},
		"create a household": func(l *ledger.Ledger) error {
			_, err := Households{l}.Found(t.Context(), b.p, "hh_2", "mem_eve", by)
			return err
		},
		"household": func(l *ledger.Ledger) error {
			_, err := Households{l}.Get(t.Context(), "p", "hh_1")
			return err
		},
		"invite": func(l *ledger.Ledger) error {
			_, err := Households{l}.Invite(t.Context(), b.p, "hh_1", "mem_eve", share.Adult)
			return err
		},
		"leave": func(l *ledger.Ledger) error {
			_, err := Households{l}.Leave(t.Context(), b.p, "hh_1", "mem_bob")
			return err
		},
		"leave again": func(l *ledger.Ledger) error {
			hs := Households{b.Ledger}
			if _, err := hs.Leave(t.Context(), b.p, "hh_1", "mem_bob"); err != nil {
				t.Fatal(err)
			}
			_, err := Households{l}.Leave(t.Context(), b.p, "hh_1", "mem_bob")
			return err
		},
		"accounts": func(l *ledger.Ledger) error {
			_, err := Households{l}.Accounts(t.Context(), b.p, []loyalty.MemberID{"mem_ada", "mem_bob"})
			return err
		},
		"draw": func(l *ledger.Ledger) error {
			_, err := Households{l}.DrawOn(t.Context(), &ledger.Command{Program: b.p, Member: "mem_ada"})
			return err
		},
		"consent": func(l *ledger.Ledger) error {
			return Consents{l}.Consent(t.Context(), b.p, "mem_ada", []remind.Consent{granted}, "key")
		},
		"consent log": func(l *ledger.Ledger) error {
			for _, err := range (Consents{l}).Log(t.Context(), "p", "mem_ada") {
				return err
			}
			return nil
		},
		"assign a referral code": func(l *ledger.Ledger) error {
			_, err := Referrals{l}.GiveCode(t.Context(), b.p, "mem_bob", "MUGS")
			return err
		},
		"friends": func(l *ledger.Ledger) error {
			_, err := Referrals{l}.Friends(t.Context(), b.p, "mem_ada", "", 0)
			return err
		},
		"alike": func(l *ledger.Ledger) error {
			_, err := Referrals{l}.Alike(t.Context(), "p", "mem_ada", "mem_bob")
			return err
		},
		"wake": func(l *ledger.Ledger) error { return ReminderQueue{l}.Wake(t.Context(), "p", "mem_ada") },
		"queue": func(l *ledger.Ledger) error {
			for _, err := range (ReminderQueue{l}).Behind(t.Context(), "p", 0, "", time.Time{}) {
				return err
			}
			return nil
		},
		"any": func(l *ledger.Ledger) error {
			_, err := ReminderQueue{l}.Any(t.Context(), "p", 0, time.Time{})
			return err
		},
		"reminders": func(l *ledger.Ledger) error {
			_, err := ReminderQueue{l}.Reminded(t.Context(), "p", "mem_ada")
			return err
		},
		"mark": func(l *ledger.Ledger) error {
			_, _, err := ReminderQueue{l}.Swept(t.Context(), "p")
			return err
		},
	} {
		tabletest.EachReadFails(t, name, create, func(tab table.Table) error {
			return operation(&ledger.Ledger{Table: tab, Now: b.Now, Keyring: keyringtest.New(tab, b.Now)})
		})
	}
}
