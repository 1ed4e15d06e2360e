package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Payments applies the reports of payment processors to orders.
type Payments struct{ *ledger.Ledger }

// A Report is the content of one event of a payment processor about one payment, or only the assignment of a customer
// to a member.
type Report struct {
	Payment  string         // the payment's ID with its processor: "stripe:pi_3N"; empty if only a customer is assigned
	Same     string         // another ID under which facts of this payment may have been reported; may be empty
	Facts    []loyalty.Fact // the facts about the payment; may be empty
	Order    string         // the merchant's ID of the order; may be empty
	Member   string         // a member's ID, or "external:" and the merchant's ID; may be empty
	Customer string         // the processor's ID of the customer; may be empty
	Email    string         // the keyed hash of an email address, as in stored.Identity; may be empty
}

// receive merges a report into the stored state of the payment and its order. It writes that state, the resulting
// points, and the event with its outcome in one transaction. It returns a *table.ConflictError or ledger.RevisionExists
// if another process wrote first.
func (ps Payments) receive(ctx context.Context, p *loyalty.Program, k *StoredDelivery, r Report, ops []table.Op) error {
	named, err := ps.nameCustomer(ctx, p, r)
	if err != nil {
		return err
	}
	ops = append(ops, named...)
	if r.Payment == "" {
		k.become(Applied)
		return ps.commit(ctx, append(ops, k.put(p.ID))...)
	}
	known, more, err := ps.knownOf(ctx, p.ID, r)
	if err != nil {
		return err
	}
	ops = append(ops, more...)
	x := known.doc.Payment.Receipt()
	if err := mismatch(x, r.Facts); err != nil {
		return err
	}
	before, strange := receipt.Excess(x), receipt.ForeignFacts(x)
	k.Unclear = receipt.Unclear(x, r.Facts)
	x = receipt.WithFacts(x, stored.Whole(r.Facts))
	if len(x.Facts) > receipt.MaxFacts {
		return &loyalty.Error{
			Code:   loyalty.ValidationFailed,
			Detail: fmt.Sprintf("A payment can have at most %d reports.", receipt.MaxFacts),
		}
	}
	d := &known.doc
	d.Payment = stored.StoredReceipt(x)
	names := len(knownNames(*d, p))
	d.Member, d.Customer, d.Email = cmp.Or(d.Member, r.Member), cmp.Or(d.Customer, r.Customer), cmp.Or(d.Email, r.Email)
	d.Parked = d.Parked && len(knownNames(*d, p)) == names // if a new name is known, list the order under it too
	d.Order = cmp.Or(d.Order, r.Order)
	if _, _, ok := receipt.Captured(x); ok && d.Order == "" && p.Payments.Award == loyalty.AwardPayments {
		d.Order = x.ID
	}
	k.Payment, k.Order = x.ID, d.Order
	if n := receipt.Excess(x); n > before {
		got, _, _ := receipt.Captured(x)
		k.flag(loyalty.RefundExceedsPayment, fmt.Sprintf(
			"The refunds exceed the payment by %s; the order counts as refunded in full.",
			loyalty.Money{Amount: n, Currency: got.Currency},
		))
	}
	if receipt.ForeignFacts(x) > strange {
		got, _, _ := receipt.Captured(x)
		k.flag(loyalty.CurrencyMismatch, fmt.Sprintf(
			"The payment was made in %s. Earlier reports in another currency do not count.",
			got.Currency,
		))
	}
	if x = receipt.ForOrder(x); d.Order == "" || len(x.Facts) == 0 {
		k.become(Waiting)
		return ps.commit(ctx, append(ops, k.put(p.ID), known.put())...)
	}
	return ps.merge(ctx, p, k, known, x, ops)
}

// mismatch rejects a report whose currency differs from the currency of the captured payment.
func mismatch(x loyalty.Receipt, facts []loyalty.Fact) error {
	got, _, ok := receipt.Captured(x)
	for _, f := range facts {
		if ok && f.Money.Currency != got.Currency {
			return &loyalty.Error{
				Code: loyalty.CurrencyMismatch,
				Detail: fmt.Sprintf(
					"The payment was made in %s, but the report is in %s.", got.Currency, f.Money.Currency,
				),
			}
		}
		if _, ok := f.Money.Currency.Exponent(); !ok {
			return &loyalty.Error{
				Code:   loyalty.CurrencyUnsupported,
				Detail: fmt.Sprintf("%q is not an ISO 4217 currency code.", f.Money.Currency),
			}
		}
	}
	return nil
}

// merge updates an order to include the state of one of its payments.
func (ps Payments) merge(
	ctx context.Context, p *loyalty.Program, k *StoredDelivery, known knownItem, x loyalty.Receipt, ops []table.Op,
) error {
	from, err := ps.Prior(ctx, p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: known.doc.Order}, "")
	if err != nil {
		return err
	}
	o, input := loyalty.Order{
		ID: known.doc.Order, Status: loyalty.OrderPlaced, ReportedStatus: loyalty.Unreported,
	}, paymentsOnly
	if was := from.Order(); was != nil {
		o, input = was.Order, from.Was.Input
	}
	if o, err = placed(from.Order(), o, x); err != nil {
		return err
	}
	o, news := receipt.WithReceipt(o, x)
	if len(o.Receipts) > receipt.MaxReceipts {
		return &loyalty.Error{
			Code:   loyalty.ValidationFailed,
			Detail: fmt.Sprintf("An order can have at most %d payments.", receipt.MaxReceipts),
		}
	}
	buyer, ops, err := ps.buyer(ctx, p, o, &known.doc, ops)
	if err != nil {
		return err
	}
	k.become(Applied)
	ops = append(ops, k.put(p.ID), known.put())
	if !news && buyer == o.Member {
		if buyer != "" {
			if _, err := ps.LastWritten(ctx, p.ID, buyer); err != nil { // the member may have been erased
				return err
			}
		}
		return ps.commit(ctx, ops...)
	}
	o.Member = buyer
	c, err := Orders(ps).writeOrder(
		ctx, p, from, o, ledger.By{Actor: k.Provider + ":" + k.Event, Input: input, Switch: switches.Earn}, ops...,
	)
	if err == nil {
		_, err = ps.Execute(ctx, c)
	}
	return err
}

// paymentsOnly is the Input of an entry about an order that is known only from its payments. It differs from the
// fingerprint of every order.
const paymentsOnly = "payments"

// placed sets the time and currency of an order that is known only from its payments.
func placed(was *loyalty.OrderState, o loyalty.Order, x loyalty.Receipt) (loyalty.Order, error) {
	got, at, ok := receipt.Captured(x)
	switch {
	case ok && len(o.Lines) > 0 && got.Currency != o.Currency:
		return o, &loyalty.Error{
			Code:   loyalty.CurrencyMismatch,
			Detail: fmt.Sprintf("The order was placed in %s, but paid in %s.", o.Currency, got.Currency),
		}
	case was != nil && !award.IsBlank(was, o):
	case ok:
		o.PlacedAt, o.Currency = at, got.Currency
	case was == nil:
		o.PlacedAt, o.Currency = x.Facts[0].At, x.Facts[0].Money.Currency
	}
	return o, nil
}

// buyer returns the member of an order: the member that the order names, or else the one that its payment identifies.
// If the payer is unknown, buyer adds to ops the writes that list the order under the payer's names, so that the payer
// can claim it later.
func (ps Payments) buyer(
	ctx context.Context, p *loyalty.Program, o loyalty.Order, d *knownDoc, ops []table.Op,
) (loyalty.MemberID, []table.Op, error) {
	if o.Member != "" || o.ReportedStatus == loyalty.Unreported && p.Payments.Award != loyalty.AwardPayments {
		return o.Member, ops, nil
	}
	m, err := ps.payer(ctx, p, *d, o.PlacedAt)
	if err != nil || m != "" || d.Parked {
		return m, ops, err
	}
	d.Parked = true
	names := knownNames(*d, p)
	if d.Member == "" && d.Customer != "" && receipt.FindsBy(p.Payments, loyalty.ByCustomer) {
		c, err := ps.customer(ctx, p.ID, d.Customer)
		if err != nil {
			return "", nil, err
		}
		names = append(names, namedBy(c.Member)...)
		if c.Member == "" {
			ops = append(ops, c.put(ps, p.ID)) // causes a conflict if a concurrent event assigns the customer
		}
	}
	for _, id := range names {
		if ops, err = ps.park(ctx, p, id, o.ID, ops); err != nil {
			return "", nil, err
		}
	}
	return "", ops, nil
}

// knownNames returns the names under which an unknown payer may claim an order later, limited to those by which the
// program finds members.
func knownNames(d knownDoc, p *loyalty.Program) (ids []stored.Identity) {
	for _, by := range p.Payments.Finds() {
		switch by {
		case loyalty.ByMetadata:
			ids = append(ids, namedBy(d.Member)...)
		case loyalty.ByCustomer:
			if _, id, ok := strings.Cut(d.Customer, ":"); ok {
				ids = append(
					ids, stored.Identity{Kind: "external", Value: id},
					stored.Identity{Kind: "customer", Value: d.Customer},
				)
			}
		case loyalty.ByEmail:
			if d.Email != "" {
				ids = append(ids, stored.Identity{Kind: "email", Value: d.Email})
			}
		}
	}
	return ids
}

// payer returns the member that a payment identifies, if the order may still be attributed to that member. Because of
// this check, the result is the same whether the payment or the enrollment is reported first.
func (ps Payments) payer(
	ctx context.Context, p *loyalty.Program, d knownDoc, placed time.Time,
) (loyalty.MemberID, error) {
	m, err := ps.found(ctx, p, d)
	if err != nil || m == "" {
		return "", err
	}
	acc, err := ps.LastWritten(ctx, p.ID, m)
	if errors.Is(err, loyalty.NotFound) {
		return "", nil
	}
	if err != nil || !receipt.Attributable(&p.Payments, p.Zone, placed, acc.Joined, ps.Time()) {
		return "", err
	}
	return m, nil
}

// found looks up the member of a payment by each of the program's methods, in the program's order.
func (ps Payments) found(ctx context.Context, p *loyalty.Program, d knownDoc) (m loyalty.MemberID, err error) {
	for _, by := range p.Payments.Finds() {
		switch by {
		case loyalty.ByMetadata:
			m, err = ps.named(ctx, p.ID, d.Member)
		case loyalty.ByCustomer:
			m, err = ps.payingCustomer(ctx, p, d.Customer)
		case loyalty.ByEmail:
			if d.Email != "" {
				m, err = ps.lookUp(ctx, p.ID, stored.Identity{Kind: "email", Value: d.Email})
			}
		}
		if err != nil || m != "" {
			return m, err
		}
	}
	return "", nil
}

// A knownItem is the stored state of a payment, with its item as read.
type knownItem struct {
	item table.Item
	doc  knownDoc
}

func (k knownItem) put() table.Op {
	k.item.Doc = stored.Encode(k.doc)
	return table.Put(k.item)
}

// knownOf reads the stored state of the payment that a report is about. If the report names a second ID of the payment,
// knownOf moves the facts stored under that ID to the payment and redirects later reports.
func (ps Payments) knownOf(ctx context.Context, program string, r Report) (knownItem, []table.Op, error) {
	k, err := ps.readKnown(ctx, program, r.Payment)
	if err == nil && k.doc.Same != "" {
		k, err = ps.readKnown(ctx, program, k.doc.Same)
	}
	if err != nil || r.Same == "" || r.Same == k.doc.Payment.ID {
		return k, nil, err
	}
	other, err := ps.readKnown(ctx, program, r.Same)
	if err != nil || other.doc.Same != "" {
		return k, nil, err
	}
	k.doc.Payment = stored.StoredReceipt(receipt.WithFacts(k.doc.Payment.Receipt(), other.doc.Payment.Receipt().Facts))
	other.doc = knownDoc{Same: k.doc.Payment.ID}
	return k, []table.Op{other.put()}, nil
}

func (ps Payments) readKnown(ctx context.Context, program, payment string) (knownItem, error) {
	it, err := ps.Table.Get(ctx, knownKey(program, payment))
	if err != nil {
		return knownItem{}, ledger.Retryable(err)
	}
	k := knownItem{item: it, doc: knownDoc{Payment: stored.ReceiptDoc{ID: payment}}}
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &k.doc); err != nil {
			return k, fmt.Errorf("service: read %s: %w", it.Key, err)
		}
	}
	return k, nil
}

// commit writes operations that do not belong to an order.
func (ps Payments) commit(ctx context.Context, ops ...table.Op) error {
	return ledger.Retryable(ps.Table.Transact(ctx, ops...))
}

// carried returns the new state of an order that the merchant reports, with the data of payments that were received in
// the meantime.
func (ps Payments) carried(ctx context.Context, p *loyalty.Program, was, o loyalty.Order) (loyalty.Order, error) {
	if len(was.Receipts) == 0 {
		return o, nil
	}
	o.Receipts = was.Receipts
	if o.Member == "" {
		o.Member = was.Member
	}
	if was.ReportedStatus == loyalty.Unreported && was.Member != "" && was.Member == o.Member {
		o.PlacedAt = was.PlacedAt // the validity of the order's points began at the earlier time
	}
	for _, x := range o.Receipts {
		if o.Member != "" {
			break
		}
		k, err := ps.readKnown(ctx, p.ID, x.ID)
		if err != nil {
			return o, err
		}
		if o.Member, err = ps.payer(ctx, p, k.doc, o.PlacedAt); err != nil {
			return o, err
		}
	}
	return o, nil
}

// flag quarantines an event for manual review, whether or not the event took effect.
func (k *StoredDelivery) flag(code loyalty.Code, detail string) {
	k.Outcome, k.Code, k.Detail = Quarantined, code, detail
}

// become sets the outcome of the event, unless the event was flagged for manual review.
func (k *StoredDelivery) become(o Outcome) {
	if k.Code == "" {
		k.Outcome = o
	}
}

// put returns the operation that stores the event as the next version of the item that was read.
func (k *StoredDelivery) put(program string) table.Op {
	shelf := k.Received.UTC().Format(time.DateOnly)
	if k.Outcome == Quarantined && k.Redriven.IsZero() {
		shelf = quarantineShelf
	}
	return table.Put(table.Item{
		Key: deliveryKey(program, k.Provider, k.Event, k.Key), Index: arrivalKey(program, shelf, *k),
		Version: k.version, Doc: stored.Encode(storedDelivery(*k)),
	})
}

// knownDoc is the stored state of a payment, apart from its order.
type knownDoc struct {
	Payment stored.ReceiptDoc `json:"p"`
	Order   string            `json:"o,omitzero"` // the order that it pays, once known; never changes
	// The payment into which this one was merged; other fields are empty.
	Same     string `json:"same,omitzero"`
	Member   string `json:"m,omitzero"` // the member as named by the processor
	Customer string `json:"cus,omitzero"`
	Email    string `json:"em,omitzero"`   // a keyed hash
	Parked   bool   `json:"park,omitzero"` // its order is listed under every known name
}

// knownKey returns the key of the facts about one payment, by the processor's ID of the payment.
func knownKey(program, payment string) table.Key {
	return table.Key{PK: "P#" + program + "#PAY#" + payment, SK: "PAYMENT"}
}
