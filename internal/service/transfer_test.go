package service_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func endTransfer(
	ctx context.Context, l *ledger.Ledger, p *loyalty.Program, id string, as loyalty.RedemptionStatus, by ledger.By,
) (service.TransferResult, error) {
	switch as {
	case loyalty.Accepted:
		return service.Transfers{Ledger: l}.Accept(ctx, p, id, by)
	case loyalty.Declined:
		return service.Transfers{Ledger: l}.Decline(ctx, p, id, by)
	}
	return service.Transfers{Ledger: l}.Cancel(ctx, p, id, by)
}

// Twenty concurrent transfers of the same 100 points credit them once.
func TestManyGiftsOfTheSamePointsCreditThemOnce(t *testing.T) {
	for name, accept := range map[string]calendar.Period{"at once": {}, "offered": {Days: 7}} {
		t.Run(name, func(t *testing.T) {
			onFaulty(t, func(t *testing.T, b *bench) {
				b.AllowTransfers(t, loyalty.Transfers{Min: 1, Accept: accept})
				for i := range 21 {
					b.EnrollMember(t, i)
				}
				b.EnrollWithPoints(t, 0)
				errs := servicetest.InParallel(20, func(i int) error {
					_, err := b.Transfer(
						t,
						service.TransferRequest{
							ID: fmt.Sprint("tr_", i), From: servicetest.Member(0), To: servicetest.Member(i + 1),
							Points: 100,
						},
					)
					return err
				})
				won, credited := -1, loyalty.Points(0)
				for i, err := range errs {
					if err == nil {
						won = i
					} else if !errors.Is(err, loyalty.InsufficientPoints) {
						t.Error(err)
					}
				}
				if !accept.IsZero() && won >= 0 {
					servicetest.InParallel(5, func(i int) error {
						_, err := servicetest.Until(func() (service.TransferResult, error) {
							return service.Transfers{Ledger: b.Ledger}.Accept(
								t.Context(), b.P, fmt.Sprint("tr_", won), ledger.By{Input: fmt.Sprint(i)},
							)
						})
						return err
					})
				}
				for i := range 21 {
					acc, err := servicetest.Until(func() (members.Member, error) {
						return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, servicetest.Member(i))
					})
					if err != nil {
						t.Fatal(err)
					}
					if i == 0 && acc.Account.Balance() != (loyalty.Balance{}) {
						t.Errorf("the giver has %+v", acc.Account.Balance())
					}
					credited += acc.Account.Balance().Active
				}
				if won < 0 || credited != 100 {
					t.Errorf("%d points were credited of the 100 that there are", credited)
				}
			})
		})
	}
}

// At the instant at which an offer expires, several requests accept it, decline it, cancel it, and record its expiry.
// One of them wins, and the points match its result.
func TestOneEndOfAnOfferWins(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		b.AllowTransfers(
			t, loyalty.Transfers{Min: 1, Fee: loyalty.Fee{Points: 10}, Accept: calendar.Period{Minutes: 30}},
		)
		ends := map[loyalty.RedemptionStatus]int{}
		for i := range 12 {
			from, to, id := 2*i, 2*i+1, fmt.Sprint("tr_", i)
			b.EnrollWithPoints(t, from)
			b.EnrollMember(t, to)
			if _, err := b.Transfer(
				t,
				service.TransferRequest{ID: id, From: servicetest.Member(from), To: servicetest.Member(to), Points: 90},
			); err != nil {
				t.Fatal(err)
			}
			b.Wait(30*time.Minute - time.Millisecond)
			clock, looks := b.Now, new(atomic.Int64)
			b.Ledger.Now = func() time.Time { // the offer expires while the requests run
				if looks.Add(1) > int64(3*i) {
					return clock().Add(time.Millisecond)
				}
				return clock()
			}
			ends[b.raceForOffer(t, servicetest.Member(from), servicetest.Member(to), id)]++
			b.Ledger.Now = clock
			b.Wait(time.Millisecond)
		}
		if ends[loyalty.Expired] == 0 || ends[loyalty.Accepted]+ends[loyalty.Declined]+ends[loyalty.Canceled] == 0 {
			t.Errorf("only %v: nothing was raced", ends)
		}
	})
}

func (b *bench) raceForOffer(t *testing.T, from, to loyalty.MemberID, id string) loyalty.RedemptionStatus {
	t.Helper()
	ends := []loyalty.RedemptionStatus{loyalty.Accepted, loyalty.Declined, loyalty.Canceled}
	var wg sync.WaitGroup
	errs := make([]error, 9)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = servicetest.Until(func() (service.TransferResult, error) {
				return endTransfer(t.Context(), b.Ledger, b.P, id, ends[i%3], ledger.By{Input: fmt.Sprint(i)})
			})
		})
	}
	passes := func() { servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, from) }) }
	wg.Go(passes)
	wg.Wait()
	passes()
	got, err := servicetest.Until(func() (service.TransferResult, error) {
		return service.Transfers{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	status, winners := got.Transfer.Status, 0
	for i, err := range errs {
		switch {
		case err == nil && ends[i%3] == status:
			winners++
		case !errors.Is(err, loyalty.AlreadyResolved) && (i%3 > 0 || !errors.Is(err, loyalty.AlreadyExpired)):
			t.Errorf("%s: %v, and it is %s", ends[i%3], err, status)
		}
	}
	if got.Entry.Cause.Revision != 2 || winners > 1 || (winners == 0) != (status == loyalty.Expired) {
		t.Errorf("%d won, and it is %s at revision %d", winners, status, got.Entry.Cause.Revision)
	}
	want := [2]loyalty.Balance{{Active: 100}, {}}
	if status == loyalty.Accepted {
		want = [2]loyalty.Balance{{}, {Active: 90}}
	}
	for i, m := range []loyalty.MemberID{from, to} {
		if acc, err := servicetest.Until(
			func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m) },
		); err != nil ||
			acc.Account.Balance() != want[i] {
			t.Errorf("%s, and the balance of %s is %+v, %v", status, m, acc.Account.Balance(), err)
		}
	}
	return status
}
