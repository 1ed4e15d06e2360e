package ledger

import (
	"fmt"
	"io"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Each code has a separate item that is found by the code alone. The item names the member who claimed the code. It
// names no member if the code was uploaded and is unclaimed. An unclaimed code of a pool is also listed in the
// partition of its reward. A reservation takes the code from that partition, and a released reservation puts it back,
// in the transaction that moves the points. Therefore a code has at most one owner, and no code is lost.

// CodeDoc is stored. Fields may only be added.
type CodeDoc struct {
	// The member who claimed the code; empty for an uploaded code that is unclaimed.
	Member     string `json:"m,omitzero"`
	Redemption string `json:"rd,omitzero"`
	Reward     string `json:"r"`
	From       int64  `json:"f,omitzero"`
	Until      int64  `json:"u,omitzero"`
	Left       int64  `json:"left,omitzero"` // for gift cards: the remaining value in minor units
	Currency   string `json:"cur,omitzero"`
	Worth      int64  `json:"w,omitzero"`    // for gift cards: the original value in minor units; absent in older items
	Taken      int64  `json:"t,omitzero"`    // for gift cards: the value removed by reversals, in minor units
	Used       int64  `json:"used,omitzero"` // the time at which the code was used up
	Void       bool   `json:"void,omitzero"`
	Returned   bool   `json:"ret,omitzero"` // for other codes: the points were returned after the code was used

	Uses []CodeUseDoc `json:"uses,omitzero"` // the latest uses, oldest first; at most maxCodeUses
}

// CodeUseDoc is stored. Fields may only be added.
type CodeUseDoc struct {
	ID       string `json:"id"`
	At       int64  `json:"at"`
	Amount   int64  `json:"a,omitzero"`
	Order    string `json:"o,omitzero"`
	Reversed int64  `json:"rev,omitzero"` // the time at which the use was reversed; zero if it was not
	Reason   string `json:"why,omitzero"`
}

func CodeKey(program, code string) table.Key {
	return table.Key{PK: "P#" + program + "#CODE#" + code, SK: "CODE"}
}

// PoolKey returns the key of an unclaimed code in a pool. The key contains a hash of the code, which distributes the
// codes evenly even if the merchant numbered them. A random position is therefore equally likely to be near each code.
func PoolKey(program, reward, code string) table.Key {
	return table.Key{PK: PoolPartition(program, reward), SK: fmt.Sprintf("%08x#%s", stored.Hashed(code), code)}
}

func PoolPartition(program, reward string) string { return "P#" + program + "#POOL#" + reward }

// giveCode generates the code of a reward that was redeemed automatically. The rules cannot do so, because they use no
// random source.
func giveCode(p *loyalty.Program, e loyalty.Entry, source io.Reader) {
	r := e.Redemption
	if r == nil || e.Kind != loyalty.KindRedeem || e.Cause.Revision != 1 || r.Code != "" {
		return
	}
	if reward, _ := redeem.FindReward(p.Rewards, r.Reward); reward.Codes.From == loyalty.GeneratedCode {
		r.Code = redeem.NewCode(random.Bits(source))
	}
}

// codeItem returns the item of a usable code. An uploaded code already has an item, at version 1.
func codeItem(p *loyalty.Program, m loyalty.MemberID, r loyalty.Redemption) table.Item {
	d := CodeDoc{
		Member: string(m), Redemption: r.ID, Reward: r.Reward, From: stored.Millis(r.CodeFrom),
		Until: stored.Millis(r.CodeUntil),
	}
	if reward, _ := redeem.FindReward(p.Rewards, r.Reward); reward.Type == "gift_card" {
		d.Left, d.Currency, d.Worth = reward.Value.Amount, string(reward.Value.Currency), reward.Value.Amount
	}
	it := table.Item{Key: CodeKey(p.ID, redeem.PlainCode(r.Code)), Doc: stored.Encode(d)}
	if r.Pooled {
		it.Version = 1
	}
	return it
}

// codeOps returns the operations on codes that follow from entries. A committed redemption makes its code usable. A
// reservation that was canceled or has expired returns its code to the pool, unless another redemption of the same
// command takes over the code. If the command commits a reservation, rules is the program version of the reservation;
// otherwise it is nil. Automatic redemptions in the same command use the current version.
func codeOps(current, rules *loyalty.Program, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		r := e.Redemption
		if r == nil || r.Code == "" {
			continue
		}
		p := current
		if e.Cause.Revision > 1 && rules != nil {
			p = rules
		}
		reward, _ := redeem.FindReward(p.Rewards, r.Reward)
		switch {
		case e.Kind == loyalty.KindRedeem && (r.Pooled || r.Code != reward.Codes.Shared):
			ops = append(ops, table.Put(codeItem(p, e.Member, *r)))
		case e.Kind == loyalty.KindRelease && r.Pooled && !passedOn(r, entries):
			ops = append(ops, table.Put(table.Item{Key: PoolKey(p.ID, r.Reward, r.Code), Doc: []byte("{}")}))
		}
	}
	return ops
}

func passedOn(r *loyalty.Redemption, entries []loyalty.Entry) bool {
	return slices.ContainsFunc(entries, func(e loyalty.Entry) bool {
		return e.Redemption != nil && e.Redemption.ID != r.ID && e.Redemption.Pooled && e.Redemption.Code == r.Code
	})
}

// A reservation of a reward with limited stock, or with codes from a pool, is listed under its reward by the instant at
// which it expires. The transactions that begin and end the reservation update the list. Before a command is rejected
// because the reward is out of stock, it looks for listed reservations that have expired but whose expiry is not
// written yet. Therefore no unit stays unavailable until a scheduled run.
//
// A reservation costs two write units, and so does its commit, cancellation or expiry. A rejection costs one read unit
// for the second decision, and the cost of advancing the members whose reservations have expired, which is due anyway.

// ListedDoc is stored. Fields may only be added.
type ListedDoc struct {
	Member string `json:"m"`
	Date   string `json:"d,omitzero"`
}

func ListedPartition(program, reward string) string { return "P#" + program + "#HELD#" + reward }

func listedKey(program string, r *loyalty.Redemption) table.Key {
	return table.Key{PK: ListedPartition(program, r.Reward), SK: stored.Stamped(r.Until) + "#" + r.ID}
}

// listOps returns the operations on the list of reservations that follow from entries. A new reservation is added, and
// a reservation that ends is removed.
func listOps(program string, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		r := e.Redemption
		if r == nil || !r.Listed {
			continue
		}
		switch e.Kind {
		case loyalty.KindReserve:
			ops = append(ops, table.Put(table.Item{
				Key: listedKey(program, r), Doc: stored.Encode(ListedDoc{string(e.Member), r.Date}),
			}))
		case loyalty.KindRedeem, loyalty.KindRelease:
			ops = append(ops, table.Delete(table.Item{Key: listedKey(program, r), Version: 1}))
		}
	}
	return ops
}

// A redemption that issues a code to its member is listed in the member's partition by time, in the transaction that
// commits it. The item has only a key: the redemption and its code are read from their own items. The item costs two
// write units. Redemptions without codes are not listed and do not cost more.

const VoucherPrefix = "VOUCHER#"

// VoucherOps returns the writes that list the vouchers issued by entries.
func VoucherOps(program string, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		if e.Kind == loyalty.KindRedeem && e.Redemption.Code != "" {
			key := stored.MemberKey(program, e.Member, VoucherPrefix+stored.Stamped(e.Effective)+"#"+e.Redemption.ID)
			ops = append(ops, table.Put(table.Item{Key: key, Doc: []byte("{}")}))
		}
	}
	return ops
}
