package award

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// Each field of a refund makes it another one.
func TestRefundsThatDiffer(t *testing.T) {
	base := loyalty.Refund{
		ID: "r", At: loyaltytest.Noon, Status: loyalty.RefundSucceeded, Amount: 10,
		Lines: []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 5}},
	}
	if other := base; !equalRefunds(base, other) {
		t.Error("a refund differs from itself")
	}
	moved := base
	if moved.At = loyaltytest.Noon.In(time.FixedZone("x", 3600)); !equalRefunds(base, moved) {
		t.Error("the zone of the instant is no difference")
	}
	kind := reflect.TypeFor[loyalty.Refund]()
	for i := range kind.NumField() {
		other := base
		switch f := reflect.ValueOf(&other).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("other")
		case reflect.Int64:
			f.SetInt(f.Int() + 1)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Struct:
			other.At = loyaltytest.Noon.Add(1)
		case reflect.Slice:
			other.Lines = []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: 6}}
		default:
			t.Fatalf("a field of the kind %s", f.Kind())
		}
		if equalRefunds(base, other) || equalRefunds(other, base) {
			t.Errorf("%s makes no difference", kind.Field(i).Name)
		}
	}
}

func TestOnlySucceededRefundsAddUp(t *testing.T) {
	o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
	for _, c := range []struct {
		status loyalty.RefundStatus
		amount int64
		code   loyalty.Code
	}{
		{loyalty.RefundSucceeded, 400, ""},
		{loyalty.RefundSucceeded, 401, loyalty.RefundExceedsPayment},
		{loyalty.RefundFailed, 1000, ""},
		{loyalty.RefundPending, 1000, ""},
		{"lost", 1, loyalty.ValidationFailed},
	} {
		o.Refunds = []loyalty.Refund{loyaltytest.Back("a", 600), {ID: "b", Status: c.status, Amount: c.amount}}
		pointer := map[loyalty.Code]string{
			loyalty.RefundExceedsPayment: "/refunds", loyalty.ValidationFailed: "/refunds/1/status",
		}[c.code]
		loyaltytest.WantRefusal(t, fmt.Sprint(c.status, " ", c.amount), checkRefunds(o), c.code, pointer)
	}
	for _, c := range []struct {
		name    string
		edit    func(*loyalty.Order)
		code    loyalty.Code
		pointer string
	}{
		{
			"as many refunds as there may be", func(o *loyalty.Order) { o.Refunds = manyRefunds(MaxRefunds) },
			"", "",
		},
		{
			"more refunds than there may be", func(o *loyalty.Order) { o.Refunds = manyRefunds(MaxRefunds + 1) },
			loyalty.ValidationFailed, "/refunds",
		},
		{
			"two of one ID", func(o *loyalty.Order) {
				o.Refunds = []loyalty.Refund{loyaltytest.Back("a", 1), loyaltytest.Back("a", 1)}
			},
			loyalty.ValidationFailed, "/refunds/1/id",
		},
		{"included tax of all", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "a", Status: loyalty.RefundSucceeded, Amount: 5, Included: 5}}
		}, "", ""},
		{"included tax of more", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "a", Status: loyalty.RefundSucceeded, Amount: 5, Included: 6}}
		}, loyalty.ValidationFailed, "/refunds/0/tax"},
		{"parts of more than all", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{{ID: "a", Status: loyalty.RefundSucceeded, Amount: 5, Goods: 6}}
		}, loyalty.ValidationFailed, "/refunds/0/amount"},
		{"a dispute about all", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: loyaltytest.Noon, Status: loyalty.DisputeOpen, Amount: 1000}}
		}, "", ""},
		{"a dispute about more", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: loyaltytest.Noon, Status: loyalty.DisputeOpen, Amount: 1001}}
		}, loyalty.ValidationFailed, "/disputes/0/amount"},
		{"a dispute below zero", func(o *loyalty.Order) {
			o.Disputes = []loyalty.Dispute{{ID: "d", At: loyaltytest.Noon, Status: loyalty.DisputeOpen, Amount: -1}}
		}, loyalty.AmountOutOfRange, "/disputes/0/amount"},
		{
			"a dispute of no status",
			func(o *loyalty.Order) {
				o.Disputes = []loyalty.Dispute{{ID: "d", At: loyaltytest.Noon, Status: "x", Amount: 1}}
			},
			loyalty.ValidationFailed, "/disputes/0/status",
		},
		{"two disputes of one ID", func(o *loyalty.Order) {
			o.Disputes = slices.Repeat(
				[]loyalty.Dispute{{ID: "d", At: loyaltytest.Noon, Status: loyalty.DisputeWon, Amount: 1}}, 2,
			)
		}, loyalty.ValidationFailed, "/disputes/1/id"},
		{
			"too many disputes", func(o *loyalty.Order) { o.Disputes = make([]loyalty.Dispute, MaxRefunds+1) },
			loyalty.ValidationFailed, "/disputes",
		},
		{"a line's whole amount", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{
				loyaltytest.Back("a", 1000, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1000}),
			}
		}, "", ""},
		{"more than a line's amount", func(o *loyalty.Order) {
			o.Shipping, o.Refunds = 10, []loyalty.Refund{
				loyaltytest.Back("a", 1001, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 1001}),
			}
		}, loyalty.RefundExceedsPayment, "/refunds"},
		{"a line's discounted amount, rounded up", func(o *loyalty.Order) {
			o.Discount, o.Refunds = 500, []loyalty.Refund{
				loyaltytest.Back("a", 500, loyalty.RefundLine{ID: "1", Quantity: 1, Amount: 500}),
			}
		}, "", ""},
		{"an unknown line", func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{loyaltytest.Back("a", 1, loyalty.RefundLine{ID: "9", Quantity: 1, Amount: 1})}
		}, loyalty.ValidationFailed, "/refunds/0/line_items/0/id"},
		{"all shipping and tax", func(o *loyalty.Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []loyalty.Refund{
				{ID: "a", Status: loyalty.RefundSucceeded, Amount: 11, Shipping: 5, Tax: 6},
			}
		}, "", ""},
		{"more shipping", func(o *loyalty.Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []loyalty.Refund{
				{ID: "a", Status: loyalty.RefundSucceeded, Amount: 11, Shipping: 6},
			}
		}, loyalty.RefundExceedsPayment, "/refunds"},
		{"more tax", func(o *loyalty.Order) {
			o.Shipping, o.Tax, o.Refunds = 5, 6, []loyalty.Refund{
				{ID: "a", Status: loyalty.RefundSucceeded, Amount: 11, Tax: 7},
			}
		}, loyalty.RefundExceedsPayment, "/refunds"},
	} {
		o := loyaltytest.Paid("EUR", loyalty.Line{Amount: 1000})
		c.edit(&o)
		loyaltytest.WantRefusal(t, c.name, checkOrder(o), c.code, c.pointer)
	}
}

func manyRefunds(n int) (all []loyalty.Refund) {
	for i := range n {
		all = append(all, loyaltytest.Back(fmt.Sprint(i), 1))
	}
	return all
}
