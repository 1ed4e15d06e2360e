package ledger_test

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func TestAnEnrolmentWhoseAnswerWasLostIsAnsweredWithWhatJoiningEarned(t *testing.T) {
	tab := &servicetest.Lossy{Table: servicetest.Memory(t)}
	b := newBench(t, tab)
	b.P.Earn.Actions = []loyalty.Action{{ID: "welcome", Event: award.EventJoined, Points: 50}}
	if err := engine.Compile(b.P); err != nil {
		t.Fatal(err)
	}
	tab.Lose = true
	got, err := members.Members{Ledger: b.Ledger}.Enroll(
		t.Context(), b.P, members.Enrollment{Member: "mem_ada"}, ledger.By{Input: "1"},
	)
	if err != nil || got.Account.Balance().Active != 50 || got.Replayed || got.Profile.Version != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	b.Audit(t, "mem_ada")
}

// The order moves the member to silver, so it would earn more points if it were decided again.
func TestALostAnswerIsWhatWasDecidedAndNotWhatWouldBeNow(t *testing.T) {
	tab := &servicetest.Lossy{Table: servicetest.Memory(t)}
	b := newBench(t, tab)
	b.Enroll(t, "mem_ada")
	o := b.Order("1042", "mem_ada", 60_000)
	tab.Lose = true
	if r := b.Put(t, o); r.State.Worth != 600 || r.Revision != 1 {
		t.Errorf("the answer was %+v", r)
	}
	if got, err := (service.Orders{Ledger: b.Ledger}).Get(t.Context(), b.P.ID, "1042"); err != nil ||
		len(got.Entries) != 1 || got.State.Worth != 600 {
		t.Errorf("the order is %+v, %v", got, err)
	}
	b.Audit(t, "mem_ada")
}

func TestConversionIsReversedAlthoughResponseIsLost(t *testing.T) {
	tab := &servicetest.Lossy{Table: servicetest.Memory(t)}
	b := newBench(t, tab)
	b.P.Wallets = []loyalty.Wallet{{ID: "miles"}}
	b.P.Conversions = []loyalty.Conversion{
		{ID: "to-miles", To: "miles", Rate: big.NewRat(2, 1), ReversibleWithin: calendar.Period{Days: 7}},
	}
	if err := engine.Compile(b.P); err != nil {
		t.Fatal(err)
	}
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 100)
	in := service.ConversionRequest{ID: "cv_1", Member: "mem_ada", To: "miles", Points: 100}
	if _, err := (service.Conversions{Ledger: b.Ledger}).Convert(
		t.Context(), b.P, in, ledger.By{Input: "1"},
	); err != nil {
		t.Fatal(err)
	}
	tab.Lose = true
	got, err := service.Conversions{Ledger: b.Ledger}.Reverse(t.Context(), b.P, "cv_1", 150, ledger.By{Input: "2"})
	if err != nil || got.Replayed || got.Conversion.Reversed != 150 || got.Conversion.Returned != 75 {
		t.Errorf("%+v, %v", got, err)
	}
	b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 75})
	_, err = service.Conversions{Ledger: b.Ledger}.Reverse(t.Context(), b.P, "cv_1", 51, ledger.By{Input: "3"})
	servicetest.WantRejection(t, err, loyalty.AmountOutOfRange)
	b.Audit(t, "mem_ada")
}

// Each repeated registration finds a due change, which another request may write at the same time.
func TestWhoIsRegisteredStaysSoWhateverTimeDoes(t *testing.T) {
	for name, rival := range map[string]func(b *bench){
		"alone":                  nil,
		"another lets time pass": func(b *bench) { b.Advance(t.Context(), b.P, "mem_ada") },
		"another registers as well": func(b *bench) {
			service.Adjustments{Ledger: b.Ledger}.OptIn(t.Context(), b.P, "mem_ada", "double", ledger.By{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab := &servicetest.Lossy{Table: servicetest.Memory(t)}
			b := newBench(t, tab)
			b.SetCampaign(t, loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, OptIn: true})
			b.Enroll(t, "mem_ada")
			b.Put(t, b.Order("1042", "mem_ada", 1_000))
			for i := range 2 {
				if i == 1 {
					b.Wait(15 * 24 * time.Hour) // the pending points become active
					if rival != nil {
						tab.First = func() { rival(b) }
					}
				}
				already, err := service.Adjustments{Ledger: b.Ledger}.OptIn(
					t.Context(), b.P, "mem_ada", "double", ledger.By{},
				)
				if err != nil || already != (i == 1) {
					t.Errorf("time %d: registered already: %t, %v", i, already, err)
				}
			}
			got, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, "mem_ada")
			if err != nil || !slices.Equal(award.Campaigns(got.Account.Traits), []string{"double"}) {
				t.Errorf("%+v, %v", got.Account.Traits, err)
			}
			b.Audit(t, "mem_ada")
		})
	}
}

// The points of one rule are pending until the order is shipped, and are forfeited. The other points are activated
// manually, and then the order is canceled. After that, no points count for caps or toward a level.
func TestWhatWasForfeitedIsNotLeftInCapsAndLevels(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.P.Earn.Caps = []loyalty.Cap{{Points: 1_000, Per: loyalty.PerYear}}
	b.P.Earn.Rules = []loyalty.Rule{{ID: "sent", Give: loyalty.Fixed{Points: 12}, Life: loyalty.Life{
		Pending: &calendar.Wait{Until: calendar.WhenShipped, Within: calendar.Period{Days: 9}},
	}}}
	if err := engine.Compile(b.P); err != nil {
		t.Fatal(err)
	}
	b.Enroll(t, "mem_ada")
	o := b.Order("1042", "mem_ada", 10_000)
	b.Put(t, o)
	b.Wait(10 * 24 * time.Hour)
	if r, err := (service.Events{Ledger: b.Ledger}).ActivateOrder(t.Context(), b.P, "1042", ledger.By{}); err != nil ||
		r.State.Worth != 100 {
		t.Fatalf("%+v, %v", r, err)
	}
	o.Status = loyalty.OrderCanceled
	b.Put(t, o)
	if got, err := (members.Members{Ledger: b.Ledger}).Get(t.Context(), b.P, "mem_ada"); err != nil ||
		len(got.Account.Usage)+len(got.Account.Metrics) != 0 {
		t.Errorf("of the cap is used %+v, and %+v counts, %v", got.Account.Usage, got.Account.Metrics, err)
	}
	b.Audit(t, "mem_ada")
}
