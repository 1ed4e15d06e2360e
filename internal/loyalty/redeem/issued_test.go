package redeem

import (
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestStateOfAnIssuedCode(t *testing.T) {
	from, until := loyaltytest.Noon, loyaltytest.Noon.Add(time.Hour)
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
		{
			"void, and used",
			IssuedCode{From: from, Until: until, Used: from, Void: true},
			until,
			CodeIsVoid,
		},
	} {
		if got := c.code.State(c.at); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestUseOfAnIssuedCode(t *testing.T) {
	eur := func(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }
	voucher := IssuedCode{From: loyaltytest.Noon, Until: loyaltytest.Noon.Add(time.Hour)}
	card := IssuedCode{From: loyaltytest.Noon, Until: loyaltytest.Noon.Add(time.Hour), Left: eur(100), Worth: 100}
	used := func(c IssuedCode, left int64, at time.Time) IssuedCode {
		c.Left.Amount, c.Used = left, at
		return c
	}
	for _, c := range []struct {
		name    string
		code    IssuedCode
		amount  loyalty.Money
		at      time.Time
		want    IssuedCode
		refused loyalty.Code
		pointer string
	}{
		{
			"a voucher as a whole", voucher,
			loyalty.Money{},
			loyaltytest.Noon, used(voucher, 0, loyaltytest.Noon), "",
			"",
		},
		{"a voucher in part", voucher, eur(1), loyaltytest.Noon, voucher, loyalty.ValidationFailed, "/amount"},
		{"a voucher too early", voucher, loyalty.Money{}, loyaltytest.Noon.Add(-1), voucher, loyalty.CodeNotValid, ""},
		{
			"a voucher too late", voucher,
			loyalty.Money{},
			loyaltytest.Noon.Add(time.Hour), voucher,
			loyalty.CodeNotValid, "",
		},
		{
			"a used voucher", used(voucher, 0, loyaltytest.Noon),
			loyalty.Money{},
			loyaltytest.Noon,
			used(voucher, 0, loyaltytest.Noon), loyalty.CodeUsed, "",
		},
		{
			"a void voucher",
			IssuedCode{From: loyaltytest.Noon, Void: true},
			loyalty.Money{},
			loyaltytest.Noon,
			IssuedCode{From: loyaltytest.Noon, Void: true},
			loyalty.CodeVoid, "",
		},
		{"one cent of a gift card", card, eur(1), loyaltytest.Noon, used(card, 99, time.Time{}), "", ""},
		{"all of a gift card", card, eur(100), loyaltytest.Noon, used(card, 0, loyaltytest.Noon), "", ""},
		{"nothing of a gift card", card, eur(0), loyaltytest.Noon, card, loyalty.AmountOutOfRange, "/amount"},
		{"more than a gift card has", card, eur(101), loyaltytest.Noon, card, loyalty.AmountOutOfRange, "/amount"},
		{
			"another currency", card,
			loyalty.Money{Amount: 1, Currency: "USD"},
			loyaltytest.Noon, card, loyalty.CurrencyMismatch,
			"/currency",
		},
	} {
		got, err := c.code.Use(c.amount, c.at)
		if loyaltytest.WantRefusal(t, c.name, err, c.refused, c.pointer); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestReversedUseOfAnIssuedCode(t *testing.T) {
	card := IssuedCode{Left: loyalty.Money{Amount: 60, Currency: "EUR"}, Worth: 100, Used: loyaltytest.Noon, Void: true}
	if got := card.Unuse(loyalty.Money{Amount: 40, Currency: "EUR"}); got != (IssuedCode{
		Left: loyalty.Money{Amount: 100, Currency: "EUR"}, Worth: 100,
	}) {
		t.Errorf("a gift card: %+v", got)
	}
	if got := (IssuedCode{Used: loyaltytest.Noon}).Unuse(loyalty.Money{}); got != (IssuedCode{}) {
		t.Errorf("a voucher: %+v", got)
	}
	if got := (IssuedCode{
		Used: loyaltytest.Noon, Returned: true,
	}).Unuse(loyalty.Money{}); got != (IssuedCode{Returned: true, Void: true}) {
		t.Errorf("a voucher whose points were returned: %+v", got)
	}
}

func TestReversedRedemptionTakesBackItsCode(t *testing.T) {
	card := func(left, taken int64, used time.Time, void bool) IssuedCode {
		return IssuedCode{
			Left: loyalty.Money{Amount: left, Currency: "EUR"}, Worth: 100, Taken: taken, Used: used, Void: void,
		}
	}
	for _, c := range []struct {
		name     string
		code     IssuedCode
		back, of loyalty.Points
		want     IssuedCode
		points   loyalty.Points
	}{
		{"an unused voucher", IssuedCode{}, 7, 10, IssuedCode{Void: true, Returned: true}, 7},
		{
			"a used voucher",
			IssuedCode{Used: loyaltytest.Noon},
			7, 10,
			IssuedCode{Used: loyaltytest.Noon, Returned: true},
			7,
		},
		{
			"a voucher that was void before",
			IssuedCode{Used: loyaltytest.Noon, Void: true},
			7, 10,
			IssuedCode{Used: loyaltytest.Noon, Void: true, Returned: true},
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
		{
			"a gift card that was used up", card(0, 0, loyaltytest.Noon, false), 10, 10,
			card(0, 0, loyaltytest.Noon, false), 0,
		},
		{
			"a gift card that was partly used and has no rest", card(0, 40, loyaltytest.Noon, false), 10, 10,
			card(0, 40, loyaltytest.Noon, false), 4,
		},
		{"a gift card that cost nothing", card(60, 0, time.Time{}, false), 3, 0, card(0, 60, time.Time{}, true), 3},
	} {
		if got, n := c.code.Back(c.back, c.of); got != c.want || n != c.points {
			t.Errorf("%s: %+v and %d points, want %+v and %d", c.name, got, n, c.want, c.points)
		}
	}
}

func TestWhichGiftCardsMayBeSent(t *testing.T) {
	card := IssuedCode{
		From: loyaltytest.Noon, Until: loyaltytest.Noon.Add(time.Hour),
		Left: loyalty.Money{Amount: 100, Currency: "EUR"}, Worth: 100,
	}
	spent := card
	spent.Left.Amount, spent.Used = 0, loyaltytest.Noon
	for _, c := range []struct {
		name   string
		status loyalty.RedemptionStatus
		code   IssuedCode
		sent   int
		at     time.Time
		want   loyalty.Code
	}{
		{"committed", loyalty.Committed, card, 0, loyaltytest.Noon, ""},
		{"reserved", loyalty.Reserved, card, 0, loyaltytest.Noon, loyalty.AlreadyResolved},
		{"canceled", loyalty.Canceled, card, 0, loyaltytest.Noon, loyalty.AlreadyResolved},
		{"expired reservation", loyalty.Expired, card, 0, loyaltytest.Noon, loyalty.AlreadyResolved},
		{
			"no gift card", loyalty.Committed,
			IssuedCode{From: loyaltytest.Noon},
			0, loyaltytest.Noon,
			loyalty.ValidationFailed,
		},
		{"not valid yet", loyalty.Committed, card, 0, loyaltytest.Noon.Add(-1), ""},
		{"not valid any more", loyalty.Committed, card, 0, loyaltytest.Noon.Add(time.Hour), loyalty.CodeNotValid},
		{"used up", loyalty.Committed, spent, 0, loyaltytest.Noon, loyalty.CodeUsed},
		{"for the last time", loyalty.Committed, card, MaxGiftMessages - 1, loyaltytest.Noon, ""},
		{"once too often", loyalty.Committed, card, MaxGiftMessages, loyaltytest.Noon, loyalty.ValidationFailed},
	} {
		loyaltytest.WantRefusal(
			t, c.name, MaySend(loyalty.Redemption{Status: c.status}, c.code, c.sent, c.at), c.want, "",
		)
	}
}

func TestShareOfAGiftCardIsExact(t *testing.T) {
	for back := loyalty.Points(1); back <= 97; back++ {
		got, n := IssuedCode{Left: loyalty.Money{Amount: 1000, Currency: "EUR"}, Worth: 1000}.Back(back, 97)
		want := new(big.Rat).SetFrac64(int64(back)*1000+96, 97)
		if taken := new(big.Int).Quo(want.Num(), want.Denom()).Int64(); n != back || got.Taken != taken ||
			got.Left.Amount != 1000-taken {
			t.Errorf("%d of 97 points take %d and leave %d, want %d", back, got.Taken, got.Left.Amount, taken)
		}
	}
}
