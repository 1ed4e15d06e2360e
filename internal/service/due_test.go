package service_test

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
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestWhatTimeDoesIsWrittenDownOnceByTheSchedule(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.put(t, b.order("1042", "mem_ada", 10_000))
		b.advance(14 * 24 * time.Hour)
		due := 0
		for shard := range stored.Shards {
			for d, err := range (ledger.DueQueue{Ledger: b.Ledger}).From(t.Context(), b.p.ID, shard, "", b.Now()) {
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
			if n, err := b.Advance(t.Context(), b.p, "mem_ada"); err != nil || n != want {
				t.Errorf("advancing wrote %d entries, %v, want %d", n, err, want)
			}
		}
		_, err := b.Ledger.Advance(t.Context(), b.p, "mem_nobody")
		wantRefusal(t, err, loyalty.NotFound)
		b.audit(t, "mem_ada")
	})
}

// An account has so many due changes, because no request has read it for a long time, that they exceed one transaction.
func TestAnAccountThatIsFarBehindCatchesUp(t *testing.T) {
	const orders = 130
	onEveryFault(t, func(t *testing.T, b *bench, heal func()) {
		b.transfers(t, loyalty.Transfers{Min: 1})
		for i, command := range []func(m loyalty.MemberID) error{
			func(m loyalty.MemberID) error {
				n, err := until(func() (int, error) { return b.Advance(t.Context(), b.p, m) })
				if _, faults := b.Table.(*tabletest.Faulty); err == nil && n != orders && !faults {
					t.Errorf("advancing wrote %d entries", n)
				}
				return err
			},
			func(m loyalty.MemberID) error {
				r, err := until(func() (service.OrderResult, error) {
					return service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.p, b.order("late", m, 100), ledger.By{})
				})
				if err == nil && (len(r.Entries) != 1 || r.Entries[0].Cause.ID != "late") {
					t.Errorf("the order made %+v", r.Entries)
				}
				return err
			},
			func(m loyalty.MemberID) error {
				r, err := b.try(t, service.RedemptionRequest{ID: "rd", Member: m, Reward: "sticker", Commit: true})
				if err == nil && r.Redemption.ID != "rd" {
					t.Errorf("the redemption is %+v", r.Redemption)
				}
				return err
			},
			func(m loyalty.MemberID) error { // a transfer from an account without due changes
				r, err := b.give(t, service.TransferRequest{ID: "tr", From: member(0), To: m, Points: 5})
				if err == nil && r.Transfer.Status != loyalty.Accepted {
					t.Errorf("the transfer is %+v", r.Transfer)
				}
				return err
			},
		} {
			m := member(i)
			b.crowdOf(t, i)
			for n := range orders {
				o := b.order(fmt.Sprintf("o%d_%d", i, n), m, 500)
				if _, err := until(
					func() (service.OrderResult, error) {
						return service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.p, o, ledger.By{})
					},
				); err != nil {
					t.Fatal(err)
				}
				b.advance(time.Minute)
			}
			b.advance(30 * 24 * time.Hour)
			rivals := i // requests that advance the account meanwhile; the first command counts its own writes
			if err := errors.Join(inParallel(1+rivals, func(n int) error {
				if n == 0 {
					return command(m)
				}
				_, err := until(func() (int, error) { return b.Advance(t.Context(), b.p, m) })
				return err
			})...); err != nil {
				t.Fatal(err)
			}
			got, err := until(
				func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.p, m) },
			)
			if entries := got.Account.Sequence; err != nil || entries < 2*orders ||
				got.Account.Balance().Active < 5*orders {
				t.Errorf("the account has %d entries and %+v, %v", entries, got.Account.Balance(), err)
			}
		}
		heal()
		for i := range 4 {
			b.audit(t, member(i))
		}
	})
}
