package loyaltytest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// VisitEvent returns an event of a visit.
func VisitEvent(at time.Time) loyalty.Event {
	return loyalty.Event{Type: "visit.completed", ID: "v1", Member: "mem_ada", At: at}
}

// WantRefusal fails the test unless err is a rejection with the given code and pointer, or nil if the code is empty.
func WantRefusal(t *testing.T, name string, err error, code loyalty.Code, pointer string) {
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

// Noon is the present instant in tests.
var Noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

// Paid returns a paid order with the given line items. It gives each line item an ID and the quantity 1.
func Paid(currency loyalty.Currency, lines ...loyalty.Line) loyalty.Order {
	for i := range lines {
		lines[i].ID, lines[i].Quantity = fmt.Sprint(i+1), 1
	}
	return loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: Noon, Currency: currency, Status: loyalty.OrderPaid, Lines: lines,
	}
}

// Numbered returns an order placed n minutes after Noon, with n as its ID.
func Numbered(n int) loyalty.PlacedOrder {
	return loyalty.PlacedOrder{At: Noon.Add(time.Duration(n) * time.Minute).UTC(), ID: fmt.Sprint(n)}
}

// NumberedOrders returns an order for each number, as Numbered does.
func NumberedOrders(ns ...int) (orders []loyalty.PlacedOrder) {
	for _, n := range ns {
		orders = append(orders, Numbered(n))
	}
	return orders
}

// Captured returns a payment of the given cents. The functions in edit change its capture.
func Captured(id string, cents int64, edit ...func(*loyalty.Fact)) loyalty.Receipt {
	f := loyalty.Fact{Kind: loyalty.FactCapture, ID: "c", State: loyalty.FactDone, Money: Eur(cents), At: Noon}
	for _, e := range edit {
		e(&f)
	}
	return loyalty.Receipt{ID: id, Facts: []loyalty.Fact{f}}
}

// BackFact returns a report of a refund of the given cents. The functions in edit change the report.
func BackFact(id string, cents int64, edit ...func(*loyalty.Fact)) loyalty.Fact {
	f := loyalty.Fact{
		Kind: loyalty.FactRefund, ID: id, State: loyalty.FactDone, Money: Eur(cents), At: Noon.Add(time.Hour),
	}
	for _, e := range edit {
		e(&f)
	}
	return f
}

// FactOf returns a fact with an amount in cents. If the caller passes a function, FactOf changes the fact with it.
func FactOf(kind loyalty.FactKind, id string, amount int64, more func(*loyalty.Fact)) loyalty.Fact {
	f := loyalty.Fact{
		Kind: kind, ID: id, State: loyalty.FactDone, Money: Eur(amount), Clock: Noon.UnixMilli(), At: Noon,
	}
	if more != nil {
		more(&f)
	}
	return f
}

// Mixed marks a fact as a payment by several tenders.
func Mixed(f *loyalty.Fact) { f.Mixed = true }

// Eur returns an amount of euros, in cents.
func Eur(n int64) loyalty.Money { return loyalty.Money{Amount: n, Currency: "EUR"} }

// RefundFact returns a report of a refund that was made and reported some minutes after Noon.
func RefundFact(id string, state loyalty.FactState, amount int64, made, reported int) loyalty.Fact {
	at := Noon.Add(time.Duration(made) * time.Minute)
	return loyalty.Fact{
		Kind: loyalty.FactRefund, ID: id, State: state, Money: Eur(amount),
		Clock: Noon.Add(time.Duration(reported) * time.Minute).UnixMilli(), At: at,
	}
}

// Back returns a refund that succeeded at Noon.
func Back(id string, amount int64, lines ...loyalty.RefundLine) loyalty.Refund {
	return loyalty.Refund{ID: id, At: Noon, Status: loyalty.RefundSucceeded, Amount: amount, Lines: lines}
}

// LimitedRule is the key of the rule of Monthly.
const LimitedRule = "earn.rules.r"

// Monthly returns the usage of n points under a monthly cap in December 2026.
func Monthly(n int64) loyalty.Usage {
	return loyalty.Usage{Rule: LimitedRule, Per: loyalty.PerMonth, Ends: 20261231, N: n}
}

// MonthlyTimes returns the usage of n times under a monthly limit in December 2026.
func MonthlyTimes(n int64) loyalty.Usage {
	u := Monthly(n)
	u.Times = true
	return u
}
