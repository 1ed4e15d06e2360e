package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
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

// codeDoc is a stored form: changed only by addition.
type codeDoc struct {
	Member     string `json:"m,omitzero"` // empty: uploaded and unclaimed
	Redemption string `json:"rd,omitzero"`
	Reward     string `json:"r"`
	From       int64  `json:"f,omitzero"`
	Until      int64  `json:"u,omitzero"`
	Left       int64  `json:"left,omitzero"` // gift cards: remaining value, minor units
	Currency   string `json:"cur,omitzero"`
	Worth      int64  `json:"w,omitzero"`    // gift cards: original value, minor units; absent in older items
	Taken      int64  `json:"t,omitzero"`    // gift cards: value removed by reversals, minor units
	Used       int64  `json:"used,omitzero"` // when it was used up
	Void       bool   `json:"void,omitzero"`
	Returned   bool   `json:"ret,omitzero"` // other codes: the points were returned after the code was used

	Uses []codeUseDoc `json:"uses,omitzero"` // the latest uses, oldest first; at most maxCodeUses
}

// codeUseDoc is a stored form: changed only by addition.
type codeUseDoc struct {
	ID       string `json:"id"`
	At       int64  `json:"at"`
	Amount   int64  `json:"a,omitzero"`
	Order    string `json:"o,omitzero"`
	Reversed int64  `json:"rev,omitzero"` // when the use was reversed
	Reason   string `json:"why,omitzero"`
}

func codeKey(program, code string) table.Key {
	return table.Key{PK: "P#" + program + "#CODE#" + code, SK: "CODE"}
}

// poolKey returns the key of an unclaimed code in a pool. It distributes the codes by hash, because a merchant may
// number them: a random position is then equally likely to be near each code.
func poolKey(program, reward, code string) table.Key {
	return table.Key{PK: poolPartition(program, reward), SK: fmt.Sprintf("%08x#%s", stored.Hashed(code), code)}
}

// uploadKey returns the key of the progress of one upload of codes, which the fingerprint of the codes identifies.
func uploadKey(program, reward, fingerprint string) table.Key {
	return table.Key{PK: poolPartition(program, reward) + "#UPLOAD", SK: fingerprint}
}

func poolPartition(program, reward string) string { return "P#" + program + "#POOL#" + reward }

// code sets the code of a redemption. For a reward with uploaded codes it takes an unclaimed code from the pool, and
// sets none if the pool is empty. It returns the operations that remove the code from the pool.
func (l *Ledger) code(
	ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption,
) ([]table.Op, error) {
	r.Code, r.Pooled = "", false
	switch reward.Codes.From {
	case loyalty.GeneratedCode:
		r.Code = redeem.NewCode(l.bits())
	case loyalty.UploadedCode:
		it, err := l.anyOf(ctx, p.ID, reward.ID)
		if err != nil || it.Version == 0 {
			return nil, err
		}
		_, r.Code, _ = strings.Cut(it.Key.SK, "#")
		r.Pooled = true
		return []table.Op{table.Delete(it)}, nil
	}
	return nil, nil
}

// giveCode generates the code of a reward that was redeemed automatically. The rules cannot do so, because they use no
// random source.
func (l *Ledger) giveCode(p *loyalty.Program, e loyalty.Entry) {
	r := e.Redemption
	if r == nil || e.Kind != loyalty.KindRedeem || e.Cause.Revision != 1 || r.Code != "" {
		return
	}
	if reward, ok := redeem.FindReward(p, r.Reward); ok && reward.Codes.From == loyalty.GeneratedCode {
		r.Code = redeem.NewCode(l.bits())
	}
}

// bits returns 80 random bits.
func (l *Ledger) bits() (b [10]byte) {
	random.Read(l.Random, b[:])
	return b
}

// codeItem returns the item of a usable code. An uploaded code already has an item, at version 1.
func codeItem(p *loyalty.Program, m loyalty.MemberID, r loyalty.Redemption) table.Item {
	d := codeDoc{
		Member: string(m), Redemption: r.ID, Reward: r.Reward, From: stored.Millis(r.CodeFrom),
		Until: stored.Millis(r.CodeUntil),
	}
	if reward, ok := redeem.FindReward(p, r.Reward); ok && reward.Type == "gift_card" {
		d.Left, d.Currency, d.Worth = reward.Value.Amount, string(reward.Value.Currency), reward.Value.Amount
	}
	it := table.Item{Key: codeKey(p.ID, redeem.PlainCode(r.Code)), Doc: stored.Encode(d)}
	if r.Pooled {
		it.Version = 1
	}
	return it
}

// anyOf returns an unclaimed code of a pool. It starts at a random position, so that concurrent requests rarely select
// the same code. The version is 0 if there is none.
func (l *Ledger) anyOf(ctx context.Context, program, reward string) (table.Item, error) {
	pool, place := poolPartition(program, reward), l.bits()
	from := fmt.Sprintf("%x", place[:4])
	for _, q := range []table.Query{{PK: pool, From: from, Limit: 1}, {PK: pool, To: from, Limit: 1}} {
		for it, err := range l.Table.Query(ctx, q) {
			return it, retryable(err)
		}
	}
	return table.Item{}, nil
}

// codeOps returns the operations on codes that follow from entries. A committed redemption makes its code usable. A
// reservation that ended otherwise returns its code to the pool, unless the redemption that replaces it took the code.
func codeOps(c Command, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		r := e.Redemption
		if r == nil || r.Code == "" {
			continue
		}
		p := c.p
		if e.Cause.Revision > 1 && c.rules != nil {
			p = c.rules // the rules of the reservation; an automatic redemption by the same command uses c.p
		}
		reward, _ := redeem.FindReward(p, r.Reward)
		switch {
		case e.Kind == loyalty.KindRedeem && (r.Pooled || r.Code != reward.Codes.Shared):
			ops = append(ops, table.Put(codeItem(p, e.Member, *r)))
		case e.Kind == loyalty.KindRelease && r.Pooled && !passedOn(r, entries):
			ops = append(ops, table.Put(table.Item{Key: poolKey(p.ID, r.Reward, r.Code), Doc: []byte("{}")}))
		}
	}
	return ops
}

func passedOn(r *loyalty.Redemption, entries []loyalty.Entry) bool {
	return slices.ContainsFunc(entries, func(e loyalty.Entry) bool {
		return e.Redemption != nil && e.Redemption.ID != r.ID && e.Redemption.Pooled && e.Redemption.Code == r.Code
	})
}

func readCode(it table.Item) (d codeDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("ledger: read code: %w", err)
	}
	return d, nil
}
