package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func memberID(m string) loyalty.MemberID { return loyalty.MemberID(m) }

// codes returns numbered codes.
func codes(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("CODE%03d", i))
	}
	return all
}

// pool returns the number of codes in the pool of a reward.
func pool(t *testing.T, tab table.Table) (n int) {
	t.Helper()
	for _, err := range tab.Query(t.Context(), table.Query{PK: ledger.PoolPartition("p", "mug")}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// Codes are added once. Repeated codes are duplicates, within one transaction or in another.
func TestCodesThatAreUploaded(t *testing.T) {
	for _, c := range []struct {
		name  string
		known []string // the codes that exist already
		codes []string
		added int
		dup   []string
	}{
		{"none", nil, nil, 0, nil},
		{"one", nil, codes(1), 1, nil},
		{"one transaction", nil, codes(uploadAtOnce), uploadAtOnce, nil},
		{"one more", nil, codes(uploadAtOnce + 1), uploadAtOnce + 1, nil},
		{"two transactions", nil, codes(2 * uploadAtOnce), 2 * uploadAtOnce, nil},
		{"twice in one transaction", nil, []string{"A", "B", "a"}, 2, []string{"a"}},
		{
			"twice in two transactions", nil, append(codes(uploadAtOnce), "CODE000"), uploadAtOnce,
			[]string{"CODE000"},
		},
		{
			"twice, with more codes after it", nil, append(codes(uploadAtOnce), "CODE000", "X"), uploadAtOnce + 1,
			[]string{"CODE000"},
		},
		{"all exist", codes(3), codes(3), 0, codes(3)},
		{"some exist", codes(3), codes(5), 2, codes(3)},
		{"some exist in the second transaction", codes(50)[45:], codes(60), 55, codes(50)[45:]},
	} {
		for _, upload := range []bool{false, true} {
			l := ledgertest.New(t).Ledger
			if _, err := (Codes{l}).Add(t.Context(), "p", "mug", slices.Values(c.known)); err != nil {
				t.Fatal(err)
			}
			run := func() (Upload, error) {
				if upload {
					return Codes{l}.Upload(t.Context(), "p", "mug", c.codes)
				}
				return Codes{l}.Add(t.Context(), "p", "mug", slices.Values(c.codes))
			}
			got, err := run()
			if err != nil || got.Added != c.added || !slices.Equal(got.Duplicate, c.dup) {
				t.Errorf("%s: %+v, %v", c.name, got, err)
			}
			if n := pool(t, l.Table); n != len(c.known)+c.added {
				t.Errorf("%s: the pool has %d codes", c.name, n)
			}
			if !upload {
				continue
			}
			key := uploadKey("p", "mug", l.Keyring.Fingerprint("p", []byte(strings.Join(c.codes, "\n"))))
			was, err := l.Table.Get(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			again, err := run()
			if err != nil || !again.Replayed || again.Added != c.added || !slices.Equal(again.Duplicate, c.dup) {
				t.Errorf("%s, again: %+v, %v", c.name, again, err)
			}
			if is, err := l.Table.Get(t.Context(), key); err != nil || is.Version != was.Version {
				t.Errorf("%s, again: the progress is written: %+v, %v", c.name, is, err)
			}
		}
	}
}

// An upload that stops continues after the codes that were processed.
func TestUploadThatContinues(t *testing.T) {
	b := ledgertest.New(t)
	l := b.Ledger
	all := codes(2*uploadAtOnce + 5)
	b.Fail = []error{nil, table.ErrBusy} // the first transaction is written, and the second one fails
	if _, err := (Codes{l}).Upload(t.Context(), "p", "mug", all); !errors.Is(err, ledger.ErrTryAgain) {
		t.Fatal(err)
	}
	if n := pool(t, b.Table); n != uploadAtOnce {
		t.Errorf("the pool has %d codes", n)
	}
	got, err := Codes{l}.Upload(t.Context(), "p", "mug", all)
	if err != nil || got.Added != len(all) || got.Replayed || len(got.Duplicate) > 0 || pool(t, b.Table) != len(all) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := (Codes{l}).Upload(t.Context(), "p", "mug", all); err != nil || got.Added != len(all) ||
		!got.Replayed {
		t.Errorf("%+v, %v", got, err)
	}
}

// Two requests upload the same codes at the same time. Each code is added once, and neither is a replay.
func TestUploadsOfTheSameCodesAtOneTime(t *testing.T) {
	b := ledgertest.New(t)
	l := b.Ledger
	b.Before = func() error {
		got, err := Codes{l}.Upload(t.Context(), "p", "mug", codes(5))
		if err != nil || got.Added != 5 || got.Replayed {
			t.Errorf("the first request: %+v, %v", got, err)
		}
		return nil
	}
	got, err := Codes{l}.Upload(t.Context(), "p", "mug", codes(5))
	if err != nil || got.Added != 5 || got.Replayed || len(got.Duplicate) > 0 || pool(t, b.Table) != 5 {
		t.Errorf("the second request: %+v, %v", got, err)
	}
}

// A code is taken from the pool, wherever its position is.
func TestCodeThatARedemptionTakes(t *testing.T) {
	p := &loyalty.Program{ID: "p"}
	for _, position := range []byte{0, 0x80, 0xff} {
		l := ledgertest.New(t).Ledger
		l.Random = bytes.NewReader(bytes.Repeat([]byte{position}, 100))
		reward := loyalty.Reward{ID: "mug", Codes: loyalty.Codes{From: loyalty.UploadedCode}}
		if _, err := (Codes{l}).Add(t.Context(), "p", "mug", slices.Values([]string{"BEANS"})); err != nil {
			t.Fatal(err)
		}
		var r loyalty.Redemption
		ops, err := Codes{l}.Take(t.Context(), p, &reward, &r)
		if err != nil || r.Code != "BEANS" || !r.Pooled || len(ops) != 1 {
			t.Fatalf("from position %x: %+v, %v, %v", position, r, ops, err)
		}
		put(t, l.Table, ops...)
		r = loyalty.Redemption{Code: "OLD", Pooled: true}
		if ops, err := (Codes{l}).Take(t.Context(), p, &reward, &r); err != nil || len(ops) > 0 || r.Code != "" ||
			r.Pooled {
			t.Errorf("an empty pool: %+v, %v, %v", r, ops, err)
		}
		for from, want := range map[loyalty.CodeSource]bool{
			loyalty.GeneratedCode: true, loyalty.SharedCode: false, loyalty.NoCode: false,
		} {
			reward.Codes.From, r = from, loyalty.Redemption{Code: "OLD", Pooled: true}
			ops, err := Codes{l}.Take(t.Context(), p, &reward, &r)
			if err != nil || len(ops) > 0 || r.Code != "" != want || r.Code == "OLD" || r.Pooled {
				t.Errorf("%q: %+v, %v, %v", from, r, ops, err)
			}
		}
	}
}

var card = ledger.CodeDoc{
	Member:     "mem_ada",
	Redemption: "rd_1",
	Reward:     "card",
	Left:       10_00,
	Currency:   "EUR",
	Worth:      10_00,
}

func euros(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }

// A code that no member received is unknown.
func TestCodeThatNoMemberReceived(t *testing.T) {
	l := ledgertest.New(t).Ledger
	cs := Codes{l}
	issue(t, l.Table, "MUG", ledger.CodeDoc{Reward: "mug"})
	issue(t, l.Table, "CARD", card)
	for code, want := range map[string]loyalty.Code{"MUG": loyalty.NotFound, "X": loyalty.NotFound, "CARD": ""} {
		_, err := cs.Get(t.Context(), "p", code)
		wantRejection(t, code, err, want)
		_, err = cs.Use(
			t.Context(),
			"p",
			CodeUse{ID: "use_" + code, Code: code, Amount: euros(1)},
			ledger.By{Input: "a"},
		)
		wantRejection(t, "use of "+code, err, want)
	}
}

// Two requests use a code at the same time. A use with the same ID is the same use.
func TestUsesOfACodeAtOneTime(t *testing.T) {
	for _, c := range []struct {
		name     string
		other    CodeUse
		input    string
		code     loyalty.Code
		replayed bool
		left     int64
	}{
		{"another use", CodeUse{ID: "use_2", Code: "CARD", Amount: euros(3_00)}, "b", "", false, 3_00},
		{"the same use", CodeUse{ID: "use_1", Code: "CARD", Amount: euros(4_00)}, "a", "", true, 6_00},
		{
			"another use with the same ID",
			CodeUse{ID: "use_1", Code: "CARD", Amount: euros(3_00)},
			"b",
			loyalty.KeyReused, false, 7_00,
		},
		{
			"a use of the rest",
			CodeUse{ID: "use_2", Code: "CARD", Amount: euros(10_00)},
			"b", loyalty.CodeUsed, false,
			0,
		},
	} {
		b := ledgertest.New(t)
		l := b.Ledger
		issue(t, l.Table, "CARD", card)
		b.Before = func() error {
			_, err := Codes{l}.Use(t.Context(), "p", c.other, ledger.By{Input: c.input})
			if err != nil {
				t.Error(err)
			}
			return nil
		}
		in := CodeUse{ID: "use_1", Code: "card", Amount: euros(4_00), Order: "1"}
		got, err := Codes{l}.Use(t.Context(), "p", in, ledger.By{Input: "a"})
		wantRejection(t, c.name, err, c.code)
		if got.Replayed != c.replayed {
			t.Errorf("%s: %+v", c.name, got)
		}
		if now, err := (Codes{l}).Get(t.Context(), "p", "CARD"); err != nil || now.Left.Amount != c.left {
			t.Errorf("%s: %+v, %v", c.name, now, err)
		}
	}
}

// A use is reversed once, under the code to which it belongs.
func TestUseThatIsReversed(t *testing.T) {
	for _, c := range []struct {
		name string
		in   UseReversal
		code loyalty.Code
		left int64
	}{
		{"the use", UseReversal{"card", "use_1", "sorry"}, "", 10_00},
		{"another use", UseReversal{"CARD", "use_2", "sorry"}, loyalty.NotFound, 6_00},
		{"another code", UseReversal{"CARD2", "use_1", "sorry"}, loyalty.NotFound, 6_00},
		{"an unknown code", UseReversal{"X", "use_1", "sorry"}, loyalty.NotFound, 6_00},
	} {
		b := ledgertest.New(t)
		l := b.Ledger
		issue(t, l.Table, "CARD", card)
		issue(t, l.Table, "CARD2", card)
		in := CodeUse{ID: "use_1", Code: "CARD", Amount: euros(4_00), Order: "1"}
		if got, err := (Codes{l}).Use(t.Context(), "p", in, ledger.By{Input: "a"}); err != nil || len(got.Uses) != 1 ||
			got.Uses[0].Amount != euros(4_00) || got.Uses[0].Order != "1" || !got.Uses[0].Reversed.IsZero() {
			t.Fatalf("%+v, %v", got, err)
		}
		b.Fail = []error{&table.ConflictError{}} // the reversal is repeated
		got, err := Codes{l}.ReverseUse(t.Context(), "p", c.in, ledger.By{Input: "r"})
		wantRejection(t, c.name, err, c.code)
		if c.code == "" && (len(got.Uses) != 1 || got.Uses[0].Reason != "sorry" || !got.Uses[0].Reversed.Equal(noon)) {
			t.Errorf("%s: %+v", c.name, got)
		}
		for code, left := range map[string]int64{"CARD": c.left, "CARD2": 10_00} {
			if now, err := (Codes{l}).Get(t.Context(), "p", code); err != nil || now.Left.Amount != left {
				t.Errorf("%s: %s is %+v, %v", c.name, code, now, err)
			}
		}
		b.Fail = []error{table.ErrBusy}
		if _, err := (Codes{l}).ReverseUse(
			t.Context(), "p", UseReversal{"CARD2", "use_1", "x"}, ledger.By{Input: "r2"},
		); errors.Is(err, table.ErrBusy) {
			t.Errorf("%s: the use of another code is written", c.name)
		}
	}
}

func TestDamagedItemsOfCodes(t *testing.T) {
	l := ledgertest.New(t).Ledger
	put(t, l.Table, table.Put(table.Item{Key: ledger.CodeKey("p", "CARD"), Doc: []byte(`{"m":"mem_ada","left":"x"}`)}))
	if _, err := (Codes{l}).Get(t.Context(), "p", "CARD"); err == nil || errors.As(err, new(*loyalty.Error)) {
		t.Errorf("the code is damaged: %v", err)
	}
	key := uploadKey("p", "mug", l.Keyring.Fingerprint("p", []byte(strings.Join(codes(2), "\n"))))
	put(t, l.Table, table.Put(table.Item{Key: key, Doc: []byte(`{"n":"x"}`)}))
	if _, err := (Codes{l}).Upload(t.Context(), "p", "mug", codes(2)); err == nil {
		t.Error("the upload is damaged")
	}
}
