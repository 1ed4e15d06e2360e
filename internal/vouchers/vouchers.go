// Package vouchers reads the codes that redemptions issued to their members, with the current state of each code.
package vouchers

import (
	"context"
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Vouchers reads the codes that redemptions issued to their members.
type Vouchers struct{ *ledger.Ledger }

// A Voucher is a redemption that issued a code to its member, with the state of the code.
type Voucher struct {
	loyalty.Redemption
	Issued redeem.IssuedCode
	Place  string // the position in the list after which List can continue
}

// List returns a member's vouchers, newest first. It returns only vouchers after the given place, or all if that is
// empty, and at most limit of them. It reads all redemptions and codes of the page in parallel.
func (vs Vouchers) List(
	ctx context.Context, program string, m loyalty.MemberID, after string, limit int,
) ([]Voucher, error) {
	q := table.Query{
		PK: stored.MemberPartition(program, m), From: ledger.VoucherPrefix, To: ledger.VoucherPrefix + "~",
		Reverse: true,
		Limit:   limit,
	}
	if after != "" {
		q.After = table.Item{Key: stored.MemberKey(program, m, after)}
	}
	var vouchers []Voucher
	for it, err := range vs.Table.Query(ctx, q) {
		if err != nil {
			return nil, ledger.Retryable(err)
		}
		vouchers = append(vouchers, Voucher{Place: it.Key.SK})
	}
	reads := make([]func() error, len(vouchers))
	for i := range vouchers {
		reads[i] = func() error { return vs.read(ctx, program, &vouchers[i]) }
	}
	return vouchers, parallel.Do(reads...)
}

// read reads the redemption at a place in a member's list, and its code.
func (vs Vouchers) read(ctx context.Context, program string, v *Voucher) error {
	id := v.Place[strings.LastIndex(v.Place, "#")+1:]
	r, err := service.Redemptions(vs).Get(ctx, program, id)
	if err != nil {
		return fmt.Errorf("vouchers: read voucher %s: %w", id, err)
	}
	v.Redemption = r.Redemption
	// A code that all members share has no separate item. It is valid within the redemption's dates.
	v.Issued = redeem.IssuedCode{From: v.CodeFrom, Until: v.CodeUntil, Void: v.Status == loyalty.Reversed}
	it, err := vs.Table.Get(ctx, ledger.CodeKey(program, redeem.PlainCode(v.Code)))
	if err != nil || it.Version == 0 {
		return ledger.Retryable(err)
	}
	d, err := inventory.ReadCode(it)
	if err == nil && d.Redemption == id {
		v.Issued = inventory.Issued(&d)
	}
	return err
}
