package ledger_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestWhatTimeDoesIsWrittenDownOnceByTheSchedule(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		b.Put(t, b.Order("1042", "mem_ada", 10_000))
		b.Wait(14 * 24 * time.Hour)
		due := 0
		for shard := range stored.Shards {
			for d, err := range (ledger.DueQueue{Ledger: b.Ledger}).From(t.Context(), b.P.ID, shard, "", b.Now()) {
				if err != nil || d.Member != "mem_ada" {
					t.Fatal(d.Member, err)
				}
				due++
			}
		}
		if due != 1 {
			t.Fatalf("%d members are due", due)
		}
		for want := 1; want >= 0; want-- {
			if n, err := b.Advance(t.Context(), b.P, "mem_ada"); err != nil || n != want {
				t.Errorf("advancing wrote %d entries, %v, want %d", n, err, want)
			}
		}
		_, err := b.Ledger.Advance(t.Context(), b.P, "mem_nobody")
		servicetest.WantRejection(t, err, loyalty.NotFound)
		b.Audit(t, "mem_ada")
	})
}

// An account has so many due changes, because no request has read it for a long time, that they exceed one transaction.
func TestAnAccountThatIsFarBehindCatchesUp(t *testing.T) {
	const orders = 130
	onEveryFault(t, func(t *testing.T, b *bench, heal func()) {
		b.AllowTransfers(t, loyalty.Transfers{Min: 1})
		for i, command := range []func(m loyalty.MemberID) error{
			func(m loyalty.MemberID) error {
				n, err := servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, m) })
				if _, faults := b.Table.(*tabletest.Faulty); err == nil && n != orders && !faults {
					t.Errorf("advancing wrote %d entries", n)
				}
				return err
			},
			func(m loyalty.MemberID) error {
				r, err := servicetest.Until(func() (service.OrderResult, error) {
					return service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, b.Order("late", m, 100), ledger.By{})
				})
				if err == nil && (len(r.Entries) != 1 || r.Entries[0].Cause.ID != "late") {
					t.Errorf("the order made %+v", r.Entries)
				}
				return err
			},
			func(m loyalty.MemberID) error {
				r, err := b.Try(t, service.RedemptionRequest{ID: "rd", Member: m, Reward: "sticker", Commit: true})
				if err == nil && r.Redemption.ID != "rd" {
					t.Errorf("the redemption is %+v", r.Redemption)
				}
				return err
			},
			func(m loyalty.MemberID) error { // a transfer from an account without due changes
				r, err := b.Transfer(
					t, service.TransferRequest{ID: "tr", From: servicetest.Member(0), To: m, Points: 5},
				)
				if err == nil && r.Transfer.Status != loyalty.Accepted {
					t.Errorf("the transfer is %+v", r.Transfer)
				}
				return err
			},
		} {
			m := servicetest.Member(i)
			b.EnrollWithPoints(t, i)
			for n := range orders {
				o := b.Order(fmt.Sprintf("o%d_%d", i, n), m, 500)
				if _, err := servicetest.Until(
					func() (service.OrderResult, error) {
						return service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{})
					},
				); err != nil {
					t.Fatal(err)
				}
				b.Wait(time.Minute)
			}
			b.Wait(30 * 24 * time.Hour)
			rivals := i // requests that advance the account meanwhile; the first command counts its own writes
			if err := errors.Join(servicetest.InParallel(1+rivals, func(n int) error {
				if n == 0 {
					return command(m)
				}
				_, err := servicetest.Until(func() (int, error) { return b.Advance(t.Context(), b.P, m) })
				return err
			})...); err != nil {
				t.Fatal(err)
			}
			got, err := servicetest.Until(
				func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m) },
			)
			if entries := got.Account.Sequence; err != nil || entries < 2*orders ||
				got.Account.Balance().Active < 5*orders {
				t.Errorf("the account has %d entries and %+v, %v", entries, got.Account.Balance(), err)
			}
		}
		heal()
		for i := range 4 {
			b.Audit(t, servicetest.Member(i))
		}
	})
}
