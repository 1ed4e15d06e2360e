package members_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Several members without points concurrently redeem a reward with the points of the same household member. One
// redemption succeeds.
func TestPointsOfAHouseholdAreSpentOnce(t *testing.T) {
	for name, commit := range map[string]bool{"at once": true, "reserved": false} {
		t.Run(name, func(t *testing.T) {
			onFaulty(t, func(t *testing.T, b *bench) {
				b.households(t, loyalty.Households{Size: 6})
				b.home(t, 6)
				b.gets(t, 5, 150)
				errs := servicetest.InParallel(20, func(i int) error {
					_, err := b.draw(t, i%5, fmt.Sprint("rd_", i), commit)
					return err
				})
				won := -1
				for i, err := range errs {
					if err == nil && won < 0 {
						won = i
					} else if !errors.Is(err, loyalty.InsufficientPoints) {
						t.Errorf("draw %d: %v", i, err)
					}
				}
				want := active(50)
				if !commit {
					want.Reserved = 100
				}
				b.has(t, "drawn", active(0), active(0), active(0), active(0), active(0), want)
				if commit || won < 0 {
					return
				}
				b.Wait(30 * time.Minute) // the reservation expires in each account separately
				servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, servicetest.Member(5)) })
				b.has(t, "expired", active(0), active(0), active(0), active(0), active(0), active(150))
				got, err := servicetest.Until(func() (service.RedemptionResult, error) {
					return service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, fmt.Sprint("rd_", won))
				})
				if err != nil || got.Redemption.Status != loyalty.Expired {
					t.Errorf("%+v, %v", got.Redemption, err)
				}
				servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, servicetest.Member(won%5)) })
				b.AuditAll(t, 6)
			})
		})
	}
}

// At the instant at which a household redemption expires, several requests commit it, cancel it, and record its expiry
// in each account. One of them wins, in all accounts.
func TestOneEndOfAHouseholdRedemptionWins(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		b.households(t, loyalty.Households{Size: 3})
		b.home(t, 3)
		ends := map[loyalty.RedemptionStatus]int{}
		b.gets(t, 0, 10)
		b.gets(t, 1, 1_000)
		b.gets(t, 2, 1_000)
		for i := range 12 {
			id := fmt.Sprint("rd_", i)
			before := b.together(t, 3)
			if _, err := b.draw(t, 0, id, false); err != nil {
				t.Fatal(err)
			}
			b.Wait(30*time.Minute - time.Millisecond)
			clock, looks := b.Now, new(atomic.Int64)
			b.Ledger.Now = func() time.Time { // the reservation expires while the requests run
				if looks.Add(1) > int64(3*i) {
					return clock().Add(time.Millisecond)
				}
				return clock()
			}
			servicetest.InParallel(9, func(k int) error {
				if k > 5 {
					_, err := servicetest.Until(
						func() (int, error) { return b.Advance(t.Context(), b.P, servicetest.Member(k-6)) },
					)
					return err
				}
				end := service.Redemptions{Ledger: b.Ledger}.Commit
				if k%2 == 0 {
					end = service.Redemptions{Ledger: b.Ledger}.Cancel
				}
				_, err := servicetest.Until(func() (service.RedemptionResult, error) {
					return end(t.Context(), b.P, id, ledger.By{Input: fmt.Sprint(k)})
				})
				return err
			})
			b.Ledger.Now = clock
			b.Wait(time.Millisecond)
			for k := range 3 {
				servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, servicetest.Member(k)) })
			}
			r, err := servicetest.Until(func() (service.RedemptionResult, error) {
				return service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, id)
			})
			if err != nil || r.Entry.Cause.Revision != 2 {
				t.Errorf("%+v, %v", r, err)
			}
			ends[r.Redemption.Status]++
			spent := loyalty.Points(0)
			if r.Redemption.Status == loyalty.Committed {
				spent = 100
			}
			if after := b.together(t, 3); after != (loyalty.Balance{Active: before.Active - spent}) {
				t.Errorf("%s: the household had %+v, and has %+v", r.Redemption.Status, before, after)
			}
		}
		if ends[loyalty.Expired] == 0 || ends[loyalty.Committed]+ends[loyalty.Canceled] == 0 {
			t.Errorf("only %v: nothing was raced", ends)
		}
		b.AuditAll(t, 3)
	})
}

// together returns the sum of the balances of the first n members.
func (b *bench) together(tb testing.TB, n int) (sum loyalty.Balance) {
	for i := range n {
		got, err := servicetest.Until(func() (members.Member, error) {
			return members.Members{Ledger: b.Ledger}.Get(tb.Context(), b.P, servicetest.Member(i))
		})
		if err != nil {
			tb.Fatal(err)
		}
		sum.Active += got.Account.Balance().Active
		sum.Reserved += got.Account.Balance().Reserved
	}
	return sum
}

// between is a table that calls a function once, after the first read of a certain account.
type between struct {
	table.Table
	first string // the account; after it is read, the function then is called
	then  func()
}

func (b *between) Get(ctx context.Context, key table.Key) (table.Item, error) {
	it, err := b.Table.Get(ctx, key)
	if then := b.then; then != nil && strings.HasSuffix(key.PK, b.first) && key.SK == "ACCOUNT" {
		b.then = nil
		then()
	}
	return it, err
}

// The accounts of a household are read separately. Points that are transferred between two reads may be missing from
// both accounts, but the redemption finds them.
func TestPointsOnTheirWayAreNotMissing(t *testing.T) {
	tab := &between{Table: servicetest.Memory(t), first: "mem_1"}
	b := newBench(t, tab)
	b.households(t, loyalty.Households{Size: 3})
	b.AllowTransfers(t, loyalty.Transfers{Min: 1})
	b.home(t, 3)
	b.gets(t, 2, 100)
	tab.then = func() {
		if _, err := b.Transfer(
			t, service.TransferRequest{ID: "tr_1", From: servicetest.Member(2), To: servicetest.Member(1), Points: 100},
		); err != nil {
			t.Error(err)
		}
	}
	r, err := b.draw(t, 0, "rd_1", true)
	if err != nil ||
		!slices.Equal(
			r.Redemption.Contributions, []loyalty.Contribution{{Member: servicetest.Member(1), Points: 100}},
		) {
		t.Errorf("%+v, %v", r.Redemption, err)
	}
	b.AuditAll(t, 3)
}

// Members without requests for years have more due entries than one transaction can hold.
func TestLongUnseenMembersAreBroughtUpToDateFirst(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.households(t, loyalty.Households{Size: 6})
	b.P.Earn.Expires = calendar.Expiry{After: calendar.Period{Days: 30}}
	b.P.Earn.Pending = calendar.Wait{}
	if err := engine.Compile(b.P); err != nil {
		t.Fatal(err)
	}
	b.home(t, 6)
	for range 25 {
		for i := 1; i < 6; i++ {
			b.gets(t, i, 10)
		}
		b.Wait(24 * time.Hour)
	}
	for i := 1; i < 6; i++ { // each member has a lot that has not expired, so that all contribute
		b.P.Earn.Expires.After.Days = 400
		b.gets(t, i, 20)
	}
	b.Wait(60 * 24 * time.Hour)
	if _, err := b.draw(t, 0, "rd_1", true); err != nil {
		t.Error(err)
	}
	b.AuditAll(t, 6)
}

// A member who has left contributes nothing, even if the member leaves between the read and the write.
func TestHouseholdExcludesMemberWhoLeftMeanwhile(t *testing.T) {
	tab := &servicetest.Lossy{Table: servicetest.Memory(t)}
	b := newBench(t, tab)
	b.households(t, loyalty.Households{Size: 3})
	b.home(t, 3)
	b.gets(t, 1, 100)
	tab.First = func() {
		if _, err := (members.Households{Ledger: b.Ledger}).Leave(
			t.Context(), b.P, "hh_1", servicetest.Member(1),
		); err != nil {
			t.Error(err)
		}
	}
	_, err := b.draw(t, 0, "rd_1", true)
	servicetest.WantRejection(t, err, loyalty.InsufficientPoints)
	b.has(t, "left", active(0), active(100))
}

// Each command has its effect once, in all accounts, whichever response is lost.
func TestEveryAnswerOfAHouseholdCanBeLost(t *testing.T) {
	for n := range 16 {
		for _, done := range []bool{false, true} {
			tab := &servicetest.Losing{Table: servicetest.Memory(t), Done: done}
			b := newBench(t, tab)
			b.households(t, loyalty.Households{Size: 2})
			b.AllowTransfers(t, loyalty.Transfers{Min: 1, Accept: calendar.Period{Days: 1}})
			b.EnrollMember(t, 0)
			b.EnrollMember(t, 1)
			b.gets(t, 1, 200)
			tab.In = n + 1
			b.home(t, 2)
			for _, id := range []string{"rd_1", "rd_2"} {
				if _, err := b.draw(t, 0, id, false); err != nil {
					t.Fatal(err)
				}
			}
			for i, do := range []func() (service.RedemptionResult, error){
				func() (service.RedemptionResult, error) {
					return service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.P, "rd_1", ledger.By{Input: "x"})
				},
				func() (service.RedemptionResult, error) {
					return service.Redemptions{Ledger: b.Ledger}.Commit(t.Context(), b.P, "rd_2", ledger.By{Input: "c"})
				},
				func() (service.RedemptionResult, error) {
					return service.Redemptions{Ledger: b.Ledger}.Reverse(
						t.Context(), b.P, "rd_2", big.NewRat(1, 1), ledger.By{Input: "r"},
					)
				},
			} {
				if _, err := servicetest.Until(do); err != nil {
					t.Errorf("answer %d, done %t, command %d: %v", n, done, i, err)
				}
			}
			if _, err := b.Transfer(
				t,
				service.TransferRequest{ID: "tr_1", From: servicetest.Member(1), To: servicetest.Member(0), Points: 50},
			); err != nil {
				t.Error(err)
			}
			if _, err := servicetest.Until(func() (service.TransferResult, error) {
				return service.Transfers{Ledger: b.Ledger}.Accept(t.Context(), b.P, "tr_1", ledger.By{Input: "y"})
			}); err != nil {
				t.Error(err)
			}
			if _, err := servicetest.Until(func() (share.Household, error) {
				return members.Households{Ledger: b.Ledger}.Leave(t.Context(), b.P, "hh_1", servicetest.Member(1))
			}); err != nil {
				t.Error(err)
			}
			b.has(t, fmt.Sprintf("answer %d, done %t", n, done), active(50), active(150))
			b.AuditAll(t, 2)
		}
	}
}
