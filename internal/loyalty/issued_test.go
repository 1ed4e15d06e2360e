package loyalty

import (
	"errors"
	"math/big"
	"testing"
	"time"
)

// wantRefusal requires a refusal with a code and a pointer, or none if the code is empty.
func wantRefusal(t *testing.T, name string, err error, code Code, pointer string) {
	t.Helper()
	var got *Error
	switch {
	case code == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case code != "" && !errors.As(err, &got):
		t.Errorf("%s: %v, want %s", name, err, code)
	case code != "" && (got.Code != code || got.Pointer != pointer):
		t.Errorf("%s: %s at %q, want %s at %q", name, got.Code, got.Pointer, code, pointer)
	}
}

func TestStateOfAnIssuedCode(t *testing.T) {
	from, until := noon, noon.Add(time.Hour)
	for _, c := range []struct {
		name string
		code IssuedCode
		at   time.Time
		want CodeState
	}{
		{"before its first instant", IssuedCode{From: from, Until: until}, from.Add(-1), CodeNotYetValid},
		{"at its first instant", IssuedCode{From: from, Until: until}, from, CodeIsValid},
		{"before its end", IssuedCode{From: from, Until: until}, until.Add(-1), CodeIsValid},
		{"at its end", IssuedCode{From: from, Until: until}, until, CodeIsExpired},
		{"without an end", IssuedCode{From: from}, until.AddDate(100, 0, 0), CodeIsValid},
		{"used, and past its end", IssuedCode{From: from, Until: until, Used: from}, until, CodeIsUsed},
		{"void, and used", IssuedCode{From: from, Until: until, Used: from, Void: true}, until, CodeIsVoid},
	} {
		if got := c.code.State(c.at); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUseOfAnIssuedCode(t *testing.T) {
	eur := func(n int64) Money { return Money{n, "EUR"} }
	voucher := IssuedCode{From: noon, Until: noon.Add(time.Hour)}
	card := IssuedCode{From: noon, Until: noon.Add(time.Hour), Left: eur(100), Worth: 100}
	used := func(c IssuedCode, left int64, at time.Time) IssuedCode {
		c.Left.Amount, c.Used = left, at
		return c
	}
	for _, c := range []struct {
		name    string
		code    IssuedCode
		amount  Money
		at      time.Time
		want    IssuedCode
		refused Code
		pointer string
	}{
		{"a voucher as a whole", voucher, Money{}, noon, used(voucher, 0, noon), "", ""},
		{"a voucher in part", voucher, eur(1), noon, voucher, ValidationFailed, "/amount"},
		{"a voucher too early", voucher, Money{}, noon.Add(-1), voucher, CodeNotValid, ""},
		{"a voucher too late", voucher, Money{}, noon.Add(time.Hour), voucher, CodeNotValid, ""},
		{"a used voucher", used(voucher, 0, noon), Money{}, noon, used(voucher, 0, noon), CodeUsed, ""},
		{"a void voucher", IssuedCode{From: noon, Void: true}, Money{}, noon, IssuedCode{From: noon, Void: true}, CodeVoid, ""},
		{"one cent of a gift card", card, eur(1), noon, used(card, 99, time.Time{}), "", ""},
		{"all of a gift card", card, eur(100), noon, used(card, 0, noon), "", ""},
		{"nothing of a gift card", card, eur(0), noon, card, AmountOutOfRange, "/amount"},
		{"more than a gift card has", card, eur(101), noon, card, AmountOutOfRange, "/amount"},
		{"another currency", card, Money{1, "USD"}, noon, card, CurrencyMismatch, "/currency"},
	} {
		got, err := c.code.Use(c.amount, c.at)
		if wantRefusal(t, c.name, err, c.refused, c.pointer); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestReversedUseOfAnIssuedCode(t *testing.T) {
	card := IssuedCode{Left: Money{60, "EUR"}, Worth: 100, Used: noon, Void: true}
	if got := card.Unuse(Money{40, "EUR"}); got != (IssuedCode{Left: Money{100, "EUR"}, Worth: 100}) {
		t.Errorf("a gift card: %+v", got)
	}
	if got := (IssuedCode{Used: noon}).Unuse(Money{}); got != (IssuedCode{}) {
		t.Errorf("a voucher: %+v", got)
	}
	if got := (IssuedCode{Used: noon, Returned: true}).Unuse(Money{}); got != (IssuedCode{Returned: true, Void: true}) {
		t.Errorf("a voucher whose points were returned: %+v", got)
	}
}

func TestReversedRedemptionTakesBackItsCode(t *testing.T) {
	card := func(left, taken int64, used time.Time, void bool) IssuedCode {
		return IssuedCode{Left: Money{left, "EUR"}, Worth: 100, Taken: taken, Used: used, Void: void}
	}
	for _, c := range []struct {
		name     string
		code     IssuedCode
		back, of Points
		want     IssuedCode
		points   Points
	}{
		{"an unused voucher", IssuedCode{}, 7, 10, IssuedCode{Void: true, Returned: true}, 7},
		{"a used voucher", IssuedCode{Used: noon}, 7, 10, IssuedCode{Used: noon, Returned: true}, 7},
		{"a voucher that was void before", IssuedCode{Used: noon, Void: true}, 7, 10, IssuedCode{Used: noon, Void: true, Returned: true}, 7},
		{"half of a gift card", card(100, 0, time.Time{}, false), 5, 10, card(50, 50, time.Time{}, false), 5},
		{"a share that is rounded up", card(100, 0, time.Time{}, false), 1, 3, card(66, 34, time.Time{}, false), 1},
		{"all of a gift card", card(100, 0, time.Time{}, false), 10, 10, card(0, 100, time.Time{}, true), 10},
		{"more than is unspent", card(25, 0, time.Time{}, false), 10, 10, card(5, 20, time.Time{}, false), 2},
		{"the rest after an earlier reversal", card(50, 50, time.Time{}, false), 10, 10, card(0, 100, time.Time{}, true), 10},
		{"a gift card that was used up", card(0, 0, noon, false), 10, 10, card(0, 0, noon, false), 0},
		{"a gift card that was partly used and has no rest", card(0, 40, noon, false), 10, 10, card(0, 40, noon, false), 4},
		{"a gift card that cost nothing", card(60, 0, time.Time{}, false), 3, 0, card(0, 60, time.Time{}, true), 3},
	} {
		if got, n := c.code.Back(c.back, c.of); got != c.want || n != c.points {
			t.Errorf("%s: %+v and %d points, want %+v and %d", c.name, got, n, c.want, c.points)
		}
	}
}

func TestWhichGiftCardsMayBeSent(t *testing.T) {
	card := IssuedCode{From: noon, Until: noon.Add(time.Hour), Left: Money{100, "EUR"}, Worth: 100}
	spent := card
	spent.Left.Amount, spent.Used = 0, noon
	for _, c := range []struct {
		name   string
		status RedemptionStatus
		code   IssuedCode
		sent   int
		at     time.Time
		want   Code
	}{
		{"committed", Committed, card, 0, noon, ""},
		{"reserved", Reserved, card, 0, noon, AlreadyResolved},
		{"canceled", Canceled, card, 0, noon, AlreadyResolved},
		{"expired reservation", Expired, card, 0, noon, AlreadyResolved},
		{"no gift card", Committed, IssuedCode{From: noon}, 0, noon, ValidationFailed},
		{"not valid yet", Committed, card, 0, noon.Add(-1), ""},
		{"not valid any more", Committed, card, 0, noon.Add(time.Hour), CodeNotValid},
		{"used up", Committed, spent, 0, noon, CodeUsed},
		{"for the last time", Committed, card, MaxLetters - 1, noon, ""},
		{"once too often", Committed, card, MaxLetters, noon, ValidationFailed},
	} {
		wantRefusal(t, c.name, Redemption{Status: c.status}.MaySend(c.code, c.sent, c.at), c.want, "")
	}
}

func TestFormsOfCodes(t *testing.T) {
	for bits, want := range map[[5]byte]string{
		{}:                        "0000-0000",
		{255, 255, 255, 255, 255}: "ZZZZ-ZZZZ",
		{0, 0, 0, 0, 33}:          "0000-0011",
		{8, 0, 0, 0, 0}:           "1000-0000",
		{0, 0, 16, 0, 0}:          "0001-0000",
	} {
		if got := NewReferralCode(bits); got != want {
			t.Errorf("%v is %s, want %s", bits, got, want)
		}
	}
	for code, want := range map[string]bool{
		"ABCD": true, "a-b-c-d": true, "zZ09": true, "ABC": false, "ABC-": false, "A--BC": false, "ABC D": false, "ABCD/": false,
		"ABCD:": false, "ABCD@": false, "ABCD[": false, "ABCD`": false, "ABCD{": false, "": false,
		"1234567890123456789012345678901234567890123456789012345678901234":  true,
		"12345678901234567890123456789012345678901234567890123456789012345": false,
	} {
		if got := ValidCode(code); got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
	for code, want := range map[string]string{"abcd": "D", "abc": "", "ab-cdefgh": "GH", "12345678901234567890": "7890"} {
		if got := CodeHint(code); got != want {
			t.Errorf("the hint of %q is %q, want %q", code, got, want)
		}
	}
	if got := PlainCode("a-z Il0o@[`{"); got != "AZ1100@[`{" {
		t.Errorf("the plain code is %q", got)
	}
	p := stocked(t, func(_ *Program, r *Reward) { r.Codes = Codes{From: SharedCode, Shared: "WELCOME-10"} })
	for code, want := range map[string]bool{"welcome10": true, "WE-LC-OM-E1O": true, "WELCOME-11": false, "": false} {
		if r, ok := p.SharedBy(code); ok != want || ok != (r.ID == "it") {
			t.Errorf("%q finds %q, %t", code, r.ID, ok)
		}
	}
	p.Rewards[0].Codes.From = UploadedCode
	if _, ok := p.SharedBy("WELCOME-10"); ok {
		t.Error("a code that is not shared is found")
	}
}

func TestShareOfAGiftCardIsExact(t *testing.T) {
	for back := Points(1); back <= 97; back++ {
		got, n := IssuedCode{Left: Money{1000, "EUR"}, Worth: 1000}.Back(back, 97)
		want := new(big.Rat).SetFrac64(int64(back)*1000+96, 97)
		if taken := new(big.Int).Quo(want.Num(), want.Denom()).Int64(); n != back || got.Taken != taken ||
			got.Left.Amount != 1000-taken {
			t.Errorf("%d of 97 points take %d and leave %d, want %d", back, got.Taken, got.Left.Amount, taken)
		}
	}
}
