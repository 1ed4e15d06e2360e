package service_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// A till is a client that sends commands of one member and repeats each until it is answered. Other clients send the
// same commands.
type till struct {
	*history
	rng *rand.Rand
	id  int
	m   loyalty.MemberID
}

// again repeats a command until it is answered. A rejection is an answer; ErrTryAgain is not.
func (x *till) again(what string, do func() error) {
	for range 10_000 {
		err := do()
		if err == nil || errors.As(err, new(*loyalty.Error)) {
			return
		}
		if !errors.Is(err, ledger.ErrTryAgain) {
			x.t.Errorf("%s: %v", what, err)
			return
		}
	}
	x.t.Errorf("%s never came through", what)
}

func (x *till) order(n int) {
	o := x.Bench.Order(fmt.Sprint("o", n), x.m, 500+int64(n*977%7_000))
	o.PlacedAt = servicetest.Start
	for _, change := range []func(){
		func() {},
		func() { o.Shipped, o.Delivered = servicetest.Start, servicetest.Start },
		func() {
			o.Refunds = []loyalty.Refund{
				{ID: "re_1", At: servicetest.Start, Status: loyalty.RefundSucceeded, Amount: o.Lines[0].Amount / 2},
			}
		},
		func() { o.Status = loyalty.OrderCanceled },
	}[:1+x.rng.IntN(4)] {
		change()
		x.again("order", func() error {
			_, err := service.Orders{Ledger: x.history.Bench.Ledger}.Put(
				x.t.Context(), x.P, o, ledger.By{Actor: "till"},
			)
			return err
		})
	}
}

func (x *till) event(n int) {
	for _, state := range []string{"pending", "approved", "declined"}[:1+x.rng.IntN(3)] {
		ev := loyalty.Event{Type: "review." + state, ID: fmt.Sprint(n), Member: x.m, At: servicetest.Start}
		x.again("event", func() error {
			_, err := service.Events{Ledger: x.history.Bench.Ledger}.Put(
				x.t.Context(), x.P, ev, ledger.By{Actor: "till"},
			)
			return err
		})
	}
}

func (x *till) redeem(n int) {
	id := fmt.Sprintf("rd_%d_%d", x.id, n)
	x.again("redeem", func() error {
		in := service.RedemptionRequest{ID: id, Member: x.m, Reward: "sticker"}
		_, err := service.Redemptions{Ledger: x.history.Bench.Ledger}.Redeem(x.t.Context(), x.P, in, by(id))
		return err
	})
	x.again("end", func() error {
		end := pick(x.rng, service.Redemptions.Commit, service.Redemptions.Cancel)
		_, err := end(service.Redemptions{Ledger: x.Ledger}, x.t.Context(), x.P, id, by(id+"e"))
		return err
	})
}

func (x *till) adjust(n int) {
	id := fmt.Sprintf("adj_%d_%d", x.id, n)
	x.again("adjust", func() error {
		_, err := service.Adjustments{Ledger: x.history.Bench.Ledger}.Adjust(
			x.t.Context(), x.P,
			service.Adjustment{ID: id, Member: x.m, Points: loyalty.Points(n%90) - 30, Reason: "till"}, by(id),
		)
		return err
	})
}

// Eight tills run concurrently over a table that fails, for one member and for another one who uses the same campaign
// budgets.
func TestEightTillsOfOneMemberEndInASoundAccount(t *testing.T) {
	seed := seedtest.Of(t)
	h, broken := newHistory(t, seed)
	h.publish(rand.New(rand.NewPCG(seed, 2)))
	for i := range 2 {
		h.members = append(h.members, servicetest.Member(i))
		h.Bench.Table = h.clean
		h.Enroll(t, servicetest.Member(i))
	}
	h.Bench.Table = broken
	h.fill()
	var all sync.WaitGroup
	for i := range 8 {
		x := &till{history: h, rng: rand.New(rand.NewPCG(seed, uint64(i))), id: i, m: servicetest.Member(i / 7)}
		all.Go(func() {
			for n := range 40 {
				pick(x.rng, x.order, x.order, x.event, x.redeem, x.adjust)(n + 1_000*(i/7)) // as other tills do
				h.Bench.Wait(time.Duration(x.rng.Int64N(int64(time.Hour))))
			}
		})
	}
	all.Wait()
	h.books.check()
	for _, m := range h.members {
		if err := (ledger.Statements{Ledger: h.quiet()}).Audit(t.Context(), h.P.ID, m); err != nil {
			t.Error(err)
		}
	}
	if !servicetest.EveryKind(broken.Fired()) {
		t.Errorf("some faults never happened: %+v", broken.Fired())
	}
	t.Logf("%d and %d entries, %+v", h.books.of("mem_0").acc.Sequence, h.books.of("mem_1").acc.Sequence, broken.Fired())
}
