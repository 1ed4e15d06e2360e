package members_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
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
)

// households lets household members use each other's points.
func (b *bench) households(tb testing.TB, h loyalty.Households) {
	tb.Helper()
	b.P.Households = h
	if err := engine.Compile(b.P); err != nil {
		tb.Fatal(err)
	}
}

// home creates a household of n members: the first is the owner, and the others are adults who join now.
func (b *bench) home(tb testing.TB, n int) {
	tb.Helper()
	must := func(_ any, err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i := range n {
		b.EnrollMember(tb, i)
	}
	must(servicetest.Until(func() (members.HouseholdResult, error) {
		return members.Households{Ledger: b.Ledger}.Found(
			tb.Context(), b.P, "hh_1", servicetest.Member(0), ledger.By{Input: "1"},
		)
	}))
	for i := 1; i < n; i++ {
		must(servicetest.Until(func() (share.Household, error) {
			return members.Households{Ledger: b.Ledger}.Invite(
				tb.Context(), b.P, "hh_1", servicetest.Member(i), share.Adult,
			)
		}))
		must(servicetest.Until(func() (share.Household, error) {
			return members.Households{Ledger: b.Ledger}.AcceptInvitation(
				tb.Context(), b.P, "hh_1", servicetest.Member(i),
			)
		}))
	}
}

// gets gives a member points.
func (b *bench) gets(tb testing.TB, i int, n loyalty.Points) {
	id := fmt.Sprintf("adj_%d_%d_%d", i, n, b.Now().UnixNano())
	servicetest.Until(func() (ledger.Result, error) {
		in := service.Adjustment{ID: id, Member: servicetest.Member(i), Points: n, Reason: "for the test"}
		return service.Adjustments{Ledger: b.Ledger}.Adjust(tb.Context(), b.P, in, ledger.By{Input: id})
	})
}

// draw redeems the sticker, which costs 100, with the points of the household.
func (b *bench) draw(tb testing.TB, i int, id string, commit bool) (service.RedemptionResult, error) {
	in := service.RedemptionRequest{
		ID: id, Member: servicetest.Member(i), Reward: "sticker", Commit: commit, Household: true,
	}
	return servicetest.Until(func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Redeem(tb.Context(), b.P, in, ledger.By{Input: id})
	})
}

// has compares the active and reserved points of members with the wanted ones, and audits the accounts.
func (b *bench) has(tb testing.TB, what string, want ...loyalty.Balance) {
	tb.Helper()
	for i, want := range want {
		got, err := servicetest.Until(func() (members.Member, error) {
			return members.Members{Ledger: b.Ledger}.Get(tb.Context(), b.P, servicetest.Member(i))
		})
		if err != nil || got.Account.Balance() != want {
			tb.Errorf("%s: %s has %+v, want %+v, %v", what, servicetest.Member(i), got.Account.Balance(), want, err)
		}
	}
}

func active(n loyalty.Points) loyalty.Balance { return loyalty.Balance{Active: n} }

func TestHouseholdRedemptionUsesPointsOfOthersAndRestoresThem(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		b.households(t, loyalty.Households{Size: 4, Share: big.NewRat(1, 2)})
		b.P.Wallets = []loyalty.Wallet{{ID: "miles"}}
		// It can be redeemed in part.
		b.Offer(t, loyalty.Reward{ID: "sticker", Type: "wallet_points", Cost: 100, Wallet: "miles", Points: 100})
		b.home(t, 3)
		b.gets(t, 0, 30)
		b.gets(t, 1, 101)
		b.gets(t, 2, 60)
		r, err := b.draw(t, 0, "rd_1", false)
		if want := []loyalty.Contribution{
			{Member: servicetest.Member(1), Points: 50}, {Member: servicetest.Member(2), Points: 20},
		}; err != nil || !slices.Equal(r.Redemption.Contributions, want) {
			t.Fatalf("%+v, %v", r.Redemption, err)
		}
		b.has(
			t, "reserved", loyalty.Balance{Reserved: 30}, loyalty.Balance{Active: 51, Reserved: 50},
			loyalty.Balance{Active: 40, Reserved: 20},
		)

		// A member who leaves keeps the remaining points. The points that the redemption reserves stay reserved.
		if _, err := servicetest.Until(func() (share.Household, error) {
			return members.Households{Ledger: b.Ledger}.Leave(t.Context(), b.P, "hh_1", servicetest.Member(1))
		}); err != nil {
			t.Fatal(err)
		}
		end := func(what string, do func() (service.RedemptionResult, error)) loyalty.Redemption {
			t.Helper()
			r, err := servicetest.Until(do)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			return r.Redemption
		}
		end("cancel", func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: b.Ledger}.Cancel(t.Context(), b.P, "rd_1", ledger.By{Input: "x"})
		})
		b.has(t, "canceled", active(30), active(101), active(60))

		servicetest.Until(func() (share.Household, error) {
			return members.Households{Ledger: b.Ledger}.Invite(
				t.Context(), b.P, "hh_1", servicetest.Member(1), share.Child,
			)
		})
		servicetest.Until(func() (share.Household, error) {
			return members.Households{Ledger: b.Ledger}.AcceptInvitation(
				t.Context(), b.P, "hh_1", servicetest.Member(1),
			)
		})
		if _, err := b.draw(t, 0, "rd_2", false); err != nil { // a member who rejoined contributes last
			t.Fatal(err)
		}
		part := end("commit a part", func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: b.Ledger}.CommitPart(t.Context(), b.P, "rd_2", 70, ledger.By{Input: "c"})
		})
		b.has(t, "committed in part", active(0), active(101-10), active(60-30))
		if want := []loyalty.Contribution{
			{Member: servicetest.Member(2), Points: 30}, {Member: servicetest.Member(1), Points: 10},
		}; part.Points != 70 || !slices.Equal(part.Contributions, want) {
			t.Errorf("%+v", part)
		}
		b.P.Redemption.OnRefund = loyalty.ShareBack
		half := func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: b.Ledger}.Reverse(
				t.Context(), b.P, "rd_2", big.NewRat(1, 2), ledger.By{Input: "half"},
			)
		}
		if r := end("reverse a half", half); r.Restored != 35 || r.Status != loyalty.Committed {
			t.Errorf("%+v", r)
		}
		end("again", half)
		b.has(t, "reversed in part", active(0), active(101), active(60-5))
		if r := end("reverse all", func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: b.Ledger}.Reverse(
				t.Context(), b.P, "rd_2", big.NewRat(1, 1), ledger.By{Input: "all"},
			)
		}); r.Restored != 70 || r.Status != loyalty.Reversed {
			t.Errorf("%+v", r)
		}
		b.has(t, "reversed", active(30), active(101), active(60))
		b.AuditAll(t, 3)
	})
}

func TestAMemberIsInOneHousehold(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		b.households(t, loyalty.Households{Size: 3})
		for i := range 11 {
			b.EnrollMember(t, i)
		}
		for i := range 10 {
			id := fmt.Sprint("hh_", i)
			servicetest.Until(func() (members.HouseholdResult, error) {
				return members.Households{Ledger: b.Ledger}.Found(
					t.Context(), b.P, id, servicetest.Member(i), ledger.By{Input: id},
				)
			})
			servicetest.Until(func() (share.Household, error) {
				return members.Households{Ledger: b.Ledger}.Invite(
					t.Context(), b.P, id, servicetest.Member(10), share.Adult,
				)
			})
		}
		errs := servicetest.InParallel(20, func(i int) error {
			_, err := servicetest.Until(func() (share.Household, error) {
				return members.Households{Ledger: b.Ledger}.AcceptInvitation(
					t.Context(), b.P, fmt.Sprint("hh_", i%10), servicetest.Member(10),
				)
			})
			return err
		})
		won := map[int]bool{}
		for i, err := range errs {
			if err == nil {
				won[i%10] = true
			} else if !errors.Is(err, loyalty.AlreadyExists) {
				t.Error(err)
			}
		}
		id, err := servicetest.Until(
			func() (string, error) { return servicetest.HouseholdOf(t, b.Ledger, b.P, servicetest.Member(10)) },
		)
		if err != nil || len(won) != 1 || !won[int(id[3]-'0')] {
			t.Errorf("the member was let into %v, and lives in %q, %v", won, id, err)
		}
		for i := range 10 {
			h, err := servicetest.Until(
				func() (share.Household, error) {
					return members.Households{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, fmt.Sprint("hh_", i))
				},
			)
			if err != nil || slices.Contains(h.Joined(), servicetest.Member(10)) != won[i] {
				t.Errorf("%+v, %v", h, err)
			}
		}
	})
}

func TestHouseholdsBeginAndEnd(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	for i := range 4 {
		b.EnrollMember(t, i)
	}
	_, err := members.Households{Ledger: b.Ledger}.Found(
		t.Context(), b.P, "hh_1", servicetest.Member(0), ledger.By{Input: "1"},
	)
	servicetest.WantRejection(t, err, loyalty.ValidationFailed) // the program has no households
	b.households(t, loyalty.Households{Size: 2, CoolingOff: calendar.Period{Days: 7}})
	_, err = members.Households{Ledger: b.Ledger}.Found(t.Context(), b.P, "hh_1", "mem_nobody", ledger.By{Input: "1"})
	servicetest.WantRejection(t, err, loyalty.NotFound)
	b.home(t, 2)
	again, err := members.Households{Ledger: b.Ledger}.Found(
		t.Context(), b.P, "hh_1", servicetest.Member(0), ledger.By{Input: "1"},
	)
	if err != nil || !again.Replayed || len(again.Members) != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = members.Households{Ledger: b.Ledger}.Found(
		t.Context(), b.P, "hh_1", servicetest.Member(2), ledger.By{Input: "2"},
	)
	servicetest.WantRejection(t, err, loyalty.KeyReused)
	_, err = members.Households{Ledger: b.Ledger}.Found(
		t.Context(), b.P, "hh_2", servicetest.Member(1), ledger.By{Input: "3"},
	)
	servicetest.WantRejection(t, err, loyalty.AlreadyExists)
	for m, want := range map[loyalty.MemberID]loyalty.Code{
		servicetest.Member(2): loyalty.ValidationFailed, servicetest.Member(1): loyalty.AlreadyExists,
		"mem_nobody": loyalty.NotFound,
	} {
		_, err = members.Households{Ledger: b.Ledger}.Invite(t.Context(), b.P, "hh_1", m, share.Adult)
		servicetest.WantRejection(t, err, want)
	}
	_, err = members.Households{Ledger: b.Ledger}.AcceptInvitation(t.Context(), b.P, "hh_1", servicetest.Member(2))
	servicetest.WantRejection(t, err, loyalty.NotFound)
	_, err = members.Households{Ledger: b.Ledger}.Leave(t.Context(), b.P, "hh_1", servicetest.Member(2))
	servicetest.WantRejection(t, err, loyalty.NotFound)

	// The cooling-off period is exact to the millisecond.
	b.gets(t, 0, 500)
	b.Wait(7*24*time.Hour - time.Millisecond)
	_, err = b.draw(t, 1, "rd_1", true)
	servicetest.WantRejection(t, err, loyalty.ValidationFailed)
	b.Wait(time.Millisecond)
	if _, err = b.draw(t, 1, "rd_1", true); err != nil {
		t.Error(err)
	}
	_, err = b.draw(t, 2, "rd_2", true)
	servicetest.WantRejection(t, err, loyalty.ValidationFailed) // the member is in no household

	// The owner leaves, and then the other member: the household is empty, and both can join another.
	h, err := members.Households{Ledger: b.Ledger}.Leave(t.Context(), b.P, "hh_1", servicetest.Member(0))
	if err != nil || len(h.Members) != 1 || h.Members[0].Role != share.Owner {
		t.Errorf("%+v, %v", h, err)
	}
	got, err := b.draw(t, 1, "rd_1", true) // the repeated request gets its first answer
	if err != nil || !got.Replayed {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err = (members.Households{Ledger: b.Ledger}).Leave(
		t.Context(), b.P, "hh_1", servicetest.Member(1),
	); err != nil {
		t.Error(err)
	}
	_, err = members.Households{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, "hh_1")
	servicetest.WantRejection(t, err, loyalty.NotFound)
	got, err = b.draw(t, 1, "rd_1", true)
	if err != nil || !got.Replayed {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err = (members.Households{Ledger: b.Ledger}).Found(
		t.Context(), b.P, "hh_2", servicetest.Member(0), ledger.By{Input: "3"},
	); err != nil {
		t.Error(err)
	}
	b.Audit(t, servicetest.Member(0))
}
