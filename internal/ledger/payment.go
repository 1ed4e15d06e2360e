package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Report is what one event of a processor says of one payment.
type Report struct {
	Payment  string         // the processor's id of the payment, behind its name: "stripe:pi_3N"
	Same     string         // another name under which facts of this payment may have come; may be empty
	Facts    []loyalty.Fact // none: only what follows
	Order    string         // the merchant's id of the order; may be empty
	Member   string         // a member's id, or "external:" and the merchant's own; may be empty
	Customer string         // the processor's id of the customer; may be empty
	Email    string         // the keyed hash of an address, as Identity has it; may be empty
}

// receive merges what the report says into what is known of the payment and its order, and writes that, the points
// that follow, and the event with its outcome in one step. It returns a *table.ConflictError or taken if somebody else
// wrote first.
func (l *Ledger) receive(ctx context.Context, p *loyalty.Program, k *Kept, r Report, ops []table.Op) error {
	known, more, err := l.knownOf(ctx, p.ID, r)
	if err != nil {
		return err
	}
	ops = append(ops, more...)
	x := known.doc.Payment.receipt()
	if err := mismatch(x, r.Facts); err != nil {
		return err
	}
	before, strange := x.Excess(), x.Foreign()
	k.Unclear = x.Unclear(r.Facts)
	x = x.With(whole(r.Facts))
	if len(x.Facts) > loyalty.MaxFacts {
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: fmt.Sprintf("A payment has at most %d facts.", loyalty.MaxFacts)}
	}
	d := &known.doc
	d.Payment = storedReceipt(x)
	names := len(d.names())
	d.Member, d.Customer, d.Email = cmp.Or(d.Member, r.Member), cmp.Or(d.Customer, r.Customer), cmp.Or(d.Email, r.Email)
	d.Parked = d.Parked && len(d.names()) == names // under a name that is new as well
	d.Order = cmp.Or(d.Order, r.Order)
	if _, _, ok := x.Captured(); ok && d.Order == "" && p.Payments.Award == loyalty.AwardPayments {
		d.Order = x.ID
	}
	k.Payment, k.Order = x.ID, d.Order
	if n := x.Excess(); n > before {
		got, _, _ := x.Captured()
		k.flag(loyalty.RefundExceedsPayment, fmt.Sprintf("%s more went back than came; no more than all was taken back.", loyalty.Money{Amount: n, Currency: got.Currency}))
	}
	if x.Foreign() > strange {
		got, _, _ := x.Captured()
		k.flag(loyalty.CurrencyMismatch, fmt.Sprintf("The payment was made in %s, and what was reported of it before in another currency does not count.", got.Currency))
	}
	if d.Order == "" || len(x.Facts) == 0 {
		k.become(Waiting)
		return l.commit(ctx, append(ops, k.put(p.ID), known.put())...)
	}
	return l.merge(ctx, p, k, known, x, ops)
}

// mismatch refuses a report in another currency than that of the money that came.
func mismatch(x loyalty.Receipt, facts []loyalty.Fact) error {
	got, _, ok := x.Captured()
	for _, f := range facts {
		if ok && f.Money.Currency != got.Currency {
			return &loyalty.Error{Code: loyalty.CurrencyMismatch, Detail: fmt.Sprintf("The payment was made in %s, and the report is in %s.", got.Currency, f.Money.Currency)}
		}
		if _, ok := f.Money.Currency.Exponent(); !ok {
			return &loyalty.Error{Code: loyalty.CurrencyUnsupported, Detail: fmt.Sprintf("%q is not a currency of ISO 4217.", f.Money.Currency)}
		}
	}
	return nil
}

// merge brings an order up to what is known of one of its payments.
func (l *Ledger) merge(ctx context.Context, p *loyalty.Program, k *Kept, known knownItem, x loyalty.Receipt, ops []table.Op) error {
	from, err := l.prior(ctx, p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: known.doc.Order}, "")
	if err != nil {
		return err
	}
	o, input := loyalty.Order{ID: known.doc.Order, Status: loyalty.OrderPlaced, Told: loyalty.Untold}, untold
	if was := from.order(); was != nil {
		o, input = was.Order, from.was.Input
	}
	if o, err = placed(from.order(), o, x); err != nil {
		return err
	}
	o, news := o.WithReceipt(x)
	if len(o.Receipts) > loyalty.MaxReceipts {
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: fmt.Sprintf("An order has at most %d payments.", loyalty.MaxReceipts)}
	}
	buyer, more, err := l.buyer(ctx, p, o, &known.doc)
	if err != nil {
		return err
	}
	ops = append(ops, more...)
	k.become(Applied)
	ops = append(ops, k.put(p.ID), known.put())
	if !news && buyer == o.Member {
		return l.commit(ctx, ops...)
	}
	o.Member = buyer
	_, err = l.writeOrder(ctx, p, from, o, By{Actor: k.Provider + ":" + k.Event, Input: input}, ops...)
	return err
}

// untold is the input of an order that is known from its payments alone: the fingerprint of no order.
const untold = "payments"

// placed says when and in which currency an order was placed that is known from its payments alone.
func placed(was *loyalty.OrderState, o loyalty.Order, x loyalty.Receipt) (loyalty.Order, error) {
	got, at, ok := x.Captured()
	switch {
	case ok && was != nil && len(o.Lines) > 0 && got.Currency != o.Currency:
		return o, &loyalty.Error{Code: loyalty.CurrencyMismatch, Detail: fmt.Sprintf("The order was placed in %s, and paid in %s.", o.Currency, got.Currency)}
	case was != nil && !was.Blank(o):
	case ok:
		o.PlacedAt, o.Currency = at, got.Currency
	case was == nil:
		o.PlacedAt, o.Currency = x.Facts[0].At, x.Facts[0].Money.Currency
	}
	return o, nil
}

// buyer is whose order it is: whom it names, else whom its payment finds. Somebody unknown may claim it later under
// the names that it is listed by.
func (l *Ledger) buyer(ctx context.Context, p *loyalty.Program, o loyalty.Order, d *knownDoc) (loyalty.MemberID, []table.Op, error) {
	if o.Member != "" || o.Told == loyalty.Untold && p.Payments.Award != loyalty.AwardPayments {
		return o.Member, nil, nil
	}
	m, ops, err := l.payer(ctx, p, *d, o.PlacedAt)
	if err != nil || m != "" || d.Parked {
		return m, ops, err
	}
	d.Parked = true
	for _, id := range d.names() {
		it, err := l.Table.Get(ctx, table.Key{PK: parkedPartition(p.ID, id), SK: o.ID})
		if err != nil {
			return "", nil, retryable(err)
		}
		if it.Version == 0 {
			it.Doc = encode(parkedDoc{o.ID, millis(l.now())})
			ops = append(ops, table.Put(it))
		}
	}
	return "", ops, nil
}

// names is under what somebody unknown may become known.
func (d knownDoc) names() (ids []Identity) {
	if d.Email != "" {
		ids = append(ids, Identity{"email", d.Email})
	}
	if _, id, ok := strings.Cut(d.Customer, ":"); ok {
		ids = append(ids, Identity{"external", id})
	}
	return ids
}

// payer is the member whom a payment finds for an order, if it may still become the member's: in time for any order, and
// where it is a claim, because the payment was of somebody unknown or the member joined only later, in time for one. So
// it does not matter whether the payment or the enrolment comes first.
func (l *Ledger) payer(ctx context.Context, p *loyalty.Program, d knownDoc, placed time.Time) (loyalty.MemberID, []table.Op, error) {
	m, ops, err := l.found(ctx, p, d)
	if err != nil || m == "" || p.Claimable(placed, l.now()) {
		return m, ops, err
	}
	if d.Parked || placed.Before(l.now().Add(-loyalty.MaxOrderAge)) {
		return "", nil, nil
	}
	acc, err := l.lastWritten(ctx, p.ID, m)
	if err != nil || placed.Before(acc.Joined.Add(-loyalty.JoinGrace)) {
		return "", nil, err
	}
	return m, ops, nil
}

// found finds the member of a payment, in the program's order. Whose customer the processor means is learnt from what
// the merchant's own system attached to a payment.
func (l *Ledger) found(ctx context.Context, p *loyalty.Program, d knownDoc) (loyalty.MemberID, []table.Op, error) {
	for _, by := range p.Payments.Finds() {
		m, err := l.foundBy(ctx, p, by, d)
		if m == "" && err == nil {
			continue
		}
		var ops []table.Op
		if err == nil && by == loyalty.ByMetadata && d.Customer != "" {
			it := identityItem(p.ID, Identity{"customer", d.Customer}, m)
			there, readErr := l.Table.Get(ctx, it.Key)
			if err = retryable(readErr); there.Version == 0 {
				ops = append(ops, table.Put(it))
			}
		}
		return m, ops, err
	}
	return "", nil, nil
}

func (l *Ledger) foundBy(ctx context.Context, p *loyalty.Program, by loyalty.MemberBy, d knownDoc) (m loyalty.MemberID, err error) {
	var ids []Identity
	switch by {
	case loyalty.ByMetadata:
		if external, ok := strings.CutPrefix(d.Member, "external:"); ok {
			ids = append(ids, Identity{"external", external})
		} else if d.Member != "" {
			it, err := l.Table.Get(ctx, accountKey(p.ID, loyalty.MemberID(d.Member)))
			if err != nil || it.Version > 0 {
				return loyalty.MemberID(d.Member), retryable(err)
			}
		}
	case loyalty.ByCustomer:
		if _, id, ok := strings.Cut(d.Customer, ":"); ok {
			ids = append(ids, Identity{"customer", d.Customer}, Identity{"external", id})
		}
	case loyalty.ByEmail:
		if d.Email != "" {
			ids = append(ids, Identity{"email", d.Email})
		}
	}
	for _, id := range ids {
		m, err = l.FindMember(ctx, p.ID, id)
		if !errors.Is(err, loyalty.NotFound) {
			return m, err
		}
	}
	return "", nil
}

// A knownItem is what is known of a payment, as it was read.
type knownItem struct {
	item table.Item
	doc  knownDoc
}

func (k knownItem) put() table.Op {
	k.item.Doc = encode(k.doc)
	return table.Put(k.item)
}

// knownOf reads what is known of a report's payment. Where a report says that facts came under another name too, they
// move to the payment, and what comes under that name later is sent on.
func (l *Ledger) knownOf(ctx context.Context, program string, r Report) (knownItem, []table.Op, error) {
	k, err := l.readKnown(ctx, program, r.Payment)
	if err == nil && k.doc.Same != "" {
		k, err = l.readKnown(ctx, program, k.doc.Same)
	}
	if err != nil || r.Same == "" || r.Same == k.doc.Payment.ID {
		return k, nil, err
	}
	other, err := l.readKnown(ctx, program, r.Same)
	if err != nil || other.doc.Same != "" {
		return k, nil, err
	}
	k.doc.Payment = storedReceipt(k.doc.Payment.receipt().With(other.doc.Payment.receipt().Facts))
	other.doc = knownDoc{Same: k.doc.Payment.ID}
	return k, []table.Op{other.put()}, nil
}

func (l *Ledger) readKnown(ctx context.Context, program, payment string) (knownItem, error) {
	it, err := l.Table.Get(ctx, knownKey(program, payment))
	if err != nil {
		return knownItem{}, retryable(err)
	}
	k := knownItem{item: it, doc: knownDoc{Payment: receiptDoc{ID: payment}}}
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &k.doc); err != nil {
			return k, fmt.Errorf("ledger: read %s: %w", it.Key, err)
		}
	}
	return k, nil
}

// commit writes what has no order to go with.
func (l *Ledger) commit(ctx context.Context, ops ...table.Op) error {
	return retryable(l.Table.Transact(ctx, ops...))
}

// carried is an order as the merchant tells it now, with what its payments have told meanwhile.
func (l *Ledger) carried(ctx context.Context, p *loyalty.Program, was, o loyalty.Order) (loyalty.Order, error) {
	if len(was.Receipts) == 0 {
		return o, nil
	}
	o.Receipts = was.Receipts
	if o.Member == "" {
		o.Member = was.Member
	}
	if was.Told == loyalty.Untold && was.Member != "" && was.Member == o.Member {
		o.PlacedAt = was.PlacedAt // its points have begun to live
	}
	for _, x := range o.Receipts {
		if o.Member != "" {
			break
		}
		k, err := l.readKnown(ctx, p.ID, x.ID)
		if err != nil {
			return o, err
		}
		if o.Member, _, err = l.payer(ctx, p, k.doc, o.PlacedAt); err != nil {
			return o, err
		}
	}
	return o, nil
}

// Claim gives a member the orders that were paid under one of its names before it was known by it, as long as the program
// lets it, and says how many. It may be repeated. That the names are the member's own, whoever enrols or changes it
// vouches for: the merchant's system, which has verified the address.
func (l *Ledger) Claim(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, names []Identity) (claimed int, err error) {
	for _, id := range names {
		var parked []table.Item
		for it, err := range l.Table.Query(ctx, table.Query{PK: parkedPartition(p.ID, id), Limit: maxClaimed}) {
			if err != nil {
				return claimed, retryable(err)
			}
			parked = append(parked, it)
		}
		for _, it := range parked {
			ok, err := l.claim(ctx, p, m, it)
			if err != nil {
				return claimed, err
			}
			if ok {
				claimed++
			}
		}
	}
	return claimed, nil
}

// maxClaimed bounds what one enrolment waits for.
const maxClaimed = 100

func (l *Ledger) claim(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, it table.Item) (claimed bool, err error) {
	for range attempts {
		from, err := l.prior(ctx, p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: it.Key.SK}, m)
		if err != nil {
			return false, err
		}
		claimed = false
		if was := from.order(); was == nil || was.Order.Member != "" || !p.Claimable(was.Order.PlacedAt, l.now()) {
			err = l.commit(ctx, table.Delete(it))
		} else {
			o := was.Order
			o.Member, claimed = m, true
			_, err = l.writeOrder(ctx, p, from, o, By{Actor: "claim", Input: from.was.Input}, table.Delete(it))
		}
		if conflict := (*table.ConflictError)(nil); errors.As(err, &conflict) && conflict.Key == it.Key {
			return false, nil // somebody else did it
		}
		if refusal := (*loyalty.Error)(nil); errors.As(err, &refusal) {
			return false, nil // it stays a guest's
		}
		if !outrun(err) {
			return claimed && err == nil, err
		}
	}
	return false, ErrTryAgain
}

// flag lists an event for somebody to look at, whether or not it counted.
func (k *Kept) flag(code loyalty.Code, detail string) {
	k.Outcome, k.Code, k.Detail = Quarantined, code, detail
}

// become sets the outcome, unless somebody must look at the event.
func (k *Kept) become(o Outcome) {
	if k.Code == "" {
		k.Outcome = o
	}
}

// put stores the event as the next version of what was read.
func (k *Kept) put(program string) table.Op {
	shelf := k.Received.UTC().Format(time.DateOnly)
	if k.Outcome == Quarantined && k.Redriven.IsZero() {
		shelf = quarantineShelf
	}
	return table.Put(table.Item{
		Key: deliveryKey(program, k.Provider, k.Event, k.Key), Index: arrivalKey(program, shelf, *k),
		Version: k.version, Doc: encode(storedDelivery(*k)),
	})
}
