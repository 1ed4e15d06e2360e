package redeem

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func randomCode() string {
	var bits [10]byte
	rand.Read(bits[:])
	return NewCode(bits)
}

func TestACodeIsEightyBitsWithACheckCharacter(t *testing.T) {
	for bits, want := range map[[10]byte]string{
		{}: "0000-0000-0000-0000-0",
		{
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		}: "ZZZZ-ZZZZ-ZZZZ-ZZZZ-",
		{
			0b00001_000, 0b10_00011_0, 0b0100_0010, 0b1_00110_00, 0b111_01000, 0b01001_010, 0b10_01011_0, 0b1100_0110,
			0b1_01110_01, 0b111_10000,
		}: "1234-5678-9ABC-DEFG-",
	} {
		got := NewCode(bits)
		if !strings.HasPrefix(got, want) || len(got) != 21 || !WellFormed(got) {
			t.Errorf("%x is %q, want %q; well-formed: %t", bits, got, want, WellFormed(got))
		}
	}
}

func TestEveryWrongCharacterIsCaught(t *testing.T) {
	for range 50 {
		code := PlainCode(randomCode())
		for i := range code {
			for _, wrong := range []byte(alphabet) {
				typed := code[:i] + string(wrong) + code[i+1:]
				if WellFormed(typed) != (typed == code) {
					t.Fatalf("%s typed as %s: well-formed %t", code, typed, WellFormed(typed))
				}
			}
		}
	}
}

func TestEveryTwoCharactersThatChangedPlacesAreCaught(t *testing.T) {
	for range 200 {
		code := PlainCode(randomCode())
		for i := range code {
			for j := range i {
				b := []byte(code)
				b[i], b[j] = b[j], b[i]
				if typed := string(b); WellFormed(typed) != (typed == code) {
					t.Fatalf("%s typed as %s: well-formed %t", code, typed, WellFormed(typed))
				}
			}
		}
	}
}

func TestConfusableCharactersReadAlike(t *testing.T) {
	const code = "1010-ABCD"
	for _, typed := range []string{
		"1010-abcd", "IOIO-ABCD", "LoLo abcd", "lOiO ABCD", " 1 0 1 0-A-B-C-D-", "1010ABCD",
	} {
		if got, want := PlainCode(typed), PlainCode(code); got != want {
			t.Errorf("%q is looked up as %q, not as %q", typed, got, want)
		}
	}
	for _, foreign := range []string{"", "SUMMER", "ÄÖÜ-2026", "0000-0000-0000-000U-0", "0000-0000-0000-0000-00"} {
		if WellFormed(foreign) {
			t.Errorf("%q is well-formed", foreign)
		}
	}
	for range 1000 {
		ours := randomCode()
		if lower := strings.ToLower(strings.ReplaceAll(ours, "-", "")); !WellFormed(lower) ||
			PlainCode(lower) != PlainCode(ours) {
			t.Fatalf("%s is not read as %s", lower, ours)
		}
	}
}

func TestNoTwoCodesAreAlike(t *testing.T) {
	seen := map[string]bool{}
	var used [16][32]bool
	for range 100_000 {
		code := PlainCode(randomCode())
		if seen[code] {
			t.Fatalf("%s came twice", code)
		}
		seen[code] = true
		for i := range used {
			used[i][strings.IndexByte(alphabet, code[i])] = true
		}
	}
	for i := range used {
		for v, was := range used[i] {
			if !was {
				t.Errorf("character %d was never %c: that is less than 80 bits", i, alphabet[v])
			}
		}
	}
}

// A card that was spent before anybody kept what there was on it at first.
func TestOfASpentCardNothingComesBack(t *testing.T) {
	spent := IssuedCode{Left: loyalty.Money{Amount: 0, Currency: "EUR"}, Used: loyaltytest.Noon}
	for _, worth := range []int64{0, 2_500} {
		spent.Worth = worth
		if code, back := spent.Back(100, 100); back != 0 || code != spent {
			t.Errorf("of %d: %d points come back, and the card is %+v", worth, back, code)
		}
	}
}

func TestReversedUseOfCodeMakesItUsableAgain(t *testing.T) {
	eur := func(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }
	for _, c := range []struct {
		name      string
		was, want IssuedCode
		amount    loyalty.Money
	}{
		{"a voucher", IssuedCode{Used: loyaltytest.Noon}, IssuedCode{}, loyalty.Money{}},
		{
			"a voucher whose points were given back",
			IssuedCode{Used: loyaltytest.Noon, Returned: true},
			IssuedCode{Returned: true, Void: true},
			loyalty.Money{},
		},
		{
			"a gift card with a rest",
			IssuedCode{Left: eur(5), Worth: 25},
			IssuedCode{Left: eur(25), Worth: 25},
			eur(20),
		},
		{
			"a gift card that was used up",
			IssuedCode{Left: eur(0), Worth: 25, Used: loyaltytest.Noon},
			IssuedCode{Left: eur(20), Worth: 25},
			eur(20),
		},
		{
			"a gift card whose rest was given back",
			IssuedCode{Left: eur(0), Worth: 25, Taken: 5, Void: true},
			IssuedCode{Left: eur(20), Worth: 25, Taken: 5},
			eur(20),
		},
	} {
		if got := c.was.Unuse(c.amount); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestHintHasAtMostAQuarterOfACode(t *testing.T) {
	for code, want := range map[string]string{
		"7K3M-Q9XZ-02VB-HJ4D-R": "J4DR", "MAXX-7Q4K-2M9X": "M9X", "AHOY": "Y", "abc": "", "": "",
	} {
		if got := CodeHint(code); got != want {
			t.Errorf("the hint of %q is %q, want %q", code, got, want)
		}
	}
}
