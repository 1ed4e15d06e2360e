package service_test

import (
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"pgregory.net/rapid"
)

// These settings, in days unless stated otherwise, are the same in all programs of the machine.
const (
	wait     = 2  // from the order until its points are active
	life     = 9  // from the activation until the points expire
	extendBy = 20 // years by which lots can be extended
)

// A machine runs the same commands on the ledger and on the model, and compares the two after every step.
type machine struct {
	*bench
	model    *model
	clean    table.Table
	asked    []answered // commands that can be repeated
	count    int
	extended map[loyalty.MemberID]int
	tally    map[string]int // counts of the commands with their results, over all histories
}

// answered is a command with its answer.
type answered struct {
	Again func() error
	Code  loyalty.Code
}

// TestRedeemingIsWhatTheModelSays runs 150 histories, or 5,000 with PERENNIAL_LONG, of two members who redeem the same
// rewards. In half of the histories the table fails sometimes. A history has about 60 steps: rapid selects 120 actions,
// and skips those that need an order or a redemption that does not exist.
func TestRedeemingIsWhatTheModelSays(t *testing.T) {
	checks, tally, began := "150", map[string]int{}, time.Now()
	if os.Getenv("PERENNIAL_LONG") != "" {
		checks = "5000"
	}
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.steps": "120"} {
		f := flag.Lookup(name)
		if f.Value.String() != f.DefValue {
			continue // set by a flag
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { flag.Set(name, f.DefValue) })
	}
	rapid.Check(t, func(r *rapid.T) {
		tab, err := pebbletable.OpenMemory()
		if err != nil {
			r.Fatal(err)
		}
		defer tab.Close() // close it now, because a test opens thousands of tables
		m := newMachine(t, r, tab)
		m.tally = tally
		actions := map[string]func(*rapid.T){
			"time": m.time, "adjust": m.adjust, "buy": m.buy, "refund": m.refund, "reserve": m.reserve, "take": m.take,
			"commit": m.commit, "cancel": m.cancel, "reverse": m.reverse, "extend": m.extend, "repeat": m.repeat,
		}
		for name, do := range actions {
			actions[name] = func(r *rapid.T) {
				do(r)
				tally["steps"]++
				tally[name]++
			}
		}
		actions[""] = m.compare
		r.Repeat(actions)
		m.end(r)
	})
	t.Logf("%s histories in %s: %v", checks, time.Since(began), tally)
	if testing.Short() {
		return // a short run, in which not every result occurs
	}
	for _, must := range []string{
		"redeem ", "redeem insufficient_points", "redeem reward_out_of_stock", "redeem reward_unavailable", "replaced",
		"in debt",
		"commit ", "commit amount_out_of_range", "commit already_resolved", "commit expired",
		"commit of a part ", "commit of a part amount_out_of_range", "cancel ", "cancel already_resolved",
		"reverse ", "reverse already_resolved", "reverse validation_failed", "extend ", "extend validation_failed",
		"adjust insufficient_points",
		"refund", "repeat",
	} {
		if tally[must] == 0 && !t.Failed() {
			t.Errorf("in no history there was %q", must)
		}
	}
}

func newMachine(t *testing.T, r *rapid.T, tab table.Table) *machine {
	day := calendar.Period{Days: 1}
	zone, err := time.LoadLocation(
		rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/Santiago"}).Draw(r, "zone"),
	)
	if err != nil {
		r.Fatal(err)
	}
	began := rapid.SampledFrom(
		[]time.Time{
			servicetest.Start, time.Date(2026, 3, 26, 20, 0, 0, 0, time.UTC),
			time.Date(2026, 9, 3, 4, 0, 0, 0, time.UTC),
		},
	).Draw(r, "start")
	m := &machine{bench: newBench(t, tab), clean: tab, model: &model{
		now: began, zone: zone,
		hold:  rapid.SampledFrom([]time.Duration{30 * time.Minute, 5 * 24 * time.Hour}).Draw(r, "hold"),
		grace: rapid.SampledFrom([]int{0, 0, 3}).Draw(r, "grace"),
		refunds: rapid.SampledFrom(
			[]loyalty.OnRefund{loyalty.AllBack, loyalty.ShareBack, loyalty.NoneBack},
		).Draw(r, "on refund"),
		offers: map[string]offer{
			"sticker": {cost: 3},
			"mug":     {cost: 5, pieces: []time.Time{{}, {}}},
			"badge":   {cost: 2, aDay: 1, ever: 3},
			"print":   {cost: 4, pieces: []time.Time{{}, began.AddDate(0, 0, 2)}, ever: 1},
			"miles":   {cost: 3, parts: true},
		},
		members: map[loyalty.MemberID]*person{"mem_ada": {}, "mem_eve": {}},
	}}
	m.Clock, m.extended = began, map[loyalty.MemberID]int{}
	m.P = &loyalty.Program{
		ID:      "bluebird",
		Version: 1,
		Zone:    zone,
		Spending: loyalty.Spending{
			Hold: m.model.hold,
			Redemption: loyalty.RedemptionTerms{
				OnRefund: m.model.refunds, Grace: calendar.Period{Days: m.model.grace},
			}, Rewards: []loyalty.Reward{
				{ID: "miles", Type: "wallet_points", Cost: 3, Wallet: "miles", Points: 300},
				{ID: "sticker", Type: "free_product", Cost: 3},
				{ID: "mug", Type: "free_product", Cost: 5, StockBatches: []loyalty.StockBatch{{Quantity: 2}}},
				{
					ID: "badge", Type: "free_product", Cost: 2,
					Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}, {Times: 3, Per: loyalty.PerEver}},
				},
				{
					ID: "print", Type: "free_product", Cost: 4,
					Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
					StockBatches: []loyalty.StockBatch{
						{Quantity: 1}, {At: day.After(day.After(began, time.UTC), time.UTC), Quantity: 1},
					},
				},
			},
		},
		Earning: loyalty.Earning{Earn: loyalty.Earn{
			Rates:  map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}},
			Counts: loyalty.Counts{Items: true}, Pending: calendar.Wait{For: calendar.Period{Days: wait}},
			Expires: calendar.Expiry{After: calendar.Period{Days: life}},
		}},
		Corrections: loyalty.Corrections{Goodwill: loyalty.Goodwill{Extend: calendar.Period{Days: extendBy}}},
		Sharing:     loyalty.Sharing{Wallets: []loyalty.Wallet{{ID: "miles"}}},
	}
	if err := engine.Compile(m.P); err != nil {
		r.Fatal(err)
	}
	for id, p := range m.model.members {
		m.Enroll(t, id)
		p.Bought, p.Claims, p.Graced = map[string]purchase{}, map[string]claim{}, map[time.Time]bool{}
	}
	if rapid.Bool().Draw(r, "faults") {
		m.Table = servicetest.Faulty(tab, rapid.Uint64().Draw(r, "of"))
	}
	return m
}

// id returns an ID that was not used before.
func (m *machine) id(kind string) string {
	m.count++
	return fmt.Sprint(kind, m.count)
}

func (m *machine) who(r *rapid.T) loyalty.MemberID {
	return rapid.SampledFrom([]loyalty.MemberID{"mem_ada", "mem_eve"}).Draw(r, "member")
}

// want checks that a command is rejected with one of the codes, or accepted if there are none. Accepted commands are
// repeated later.
func (m *machine) want(r *rapid.T, what string, do func() error, codes ...loyalty.Code) {
	r.Helper()
	codes = slices.DeleteFunc(codes, func(c loyalty.Code) bool { return c == "" })
	code := codeOf(r, do())
	m.tally[fmt.Sprint(what, " ", code)]++
	if len(codes) == 0 && code != "" || len(codes) > 0 && !slices.Contains(codes, code) {
		r.Fatalf("answered %q, want one of %q", code, codes)
	}
	if code == "" {
		m.asked = append(m.asked, answered{do, code})
	}
}

func codeOf(r *rapid.T, err error) loyalty.Code {
	var refusal *loyalty.Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	if err != nil {
		r.Fatal(err)
	}
	return ""
}

// untilDone repeats a command until it is answered, and returns its error.
func untilDone[T any](do func() (T, error)) error {
	_, err := servicetest.Until(do)
	return err
}

func (m *machine) repeat(r *rapid.T) {
	if len(m.asked) == 0 {
		r.Skip("nothing was asked")
	}
	a := rapid.SampledFrom(m.asked).Draw(r, "what")
	if code := codeOf(r, a.Again()); code != a.Code {
		r.Fatalf("repeated, it answers %q instead of %q", code, a.Code)
	}
}
