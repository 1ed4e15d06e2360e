package approvals_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/approvals"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

const ada = loyalty.MemberID("mem_ada")

var grace = ledger.By{Actor: "operator:op_grace", Input: "request"}

// ask enrolls Ada and requests an adjustment of 1,500 points.
func ask(t *testing.T, b *servicetest.Bench) (approvals.Approvals, approvals.Approval) {
	t.Helper()
	b.Enroll(t, ada)
	as := approvals.Approvals{Ledger: b.Ledger}
	a, replayed, err := as.Request(t.Context(), b.P, request())
	if err != nil || replayed || a.Status != approvals.Pending {
		t.Fatal(a.Status, replayed, err)
	}
	return as, a
}

func request() approvals.Approval {
	return approvals.Approval{ID: "adj_1", Member: ada, Points: 1_500, Reason: "lost parcel", Requester: grace}
}

// TestOneOfConcurrentDecisionsWins lets operators approve and reject an approval at the same time. One decision
// succeeds, and the adjustment is posted once if that is an approval.
func TestOneOfConcurrentDecisionsWins(t *testing.T) {
	servicetest.OnBoth(t, func(t *testing.T, b *servicetest.Bench) {
		as, a := ask(t, b)
		const operators = 8
		var all sync.WaitGroup
		decided, failed := make([]approvals.Approval, operators), make([]error, operators)
		for i := range operators {
			all.Go(func() {
				actor := fmt.Sprint("operator:op_", i)
				if i%2 == 0 {
					decided[i], _, failed[i] = as.Approve(t.Context(), b.P, a.ID, actor, limits.Counter{})
				} else {
					decided[i], _, failed[i] = as.Reject(t.Context(), b.P.ID, a.ID, actor)
				}
			})
		}
		all.Wait()
		want, winners := loyalty.Balance{}, 0
		for i, err := range failed {
			switch {
			case err == nil && decided[i].Status == approvals.Approved:
				want.Active, winners = 1_500, winners+1
			case err == nil:
				winners++
			case !errors.Is(err, loyalty.AlreadyResolved):
				t.Error(err)
			}
		}
		if winners != 1 {
			t.Errorf("%d decisions succeeded", winners)
		}
		b.WantBalance(t, ada, want)
		b.Audit(t, ada)
	})
}

func TestApprovalCountsAgainstLimitOfDecider(t *testing.T) {
	b := servicetest.New(t, servicetest.Memory(t))
	as, a := ask(t, b)
	limit := limits.Counter{
		Program: b.P.ID, Purpose: limits.Adjustment, Principal: "operator:op_hal",
		Limit: limits.Limit{Max: 1_499, Window: 24 * time.Hour},
	}
	_, _, err := as.Approve(t.Context(), b.P, a.ID, "operator:op_hal", limit)
	servicetest.WantRejection(t, err, loyalty.RateLimited)
	b.WantBalance(t, ada, loyalty.Balance{})
	limit.Limit.Max = 1_500
	if _, _, err = as.Approve(t.Context(), b.P, a.ID, "operator:op_hal", limit); err != nil {
		t.Fatal(err)
	}
	b.WantBalance(t, ada, loyalty.Balance{Active: 1_500})
}

// TestPostedAdjustmentIsNotPostedAgain posts the adjustment of a pending approval directly, as a repeated request does
// after the limit of the operator was raised, and then approves it.
func TestPostedAdjustmentIsNotPostedAgain(t *testing.T) {
	b := servicetest.New(t, servicetest.Memory(t))
	as, a := ask(t, b)
	direct := service.Adjustment{ID: a.ID, Member: ada, Points: 1_500, Reason: "lost parcel"}
	if _, err := (service.Adjustments{Ledger: b.Ledger}).Adjust(t.Context(), b.P, direct, grace); err != nil {
		t.Fatal(err)
	}
	a, _, err := as.Approve(t.Context(), b.P, a.ID, "operator:op_hal", limits.Counter{})
	if err != nil || a.Entry() != "ent_adjustment~adj_1~1" {
		t.Fatal(a.Entry(), err)
	}
	if a, err = as.Get(t.Context(), b.P.ID, a.ID); err != nil || a.Status != approvals.Approved {
		t.Error(a.Status, err)
	}
	b.WantBalance(t, ada, loyalty.Balance{Active: 1_500})
	b.Audit(t, ada)
}

// TestPostedAdjustmentNeedsNoApproval requests an adjustment that was posted while the operator had a higher limit.
func TestPostedAdjustmentNeedsNoApproval(t *testing.T) {
	b := servicetest.New(t, servicetest.Memory(t))
	b.Enroll(t, ada)
	direct := service.Adjustment{ID: "adj_1", Member: ada, Points: 1_500, Reason: "lost parcel"}
	if _, err := (service.Adjustments{Ledger: b.Ledger}).Adjust(t.Context(), b.P, direct, grace); err != nil {
		t.Fatal(err)
	}
	if _, _, err := (approvals.Approvals{Ledger: b.Ledger}).Request(
		t.Context(), b.P, request(),
	); !errors.Is(err, approvals.ErrPosted) {
		t.Error(err)
	}
}

func TestApprovalExpiresAfterSevenDays(t *testing.T) {
	b := servicetest.New(t, servicetest.Memory(t))
	as, a := ask(t, b)
	count := func(s approvals.Status) (n int) {
		for _, err := range as.List(t.Context(), b.P.ID, s, "", 10) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	b.Wait(7*24*time.Hour - time.Millisecond)
	if pending, expired := count(approvals.Pending), count(approvals.Expired); pending != 1 || expired != 0 {
		t.Errorf("before: %d pending, %d expired", pending, expired)
	}
	b.Wait(time.Millisecond)
	if pending, expired := count(approvals.Pending), count(approvals.Expired); pending != 0 || expired != 1 {
		t.Errorf("after: %d pending, %d expired", pending, expired)
	}
	_, _, err := as.Approve(t.Context(), b.P, a.ID, "operator:op_hal", limits.Counter{})
	servicetest.WantRejection(t, err, loyalty.AlreadyExpired)
	_, _, err = as.Reject(t.Context(), b.P.ID, a.ID, "operator:op_hal")
	servicetest.WantRejection(t, err, loyalty.AlreadyExpired)
	b.WantBalance(t, ada, loyalty.Balance{})
}

// TestApprovalCanBeApprovedOnceThereArePoints approves a removal of points that the member has spent meanwhile, and
// approves it again after the member received points.
func TestApprovalCanBeApprovedOnceThereArePoints(t *testing.T) {
	b := servicetest.New(t, servicetest.Memory(t))
	b.Enroll(t, ada)
	b.Grant(t, ada, 100)
	as, a := approvals.Approvals{Ledger: b.Ledger}, request()
	a.Points = -100
	if _, _, err := as.Request(t.Context(), b.P, a); err != nil {
		t.Fatal(err)
	}
	b.Wait(time.Second)
	b.Grant(t, ada, -50)
	_, _, err := as.Approve(t.Context(), b.P, a.ID, "operator:op_hal", limits.Counter{})
	servicetest.WantRejection(t, err, loyalty.InsufficientPoints)
	b.Wait(time.Second)
	b.Grant(t, ada, 50)
	if _, _, err := as.Approve(t.Context(), b.P, a.ID, "operator:op_hal", limits.Counter{}); err != nil {
		t.Fatal(err)
	}
	b.WantBalance(t, ada, loyalty.Balance{})
	b.Audit(t, ada)
}
