package engine

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// wantRefusal requires a refusal with a code and a pointer, or none if the code is empty.
func wantRefusal(t *testing.T, name string, err error, code loyalty.Code, pointer string) {
	t.Helper()
	var got *loyalty.Error
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
		code redeem.IssuedCode
		at   time.Time
		want redeem.CodeState
	}{
		{"before its first instant", redeem.IssuedCode{From: from, Until: until}, from.Add(-1), redeem.CodeNotYetValid},
		{"at its first instant", redeem.IssuedCode{From: from, Until: until}, from, redeem.CodeIsValid},
		{"before its end", redeem.IssuedCode{From: from, Until: until}, until.Add(-1), redeem.CodeIsValid},
		{"at its end", redeem.IssuedCode{From: from, Until: until}, until, redeem.CodeIsExpired},
		{"without an end", redeem.IssuedCode{From: from}, until.AddDate(100, 0, 0), redeem.CodeIsValid},
		{"used, and past its end", redeem.IssuedCode{From: from, Until: until, Used: from}, until, redeem.CodeIsUsed},
		{
			"void, and used",
			redeem.IssuedCode{From: from, Until: until, Used: from, Void: true},
			until,
			redeem.CodeIsVoid,
		},
	} {
		if got := c.code.State(c.at); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUseOfAnIssuedCode(t *testing.T) {
	eur := func(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }
	voucher := redeem.IssuedCode{From: noon, Until: noon.Add(time.Hour)}
	card := redeem.IssuedCode{From: noon, Until: noon.Add(time.Hour), Left: eur(100), Worth: 100}
	used := func(c redeem.IssuedCode, left int64, at time.Time) redeem.IssuedCode {
		c.Left.Amount, c.Used = left, at
		return c
	}
	for _, c := range []struct {
		name    string
		code    redeem.IssuedCode
		amount  loyalty.Money
		at      time.Time
		want    redeem.IssuedCode
		refused loyalty.Code
		pointer string
	}{
		{"a voucher as a whole", voucher, loyalty.Money{}, noon, used(voucher, 0, noon), "", ""},
		{"a voucher in part", voucher, eur(1), noon, voucher, loyalty.ValidationFailed, "/amount"},
		{"a voucher too early", voucher, loyalty.Money{}, noon.Add(-1), voucher, loyalty.CodeNotValid, ""},
		{"a voucher too late", voucher, loyalty.Money{}, noon.Add(time.Hour), voucher, loyalty.CodeNotValid, ""},
		{"a used voucher", used(voucher, 0, noon), loyalty.Money{}, noon, used(voucher, 0, noon), loyalty.CodeUsed, ""},
		{
			"a void voucher",
			redeem.IssuedCode{From: noon, Void: true},
			loyalty.Money{},
			noon,
			redeem.IssuedCode{From: noon, Void: true},
			loyalty.CodeVoid, "",
		},
		{"one cent of a gift card", card, eur(1), noon, used(card, 99, time.Time{}), "", ""},
		{"all of a gift card", card, eur(100), noon, used(card, 0, noon), "", ""},
		{"nothing of a gift card", card, eur(0), noon, card, loyalty.AmountOutOfRange, "/amount"},
		{"more than a gift card has", card, eur(101), noon, card, loyalty.AmountOutOfRange, "/amount"},
		{
			"another currency", card,
			loyalty.Money{Amount: 1, Currency: "USD"},
			noon, card, loyalty.CurrencyMismatch,
			"/currency",
		},
	} {
		got, err := c.code.Use(c.amount, c.at)
		if wantRefusal(t, c.name, err, c.refused, c.pointer); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestReversedUseOfAnIssuedCode(t *testing.T) {
	card := redeem.IssuedCode{Left: loyalty.Money{Amount: 60, Currency: "EUR"}, Worth: 100, Used: noon, Void: true}
	if got := card.Unuse(loyalty.Money{Amount: 40, Currency: "EUR"}); got != (redeem.IssuedCode{
		Left: loyalty.Money{Amount: 100, Currency: "EUR"}, Worth: 100,
	}) {
		t.Errorf("a gift card: %+v", got)
	}
	if got := (redeem.IssuedCode{Used: noon}).Unuse(loyalty.Money{}); got != (redeem.IssuedCode{}) {
		t.Errorf("a voucher: %+v", got)
	}
	if got := (redeem.IssuedCode{
		Used: noon, Returned: true,
	}).Unuse(loyalty.Money{}); got != (redeem.IssuedCode{Returned: true, Void: true}) {
		t.Errorf("a voucher whose points were returned: %+v", got)
	}
}

func TestReversedRedemptionTakesBackItsCode(t *testing.T) {
	card := func(left, taken int64, used time.Time, void bool) redeem.IssuedCode {
		return redeem.IssuedCode{
			Left: loyalty.Money{Amount: left, Currency: "EUR"}, Worth: 100, Taken: taken, Used: used, Void: void,
		}
	}
	for _, c := range []struct {
		name     string
		code     redeem.IssuedCode
		back, of loyalty.Points
		want     redeem.IssuedCode
		points   loyalty.Points
	}{
		{"an unused voucher", redeem.IssuedCode{}, 7, 10, redeem.IssuedCode{Void: true, Returned: true}, 7},
		{"a used voucher", redeem.IssuedCode{Used: noon}, 7, 10, redeem.IssuedCode{Used: noon, Returned: true}, 7},
		{
			"a voucher that was void before",
			redeem.IssuedCode{Used: noon, Void: true},
			7, 10,
			redeem.IssuedCode{Used: noon, Void: true, Returned: true},
			7,
		},
		{"half of a gift card", card(100, 0, time.Time{}, false), 5, 10, card(50, 50, time.Time{}, false), 5},
		{"a share that is rounded up", card(100, 0, time.Time{}, false), 1, 3, card(66, 34, time.Time{}, false), 1},
		{"all of a gift card", card(100, 0, time.Time{}, false), 10, 10, card(0, 100, time.Time{}, true), 10},
		{"more than is unspent", card(25, 0, time.Time{}, false), 10, 10, card(5, 20, time.Time{}, false), 2},
		{
			"the rest after an earlier reversal", card(50, 50, time.Time{}, false), 10, 10,
			card(0, 100, time.Time{}, true), 10,
		},
		{"a gift card that was used up", card(0, 0, noon, false), 10, 10, card(0, 0, noon, false), 0},
		{
			"a gift card that was partly used and has no rest", card(0, 40, noon, false), 10, 10,
			card(0, 40, noon, false), 4,
		},
		{"a gift card that cost nothing", card(60, 0, time.Time{}, false), 3, 0, card(0, 60, time.Time{}, true), 3},
	} {
		if got, n := c.code.Back(c.back, c.of); got != c.want || n != c.points {
			t.Errorf("%s: %+v and %d points, want %+v and %d", c.name, got, n, c.want, c.points)
		}
	}
}

func TestWhichGiftCardsMayBeSent(t *testing.T) {
	card := redeem.IssuedCode{
		From: noon, Until: noon.Add(time.Hour), Left: loyalty.Money{Amount: 100, Currency: "EUR"}, Worth: 100,
	}
	spent := card
	spent.Left.Amount, spent.Used = 0, noon
	for _, c := range []struct {
		name   string
		status loyalty.RedemptionStatus
		code   redeem.IssuedCode
		sent   int
		at     time.Time
		want   loyalty.Code
	}{
		{"committed", loyalty.Committed, card, 0, noon, ""},
		{"reserved", loyalty.Reserved, card, 0, noon, loyalty.AlreadyResolved},
		{"canceled", loyalty.Canceled, card, 0, noon, loyalty.AlreadyResolved},
		{"expired reservation", loyalty.Expired, card, 0, noon, loyalty.AlreadyResolved},
		{"no gift card", loyalty.Committed, redeem.IssuedCode{From: noon}, 0, noon, loyalty.ValidationFailed},
		{"not valid yet", loyalty.Committed, card, 0, noon.Add(-1), ""},
		{"not valid any more", loyalty.Committed, card, 0, noon.Add(time.Hour), loyalty.CodeNotValid},
		{"used up", loyalty.Committed, spent, 0, noon, loyalty.CodeUsed},
		{"for the last time", loyalty.Committed, card, redeem.MaxGiftMessages - 1, noon, ""},
		{"once too often", loyalty.Committed, card, redeem.MaxGiftMessages, noon, loyalty.ValidationFailed},
	} {
		wantRefusal(t, c.name, redeem.MaySend(loyalty.Redemption{Status: c.status}, c.code, c.sent, c.at), c.want, "")
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
		if got := redeem.NewReferralCode(bits); got != want {
			t.Errorf("%v is %s, want %s", bits, got, want)
		}
	}
	for code, want := range map[string]bool{
		"ABCD": true, "a-b-c-d": true, "zZ09": true, "ABC": false, "ABC-": false, "A--BC": false, "ABC D": false,
		"ABCD/": false,
		"ABCD:": false, "ABCD@": false, "ABCD[": false, "ABCD`": false, "ABCD{": false, "": false,
		"1234567890123456789012345678901234567890123456789012345678901234":  true,
		"12345678901234567890123456789012345678901234567890123456789012345": false,
	} {
		if got := redeem.ValidCode(code); got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
	for code, want := range map[string]string{
		"abcd": "D", "abc": "", "ab-cdefgh": "GH", "12345678901234567890": "7890",
	} {
		if got := redeem.CodeHint(code); got != want {
			t.Errorf("the hint of %q is %q, want %q", code, got, want)
		}
	}
	if got := redeem.PlainCode("a-z Il0o@[`{"); got != "AZ1100@[`{" {
		t.Errorf("the plain code is %q", got)
	}
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.Codes = loyalty.Codes{From: loyalty.SharedCode, Shared: "WELCOME-10"}
	})
	for code, want := range map[string]bool{"welcome10": true, "WE-LC-OM-E1O": true, "WELCOME-11": false, "": false} {
		if r, ok := redeem.SharedBy(p, code); ok != want || ok != (r.ID == "it") {
			t.Errorf("%q finds %q, %t", code, r.ID, ok)
		}
	}
	p.Rewards[0].Codes.From = loyalty.UploadedCode
	if _, ok := redeem.SharedBy(p, "WELCOME-10"); ok {
		t.Error("a code that is not shared is found")
	}
}

func TestShareOfAGiftCardIsExact(t *testing.T) {
	for back := loyalty.Points(1); back <= 97; back++ {
		got, n := redeem.IssuedCode{Left: loyalty.Money{Amount: 1000, Currency: "EUR"}, Worth: 1000}.Back(back, 97)
		want := new(big.Rat).SetFrac64(int64(back)*1000+96, 97)
		if taken := new(big.Int).Quo(want.Num(), want.Denom()).Int64(); n != back || got.Taken != taken ||
			got.Left.Amount != 1000-taken {
			t.Errorf("%d of 97 points take %d and leave %d, want %d", back, got.Taken, got.Left.Amount, taken)
		}
	}
}
