package inventory

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// If a read fails, an operation returns the error. It does not continue as if the item were absent.
func TestOperationsReturnTheErrorOfARead(t *testing.T) {
	var p *loyalty.Program
	create := func() table.Table {
		ws, b, program := waitlist(t, "mem_ada", "mem_bob")
		p = program
		put(t, b, waiting("mug", "mem_bob", 0)...)
		issue(t, b, "CARD", card)
		in := CodeUse{ID: "use_1", Code: "CARD", Amount: euros(4_00)}
		if _, err := Codes(ws).Use(t.Context(), "p", in, ledger.By{Input: "a"}); err != nil {
			t.Fatal(err)
		}
		put(t, b, table.Put(table.Item{Key: ledger.PoolKey("p", "voucher", "A"), Doc: []byte("{}")}))
		if _, err := Codes(ws).Upload(t.Context(), "p", "voucher", codes(1)); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, operation := range map[string]func(*ledger.Ledger) error{
		"code": func(l *ledger.Ledger) error {
			_, err := Codes{l}.Get(t.Context(), "p", "CARD")
			return err
		},
		"use": func(l *ledger.Ledger) error {
			_, err := Codes{l}.Use(
				t.Context(), "p", CodeUse{ID: "u", Code: "CARD", Amount: euros(1)}, ledger.By{Input: "b"},
			)
			return err
		},
		"use again": func(l *ledger.Ledger) error {
			in := CodeUse{ID: "use_1", Code: "CARD", Amount: euros(40_00)}
			_, err := Codes{l}.Use(t.Context(), "p", in, ledger.By{Input: "a"})
			return err
		},
		"reverse a use": func(l *ledger.Ledger) error {
			_, err := Codes{l}.ReverseUse(t.Context(), "p", UseReversal{"CARD", "use_1", "x"}, ledger.By{Input: "r"})
			return err
		},
		"take a code": func(l *ledger.Ledger) error {
			r, _ := redeem.FindReward(p.Rewards, "voucher")
			_, err := Codes{l}.Take(t.Context(), p, &r, new(loyalty.Redemption))
			return err
		},
		"upload": func(l *ledger.Ledger) error {
			_, err := Codes{l}.Upload(t.Context(), "p", "voucher", codes(3))
			return err
		},
		"add": func(l *ledger.Ledger) error {
			_, err := Codes{l}.Add(t.Context(), "p", "voucher", slices.Values(codes(1)))
			return err
		},
		"stock": func(l *ledger.Ledger) error {
			_, err := Stock{l}.CountsFor(t.Context(), p, "mem_ada")
			return err
		},
		"counts": func(l *ledger.Ledger) error {
			_, err := Stock{l}.Counts(t.Context(), p)
			return err
		},
		"join": func(l *ledger.Ledger) error {
			_, err := Waitlists{l}.Join(t.Context(), p, "mug", "mem_ada")
			return err
		},
		"leave": func(l *ledger.Ledger) error {
			_, err := Waitlists{l}.Leave(t.Context(), p, "mug", "mem_bob")
			return err
		},
		"leaving": func(l *ledger.Ledger) error {
			r, _ := redeem.FindReward(p.Rewards, "mug")
			_, err := Waitlists{l}.Leaving(t.Context(), "p", &r, "mem_bob")
			return err
		},
		"place": func(l *ledger.Ledger) error {
			_, err := Waitlists{l}.Place(t.Context(), p, "mug", "mem_bob")
			return err
		},
		"record": func(l *ledger.Ledger) error {
			r, _ := redeem.FindReward(p.Rewards, "mug")
			bob := []redeem.WaitlistEntry{{Member: "mem_bob", Since: stored.Instant(1)}}
			return Waitlists{l}.RecordCalled(t.Context(), p, &r, redeem.Call{Called: bob, Lost: bob})
		},
	} {
		tabletest.EachReadFails(t, name, create, func(tab table.Table) error {
			return operation(&ledger.Ledger{
				Table: tab, Now: func() time.Time { return noon },
				Keyring: keyringtest.New(tab, func() time.Time { return noon }),
			})
		})
	}
}

func TestUseThatWasReversedBefore(t *testing.T) {
	l := ledgertest.New(t).Ledger
	issue(t, l.Table, "CARD", card)
	in := CodeUse{ID: "use_1", Code: "CARD", Amount: euros(4_00)}
	if _, err := (Codes{l}).Use(t.Context(), "p", in, ledger.By{Input: "a"}); err != nil {
		t.Fatal(err)
	}
	back := UseReversal{"CARD", "use_1", "sorry"}
	for i, c := range []struct {
		input    string
		replayed bool
		code     loyalty.Code
	}{{"r", false, ""}, {"r", true, ""}, {"r2", false, loyalty.AlreadyResolved}} {
		r, err := Codes{l}.ReverseUse(t.Context(), "p", back, ledger.By{Input: c.input})
		wantRejection(t, c.input, err, c.code)
		if r.Replayed != c.replayed || c.code == "" && r.Left != euros(10_00) {
			t.Errorf("reversal %d: %+v", i, r)
		}
	}
	// The first use, repeated after the reversal, returns its first result.
	if r, err := (Codes{l}).Use(t.Context(), "p", in, ledger.By{Input: "a"}); err != nil || !r.Replayed ||
		r.Left != euros(6_00) {
		t.Errorf("%+v, %v", r, err)
	}
}

// A use that used the code up, repeated, returns its first result.
func TestLastUseIsRepeated(t *testing.T) {
	l := ledgertest.New(t).Ledger
	issue(t, l.Table, "MUG", ledger.CodeDoc{Member: "mem_ada", Redemption: "rd_1", Reward: "mug"})
	for i, c := range []struct {
		in       CodeUse
		input    string
		replayed bool
		code     loyalty.Code
	}{
		{CodeUse{ID: "use_1", Code: "MUG"}, "a", false, ""},
		{CodeUse{ID: "use_1", Code: "MUG"}, "a", true, ""},
		{CodeUse{ID: "use_1", Code: "MUG"}, "b", false, loyalty.KeyReused},
		{CodeUse{ID: "use_2", Code: "MUG"}, "c", false, loyalty.CodeUsed},
	} {
		r, err := Codes{l}.Use(t.Context(), "p", c.in, ledger.By{Input: c.input})
		wantRejection(t, c.input, err, c.code)
		if r.Replayed != c.replayed || c.code == "" && (len(r.Uses) != 1 || r.Uses[0].Amount != (loyalty.Money{})) {
			t.Errorf("use %d: %+v", i, r)
		}
	}
	b := ledgertest.New(t)
	l2 := b.Ledger
	issue(t, l2.Table, "CARD", card)
	for i, failed := range []error{table.ErrBusy, table.ErrUnknown} {
		b.Fail = []error{failed}
		in := CodeUse{ID: "use_1", Code: "CARD", Amount: euros(1)}
		if _, err := (Codes{l2}).Use(t.Context(), "p", in, ledger.By{Input: "a"}); !ledger.Busy(err) {
			t.Errorf("use %d: %v", i, err)
		}
	}
}
