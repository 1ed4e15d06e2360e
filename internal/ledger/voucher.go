package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A redemption that issues a code to its member is listed in the member's partition by time, in the transaction that
// commits it. The item has only a key: the redemption and its code are read from their own items. The item costs two
// write units. Redemptions without codes are not listed and do not cost more.

const voucherPrefix = "VOUCHER#"

// voucherOps returns the writes that list the vouchers issued by entries.
func voucherOps(program string, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		if e.Kind == loyalty.KindRedeem && e.Redemption.Code != "" {
			key := stored.MemberKey(program, e.Member, voucherPrefix+stored.Stamped(e.Effective)+"#"+e.Redemption.ID)
			ops = append(ops, table.Put(table.Item{Key: key, Doc: []byte("{}")}))
		}
	}
	return ops
}

// A Voucher is a redemption that issued a code to its member, with the state of the code.
type Voucher struct {
	loyalty.Redemption
	Issued redeem.IssuedCode
	Place  string // in the list; Vouchers continues after it
}

// Vouchers returns a member's vouchers, newest first. It returns only vouchers after the given place (empty: all), and
// at most limit of them. It reads all redemptions and codes of the page in parallel.
func (l *Ledger) Vouchers(
	ctx context.Context, program string, m loyalty.MemberID, after string, limit int,
) ([]Voucher, error) {
	q := table.Query{
		PK: stored.MemberPartition(program, m), From: voucherPrefix, To: voucherPrefix + "~", Reverse: true,
		Limit: limit,
	}
	if after != "" {
		q.After = table.Item{Key: stored.MemberKey(program, m, after)}
	}
	var vouchers []Voucher
	for it, err := range l.Table.Query(ctx, q) {
		if err != nil {
			return nil, retryable(err)
		}
		vouchers = append(vouchers, Voucher{Place: it.Key.SK})
	}
	reads := make([]func() error, len(vouchers))
	for i := range vouchers {
		reads[i] = func() error { return l.readVoucher(ctx, program, &vouchers[i]) }
	}
	return vouchers, parallel.Do(reads...)
}

// readVoucher reads the redemption at a place in a member's list, and its code.
func (l *Ledger) readVoucher(ctx context.Context, program string, v *Voucher) error {
	id := v.Place[strings.LastIndex(v.Place, "#")+1:]
	r, err := l.Redemption(ctx, program, id)
	if err != nil {
		return fmt.Errorf("ledger: read voucher %s: %w", id, err)
	}
	v.Redemption = r.Redemption
	// A code that a reward's members share has no separate item: it is valid within the redemption's dates.
	v.Issued = redeem.IssuedCode{From: v.CodeFrom, Until: v.CodeUntil, Void: v.Status == loyalty.Reversed}
	it, err := l.Table.Get(ctx, codeKey(program, redeem.PlainCode(v.Code)))
	if err != nil || it.Version == 0 {
		return retryable(err)
	}
	d, err := readCode(it)
	if err == nil && d.Redemption == id {
		v.Issued = d.issued()
	}
	return err
}
