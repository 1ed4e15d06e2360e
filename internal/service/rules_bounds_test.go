package service

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// WantRejection requires the error of a code, or none if the code is empty.
func WantRejection(t *testing.T, name string, err error, code loyalty.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("%s: %v, want %q", name, err, code)
	}
}

// A repeated request to resolve a redemption gets its first result. Every other request is rejected.
func TestRequestToResolveAResolvedRedemption(t *testing.T) {
	end := ending{late: loyalty.AlreadyExpired}
	for _, c := range []struct {
		name     string
		status   loyalty.RedemptionStatus
		revision int
		stored   string
		input    string
		replayed bool
		code     loyalty.Code
	}{
		{"reserved", loyalty.Reserved, 1, "a", "a", false, ""},
		{"rejected", loyalty.Rejected, 1, "a", "a", false, loyalty.NotFound},
		{"expired", loyalty.Expired, 2, "a", "a", false, loyalty.AlreadyExpired},
		{"the same request", loyalty.Committed, 2, "a", "a", true, ""},
		{"the same request with a fingerprint", loyalty.Committed, 2, "a.1", "a.1", true, ""},
		{"the same key with other parameters", loyalty.Committed, 2, "a.1", "a.2", false, loyalty.KeyReused},
		{"another key", loyalty.Committed, 2, "a.1", "b.1", false, loyalty.AlreadyResolved},
		{"no key", loyalty.Committed, 2, "", "", false, loyalty.AlreadyResolved},
		{"the same request in the first revision", loyalty.Committed, 1, "a", "a", false, loyalty.AlreadyResolved},
		{"the same request in a later revision", loyalty.Reversed, 3, "a", "a", false, loyalty.AlreadyResolved},
	} {
		was := RedemptionResult{Redemption: loyalty.Redemption{Status: c.status}, Entry: loyalty.Entry{
			Cause: loyalty.Cause{Kind: loyalty.CauseRedemption, ID: "rd_1", Revision: c.revision}, Input: c.stored,
		}}
		replayed, err := resolved(was, ledger.By{Input: c.input}, end)
		WantRejection(t, c.name, err, c.code)
		if replayed != c.replayed {
			t.Errorf("%s: replayed %t", c.name, replayed)
		}
	}
}

// An order converts a referral if it is the first that meets the conditions.
func TestOrderThatChangesAReferral(t *testing.T) {
	account := func(by loyalty.MemberID, order string, first ...string) loyalty.Account {
		a := loyalty.Account{Traits: loyalty.Traits{Referral: loyalty.Referral{By: by, Order: order}}}
		for _, id := range first {
			a.Converting.Orders = append(a.Converting.Orders, loyalty.PlacedOrder{At: noon, ID: id})
		}
		return a
	}
	for _, c := range []struct {
		name    string
		was, is loyalty.Account
		want    bool
	}{
		{"not referred", account("", ""), account("", ""), false},
		{"nothing changes", account("mem_bob", "1", "1"), account("mem_bob", "1", "1"), false},
		{"the order no longer converts", account("mem_bob", "1", "1"), account("mem_bob", "1"), true},
		{"another order converts", account("mem_bob", "1", "1", "2"), account("mem_bob", "1", "2"), true},
		{"an order converts", account("mem_bob", ""), account("mem_bob", "", "1"), true},
		{"a later order could convert too", account("mem_bob", "1", "1"), account("mem_bob", "1", "1", "2"), false},
	} {
		if got := movesReferral(c.was, posting.Outcome{Account: c.is}); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// A payment has one currency of ISO 4217, which does not change.
func TestCurrencyOfAPaymentsFacts(t *testing.T) {
	fact := func(kind loyalty.FactKind, currency loyalty.Currency) loyalty.Fact {
		return loyalty.Fact{
			Kind: kind, ID: "f", State: loyalty.FactDone, Money: loyalty.Money{Amount: 10_00, Currency: currency},
			At: noon,
		}
	}
	captured := receipt.WithFacts(loyalty.Receipt{ID: "p"}, []loyalty.Fact{fact(loyalty.FactCapture, "EUR")})
	for _, c := range []struct {
		name    string
		receipt loyalty.Receipt
		fact    loyalty.Fact
		code    loyalty.Code
	}{
		{"the same", captured, fact(loyalty.FactRefund, "EUR"), ""},
		{"another", captured, fact(loyalty.FactRefund, "USD"), loyalty.CurrencyMismatch},
		{"the first", loyalty.Receipt{ID: "p"}, fact(loyalty.FactRefund, "USD"), ""},
		{"none", loyalty.Receipt{ID: "p"}, fact(loyalty.FactRefund, "EURO"), loyalty.CurrencyUnsupported},
	} {
		WantRejection(t, c.name, mismatch(c.receipt, []loyalty.Fact{c.fact}), c.code)
	}
}

// An order that is known from its payments only has the time and currency of its captured payment, or else those of its
// first payment. An order that was reported keeps its own.
func TestTimeAndCurrencyOfAnOrderOfPayments(t *testing.T) {
	fact := func(kind loyalty.FactKind, currency loyalty.Currency, at time.Time) loyalty.Receipt {
		return receipt.WithFacts(loyalty.Receipt{ID: "p"}, []loyalty.Fact{{
			Kind: kind, ID: "f", State: loyalty.FactDone, Money: loyalty.Money{Amount: 10_00, Currency: currency},
			At: at,
		}})
	}
	capture, refund := fact(loyalty.FactCapture, "USD", noon), fact(loyalty.FactRefund, "USD", noon.Add(time.Hour))
	unreported := loyalty.Order{ReportedStatus: loyalty.Unreported, Currency: "EUR", PlacedAt: noon.Add(-time.Hour)}
	lines := unreported
	lines.Lines = []loyalty.Line{{ID: "1", Quantity: 1, Amount: 10_00}}
	reported := lines
	reported.ReportedStatus = loyalty.OrderPaid
	for _, c := range []struct {
		name    string
		was     *loyalty.Order
		receipt loyalty.Receipt
		placed  time.Time
		money   loyalty.Currency
		code    loyalty.Code
	}{
		{"the first payment", nil, capture, noon, "USD", ""},
		{"a refund first", nil, refund, noon.Add(time.Hour), "USD", ""},
		{"money for an order without money", &unreported, capture, noon, "USD", ""},
		{"a refund of an order without money", &unreported, refund, noon.Add(-time.Hour), "EUR", ""},
		{"money in another currency", &lines, capture, time.Time{}, "", loyalty.CurrencyMismatch},
		{"a refund of an order with money", &lines, refund, noon.Add(-time.Hour), "EUR", ""},
		{
			"money for a reported order", &reported, fact(loyalty.FactCapture, "EUR", noon), noon.Add(-time.Hour),
			"EUR", "",
		},
		{
			"money in another currency for a reported order", &reported, capture,
			time.Time{},
			"",
			loyalty.CurrencyMismatch,
		},
	} {
		var was *loyalty.OrderState
		o := loyalty.Order{ReportedStatus: loyalty.Unreported}
		if c.was != nil {
			was, o = &loyalty.OrderState{Order: *c.was}, *c.was
		}
		got, err := placed(was, o, c.receipt)
		WantRejection(t, c.name, err, c.code)
		if err == nil && (!got.PlacedAt.Equal(c.placed) || got.Currency != c.money) {
			t.Errorf("%s: placed at %s in %s, want %s in %s", c.name, got.PlacedAt, got.Currency, c.placed, c.money)
		}
	}
}
