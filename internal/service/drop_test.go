package service_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
)

// amongst calls do for 0 to n-1 in the given number of goroutines.
func amongst(goroutines, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// crowd enrolls n members with 100 points each.
func (b *bench) crowd(tb testing.TB, n int) {
	b.p.Earn.Actions = []loyalty.Action{{ID: "welcome", Event: award.EventJoined, Points: 100}}
	if err := engine.Compile(b.p); err != nil {
		tb.Fatal(err)
	}
	amongst(64, n, func(i int) {
		for {
			m := member(i)
			_, err := members.Members{Ledger: b.Ledger}.Enroll(
				tb.Context(), b.p, members.Enrollment{Member: m}, ledger.By{Actor: "test", Input: string(m)},
			)
			if !errors.Is(err, ledger.ErrTryAgain) {
				if err != nil {
					tb.Error(err)
				}
				return
			}
		}
	})
}

// A rush is the result of many members redeeming one reward at the same time.
type rush struct {
	mu     sync.Mutex
	got    []loyalty.Redemption
	others int // rejected because the reward is out of stock
}

// rush lets n members redeem the mug concurrently, each with a separate request.
func (b *bench) rush(tb testing.TB, n int, commit func(i int) bool) *rush {
	tb.Helper()
	r := &rush{}
	amongst(64, n, func(i int) {
		in := service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: member(i), Reward: "mug", Commit: commit(i)}
		got, err := b.try(tb, in)
		r.mu.Lock()
		defer r.mu.Unlock()
		switch {
		case err == nil:
			r.got = append(r.got, got.Redemption)
		case errors.Is(err, loyalty.RewardOutOfStock):
			r.others++
		default:
			tb.Errorf("%+v: %v", in, err)
		}
	})
	return r
}

func always(int) bool { return true }

func half(i int) bool { return i%2 == 0 }

// onEach does the same as onBoth, and passes a smaller scale to the test on DynamoDB, where a call takes milliseconds.
func onEach(t *testing.T, test func(t *testing.T, b *bench, scale int)) {
	t.Run("pebble", func(t *testing.T) { test(t, newBench(t, memory(t)), 10) })
	t.Run("dynamodb", func(t *testing.T) { test(t, newBench(t, dynamotest.Open(t)), 1) })
}

func TestOneMemberGetsTheLastUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.offer(t, mug(1))
		b.crowd(t, 20)
		r := b.rush(t, 20, half)
		if len(r.got) != 1 || r.others != 19 || b.spent(t, "mug") != 1 {
			t.Errorf(
				"%d of 20 got the last one, %d were rejected as out of stock, %d are spent", len(r.got), r.others,
				b.spent(t, "mug"),
			)
		}
		b.allPay(t, 20, 1)
	})
}

// allPay checks that want of the n members paid or reserved 100 points, and that the others paid nothing.
func (b *bench) allPay(tb testing.TB, n, want int) {
	tb.Helper()
	paid := 0
	for i := range n {
		switch got := b.balance(tb, member(i)); got {
		case loyalty.Balance{Active: 100}:
		case loyalty.Balance{}, loyalty.Balance{Reserved: 100}:
			paid++
		default:
			tb.Errorf("%s has %+v", member(i), got)
		}
	}
	if paid != want {
		tb.Errorf("%d of %d members paid, want %d", paid, n, want)
	}
}

func TestBatchSellsExactlyItsStock(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		pieces, members := 50*scale, 500*scale
		b.offer(t, mug(int64(pieces)))
		b.crowd(t, members)
		began := time.Now()
		r := b.rush(t, members, half)
		t.Logf("%d members in %s", members, time.Since(began))
		if len(r.got) != pieces || r.others != members-pieces || b.spent(t, "mug") != int64(pieces) {
			t.Errorf("of %d units %d were redeemed and %d are spent", pieces, len(r.got), b.spent(t, "mug"))
		}
		b.allPay(t, members, pieces)
	})
}

// If there are as many units as members, no member is rejected, although most of them find their home counter empty or
// changed by another member.
func TestNoMemberIsRejectedWhileUnitsRemain(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		n := 40 * scale
		b.offer(t, mug(int64(n)))
		b.crowd(t, n)
		if r := b.rush(t, n, half); len(r.got) != n || r.others != 0 {
			t.Errorf(
				"of %d who wanted one of %d units each, %d got one and %d were refused", n, n, len(r.got), r.others,
			)
		}
		b.allPay(t, n, n)
	})
}

func TestEveryCodeOfAPoolIsHadOnce(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		codes, members := 5*scale*scale, 50*scale*scale
		r := loyalty.Reward{ID: "mug", Type: "partner", Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}}
		b.offer(t, r)
		b.upload(t, "mug", codes)
		b.crowd(t, members)
		rush := b.rush(t, members, half)
		var had []string
		for _, r := range rush.got {
			had = append(had, r.Code)
			claimed, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.p.ID, r.Code)
			switch {
			case r.Status == loyalty.Reserved:
				wantRefusal(t, err, loyalty.NotFound)
			case err != nil || claimed.Redemption != r.ID || !claimed.From.Equal(r.CodeFrom):
				t.Errorf("%+v is %+v, %v", r, claimed, err)
			}
		}
		slices.Sort(had)
		if !slices.Equal(had, slices.Collect(vouchers(0, codes))) || len(b.pool(t, "mug")) != 0 ||
			rush.others != members-codes {
			t.Errorf("%d codes were had, %d members were refused: %v", len(had), rush.others, had)
		}
		b.allPay(t, members, codes)
		for _, r := range rush.got { // canceled reservations return their codes
			if r.Status == loyalty.Reserved {
				b.cancel(t, r.ID)
			}
		}
		if n := len(b.pool(t, "mug")); n+count(rush.got, loyalty.Committed) != codes {
			t.Errorf("%d of %d codes are in the pool again", n, codes)
		}
	})
}

func count(rs []loyalty.Redemption, status loyalty.RedemptionStatus) (n int) {
	for _, r := range rs {
		if r.Status == status {
			n++
		}
	}
	return n
}

// Members concurrently reserve, cancel and commit rewards, and let reservations expire. After each round, the counters
// and the pool have exactly the unsold units, and in the end all of them can be redeemed.
func TestNothingIsLeftUnsold(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		pieces, members := 7*scale, 14*scale
		r := mug(int64(pieces))
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.offer(t, r)
		b.upload(t, "mug", pieces)
		b.crowd(t, members)
		sold, seed := 0, seedtest.Of(t)
		for round := range 4 {
			var committed atomic.Int64
			amongst(16, members, func(i int) {
				rng := rand.New(rand.NewPCG(seed+uint64(round), uint64(i)))
				in := service.RedemptionRequest{ID: fmt.Sprintf("rd_%d_%d", round, i), Member: member(i), Reward: "mug"}
				if _, err := b.try(t, in); err != nil {
					return
				}
				switch rng.IntN(8) {
				case 0:
					if _, err := (service.Redemptions{Ledger: b.Ledger}).Commit(
						t.Context(), b.p, in.ID, ledger.By{Input: "commit"},
					); err != nil {
						t.Error(err)
					}
					committed.Add(1)
				case 1, 2, 3:
					b.cancel(t, in.ID)
				}
			})
			sold += int(committed.Load())
			b.advance(time.Hour)
			amongst(16, members, func(i int) {
				if _, err := b.Advance(t.Context(), b.p, member(i)); err != nil {
					t.Error(err)
				}
			})
			if b.spent(t, "mug") != int64(sold) || len(b.pool(t, "mug")) != pieces-sold {
				t.Errorf(
					"%d are sold, %d are spent, and %d codes left of %d", sold, b.spent(t, "mug"),
					len(b.pool(t, "mug")), pieces,
				)
			}
		}
		b.crowdAgain(t, members)
		if left := b.rush(t, members, always); len(left.got) != pieces-sold {
			t.Errorf("of %d left %d could be had", pieces-sold, len(left.got))
		}
	})
}

// crowdAgain gives 100 points to each member without active points.
func (b *bench) crowdAgain(tb testing.TB, members int) {
	for i := range members {
		if b.balance(tb, member(i)).Active == 0 {
			b.grant(tb, member(i), 100)
		}
	}
}
