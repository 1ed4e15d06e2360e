package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A waitlist is a partition with an item for each member who waits, in the order in which they came, and beside it
// an item for each that says where in the line the member stands. Both are written together.
//
// Nobody's time begins by itself: a member is called, from which on the first call runs, when somebody asks for a piece
// that is there. So a piece waits for nobody longer than for the time of a call after it was wanted, and nothing has to
// be done while nobody wants it.

// waiterDoc and placeDoc are stored forms: changed only by addition.
type waitlistEntryDoc struct {
	Member string `json:"m"`
	Since  int64  `json:"at"`
	Called int64  `json:"c,omitzero"`
}

type placeDoc struct {
	Place string `json:"sk"` // of the item in the line
}

// callsAtOnce is how many members one request calls.
const callsAtOnce = 25

// farthest is the last place that is counted. Beyond it a member is told no number.
const farthest = 1000

// A Place is where a member stands on a waitlist.
type Place struct {
	Member   loyalty.MemberID
	Reward   string
	Waits    bool
	Position int       // 1 is the first; 0 if the member does not wait, or is beyond 1,000
	Since    time.Time // zero if the member does not wait
	CallEnds time.Time // until when the member has the first call, exclusive; zero if not called yet
	Replayed bool
}

func linePartition(program, reward string) string { return "P#" + program + "#WAIT#" + reward }

func placeKey(program, reward string, m loyalty.MemberID) table.Key {
	return table.Key{PK: linePartition(program, reward) + "#" + string(m), SK: "PLACE"}
}

func readWaiter(it table.Item) (loyalty.WaitlistEntry, error) {
	var d waitlistEntryDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return loyalty.WaitlistEntry{}, fmt.Errorf("ledger: read waitlist %s: %w", it.Key, err)
	}
	return loyalty.WaitlistEntry{Member: loyalty.MemberID(d.Member), Since: instant(d.Since), Called: instant(d.Called)}, nil
}

// line yields the items of a waitlist in order. It reads so many at a time.
func (l *Ledger) line(ctx context.Context, program, reward string, atATime int) iter.Seq2[table.Item, error] {
	return l.inPages(ctx, table.Query{PK: linePartition(program, reward), Limit: atATime})
}

// standing is the two items of a member who waits; Version 0 of one who does not.
func (l *Ledger) standing(ctx context.Context, program, reward string, m loyalty.MemberID) (place, waiter table.Item, err error) {
	if place, err = l.Table.Get(ctx, placeKey(program, reward, m)); err != nil || place.Version == 0 {
		return place, waiter, retryable(err)
	}
	var d placeDoc
	if err := json.Unmarshal(place.Doc, &d); err != nil {
		return place, waiter, fmt.Errorf("ledger: read place %s: %w", place.Key, err)
	}
	waiter, err = l.Table.Get(ctx, table.Key{PK: linePartition(program, reward), SK: d.Place})
	return place, waiter, retryable(err)
}

// leaving is what takes a member off the line, if the member stands there.
func (l *Ledger) leaving(ctx context.Context, program string, r *loyalty.Reward, m loyalty.MemberID) ([]table.Op, error) {
	if !r.HasWaitlist() {
		return nil, nil
	}
	place, waiter, err := l.standing(ctx, program, r.ID, m)
	if err != nil || waiter.Version == 0 {
		return nil, err
	}
	return []table.Op{table.Delete(place), table.Delete(waiter)}, nil
}

// Wait puts a member at the end of the waitlist of a reward. Whoever waits already keeps the place. not_found if
// there is no such member or reward; validation_failed if the reward has no list, or pieces are left that nobody waits
// for; reward_unavailable if it is not for the member.
func (l *Ledger) Wait(ctx context.Context, p *loyalty.Program, reward string, m loyalty.MemberID) (Place, error) {
	r, ok := p.Reward(reward)
	if !ok {
		return Place{}, notFound("reward")
	}
	got, err := l.Member(ctx, p, m)
	if err == nil {
		err = p.MayWait(got.Account, &r, l.now())
	}
	if err != nil {
		return Place{}, err
	}
	for range attempts {
		at, err := l.Place(ctx, p, reward, m)
		if at.Replayed = true; err != nil || at.Waits {
			return at, err
		}
		left, err := l.Budget(ctx, p.ID, r.Key(), r.Quantity(l.now()))
		if err != nil {
			return Place{}, err
		}
		call, err := l.called(p, &r, l.line(ctx, p.ID, r.ID, callsAtOnce), left)
		if err != nil {
			return Place{}, err
		}
		if left > 0 && call.Refuses(m) == nil {
			return Place{}, &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "There is no need to wait: the reward can be had now."}
		}
		since := l.now()
		sk := stamped(since) + "#" + string(m)
		err = l.Table.Transact(ctx,
			table.Put(table.Item{Key: placeKey(p.ID, reward, m), Doc: encode(placeDoc{sk})}),
			table.Put(table.Item{Key: table.Key{PK: linePartition(p.ID, reward), SK: sk}, Doc: encode(waitlistEntryDoc{string(m), millis(since), 0})}))
		if err == nil {
			return l.Place(ctx, p, reward, m)
		}
		if !outrun(err) {
			return Place{}, retryable(err)
		}
	}
	return Place{}, ErrTryAgain
}

// Leave takes a member off a waitlist; nothing happens if the member is not on it.
func (l *Ledger) Leave(ctx context.Context, p *loyalty.Program, reward string, m loyalty.MemberID) (Place, error) {
	for range attempts {
		place, waiter, err := l.standing(ctx, p.ID, reward, m)
		if err != nil || waiter.Version == 0 {
			return Place{Member: m, Reward: reward}, err
		}
		err = l.Table.Transact(ctx, table.Delete(place), table.Delete(waiter))
		if !outrun(err) {
			return Place{Member: m, Reward: reward}, retryable(err)
		}
	}
	return Place{}, ErrTryAgain
}

// Place is where a member stands on a waitlist. Whoever's call is over is taken off the list.
func (l *Ledger) Place(ctx context.Context, p *loyalty.Program, reward string, m loyalty.MemberID) (Place, error) {
	out := Place{Member: m, Reward: reward}
	r, ok := p.Reward(reward)
	if !ok {
		return out, notFound("reward")
	}
	_, mine, err := l.standing(ctx, p.ID, reward, m)
	if err != nil || mine.Version == 0 {
		return out, err
	}
	w, err := readWaiter(mine)
	if err != nil {
		return out, err
	}
	if out.CallEnds = p.CallEnds(&r, w); !out.CallEnds.IsZero() && !l.now().Before(out.CallEnds) {
		out.CallEnds = time.Time{}
		_, err := l.Leave(ctx, p, reward, m)
		return out, err
	}
	out.Waits, out.Since = true, w.Since
	n := 0
	for it, err := range l.line(ctx, p.ID, reward, farthest+1) {
		if err != nil {
			return out, retryable(err)
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

// called is who of a waitlist has the first call on the pieces that are left.
func (l *Ledger) called(p *loyalty.Program, r *loyalty.Reward, line iter.Seq2[table.Item, error], left loyalty.Points) (call loyalty.Call, err error) {
	call = p.Call(r, func(yield func(loyalty.WaitlistEntry) bool) {
		for it, failed := range line {
			var w loyalty.WaitlistEntry
			if failed == nil {
				w, failed = readWaiter(it)
			}
			if err = retryable(failed); err != nil || !yield(w) {
				return
			}
		}
	}, left, l.now())
	return call, err
}

// tell writes down who was called and who has lost the place. Somebody else may be doing it at the same time, so what
// has changed meanwhile is left alone: the next one who asks does what is still to be done.
func (l *Ledger) tell(ctx context.Context, p *loyalty.Program, r *loyalty.Reward, call loyalty.Call) error {
	for _, w := range call.Lost[:min(len(call.Lost), callsAtOnce)] {
		if _, err := l.Place(ctx, p, r.ID, w.Member); err != nil {
			return err
		}
	}
	for _, w := range call.Called[:min(len(call.Called), callsAtOnce)] {
		_, it, err := l.standing(ctx, p.ID, r.ID, w.Member)
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
		it.Doc = encode(waitlistEntryDoc{string(w.Member), millis(w.Since), millis(l.now())})
		if err := l.Table.Transact(ctx, table.Put(it)); err != nil && !errors.As(err, new(*table.ConflictError)) {
			return retryable(err)
		}
	}
	return nil
}
