package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// customerDoc maps a customer of a payment processor to the member that the merchant's own system stated first. It is a
// stored form: only add fields.
type customerDoc struct {
	// Member is a member's ID, or "external:" and the merchant's own ID, even before that member enrolls. It is empty
	// if no member was stated.
	Member string `json:"m,omitzero"`
}

type customerItem struct {
	customerDoc
	item table.Item
}

func (ps Payments) customerKey(program, customer string) table.Key {
	key := ps.IdentityKey(program, stored.Identity{Kind: "customer", Value: customer})
	key.SK = "CUSTOMER"
	return key
}

// put returns the operation that stores a customer. The index lists the customer under the name of the member.
func (c customerItem) put(ps Payments, program string) table.Op {
	c.item.Doc = stored.Encode(c.customerDoc)
	if c.Member != "" {
		c.item.Index = table.Key{PK: ps.customersOf(program, c.Member), SK: c.item.Key.PK}
	}
	return table.Put(c.item)
}

// customersOf returns the partition of the index that lists the customers of a member by the member's name.
func (ps Payments) customersOf(program, name string) string {
	return ps.IdentityKey(program, stored.Identity{Kind: "customers", Value: name}).PK
}

// customer reads the member of a customer. The result's Member is empty if no member was ever stated.
func (ps Payments) customer(ctx context.Context, program, customer string) (c customerItem, err error) {
	if c.item, err = ps.Table.Get(ctx, ps.customerKey(program, customer)); err != nil {
		return c, ledger.Retryable(err)
	}
	if c.item.Version > 0 {
		if err := json.Unmarshal(c.item.Doc, &c.customerDoc); err != nil {
			return c, fmt.Errorf("service: read %s: %w", c.item.Key, err)
		}
	}
	return c, nil
}

// nameCustomer stores the member of a customer if the report states it for the first time, because later payments of
// the customer may not state it. Earlier orders paid by the customer are assigned to the member, or listed under the
// member's name until the member enrolls.
func (ps Payments) nameCustomer(ctx context.Context, p *loyalty.Program, r Report) ([]table.Op, error) {
	if r.Customer == "" || r.Member == "" || !receipt.FindsBy(p.Payments, loyalty.ByMetadata) {
		return nil, nil
	}
	c, err := ps.customer(ctx, p.ID, r.Customer)
	if err != nil || c.Member != "" {
		return nil, err
	}
	c.Member = r.Member
	ops := []table.Op{c.put(ps, p.ID)}
	if !receipt.FindsBy(p.Payments, loyalty.ByCustomer) {
		return ops, nil
	}
	m, err := ps.named(ctx, p.ID, r.Member)
	if err != nil {
		return nil, err
	}
	parked, err := ps.parked(ctx, p.ID, stored.Identity{Kind: "customer", Value: r.Customer})
	if err != nil {
		return nil, err
	}
	for _, it := range parked {
		if m != "" {
			if _, err := ps.claim(ctx, p, m, it); err != nil {
				return nil, err
			}
			continue
		}
		for _, id := range namedBy(r.Member) {
			if ops, err = ps.park(ctx, p, id, it.Key.SK, ops); err != nil {
				return nil, err
			}
		}
	}
	return ops, nil
}

// payingCustomer returns the member for a customer of a payment processor. This is the member that the merchant's own
// system stated, or else the member whose external ID equals the customer's ID.
func (ps Payments) payingCustomer(ctx context.Context, p *loyalty.Program, customer string) (loyalty.MemberID, error) {
	_, id, ok := strings.Cut(customer, ":")
	if !ok {
		return "", nil
	}
	c, err := ps.customer(ctx, p.ID, customer)
	if err != nil {
		return "", err
	}
	if m, err := ps.named(ctx, p.ID, c.Member); err != nil || m != "" {
		return m, err
	}
	return ps.lookUp(ctx, p.ID, stored.Identity{Kind: "external", Value: id})
}

// namedBy returns the identity under which the named member enrolls: "external:" and the merchant's own ID. It returns
// none if the name is a member ID, because a member ID does not exist before the enrollment.
func namedBy(name string) []stored.Identity {
	if external, ok := strings.CutPrefix(name, "external:"); ok {
		return []stored.Identity{{Kind: "external", Value: external}}
	}
	return nil
}

// named returns the member that a name refers to, or an empty ID if there is none. A name is a member ID, or
// "external:" followed by the merchant's ID.
func (ps Payments) named(ctx context.Context, program, name string) (loyalty.MemberID, error) {
	if name == "" {
		return "", nil
	}
	for _, id := range namedBy(name) {
		return ps.lookUp(ctx, program, id)
	}
	_, err := ps.LastWritten(ctx, program, loyalty.MemberID(name))
	if errors.Is(err, loyalty.NotFound) {
		return "", nil
	}
	return loyalty.MemberID(name), err
}

// ForgetCustomers deletes the documents that connect a provider's customers with a member, whom they identify by one of
// the names. Later payments of these customers are payments of unknown people.
func (ps Payments) ForgetCustomers(ctx context.Context, program string, names ...string) error {
	for _, name := range names {
		for it, err := range ps.Table.Query(ctx, table.Query{PK: ps.customersOf(program, name), Index: true}) {
			if err == nil {
				err = ps.commit(ctx, table.Delete(it))
			}
			if err != nil {
				return ledger.Retryable(err)
			}
		}
	}
	return nil
}

// ForgetPayer removes the names of the payer from a payment. Repeating the call changes nothing.
func (ps Payments) ForgetPayer(ctx context.Context, program, payment string) error {
	k, err := ps.readKnown(ctx, program, payment)
	if err != nil || k.item.Version == 0 || k.doc.Member+k.doc.Customer+k.doc.Email == "" {
		return err
	}
	k.doc.Member, k.doc.Customer, k.doc.Email = "", "", ""
	return ps.commit(ctx, k.put())
}

// lookUp does the same as Members.Find, but returns an empty ID if there is no such member.
func (ps Payments) lookUp(ctx context.Context, program string, id stored.Identity) (loyalty.MemberID, error) {
	m, err := members.Members{Ledger: ps.Ledger}.Find(ctx, program, id)
	if errors.Is(err, loyalty.NotFound) {
		return "", nil
	}
	return m, err
}
