package service

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var noon = loyaltytest.Noon

// A till is a ledgertest.Bench with a program that awards payments.
type till struct {
	*ledgertest.Bench
	p *loyalty.Program
}

func newTill(t *testing.T) *till {
	t.Helper()
	x := &till{ledgertest.New(t), &loyalty.Program{ID: "p", Version: 1, Zone: time.UTC}}
	rate := loyalty.Rate{Points: big.NewRat(1, 1), Per: 100}
	x.p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": rate, "USD": rate}
	x.p.Earn.Counts = loyalty.Counts{Items: true}
	x.p.Payments.Award = loyalty.AwardPayments
	if err := engine.Compile(x.p); err != nil {
		t.Fatal(err)
	}
	x.Program = func(context.Context, string, int) (*loyalty.Program, error) { return x.p, nil }
	return x
}

func (x *till) enroll(t *testing.T, m loyalty.MemberID, ids ...stored.Identity) {
	t.Helper()
	in := members.Enrollment{Member: m, Identities: ids}
	if _, err := (members.Members{Ledger: x.Ledger}).Enroll(
		t.Context(), x.p, in, ledger.By{Input: string(m)},
	); err != nil {
		t.Fatal(err)
	}
}

func (x *till) put(t *testing.T, items ...table.Item) {
	t.Helper()
	for _, it := range items {
		was, err := x.Table.Get(t.Context(), it.Key)
		if err != nil {
			t.Fatal(err)
		}
		it.Version = was.Version
		if err := x.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
}

// captured returns a report of a captured payment of 40 euros.
func captured(payment, order string) Report {
	return Report{Payment: payment, Order: order, Facts: []loyalty.Fact{{
		Kind: loyalty.FactCapture, ID: "c", State: loyalty.FactDone, Clock: 1, At: noon,
		Money: loyalty.Money{Amount: 40_00, Currency: "EUR"},
	}}}
}

// receive reports an event. Its ID is also its content.
func (x *till) receive(t *testing.T, event string, r *Report) StoredDelivery {
	t.Helper()
	d := Delivery{Provider: "stripe", Event: event, Received: x.Clock, Mark: event}
	k, err := Payments{x.Ledger}.Receive(t.Context(), x.p, d, r)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// buyer returns the member of an order, or "none" if there is no order.
func (x *till) buyer(t *testing.T, order string) loyalty.MemberID {
	t.Helper()
	r, err := Orders{x.Ledger}.Get(t.Context(), "p", order)
	if errors.Is(err, loyalty.NotFound) {
		return "none"
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.State.Order.Member
}

// parkedUnder returns the orders that are parked under a name.
func (x *till) parkedUnder(t *testing.T, id stored.Identity) (orders []string) {
	t.Helper()
	items, err := Payments{x.Ledger}.parked(t.Context(), "p", id)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		orders = append(orders, it.Key.SK)
	}
	return orders
}

var (
	byEmail    = stored.Identity{Kind: "email", Value: "hash"}
	byExternal = stored.Identity{Kind: "external", Value: "7"}
	byCustomer = stored.Identity{Kind: "customer", Value: "stripe:7"}
)

// An unknown payer can claim an order under the names by which the program finds members.
func TestNamesOfAnUnknownPayer(t *testing.T) {
	full := knownDoc{Member: "external:ada", Customer: "stripe:7", Email: "hash"}
	ada := stored.Identity{Kind: "external", Value: "ada"}
	for _, c := range []struct {
		name string
		d    knownDoc
		find []loyalty.MemberBy
		want []stored.Identity
	}{
		{"all names", full, nil, []stored.Identity{ada, byExternal, byCustomer, byEmail}},
		{"by metadata", full, []loyalty.MemberBy{loyalty.ByMetadata}, []stored.Identity{ada}},
		{"by customer", full, []loyalty.MemberBy{loyalty.ByCustomer}, []stored.Identity{byExternal, byCustomer}},
		{"by email address", full, []loyalty.MemberBy{loyalty.ByEmail}, []stored.Identity{byEmail}},
		{"by none", full, []loyalty.MemberBy{}, nil},
		{"no names", knownDoc{}, nil, nil},
		{"a member ID", knownDoc{Member: "mem_ada"}, nil, nil},
		{"a customer without a processor", knownDoc{Customer: "7"}, nil, nil},
	} {
		p := &loyalty.Program{ID: "p"}
		p.Payments.FindBy = c.find
		if got := knownNames(c.d, p); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A payment finds its member by the first name that a member has.
func TestMemberWhomAPaymentFinds(t *testing.T) {
	bob := stored.Identity{Kind: "external", Value: "bob"}
	for _, c := range []struct {
		name     string
		d        knownDoc
		find     []loyalty.MemberBy
		customer string // the member that is stored for the customer stripe:7
		want     loyalty.MemberID
	}{
		{"no names", knownDoc{}, nil, "", ""},
		{"a member ID", knownDoc{Member: "mem_bob"}, nil, "", "mem_bob"},
		{"an unknown member ID", knownDoc{Member: "mem_eve"}, nil, "", ""},
		{"an external ID", knownDoc{Member: "external:bob"}, nil, "", "mem_bob"},
		{"an unknown external ID", knownDoc{Member: "external:eve"}, nil, "", ""},
		{"an email address", knownDoc{Email: "hash"}, nil, "", "mem_ada"},
		{"an unknown email address", knownDoc{Email: "x"}, nil, "", ""},
		{"an external ID as customer ID", knownDoc{Customer: "stripe:7"}, nil, "", "mem_dan"},
		{"a customer that was named", knownDoc{Customer: "stripe:7"}, nil, "mem_bob", "mem_bob"},
		{"a customer with an unknown name", knownDoc{Customer: "stripe:7"}, nil, "mem_eve", "mem_dan"},
		{"a customer without a processor", knownDoc{Customer: "7"}, nil, "", ""},
		{"the member before the email address", knownDoc{Member: "mem_bob", Email: "hash"}, nil, "", "mem_bob"},
		{
			"the email address after an unknown member",
			knownDoc{Member: "mem_eve", Email: "hash"},
			nil, "",
			"mem_ada",
		},
		{
			"the email address first",
			knownDoc{Member: "mem_bob", Email: "hash"},
			[]loyalty.MemberBy{loyalty.ByEmail, loyalty.ByMetadata},
			"", "mem_ada",
		},
		{"a name that does not count", knownDoc{Email: "hash"}, []loyalty.MemberBy{loyalty.ByMetadata}, "", ""},
	} {
		x := newTill(t)
		x.enroll(t, "mem_ada", byEmail)
		x.enroll(t, "mem_bob", bob)
		x.enroll(t, "mem_dan", byExternal)
		x.p.Payments.FindBy = c.find
		if c.customer != "" {
			doc := stored.Encode(customerDoc{c.customer})
			x.put(t, table.Item{Key: (Payments{x.Ledger}).customerKey("p", "stripe:7"), Doc: doc})
		}
		got, err := Payments{x.Ledger}.payer(t.Context(), x.p, c.d, noon)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
		if got, err := (Payments{x.Ledger}).payer(
			t.Context(), x.p, c.d, noon.AddDate(0, -2, 0),
		); err != nil || got != "" {
			t.Errorf("%s: a payment long before the enrollment finds %q, %v", c.name, got, err)
		}
	}
}

// An event is processed once. Other content under the same identity is quarantined.
func TestEventThatArrivesAgain(t *testing.T) {
	base := Delivery{Provider: "stripe", Event: "evt_1", Mark: "a", Transmission: "tr_1"}
	for _, c := range []struct {
		name   string
		change func(*Delivery)
		report bool
		want   Outcome
		code   loyalty.Code
		counts bool // whether its content counts
	}{
		{"the same", func(*Delivery) {}, true, Duplicate, "", true},
		{"the same again", func(d *Delivery) { d.Again = true }, true, Applied, "", true},
		{"other content", func(d *Delivery) { d.Mark = "b" }, true, Quarantined, BodyMismatch, false},
		{
			"other content again", func(d *Delivery) { d.Mark, d.Again = "b", true }, true, Quarantined, BodyMismatch,
			false,
		},
		{"another event", func(d *Delivery) { d.Event, d.Transmission = "evt_2", "tr_2" }, true, Applied, "", true},
		{
			"another event without a transmission", func(d *Delivery) { d.Event, d.Transmission = "evt_2", "" }, true,
			Applied, "", true,
		},
		{"another event of the transmission", func(d *Delivery) { d.Event = "evt_2" }, true, Applied, "", true},
		{
			"other content of the transmission", func(d *Delivery) { d.Event, d.Mark = "evt_2", "b" }, true,
			Quarantined,
			BodyMismatch, false,
		},
		{"nothing that counts", func(d *Delivery) { d.Event, d.Transmission = "evt_2", "" }, false, Ignored, "", true},
	} {
		x := newTill(t)
		x.enroll(t, "mem_ada")
		ps, r := Payments{x.Ledger}, captured("stripe:pi_1", "1")
		r.Member = "mem_ada"
		if k, err := ps.Receive(t.Context(), x.p, base, &r); err != nil || k.Outcome != Applied || !k.Counted() {
			t.Fatalf("%+v, %v", k, err)
		}
		d, report := base, &r
		if c.change(&d); !c.report {
			report = nil
		}
		k, err := ps.Receive(t.Context(), x.p, d, report)
		if err != nil || k.Outcome != c.want || k.Code != c.code || k.Counted() != c.counts {
			t.Errorf("%s: %+v, %v", c.name, k, err)
		}
		inQuarantine := 0
		for q, err := range (Deliveries{x.Ledger}).InQuarantine(t.Context(), "p") {
			if inQuarantine++; err != nil || q.Mark != d.Mark {
				t.Errorf("%s: %+v, %v", c.name, q, err)
			}
		}
		if inQuarantine > 0 != (c.want == Quarantined) {
			t.Errorf("%s: %d events are in quarantine", c.name, inQuarantine)
		}
	}
}

// A quarantined event that is accepted later leaves the quarantine, once.
func TestQuarantinedEventIsAccepted(t *testing.T) {
	x := newTill(t)
	ds, d := Deliveries{x.Ledger}, Delivery{Provider: "stripe", Event: "evt_1", Mark: "a", Received: noon}
	k, err := ds.Quarantine(t.Context(), "p", d, BodyMismatch, "other content")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ds.Quarantine(t.Context(), "p", d, BodyMismatch, "other content"); err != nil {
		t.Errorf("the same event again: %v", err)
	}
	x.Fail = []error{table.ErrBusy}
	if _, err := ds.Quarantine(t.Context(), "p", d, BodyMismatch, ""); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the table is busy: %v", err)
	}
	count := func() (n int) {
		for _, err := range ds.InQuarantine(t.Context(), "p") {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("%d events are in quarantine", n)
	}
	for i := range 2 {
		x.Clock = noon.Add(time.Duration(i+1) * time.Hour)
		if err := ds.Redriven(t.Context(), "p", k); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != 0 {
		t.Errorf("%d events are in quarantine", n)
	}
	arrived := 0
	for got, err := range ds.Arrived(t.Context(), "p", noon) {
		if arrived++; err != nil || !got.Redriven.Equal(noon.Add(time.Hour)) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if arrived != 1 {
		t.Errorf("%d events arrived", arrived)
	}
	other := k
	other.Key = quarantineItem + "b"
	if err := ds.Redriven(t.Context(), "p", other); err != nil {
		t.Errorf("an unknown event: %v", err)
	}
}

// An event that was processed is not in quarantine, and its acceptance is not recorded.
func TestProcessedEventIsNotAcceptedLater(t *testing.T) {
	x := newTill(t)
	k := x.receive(t, "evt_1", nil)
	if err := (Deliveries{x.Ledger}).Redriven(t.Context(), "p", k); err != nil {
		t.Fatal(err)
	}
	for got, err := range (Deliveries{x.Ledger}).List(t.Context(), "p", "stripe", "evt_1") {
		if err != nil || got.Outcome != Ignored || !got.Redriven.IsZero() || got.version != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// A conflict is retried. Another error is returned.
func TestEventIsReceivedAfterAConflict(t *testing.T) {
	x := newTill(t)
	x.Fail = []error{&table.ConflictError{}}
	if k := x.receive(t, "evt_1", nil); k.Outcome != Ignored {
		t.Errorf("%+v", k)
	}
	x.Fail = []error{table.ErrBusy}
	if _, err := (Payments{x.Ledger}).Receive(
		t.Context(), x.p, Delivery{Provider: "stripe", Event: "evt_2"}, nil,
	); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the table is busy: %v", err)
	}
}

// A payment waits until its order and its money are known. Each state has an outcome.
func TestOutcomesOfReports(t *testing.T) {
	refund := func(amount int64, currency loyalty.Currency) loyalty.Fact {
		return loyalty.Fact{
			Kind: loyalty.FactRefund, ID: "r", State: loyalty.FactDone, Clock: 2, At: noon,
			Money: loyalty.Money{Amount: amount, Currency: currency},
		}
	}
	with := func(facts ...loyalty.Fact) Report {
		r := captured("stripe:pi_1", "1")
		r.Facts = facts
		return r
	}
	capture := captured("", "").Facts[0]
	many := make([]loyalty.Fact, receipt.MaxFacts+1)
	for i := range many {
		many[i] = refund(1, "EUR")
		many[i].ID = fmt.Sprint("r", i)
	}
	for _, c := range []struct {
		name  string
		award loyalty.Award
		r     Report
		want  Outcome
		code  loyalty.Code
		order string
	}{
		{"captured", loyalty.AwardPayments, with(capture), Applied, "", "1"},
		{"captured without an order", loyalty.AwardPayments, captured("stripe:pi_1", ""), Applied, "", "stripe:pi_1"},
		{"captured for an order to come", loyalty.AwardOrders, captured("stripe:pi_1", ""), Waiting, "", ""},
		{"no facts", loyalty.AwardPayments, with(), Waiting, "", "1"},
		{"no facts and no order", loyalty.AwardPayments, Report{Payment: "stripe:pi_1"}, Waiting, "", ""},
		{"refunded in full", loyalty.AwardPayments, with(capture, refund(40_00, "EUR")), Applied, "", "1"},
		{
			"refunded beyond the payment", loyalty.AwardPayments, with(capture, refund(40_01, "EUR")), Quarantined,
			loyalty.RefundExceedsPayment, "1",
		},
		{
			"a currency that does not exist", loyalty.AwardPayments, with(refund(1, "EURO")), Quarantined,
			loyalty.CurrencyUnsupported, "",
		},
		{"as many facts as possible", loyalty.AwardPayments, with(many[1:]...), Applied, "", "1"},
		{"more facts than possible", loyalty.AwardPayments, with(many...), Quarantined, loyalty.ValidationFailed, ""},
		{"only a customer", loyalty.AwardPayments, Report{Customer: "stripe:7", Member: "mem_ada"}, Applied, "", ""},
	} {
		x := newTill(t)
		x.p.Payments.Award = c.award
		k := x.receive(t, "evt_1", &c.r)
		if k.Outcome != c.want || k.Code != c.code || k.Order != c.order {
			t.Errorf("%s: %s %s of order %q", c.name, k.Outcome, k.Code, k.Order)
		}
	}
	// Only the event that is wrong is reviewed, and not the later ones.
	x := newTill(t)
	for i, c := range []struct {
		r    Report
		code loyalty.Code
	}{
		{with(refund(40_01, "EUR")), ""},
		{with(capture), loyalty.RefundExceedsPayment},
		{Report{Payment: "stripe:pi_1", Email: "hash"}, ""},
	} {
		if k := x.receive(t, fmt.Sprint("evt_", i), &c.r); k.Code != c.code {
			t.Errorf("event %d: %s %s", i, k.Outcome, k.Code)
		}
	}
	x = newTill(t)
	for i, c := range []struct {
		r    Report
		code loyalty.Code
	}{
		{with(refund(1_00, "USD")), ""},
		{with(capture), loyalty.CurrencyMismatch},
		{Report{Payment: "stripe:pi_1", Email: "hash"}, ""},
	} {
		if k := x.receive(t, fmt.Sprint("evt_", i), &c.r); k.Code != c.code {
			t.Errorf("event %d of another currency: %s %s", i, k.Outcome, k.Code)
		}
	}
}

// Facts that were reported under a second ID of a payment belong to the payment, and later reports too.
func TestPaymentWithTwoIDs(t *testing.T) {
	x := newTill(t)
	x.enroll(t, "mem_ada")
	refund := captured("stripe:ch_1", "")
	refund.Facts[0].Kind, refund.Facts[0].ID, refund.Facts[0].Money.Amount = loyalty.FactRefund, "r1", 10_00
	x.receive(t, "evt_1", &refund)
	paid := captured("stripe:pi_1", "1")
	paid.Same, paid.Member = "stripe:ch_1", "mem_ada"
	x.receive(t, "evt_2", &paid)
	refund.Facts[0].ID = "r2"
	x.receive(t, "evt_3", &refund)
	x.receive(t, "evt_4", &paid) // the IDs are one payment already
	own := captured("stripe:pi_1", "1")
	own.Same = "stripe:pi_1"
	x.receive(t, "evt_5", &own)
	r, err := Orders{x.Ledger}.Get(t.Context(), "p", "1")
	if err != nil || len(r.State.Order.Receipts) != 1 || len(r.State.Order.Receipts[0].Facts) != 3 ||
		r.Balance.Active != 20 {
		t.Errorf("%+v, %v", r, err)
	}
	k, err := Payments{x.Ledger}.readKnown(t.Context(), "p", "stripe:ch_1")
	if err != nil || k.doc.Same != "stripe:pi_1" || k.item.Version != 2 {
		t.Errorf("%+v, %v", k, err)
	}
}
