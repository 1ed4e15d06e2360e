package inventory_test

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
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
)

// A rush is the result of many members redeeming one reward at the same time.
type rush struct {
	mu     sync.Mutex
	got    []loyalty.Redemption
	others int // the requests that were rejected because the reward is out of stock
}

// rush lets n members redeem the mug concurrently, each with a separate request.
func (b *bench) rush(tb testing.TB, n int, commit func(i int) bool) *rush {
	tb.Helper()
	r := &rush{}
	servicetest.Spread(64, n, func(i int) {
		in := service.RedemptionRequest{
			ID: fmt.Sprint("rd_", i), Member: servicetest.Member(i), Reward: "mug", Commit: commit(i),
		}
		got, err := b.Try(tb, in)
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
	t.Run("pebble", func(t *testing.T) { test(t, newBench(t, servicetest.Memory(t)), 10) })
	t.Run("dynamodb", func(t *testing.T) { test(t, newBench(t, dynamotest.Open(t)), 1) })
}

func TestOneMemberGetsTheLastUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Offer(t, servicetest.Mug(1))
		b.EnrollAll(t, 20)
		r := b.rush(t, 20, half)
		if len(r.got) != 1 || r.others != 19 || b.Spent(t, "mug") != 1 {
			t.Errorf(
				"%d of 20 got the last one, %d were rejected as out of stock, %d are spent", len(r.got), r.others,
				b.Spent(t, "mug"),
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
		switch got := b.Balance(tb, servicetest.Member(i)); got {
		case loyalty.Balance{Active: 100}:
		case loyalty.Balance{}, loyalty.Balance{Reserved: 100}:
			paid++
		default:
			tb.Errorf("%s has %+v", servicetest.Member(i), got)
		}
	}
	if paid != want {
		tb.Errorf("%d of %d members paid, want %d", paid, n, want)
	}
}

func TestBatchSellsExactlyItsStock(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		pieces, members := 50*scale, 500*scale
		b.Offer(t, servicetest.Mug(int64(pieces)))
		b.EnrollAll(t, members)
		began := time.Now()
		r := b.rush(t, members, half)
		t.Logf("%d members in %s", members, time.Since(began))
		if len(r.got) != pieces || r.others != members-pieces || b.Spent(t, "mug") != int64(pieces) {
			t.Errorf("of %d units %d were redeemed and %d are spent", pieces, len(r.got), b.Spent(t, "mug"))
		}
		b.allPay(t, members, pieces)
	})
}

// If there are as many units as members, no member is rejected, although most of them find their home counter empty or
// changed by another member.
func TestNoMemberIsRejectedWhileUnitsRemain(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		n := 40 * scale
		b.Offer(t, servicetest.Mug(int64(n)))
		b.EnrollAll(t, n)
		if r := b.rush(t, n, half); len(r.got) != n || r.others != 0 {
			t.Errorf(
				"of %d who wanted one of %d units each, %d got one and %d were refused", n, n, len(r.got), r.others,
			)
		}
		b.allPay(t, n, n)
	})
}

func TestEveryCodeOfPoolIsIssuedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		codes, members := 5*scale*scale, 50*scale*scale
		r := loyalty.Reward{ID: "mug", Type: "partner", Cost: 100, Codes: loyalty.Codes{From: loyalty.UploadedCode}}
		b.Offer(t, r)
		b.Upload(t, "mug", codes)
		b.EnrollAll(t, members)
		rush := b.rush(t, members, half)
		var had []string
		for _, r := range rush.got {
			had = append(had, r.Code)
			claimed, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, r.Code)
			switch {
			case r.Status == loyalty.Reserved:
				servicetest.WantRejection(t, err, loyalty.NotFound)
			case err != nil || claimed.Redemption != r.ID || !claimed.From.Equal(r.CodeFrom):
				t.Errorf("%+v is %+v, %v", r, claimed, err)
			}
		}
		slices.Sort(had)
		if !slices.Equal(had, slices.Collect(servicetest.Vouchers(0, codes))) || len(b.Pool(t, "mug")) != 0 ||
			rush.others != members-codes {
			t.Errorf("%d codes were had, %d members were refused: %v", len(had), rush.others, had)
		}
		b.allPay(t, members, codes)
		for _, r := range rush.got { // canceled reservations return their codes
			if r.Status == loyalty.Reserved {
				b.Cancel(t, r.ID)
			}
		}
		if n := len(b.Pool(t, "mug")); n+count(rush.got, loyalty.Committed) != codes {
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
func TestEveryUnsoldUnitCanBeRedeemed(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench, scale int) {
		pieces, members := 7*scale, 14*scale
		r := servicetest.Mug(int64(pieces))
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.Offer(t, r)
		b.Upload(t, "mug", pieces)
		b.EnrollAll(t, members)
		sold, seed := 0, seedtest.Of(t)
		for round := range 4 {
			var committed atomic.Int64
			servicetest.Spread(16, members, func(i int) {
				rng := rand.New(rand.NewPCG(seed+uint64(round), uint64(i)))
				in := service.RedemptionRequest{
					ID: fmt.Sprintf("rd_%d_%d", round, i), Member: servicetest.Member(i), Reward: "mug",
				}
				if _, err := b.Try(t, in); err != nil {
					return
				}
				switch rng.IntN(8) {
				case 0:
					if _, err := (service.Redemptions{Ledger: b.Ledger}).Commit(
						t.Context(), b.P, in.ID, ledger.By{Input: "commit"},
					); err != nil {
						t.Error(err)
					}
					committed.Add(1)
				case 1, 2, 3:
					b.Cancel(t, in.ID)
				}
			})
			sold += int(committed.Load())
			b.Wait(time.Hour)
			servicetest.Spread(16, members, func(i int) {
				if _, err := b.Advance(t.Context(), b.P, servicetest.Member(i)); err != nil {
					t.Error(err)
				}
			})
			if b.Spent(t, "mug") != int64(sold) || len(b.Pool(t, "mug")) != pieces-sold {
				t.Errorf(
					"%d are sold, %d are spent, and %d codes left of %d", sold, b.Spent(t, "mug"),
					len(b.Pool(t, "mug")), pieces,
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
		if b.Balance(tb, servicetest.Member(i)).Active == 0 {
			b.Grant(tb, servicetest.Member(i), 100)
		}
	}
}
