package service

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Person is a customer of a payment processor whom a privacy request names.
type Person struct {
	Customer string   // the processor's ID of the customer; may be empty
	Email    string   // the keyed hash of an email address, as in stored.Identity; may be empty
	Payments []string // payments of the customer; may be empty
	Forget   bool     // delete the data that is not stored under a member
}

// ReceiveRequest processes an event that is a privacy request. It calls apply with the member whom the request names,
// and stores the event with the outcome that apply returns. It may call apply again after a conflict. If no member
// matches, the event is ignored. If the event arrives again, the outcome is Duplicate, and nothing changes.
func (ps Payments) ReceiveRequest(
	ctx context.Context, p *loyalty.Program, d Delivery, who Person,
	apply func(loyalty.MemberID) (Outcome, error),
) (StoredDelivery, error) {
	d.At, d.Received = d.At.UTC().Truncate(time.Millisecond), d.Received.UTC().Truncate(time.Millisecond)
	for range ledger.Attempts {
		k, ops, err := Deliveries(ps).arrival(ctx, p.ID, d)
		if err != nil || k.Outcome == Duplicate {
			return k, err
		}
		k.Outcome = Ignored
		m, err := ps.requester(ctx, p, who)
		if err == nil && m != "" {
			k.Member = m
			k.Outcome, err = apply(m)
		}
		if errors.Is(err, loyalty.NotFound) { // the member was erased
			k.Member, k.Outcome, err = "", Ignored, nil
		}
		if err == nil && who.Forget {
			err = ps.forgetPerson(ctx, p, who, m)
		}
		if err == nil {
			err = ps.commit(ctx, append(ops, k.put(p.ID))...)
		}
		if !ledger.IsConflict(err) {
			return k, err
		}
	}
	return StoredDelivery{}, ledger.ErrTryAgain
}

// requester returns the member whom a privacy request names, or an empty ID. The customer's ID has precedence over the
// email address. It equals an external ID only in programs that find members this way.
func (ps Payments) requester(ctx context.Context, p *loyalty.Program, who Person) (loyalty.MemberID, error) {
	if who.Customer != "" {
		c, err := ps.customer(ctx, p.ID, who.Customer)
		if err != nil {
			return "", err
		}
		m, err := ps.named(ctx, p.ID, c.Member)
		if err == nil && m == "" && receipt.FindsBy(p.Payments, loyalty.ByCustomer) {
			m, err = ps.payingCustomer(ctx, p, who.Customer)
		}
		if err != nil || m != "" {
			return m, err
		}
	}
	if who.Email == "" {
		return "", nil
	}
	return ps.lookUp(ctx, p.ID, stored.Identity{Kind: "email", Value: who.Email})
}

// forgetPerson deletes the orders that wait for a customer to enroll, with the names of their payers. If the customer
// is no member, it also deletes the customer. Repeating the call changes nothing, and continues a call that failed.
func (ps Payments) forgetPerson(ctx context.Context, p *loyalty.Program, who Person, m loyalty.MemberID) error {
	c, err := ps.customer(ctx, p.ID, who.Customer)
	if err != nil {
		return err
	}
	for _, payment := range who.Payments {
		if err := ps.forgetPayment(ctx, p.ID, payment); err != nil {
			return err
		}
	}
	for _, id := range append(who.names(), namedBy(c.Member)...) {
		for it, err := range ps.Table.Query(ctx, table.Query{PK: ps.parkedPartition(p.ID, id)}) {
			if err == nil {
				err = ps.forgetOrder(ctx, p, it)
			}
			if err != nil {
				return ledger.Retryable(err)
			}
		}
	}
	if m != "" || c.item.Version == 0 {
		return nil
	}
	return ps.commit(ctx, table.Delete(c.item))
}

// forgetOrder deletes a parked order under all names, with the names of its payers, unless the order has a member. The
// given item is deleted last.
func (ps Payments) forgetOrder(ctx context.Context, p *loyalty.Program, it table.Item) error {
	from, err := ps.Prior(ctx, p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: it.Key.SK}, "")
	if err != nil {
		return err
	}
	if was := from.Order(); was != nil && was.Order.Member == "" {
		for _, r := range was.Order.Receipts {
			if err := ps.forgetPayment(ctx, p.ID, r.ID, it.Key); err != nil {
				return err
			}
		}
	}
	return ps.commit(ctx, table.Delete(it))
}

// forgetPayment removes the names of the payer from a payment, and the order of the payment from the orders that are
// parked under these names, except for the given keys.
func (ps Payments) forgetPayment(ctx context.Context, program, payment string, except ...table.Key) error {
	k, err := ps.readKnown(ctx, program, payment)
	if err != nil {
		return err
	}
	payer := Person{Customer: k.doc.Customer, Email: k.doc.Email}
	for _, id := range append(payer.names(), namedBy(k.doc.Member)...) {
		key := table.Key{PK: ps.parkedPartition(program, id), SK: k.doc.Order}
		if k.doc.Order == "" || slices.Contains(except, key) {
			continue
		}
		it, err := ps.Table.Get(ctx, key)
		if err == nil && it.Version > 0 {
			err = ps.commit(ctx, table.Delete(it))
		}
		if err != nil {
			return ledger.Retryable(err)
		}
	}
	return ps.ForgetPayer(ctx, program, payment)
}

// names returns the names under which orders of the customer may be parked, except for the member that the merchant's
// system stated.
func (who Person) names() (ids []stored.Identity) {
	if _, id, ok := strings.Cut(who.Customer, ":"); ok {
		ids = append(
			ids, stored.Identity{Kind: "external", Value: id}, stored.Identity{Kind: "customer", Value: who.Customer},
		)
	}
	if who.Email != "" {
		ids = append(ids, stored.Identity{Kind: "email", Value: who.Email})
	}
	return ids
}
