package inventory

import (
	"errors"
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestUseThatIsRepeated(t *testing.T) {
	use := table.Item{Doc: stored.Encode(useDoc{Code: ledger.CodeDoc{Left: 3}, Plain: "ABC", Input: "a"})}
	for input, code := range map[string]loyalty.Code{"a": "", "b": loyalty.KeyReused} {
		r, err := usedBefore(use, ledger.By{Input: input}, nil)
		wantRejection(t, "input "+input, err, code)
		if r.Replayed != (code == "") {
			t.Errorf("input %s: %+v", input, r)
		}
	}
	for _, c := range []struct {
		name          string
		stored, input string
		code          loyalty.Code
	}{
		{"the same", "a", "a", ""},
		{"the same with a fingerprint", "a.1", "a.1", ""},
		{"another reason", "a.1", "a.2", loyalty.KeyReused},
		{"another key", "a.1", "b.1", loyalty.AlreadyResolved},
		{"a key with the same beginning", "ab.1", "a.1", loyalty.AlreadyResolved},
		{"no key", "", "", loyalty.AlreadyResolved},
		{"no key, and a stored fingerprint", ".1", "", loyalty.AlreadyResolved},
	} {
		d := useDoc{Plain: "ABC", Reversal: &useReversalDoc{Input: c.stored, At: stored.Millis(noon)}}
		r, err := d.reversedBefore(ledger.By{Input: c.input})
		wantRejection(t, c.name, err, c.code)
		if r.Replayed != (c.code == "") {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	var d ledger.CodeDoc
	for i := range maxCodeUses + 1 {
		list(&d, ledger.CodeUseDoc{ID: fmt.Sprint(i), At: 1})
	}
	unlist(&d, "2", 9, "sorry")
	if len(d.Uses) != maxCodeUses || d.Uses[0].ID != "1" || d.Uses[1].Reversed != 9 || d.Uses[0].Reversed != 0 {
		t.Errorf("the code lists %+v", d.Uses)
	}
}

// wantRejection requires the error of a code, or none if the code is empty.
func wantRejection(t *testing.T, name string, err error, code loyalty.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("%s: %v, want %q", name, err, code)
	}
}
