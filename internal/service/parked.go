package service

import (
	"context"
	"errors"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Claim assigns orders to a member that were paid under one of the given names before the member had that name. The
// limits of the program apply. Claim returns the number of claimed orders and may be repeated. The caller must pass an
// email address only if the shop or the issuer of the member's token has verified it.
func (ps Payments) Claim(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, names []stored.Identity,
) (claimed int, err error) {
	for _, id := range names {
		parked, err := ps.parked(ctx, p.ID, id)
		if err != nil {
			return claimed, err
		}
		for _, it := range parked {
			ok, err := ps.claim(ctx, p, m, it)
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

// maxClaimed is the maximum number of orders that one enrollment claims for each name.
const maxClaimed = 100

// parked returns the orders that wait for a member under a name, at most maxClaimed. It omits orders that have expired,
// because the table deletes them later.
func (ps Payments) parked(ctx context.Context, program string, id stored.Identity) (items []table.Item, err error) {
	for it, err := range ps.Table.Query(ctx, table.Query{PK: ps.parkedPartition(program, id), Limit: maxClaimed}) {
		if err != nil {
			return nil, ledger.Retryable(err)
		}
		if it.Expires.IsZero() || ps.Time().Before(it.Expires) {
			items = append(items, it)
		}
	}
	return items, nil
}

// claim assigns an order that waits under a name to a member, unless the order already has a member or this member may
// not claim it.
func (ps Payments) claim(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, it table.Item,
) (claimed bool, err error) {
	for range ledger.Attempts {
		from, err := ps.Prior(ctx, p, loyalty.Cause{Kind: loyalty.CauseOrder, ID: it.Key.SK}, m)
		if err != nil {
			return false, err
		}
		acc, err := stored.ReadAccount(*from.Account, m)
		if err != nil {
			return false, err
		}
		was := from.Order()
		claimed = was != nil && was.Order.Member == "" && receipt.Attributable(
			&p.Payments, p.Zone, was.Order.PlacedAt, acc.Joined, ps.Time(),
		)
		if !claimed {
			err = ps.commit(ctx, table.Delete(it))
		} else {
			o := was.Order
			o.Member = m
			var c ledger.Command
			c, err = Orders(ps).writeOrder(
				ctx, p, from, o, ledger.By{Actor: "claim", Input: from.Was.Input}, table.Delete(it),
			)
			if err == nil {
				_, err = ps.Execute(ctx, c)
			}
		}
		if conflict := (*table.ConflictError)(nil); errors.As(err, &conflict) && conflict.Key == it.Key {
			return false, nil // another process claimed the order
		}
		if errors.As(err, new(*loyalty.Error)) {
			return false, nil // the order remains a guest order
		}
		if !ledger.IsConflict(err) {
			return claimed && err == nil, err
		}
	}
	return false, ledger.ErrTryAgain
}

// park adds to ops the write that lists an order under a name, so that its payer can claim it later. The list expires
// when the payer can no longer claim the order. park adds nothing if the order is already listed.
func (ps Payments) park(
	ctx context.Context, p *loyalty.Program, id stored.Identity, order string, ops []table.Op,
) ([]table.Op, error) {
	key := table.Key{PK: ps.parkedPartition(p.ID, id), SK: order}
	if slices.ContainsFunc(ops, func(op table.Op) bool { return op.Item.Key == key }) {
		return ops, nil
	}
	it, err := ps.Table.Get(ctx, key)
	if err != nil || it.Version > 0 {
		return ops, ledger.Retryable(err)
	}
	it.Doc = stored.Encode(parkedDoc{Order: order, At: stored.Millis(ps.Time())})
	it.Expires = p.Payments.Claims().After(ps.Time(), p.Zone)
	return append(ops, table.Put(it)), nil
}

// parkedDoc lists an order of an unknown payer under a name by which the payer may become known.
type parkedDoc struct {
	Order string `json:"o"`
	At    int64  `json:"at"`
}

// parkedPartition returns the partition that lists orders of an unknown person, under an identity by which the person
// may later enroll. It is one of the partitions of identities, because an enrollment is allowed to delete their items.
func (ps Payments) parkedPartition(program string, id stored.Identity) string {
	id = ps.HashedIdentity(program, id)
	return "P#" + program + "#ID#parked-" + id.Kind + "#" + id.Value
}
