package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A code is an item of its own, found by the code alone: with the member who claimed it or, where it was uploaded and
// nobody has yet, with nobody. A code of a pool that nobody has lies in the partition of its reward besides. Whoever
// reserves takes it out of there, and what a reservation gives back is put in again, in the very transaction that moves
// the points: so a code belongs to one, and none is lost.

// codeDoc is a stored form: changed only by addition.
type codeDoc struct {
	Member     string `json:"m,omitzero"` // none: it was uploaded, and nobody has claimed it
	Redemption string `json:"rd,omitzero"`
	Reward     string `json:"r"`
	From       int64  `json:"f,omitzero"`
	Until      int64  `json:"u,omitzero"`
	Left       int64  `json:"left,omitzero"` // gift cards: what is left, minor units
	Currency   string `json:"cur,omitzero"`
	Worth      int64  `json:"w,omitzero"`    // gift cards: what there was on it at first; none: it is older than this
	Taken      int64  `json:"t,omitzero"`    // gift cards: what reversals have taken off it
	Used       int64  `json:"used,omitzero"` // when it was used up
	Void       bool   `json:"void,omitzero"`
	Returned   bool   `json:"ret,omitzero"` // other codes: the points were given back after it was used

	Uses []codeUseDoc `json:"uses,omitzero"` // the latest ones, oldest first; at most maxCodeUses
}

// codeUseDoc is a stored form: changed only by addition.
type codeUseDoc struct {
	ID       string `json:"id"`
	At       int64  `json:"at"`
	Amount   int64  `json:"a,omitzero"`
	Order    string `json:"o,omitzero"`
	Reversed int64  `json:"rev,omitzero"` // when it was reversed
	Reason   string `json:"why,omitzero"`
}

func codeKey(program, code string) table.Key {
	return table.Key{PK: "P#" + program + "#CODE#" + code, SK: "CODE"}
}

// poolKey scatters the codes of a pool, which a merchant may number, so that a random place is near each as often.
func poolKey(program, reward, code string) table.Key {
	return table.Key{PK: poolPartition(program, reward), SK: fmt.Sprintf("%08x#%s", hashed(code), code)}
}

func poolPartition(program, reward string) string { return "P#" + program + "#POOL#" + reward }

// code prepares the code of a redemption: where one comes from a pool, one of those that nobody has, none if there is
// none. The operations take it out of the pool.
func (l *Ledger) code(ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption) ([]table.Op, error) {
	r.Code, r.Pooled = "", false
	switch reward.Codes.From {
	case loyalty.GeneratedCode:
		r.Code = loyalty.NewCode(l.bits())
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

// giveCode makes the code of a reward that was redeemed automatically, because rules draw nothing at random.
func (l *Ledger) giveCode(p *loyalty.Program, e loyalty.Entry) {
	r := e.Redemption
	if r == nil || e.Kind != loyalty.KindRedeem || e.Cause.Revision != 1 || r.Code != "" {
		return
	}
	if reward, ok := p.Reward(r.Reward); ok && reward.Codes.From == loyalty.GeneratedCode {
		r.Code = loyalty.NewCode(l.bits())
	}
}

// bits returns 80 random bits.
func (l *Ledger) bits() (b [10]byte) {
	random.Read(l.Random, b[:])
	return b
}

// codeItem is a code that can be used. What was uploaded is there, at its first version.
func codeItem(p *loyalty.Program, m loyalty.MemberID, r loyalty.Redemption) table.Item {
	d := codeDoc{Member: string(m), Redemption: r.ID, Reward: r.Reward, From: millis(r.CodeFrom), Until: millis(r.CodeUntil)}
	if reward, ok := p.Reward(r.Reward); ok && reward.Type == "gift_card" {
		d.Left, d.Currency, d.Worth = reward.Value.Amount, string(reward.Value.Currency), reward.Value.Amount
	}
	it := table.Item{Key: codeKey(p.ID, loyalty.PlainCode(r.Code)), Doc: encode(d)}
	if r.Pooled {
		it.Version = 1
	}
	return it
}

// anyOf is a code of a pool that nobody has, found from a random place on, so that few meet at one; Version 0 if there
// is none.
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

// codeOps is what entries do to codes: a redemption that is committed makes its code usable, and a reservation that
// ended otherwise puts one of a pool back, unless the redemption that takes its place has it.
func codeOps(c command, entries []loyalty.Entry) (ops []table.Op) {
	for _, e := range entries {
		r := e.Redemption
		if r == nil || r.Code == "" {
			continue
		}
		p := c.p
		if e.Cause.Revision > 1 && c.rules != nil {
			p = c.rules // beside it a reward of today may be redeemed by itself
		}
		reward, _ := p.Reward(r.Reward)
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

// uploadAtOnce is how many codes one transaction adds: two items each.
const uploadAtOnce = 40

// An Upload is what became of codes that were to be added to a pool.
type Upload struct {
	Added     int
	Duplicate []string // codes that are known already, in any pool of the program or in a member's hands
}

// AddCodes adds codes to the pool of a reward. A code that is known already in the program is left out and told.
// Repeated, also after an error, it adds what is still missing.
func (l *Ledger) AddCodes(ctx context.Context, program, reward string, codes iter.Seq[string]) (Upload, error) {
	u := uploading{Ledger: l, program: program, reward: reward}
	var batch []string
	seen := map[string]bool{}
	for code := range codes {
		plain := loyalty.PlainCode(code)
		if seen[plain] {
			u.Duplicate = append(u.Duplicate, code)
			continue
		}
		seen[plain] = true
		if batch = append(batch, code); len(batch) == uploadAtOnce {
			if err := u.add(ctx, batch); err != nil {
				return u.Upload, err
			}
			batch = batch[:0]
			clear(seen)
		}
	}
	err := u.add(ctx, batch)
	return u.Upload, err
}

// uploading is an upload on its way.
type uploading struct {
	*Ledger
	Upload
	program, reward string
	suspect         bool // some codes were known; where there are some, there are more
}

func (u *uploading) add(ctx context.Context, batch []string) error {
	for {
		if u.suspect {
			known, err := u.known(ctx, u.program, batch)
			if err != nil {
				return err
			}
			u.Duplicate = append(u.Duplicate, known...)
			batch = slices.DeleteFunc(slices.Clone(batch), func(code string) bool { return slices.Contains(known, code) })
		}
		added, err := u.addBatch(ctx, u.program, u.reward, batch)
		if err != nil {
			return err
		}
		if added {
			u.Added += len(batch)
			return nil
		}
		u.suspect = true
	}
}

// addBatch adds all of the codes, or none where one of them is known already.
func (l *Ledger) addBatch(ctx context.Context, program, reward string, codes []string) (added bool, err error) {
	if len(codes) == 0 {
		return true, nil
	}
	ops := make([]table.Op, 0, 2*len(codes))
	for _, code := range codes {
		ops = append(ops,
			table.Put(table.Item{Key: codeKey(program, loyalty.PlainCode(code)), Doc: encode(codeDoc{Reward: reward})}),
			table.Put(table.Item{Key: poolKey(program, reward, code), Doc: []byte("{}")}))
	}
	err = l.Table.Transact(ctx, ops...)
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, new(*table.ConflictError)):
		return false, nil
	}
	return false, retryable(fmt.Errorf("ledger: add codes: %w", err))
}

// known is which of the codes are in a pool, or were given to somebody. They are looked up at once: a list that is sent
// again, because the first time took too long, has to get further than it did then.
func (l *Ledger) known(ctx context.Context, program string, codes []string) (known []string, err error) {
	keys := make([]table.Key, len(codes))
	for i, code := range codes {
		keys[i] = codeKey(program, loyalty.PlainCode(code))
	}
	items, err := l.getAll(ctx, keys...)
	for i, it := range items {
		if it.Version > 0 {
			known = append(known, codes[i])
		}
	}
	return known, err
}

func readCode(it table.Item) (d codeDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("ledger: read code: %w", err)
	}
	return d, nil
}
