package service_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A call is a request of a client for one member, and an answer is its result. The number hold identifies a reservation
// of the member.
type call struct {
	member int
	what   string // reserve, commit, cancel, earn, freeze, unfreeze, read
	hold   int
	n      loyalty.Points // earn
}

type answer struct {
	code    loyalty.Code // empty: the call succeeded
	unknown bool
	balance loyalty.Balance
}

// wallet is the state of a member that clients can see: the spendable points and the status of each hold.
type wallet struct {
	active loyalty.Points
	frozen bool
	holds  [linearHolds]byte // 0: never requested; or one of "rcxn": reserved, committed, canceled, rejected
}

const (
	linearMembers = 4
	linearHolds   = 30
	sticker       = loyalty.Points(100)
)

// after returns the wallet after a call, and its expected result.
func (w wallet) after(c call) (wallet, answer) {
	refused, frozen := answer{code: loyalty.AlreadyResolved}, answer{code: loyalty.AccountFrozen}
	switch h := &w.holds[c.hold]; c.what {
	case "reserve":
		switch {
		case *h == 0 && w.frozen:
			return w, frozen // it is not recorded
		case *h == 'n' || *h == 0 && w.active < sticker:
			*h = 'n'
			return w, answer{code: loyalty.InsufficientPoints}
		case *h == 0:
			*h, w.active = 'r', w.active-sticker
		}
	case "commit", "cancel":
		switch {
		case *h == 0 || *h == 'n':
			return w, answer{code: loyalty.NotFound}
		case *h != 'r':
			return w, refused
		case c.what == "commit" && w.frozen:
			return w, frozen
		case c.what == "commit":
			*h = 'c'
		default:
			*h, w.active = 'x', w.active+sticker
		}
	case "earn":
		if w.frozen {
			return w, frozen
		}
		w.active += c.n
	case "freeze", "unfreeze":
		w.frozen = c.what == "freeze"
	}
	return w, answer{}
}

func (w wallet) balance() loyalty.Balance {
	b := loyalty.Balance{Active: w.active}
	for _, h := range w.holds {
		if h == 'r' {
			b.Reserved += sticker
		}
	}
	return b
}

// linear is the model of each member. A call without an answer lasts until the end of the history, so that it may have
// its effect at any time, or after all other calls, which is equivalent to no effect.
var linear = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, linearMembers)
		for _, op := range history {
			m := op.Input.(call).member
			parts[m] = append(parts[m], op)
		}
		return parts
	},
	Init: func() interface{} { return wallet{} },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		w, c, answer := state.(wallet), input.(call), output.(answer)
		next, want := w.after(c)
		seen := c.what != "read" || answer.balance == w.balance()
		// A rejection for points is recorded after it was decided. In between, the account can be frozen, and a
		// repeated request is rejected for that reason.
		frozen := c.what == "reserve" && w.frozen && w.holds[c.hold] == 'n' && answer.code == loyalty.AccountFrozen
		return answer.unknown || frozen || seen && answer.code == want.code, next
	},
}

// TestWhatClientsSeeOfMembersIsLinearizable runs histories of 8 clients and 240 operations each over a table that
// fails. About one in twenty operations is never answered. In 300 histories the clients take turns at the table, so
// that the seed determines the history and reproduces it. In 100 histories they run concurrently, for the race
// detector. With PERENNIAL_LONG, the numbers are 5,000 and 200.
func TestWhatClientsSeeOfMembersIsLinearizable(t *testing.T) {
	seed := seedtest.Of(t)
	long := os.Getenv("PERENNIAL_LONG") != ""
	t.Run("in turns", func(t *testing.T) {
		areLinearizable(t, seed, map[bool]int{false: 300, true: 5_000}[long], true)
	})
	t.Run("at once", func(t *testing.T) {
		areLinearizable(t, seed, map[bool]int{false: 100, true: 200}[long], false)
	})
}

func areLinearizable(t *testing.T, seed uint64, histories int, inTurns bool) {
	unknown, calls, began := 0, 0, time.Now()
	for i := 0; i < histories && !t.Failed(); i++ {
		history := linearHistory(t, seed+uint64(i), inTurns)
		for _, op := range history {
			if op.Output.(answer).unknown {
				unknown++
			}
		}
		calls += len(history)
		if got := porcupine.CheckOperationsTimeout(linear, history, 20*time.Second); got != porcupine.Ok {
			t.Errorf("PERENNIAL_SEED=%d: %s", seed+uint64(i), got)
		}
	}
	t.Logf(
		"%d histories from PERENNIAL_SEED=%d in %s: %d calls, %d of them without an answer", histories, seed,
		time.Since(began), calls, unknown,
	)
	if !t.Failed() && (calls != 240*histories || unknown < calls*3/100 || unknown > calls*7/100) {
		t.Errorf("%d of %d calls had no answer, which is not about one in twenty", unknown, calls)
	}
}

// A seed must reproduce its history, or the fault cannot be found.
func TestClientsInTurnsHaveOneHistory(t *testing.T) {
	first := linearHistory(t, 7, true)
	if again := linearHistory(t, 7, true); !reflect.DeepEqual(first, again) {
		t.Error("the same seed gave another history")
	}
	if other := linearHistory(t, 8, true); reflect.DeepEqual(first, other) {
		t.Error("another seed gave the same history")
	}
}

// turns runs the calls of the table one at a time. When every client waits for the table or has ended, it selects the
// next call at random from a seed. A client may wait with several calls that it made in parallel.
type turns struct {
	mu      sync.Mutex
	rng     *rand.Rand
	waiting map[string]chan struct{}
}

// wait returns when it is the turn of a call. Calls that wait at the same time must have different names.
func (o *turns) wait(call string) {
	mine := make(chan struct{})
	o.mu.Lock()
	o.waiting[call] = mine
	o.mu.Unlock()
	<-mine
}

// run gives turns until no client waits. It must be called in the synctest bubble of the clients.
func (o *turns) run() {
	for {
		synctest.Wait()
		o.mu.Lock()
		calls := slices.Sorted(maps.Keys(o.waiting))
		if len(calls) == 0 {
			o.mu.Unlock()
			return
		}
		next := calls[o.rng.IntN(len(calls))]
		close(o.waiting[next])
		delete(o.waiting, next)
		o.mu.Unlock()
	}
}

// queued is a table on which the calls of a client wait for their turns.
type queued struct {
	table.Table
	Turns *turns
	Id    int
}

func (q queued) wait(call string, key table.Key) {
	q.Turns.wait(fmt.Sprint(q.Id, " ", call, " ", key))
}

func (q queued) Get(ctx context.Context, key table.Key) (table.Item, error) {
	q.wait("get", key)
	return q.Table.Get(ctx, key)
}

func (q queued) Query(ctx context.Context, query table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		q.wait("query", table.Key{PK: query.PK})
		q.Table.Query(ctx, query)(yield)
	}
}

func (q queued) Transact(ctx context.Context, ops ...table.Op) error {
	q.wait("transact", ops[0].Item.Key)
	return q.Table.Transact(ctx, ops...)
}

// A client runs calls of a history. Each client has a separate ledger, like one of several concurrent functions.
type client struct {
	*bench
	T     *testing.T
	Rng   *rand.Rand
	Clock *atomic.Int64
	Id    int
	Holds *[linearMembers]atomic.Int64 // number of requested reservations, by member
}

const linearClients = 8

func linearHistory(t *testing.T, seed uint64, inTurns bool) (history []porcupine.Operation) {
	if !inTurns {
		return clientsAt(t, seed, func(tab table.Table, _ int) table.Table { return tab }, func() {})
	}
	synctest.Test(t, func(t *testing.T) {
		order := &turns{rng: rand.New(rand.NewPCG(seed, 100)), waiting: map[string]chan struct{}{}}
		history = clientsAt(
			t, seed, func(tab table.Table, id int) table.Table { return queued{tab, order, id} }, order.run,
		)
	})
	return history
}

// clientsAt runs the clients of a history concurrently with run. Each client uses the table that view returns.
func clientsAt(
	t *testing.T, seed uint64, view func(table.Table, int) table.Table, run func(),
) (history []porcupine.Operation) {
	clean, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer clean.Close() // close it now, because a test opens thousands of tables
	b := newBench(t, clean)
	for i := range linearMembers {
		b.Enroll(t, servicetest.Member(i))
	}
	broken := servicetest.Faulty(clean, seed)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var clock atomic.Int64
	var holds [linearMembers]atomic.Int64
	process := new(ledger.Turns)
	for id := range linearClients {
		own := newBench(t, view(broken, id))
		if id < linearClients/2 && seed%2 == 1 {
			own.Turns = process // in every second history, half of the clients are in one process
		}
		c := client{own, t, rand.New(rand.NewPCG(seed, uint64(id))), &clock, id, &holds}
		wg.Go(func() {
			own.Table.Get(t.Context(), table.Key{PK: "begin", SK: "begin"}) // the first action waits too
			for n := range 30 {
				op := c.act(n)
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	run()
	wg.Wait()
	end := clock.Add(1)
	for i := range history {
		if history[i].Output.(answer).unknown {
			history[i].Return = end // it may still have its effect until the end
		}
	}
	return history
}

// act makes one call. It repeats the call until it is answered, but sometimes gives up, like a client that is closed.
func (c client) act(n int) porcupine.Operation {
	in := call{
		member: c.Rng.IntN(linearMembers), what: pick(c.Rng, "reserve", "reserve", "commit", "cancel", "earn", "read"),
		n: loyalty.Points(c.Rng.Int64N(150) + 1),
	}
	if c.Id < linearMembers && c.Rng.IntN(8) == 0 {
		// One client changes the status of a member. If several did, a repeated request could undo that of another.
		in.member, in.what = c.Id, pick(c.Rng, "freeze", "unfreeze", "unfreeze")
	}
	holds := &c.Holds[in.member]
	if in.what == "reserve" && c.Rng.IntN(4) > 0 && holds.Load() < linearHolds-8 {
		in.hold = int(holds.Add(1) - 1)
	} else {
		in.hold = c.Rng.IntN(int(holds.Load()) + 1)
	}
	op := porcupine.Operation{ClientId: c.Id, Input: in, Call: c.Clock.Add(1)}
	var answer answer
	for {
		var err error
		answer, err = c.ask(in, fmt.Sprintf("%d_%d", c.Id, n))
		var refusal *loyalty.Error
		switch {
		case errors.As(err, &refusal):
			answer.code = refusal.Code
		case errors.Is(err, ledger.ErrTryAgain):
			answer.unknown = true
			if c.Rng.IntN(3) > 0 {
				break
			}
			answer.unknown = false
			continue
		case err != nil:
			c.T.Error(err)
		}
		break
	}
	op.Output, op.Return = answer, c.Clock.Add(1)
	return op
}

func (c client) ask(in call, key string) (answer answer, err error) {
	ctx := context.WithoutCancel(c.T.Context())
	m := servicetest.Member(in.member)
	// A third of the IDs hint at the right member.
	id := redeem.RedemptionID(fmt.Sprintf("%d0%018d", in.member, in.hold), servicetest.Member(in.member+in.hold%3))
	switch in.what {
	case "reserve":
		_, err = service.Redemptions{Ledger: c.Bench.Ledger}.Redeem(
			ctx, c.P, service.RedemptionRequest{ID: id, Member: m, Reward: "sticker"}, ledger.By{Input: id},
		)
	case "commit":
		_, err = service.Redemptions{Ledger: c.Bench.Ledger}.Commit(ctx, c.P, id, ledger.By{Input: key})
	case "cancel":
		_, err = service.Redemptions{Ledger: c.Bench.Ledger}.Cancel(ctx, c.P, id, ledger.By{Input: key})
	case "earn":
		_, err = service.Adjustments{Ledger: c.Bench.Ledger}.Adjust(
			ctx, c.P, service.Adjustment{ID: "adj_" + key, Member: m, Points: in.n, Reason: "earned"},
			ledger.By{Input: key},
		)
	case "freeze", "unfreeze":
		status := map[string]loyalty.Status{"freeze": loyalty.Frozen, "unfreeze": loyalty.Active}[in.what]
		err = service.Adjustments{Ledger: c.Bench.Ledger}.SetStatus(ctx, c.P, m, status, "a test", ledger.By{})
	case "read":
		var got members.Member
		if got, err = (members.Members{Ledger: c.Bench.Ledger}).Get(ctx, c.P, m); err == nil {
			answer.balance = got.Account.Balance()
		}
	}
	return answer, err
}
