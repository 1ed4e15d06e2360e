package inventory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Waitlists stores the members who wait for a reward.
type Waitlists struct{ *ledger.Ledger }

// A waitlist is a partition with an item for each waiting member, in the order in which they joined. A second item for
// each member stores the member's place in the list. Both are written together.
//
// A claim period does not start automatically. When a member requests a unit that is in stock, the members who are
// first on the waitlist are called, and their claim periods start. A unit is therefore reserved for waiting members at
// most for one claim period after a request, and no background process is needed.

// waitlistEntryDoc and placeDoc are stored forms: only add fields.
type waitlistEntryDoc struct {
	Member string `json:"m"`
	Since  int64  `json:"at"`
	Called int64  `json:"c,omitzero"`
}

type placeDoc struct {
	Place string `json:"sk"` // the sort key of the member's item in the waitlist
}

// CallsAtOnce is the maximum number of members that one request calls.
const CallsAtOnce = 25

// farthest is the last position that is counted. Members who are further back have no position number.
const farthest = 1000

// A Place is a member's place on a waitlist.
type Place struct {
	Member   loyalty.MemberID
	Reward   string
	Waits    bool
	Position int       // the position, from 1; 0 if the member does not wait, or is after the position farthest
	Since    time.Time // when the member joined the list; zero if the member does not wait
	CallEnds time.Time // the end of the member's claim period, exclusive; zero if the member was not called yet
	Replayed bool
}

func linePartition(program, reward string) string { return "P#" + program + "#WAIT#" + reward }

func placeKey(program, reward string, m loyalty.MemberID) table.Key {
	return table.Key{PK: linePartition(program, reward) + "#" + string(m), SK: "PLACE"}
}

func readWaiter(it table.Item) (redeem.WaitlistEntry, error) {
	var d waitlistEntryDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return redeem.WaitlistEntry{}, fmt.Errorf("inventory: read waitlist %s: %w", it.Key, err)
	}
	return redeem.WaitlistEntry{
		Member: loyalty.MemberID(d.Member), Since: stored.Instant(d.Since), Called: stored.Instant(d.Called),
	}, nil
}

// Entries yields the items of a waitlist in order. It reads pages of atATime items.
func (ws Waitlists) Entries(ctx context.Context, program, reward string, atATime int) iter.Seq2[table.Item, error] {
	return ledger.InPages(ctx, ws.Table, table.Query{PK: linePartition(program, reward), Limit: atATime})
}

// standing returns the two items of a waiting member. Their Version is 0 if the member does not wait.
func (ws Waitlists) standing(
	ctx context.Context, program, reward string, m loyalty.MemberID,
) (place, waiter table.Item, err error) {
	if place, err = ws.Table.Get(ctx, placeKey(program, reward, m)); err != nil || place.Version == 0 {
		return place, waiter, ledger.Retryable(err)
	}
	var d placeDoc
	if err := json.Unmarshal(place.Doc, &d); err != nil {
		return place, waiter, fmt.Errorf("inventory: read place %s: %w", place.Key, err)
	}
	waiter, err = ws.Table.Get(ctx, table.Key{PK: linePartition(program, reward), SK: d.Place})
	return place, waiter, ledger.Retryable(err)
}

// Leaving returns the operations that remove a member from the waitlist. It returns none if the member is not on it.
func (ws Waitlists) Leaving(
	ctx context.Context, program string, r *loyalty.Reward, m loyalty.MemberID,
) ([]table.Op, error) {
	if !r.HasWaitlist() {
		return nil, nil
	}
	place, waiter, err := ws.standing(ctx, program, r.ID, m)
	if err != nil || waiter.Version == 0 {
		return nil, err
	}
	return []table.Op{table.Delete(place), table.Delete(waiter)}, nil
}

// Join adds a member to the end of a reward's waitlist. A member who already waits retains the place. Join returns
// not_found if the member or reward does not exist. It returns validation_failed if the reward has no waitlist or the
// member can redeem it now. It returns reward_unavailable if the reward is not available to the member.
func (ws Waitlists) Join(ctx context.Context, p *loyalty.Program, reward string, m loyalty.MemberID) (Place, error) {
	r, ok := redeem.FindReward(p.Rewards, reward)
	if !ok {
		return Place{}, ledger.NotFound("reward")
	}
	got, err := members.Members{Ledger: ws.Ledger}.Get(ctx, p, m)
	if err == nil {
		err = engine.RedeemRules(p).MayWait(got.Account, &r, ws.Time())
	}
	if err != nil {
		return Place{}, err
	}
	for range ledger.Attempts {
		at, err := ws.Place(ctx, p, reward, m)
		if at.Replayed = true; err != nil || at.Waits {
			return at, err
		}
		left, err := ledger.Budgets{Ledger: ws.Ledger}.Use(ctx, p.ID, r.Key(), redeem.StockUntil(&r, ws.Time()))
		if err != nil {
			return Place{}, err
		}
		call, err := ws.Called(p, &r, ws.Entries(ctx, p.ID, r.ID, CallsAtOnce), left)
		if err != nil {
			return Place{}, err
		}
		if left > 0 && call.Refuses(m) == nil {
			return Place{}, &loyalty.Error{
				Code: loyalty.ValidationFailed, Detail: "The reward is available now. Redeem it instead.",
			}
		}
		since := ws.Time()
		sk := stored.Stamped(since) + "#" + string(m)
		err = ws.Table.Transact(ctx,
			table.Put(table.Item{Key: placeKey(p.ID, reward, m), Doc: stored.Encode(placeDoc{sk})}),
			table.Put(table.Item{
				Key: table.Key{PK: linePartition(p.ID, reward), SK: sk},
				Doc: stored.Encode(waitlistEntryDoc{string(m), stored.Millis(since), 0}),
			}))
		if err == nil {
			return ws.Place(ctx, p, reward, m)
		}
		if !ledger.IsConflict(err) {
			return Place{}, ledger.Retryable(err)
		}
	}
	return Place{}, ledger.ErrTryAgain
}

// Leave removes a member from a waitlist. It does nothing if the member is not on it.
func (ws Waitlists) Leave(ctx context.Context, p *loyalty.Program, reward string, m loyalty.MemberID) (Place, error) {
	for range ledger.Attempts {
		place, waiter, err := ws.standing(ctx, p.ID, reward, m)
		if err != nil || waiter.Version == 0 {
			return Place{Member: m, Reward: reward}, err
		}
		err = ws.Table.Transact(ctx, table.Delete(place), table.Delete(waiter))
		if !ledger.IsConflict(err) {
			return Place{Member: m, Reward: reward}, ledger.Retryable(err)
		}
	}
	return Place{}, ledger.ErrTryAgain
}

// Place returns a member's place on a waitlist. If the member's claim period is over, Place removes the member from the
// waitlist.
func (ws Waitlists) Place(ctx context.Context, p *loyalty.Program, reward string, m loyalty.MemberID) (Place, error) {
	out := Place{Member: m, Reward: reward}
	r, ok := redeem.FindReward(p.Rewards, reward)
	if !ok {
		return out, ledger.NotFound("reward")
	}
	_, mine, err := ws.standing(ctx, p.ID, reward, m)
	if err != nil || mine.Version == 0 {
		return out, err
	}
	w, err := readWaiter(mine)
	if err != nil {
		return out, err
	}
	if out.CallEnds = redeem.CallEnds(p.Zone, &r, w); !out.CallEnds.IsZero() && !ws.Time().Before(out.CallEnds) {
		out.CallEnds = time.Time{}
		_, err := ws.Leave(ctx, p, reward, m)
		return out, err
	}
	out.Waits, out.Since = true, w.Since
	n := 0
	for it, err := range ws.Entries(ctx, p.ID, reward, farthest+1) {
		if err != nil {
			return out, ledger.Retryable(err)
		}
		if n++; n > farthest {
			break
		}
		if it.Key == mine.Key {
			out.Position = n
			break
		}
	}
	return out, nil
}

// Called returns the waiting members who may claim the remaining stock, and the members whose claim periods are over.
func (ws Waitlists) Called(
	p *loyalty.Program, r *loyalty.Reward, line iter.Seq2[table.Item, error], left loyalty.Points,
) (call redeem.Call, err error) {
	call = redeem.CallNext(p.Zone, r, func(yield func(redeem.WaitlistEntry) bool) {
		for it, failed := range line {
			var w redeem.WaitlistEntry
			if failed == nil {
				w, failed = readWaiter(it)
			}
			if err = ledger.Retryable(failed); err != nil || !yield(w) {
				return
			}
		}
	}, left, ws.Time())
	return call, err
}

// RecordCalled records the members who were called, and removes those whose claim periods are over. Another process
// may do so at the same time, so RecordCalled skips members whose items changed meanwhile. The next request records the
// rest.
func (ws Waitlists) RecordCalled(ctx context.Context, p *loyalty.Program, r *loyalty.Reward, call redeem.Call) error {
	for _, w := range call.Lost[:min(len(call.Lost), CallsAtOnce)] {
		if _, err := ws.Place(ctx, p, r.ID, w.Member); err != nil {
			return err
		}
	}
	for _, w := range call.Called[:min(len(call.Called), CallsAtOnce)] {
		_, it, err := ws.standing(ctx, p.ID, r.ID, w.Member)
		if err != nil {
			return err
		}
		if it.Version == 0 {
			continue
		}
		now, err := readWaiter(it)
		if err != nil {
			return err
		}
		if !now.Called.IsZero() {
			continue
		}
		it.Doc = stored.Encode(waitlistEntryDoc{string(w.Member), stored.Millis(w.Since), stored.Millis(ws.Time())})
		if err := ws.Table.Transact(ctx, table.Put(it)); err != nil && !errors.As(err, new(*table.ConflictError)) {
			return ledger.Retryable(err)
		}
	}
	return nil
}
