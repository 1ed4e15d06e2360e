package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// customerDoc is which member a processor's customer is, as the merchant's own system first named it. It is a stored form:
// changed only by addition.
type customerDoc struct {
	Member string `json:"m,omitzero"` // a member's ID, or "external:" and the merchant's own, also of one not enrolled yet; none: not named
}

type customerItem struct {
	customerDoc
	item table.Item
}

func customerKey(program, customer string) table.Key {
	return table.Key{PK: "P#" + program + "#ID#customer#" + customer, SK: "CUSTOMER"}
}

func (c customerItem) put() table.Op {
	c.item.Doc = encode(c.customerDoc)
	return table.Put(c.item)
}

// customer reads which member a customer is; Member is empty if that was never said.
func (l *Ledger) customer(ctx context.Context, program, customer string) (c customerItem, err error) {
	if c.item, err = l.Table.Get(ctx, customerKey(program, customer)); err != nil {
		return c, retryable(err)
	}
	if c.item.Version > 0 {
		if err := json.Unmarshal(c.item.Doc, &c.customerDoc); err != nil {
			return c, fmt.Errorf("ledger: read %s: %w", c.item.Key, err)
		}
	}
	return c, nil
}

// nameCustomer keeps which member a customer is, if the report says so for the first time: later payments of the customer
// may not say it. Orders that the customer has paid already become the member's, or are listed under the member's name
// until it enrolls.
func (l *Ledger) nameCustomer(ctx context.Context, p *loyalty.Program, r Report) ([]table.Op, error) {
	if r.Customer == "" || r.Member == "" || !p.Payments.FindsBy(loyalty.ByMetadata) {
		return nil, nil
	}
	c, err := l.customer(ctx, p.ID, r.Customer)
	if err != nil || c.Member != "" {
		return nil, err
	}
	c.Member = r.Member
	ops := []table.Op{c.put()}
	if !p.Payments.FindsBy(loyalty.ByCustomer) {
		return ops, nil
	}
	m, err := l.named(ctx, p.ID, r.Member)
	if err != nil {
		return nil, err
	}
	parked, err := l.parked(ctx, p.ID, Identity{"customer", r.Customer})
	if err != nil {
		return nil, err
	}
	for _, it := range parked {
		if m != "" {
			if _, err := l.claim(ctx, p, m, it); err != nil {
				return nil, err
			}
			continue
		}
		for _, id := range namedBy(r.Member) {
			if ops, err = l.park(ctx, p.ID, id, it.Key.SK, ops); err != nil {
				return nil, err
			}
		}
	}
	return ops, nil
}

// payingCustomer is the member that a processor's customer is: the one that the merchant's own system named, else the one
// whose external ID is the customer's.
func (l *Ledger) payingCustomer(ctx context.Context, p *loyalty.Program, customer string) (loyalty.MemberID, error) {
	_, id, ok := strings.Cut(customer, ":")
	if !ok {
		return "", nil
	}
	c, err := l.customer(ctx, p.ID, customer)
	if err != nil {
		return "", err
	}
	if m, err := l.named(ctx, p.ID, c.Member); err != nil || m != "" {
		return m, err
	}
	return l.lookUp(ctx, p.ID, Identity{"external", id})
}

// namedBy is the identity by which a member enrolls that is named so: "external:" and the merchant's own ID; none if the
// name is a member's ID, which only exists after the enrollment.
func namedBy(name string) []Identity {
	if external, ok := strings.CutPrefix(name, "external:"); ok {
		return []Identity{{"external", external}}
	}
	return nil
}

// named is the member that a name means; empty if there is none.
func (l *Ledger) named(ctx context.Context, program, name string) (loyalty.MemberID, error) {
	if name == "" {
		return "", nil
	}
	for _, id := range namedBy(name) {
		return l.lookUp(ctx, program, id)
	}
	it, err := l.Table.Get(ctx, memberKey(program, loyalty.MemberID(name), "ACCOUNT"))
	if err != nil || it.Version == 0 {
		return "", retryable(err)
	}
	return loyalty.MemberID(name), nil
}

// lookUp is FindMember for a member that need not exist.
func (l *Ledger) lookUp(ctx context.Context, program string, id Identity) (loyalty.MemberID, error) {
	m, err := l.FindMember(ctx, program, id)
	if errors.Is(err, loyalty.NotFound) {
		return "", nil
	}
	return m, err
}
