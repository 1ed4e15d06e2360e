package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A call is what a client asks of one member, and an answer what it was told; the hold is named by a number.
type call struct {
	member int
	what   string // reserve, commit, cancel, earn, read
	hold   int
	n      loyalty.Points // earn
}

type answer struct {
	code    loyalty.Code // empty: it was done
	unknown bool
	balance loyalty.Balance
}

// wallet is what a member is, as far as clients can tell: what can be spent, and how far each hold is.
type wallet struct {
	active loyalty.Points
	holds  [linearHolds]byte // 0: never asked for; or one of "rcxn": reserved, committed, cancelled, refused
}

const (
	linearMembers = 4
	linearHolds   = 30
	sticker       = loyalty.Points(100)
)

// after is the wallet after a call, and what it must have been told.
func (w wallet) after(c call) (wallet, answer) {
	refused := answer{code: loyalty.HoldAlreadyResolved}
	switch h := &w.holds[c.hold]; c.what {
	case "reserve":
		switch {
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
		case c.what == "commit":
			*h = 'c'
		default:
			*h, w.active = 'x', w.active+sticker
		}
	case "earn":
		w.active += c.n
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

// linear is the model, member by member. A call without an answer lasts until the end of the history, so that it may
// have had its effect at any time, or after everybody has looked, which is never.
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
		w, c, told := state.(wallet), input.(call), output.(answer)
		next, want := w.after(c)
		seen := c.what != "read" || told.balance == w.balance()
		return told.unknown || seen && told.code == want.code, next
	},
}

// TestWhatClientsSeeOfMembersIsLinearizable runs histories of 8 clients and 240 operations each, of which about one in
// twenty is never answered, over a table that fails: for about six seconds, or 5,000 with PERENNIAL_LONG.
func TestWhatClientsSeeOfMembersIsLinearizable(t *testing.T) {
	seed, most, until := uint64(time.Now().UnixNano()), 1_000_000, time.Now().Add(6*time.Second)
	if os.Getenv("PERENNIAL_LONG") != "" {
		most, until = 5_000, time.Now().Add(time.Hour)
	}
	unknown, calls, done := 0, 0, 0
	for ; done < most && time.Now().Before(until) && !t.Failed(); done++ {
		history := linearHistory(t, seed+uint64(done))
		for _, op := range history {
			if op.Output.(answer).unknown {
				unknown++
			}
		}
		calls += len(history)
		if got := porcupine.CheckOperationsTimeout(linear, history, 20*time.Second); got != porcupine.Ok {
			t.Errorf("seed %d: %s", seed+uint64(done), got)
		}
	}
	t.Logf("%d histories from seed %d: %d calls, %d of them without an answer", done, seed, calls, unknown)
}

// A client of a history.
type client struct {
	*bench
	t     *testing.T
	rng   *rand.Rand
	clock *atomic.Int64
	id    int
	holds *[linearMembers]atomic.Int64 // how many were asked for
}

func linearHistory(t *testing.T, seed uint64) (history []porcupine.Operation) {
	clean := memory(t)
	b := newBench(t, clean)
	for i := range linearMembers {
		b.enrol(t, member(i))
	}
	b.Table = faulty(clean, seed)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var clock atomic.Int64
	var holds [linearMembers]atomic.Int64
	for id := range 8 {
		c := client{b, t, rand.New(rand.NewPCG(seed, uint64(id))), &clock, id, &holds}
		wg.Go(func() {
			for n := range 30 {
				op := c.act(n)
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	end := clock.Add(1)
	for i := range history {
		if history[i].Output.(answer).unknown {
			history[i].Return = end // whenever it happens, if it does
		}
	}
	return history
}

// act makes one call. It repeats what was not answered, but gives up now and then, like a client that is closed.
func (c client) act(n int) porcupine.Operation {
	in := call{member: c.rng.IntN(linearMembers), what: pick(c.rng, "reserve", "reserve", "commit", "cancel", "earn", "read"), n: loyalty.Points(c.rng.Int64N(150) + 1)}
	holds := &c.holds[in.member]
	if in.what == "reserve" && c.rng.IntN(4) > 0 && holds.Load() < linearHolds-8 {
		in.hold = int(holds.Add(1) - 1)
	} else {
		in.hold = c.rng.IntN(int(holds.Load()) + 1)
	}
	op := porcupine.Operation{ClientId: c.id, Input: in, Call: c.clock.Add(1)}
	var told answer
	for {
		var err error
		told, err = c.ask(in, fmt.Sprintf("%d_%d", c.id, n))
		var refusal *loyalty.Error
		switch {
		case errors.As(err, &refusal):
			told.code = refusal.Code
		case errors.Is(err, ledger.ErrTryAgain):
			told.unknown = true
			if c.rng.IntN(3) > 0 {
				break
			}
			told.unknown = false
			continue
		case err != nil:
			c.t.Error(err)
		}
		break
	}
	op.Output, op.Return = told, c.clock.Add(1)
	return op
}

func (c client) ask(in call, key string) (told answer, err error) {
	ctx := context.WithoutCancel(c.t.Context())
	m, id := member(in.member), fmt.Sprintf("rd_%d_%d", in.member, in.hold)
	switch in.what {
	case "reserve":
		_, err = c.Redeem(ctx, c.p, ledger.RedemptionRequest{ID: id, Member: m, Reward: "sticker"}, ledger.By{Input: id})
	case "commit":
		_, err = c.Commit(ctx, c.p, id, ledger.By{Input: key})
	case "cancel":
		_, err = c.Cancel(ctx, c.p, id, ledger.By{Input: key})
	case "earn":
		_, err = c.Adjust(ctx, c.p, ledger.Adjustment{ID: "adj_" + key, Member: m, Points: in.n, Reason: "earned"}, ledger.By{Input: key})
	case "read":
		var got ledger.Member
		if got, err = c.Member(ctx, c.p, m); err == nil {
			told.balance = got.Account.Balance()
		}
	}
	return told, err
}
