package engine

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"pgregory.net/rapid"
)

// automatic returns a program that redeems the reward "it", for 100 points, automatically at a balance of 120.
func automatic(tb testing.TB, edit func(*loyalty.Program, *loyalty.Reward)) *loyalty.Program {
	return stocked(tb, func(p *loyalty.Program, r *loyalty.Reward) {
		p.Redemption.Auto = loyalty.Auto{Reward: "it", At: 120, Limit: 3}
		if edit != nil {
			edit(p, r)
		}
	})
}

// automatically returns the instants at which the reward was redeemed automatically.
func automatically(out posting.Outcome) (at []time.Time) {
	for _, e := range out.Entries {
		if slices.ContainsFunc(e.Reasons, func(b loyalty.Reason) bool { return b.Kind == loyalty.IsAutomatic }) {
			at = append(at, e.Effective)
		}
	}
	return at
}

func TestWhateverMakesPointsActiveRedeemsByItself(t *testing.T) {
	order := func(p *loyalty.Program, a loyalty.Account, euros int64) (posting.Outcome, error) {
		return award.PlaceOrder(
			Begin(p, a, noon), nil, EarnRules(p), paid("EUR", loyalty.Line{Amount: euros * 100}), nil,
		)
	}
	for name, do := range map[string]func(p *loyalty.Program, a loyalty.Account, more int64) (posting.Outcome, error){
		"an adjustment": func(p *loyalty.Program, a loyalty.Account, more int64) (posting.Outcome, error) {
			return Adjust(p, a, "adj", "", loyalty.Points(more), "a kindness", noon)
		},
		"an order": func(p *loyalty.Program, a loyalty.Account, more int64) (posting.Outcome, error) {
			p.Earn.Pending = calendar.Wait{}
			return order(p, a, more)
		},
		"time": func(p *loyalty.Program, a loyalty.Account, more int64) (posting.Outcome, error) {
			out, err := order(p, a, more)
			if err != nil || len(automatically(out)) > 0 {
				return out, fmt.Errorf("pending points were redeemed: %v", err)
			}
			return Advance(p, out.Account, noon.AddDate(0, 0, 14))
		},
		"an event": func(p *loyalty.Program, a loyalty.Account, more int64) (posting.Outcome, error) {
			p.Earn.Pending, p.Earn.Actions = calendar.Wait{}, []loyalty.Action{
				{ID: "visit", Event: "visit.completed", Points: loyalty.Points(more)},
			}
			return award.PlaceEvent(
				Begin(p, a, noon), nil, EarnRules(p),
				loyalty.Event{Type: "visit.completed", ID: "1", Member: a.Member, At: noon},
			)
		},
		"a reservation that is canceled": func(
			p *loyalty.Program, a loyalty.Account, more int64,
		) (posting.Outcome, error) {
			a.Holds = []loyalty.Hold{
				{
					Redemption: loyalty.Redemption{ID: "rd_1", Reward: "it"},
					Lots:       []loyalty.Lot{{Expires: 20280131, Points: loyalty.Points(more)}},
				},
			}
			return Cancel(p, a, loyalty.Redemption{ID: "rd_1"}, noon)
		},
		"a commit of a part": func(p *loyalty.Program, a loyalty.Account, more int64) (posting.Outcome, error) {
			p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 1}}
			a.Holds = []loyalty.Hold{
				{
					Redemption: loyalty.Redemption{
						ID: "rd_1", Reward: redeem.PayReward,
						Value: loyalty.Money{Amount: int64(more) + 10, Currency: "EUR"},
					},
					Lots: []loyalty.Lot{{Expires: 20280131, Points: loyalty.Points(more) + 10}},
				},
			}
			return Commit(p, a, loyalty.Redemption{ID: "rd_1"}, 10, noon)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for more, want := range map[int64]int{19: 0, 20: 1, 119: 1, 120: 2} {
				p := automatic(t, nil)
				out, err := do(p, saver(t, p, loyalty.Lot{Expires: 20280131, Points: 100}), more)
				if err != nil {
					t.Fatal(err)
				}
				had := automatically(out)
				if left := loyalty.TotalPoints(out.Account.Lots); len(had) != want ||
					left != loyalty.Points(100+more-int64(100*want)) {
					t.Errorf("%d more redeemed %v and left %d", more, had, left)
				}
				if want == 0 {
					continue
				}
				at := slices.IndexFunc(
					out.Entries,
					func(e loyalty.Entry) bool { return e.Redemption != nil && e.Redemption.ID != "rd_1" },
				)
				e := out.Entries[at]
				if r := e.Redemption; e.Kind != loyalty.KindRedeem || r.Status != loyalty.Committed ||
					r.Points != 100 || loyalty.TotalPoints(r.Lots) != 100 || r.ID != fmt.Sprint(
					"rd_auto_ada_", e.Sequence,
				) {
					t.Errorf("it is %+v of %+v", r, e)
				}
			}
		})
	}
}

// A cheaper reservation for the same cart frees points, which may be redeemed automatically. If none are freed, points
// that were returned earlier are not redeemed.
func TestWhatAReplacedHoldFreesIsRedeemedByItself(t *testing.T) {
	for _, c := range []struct {
		active, cost loyalty.Points
		want         int
	}{{119, 1, 1}, {119, 49, 1}, {119, 50, 0}, {119, 60, 0}, {130, 50, 0}} {
		p := automatic(t, nil)
		p.Rewards = append(
			p.Rewards, loyalty.Reward{ID: "pin", Type: "free_product", Cost: 50},
			loyalty.Reward{ID: "other", Type: "free_product", Cost: c.cost},
		)
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		out, err := redeem.Redeem(
			Begin(p, saver(t, p, loyalty.Lot{Expires: 20280131, Points: c.active + 50}), noon),
			loyalty.Redemption{ID: "rd_1", Reward: "pin", Cart: "c"}, false, nil,
		)
		if err != nil || len(automatically(out)) > 0 {
			t.Fatal(out, err)
		}
		out, err = redeem.Redeem(
			Begin(p, out.Account, noon), loyalty.Redemption{ID: "rd_2", Reward: "other", Cart: "c"}, false, nil,
		)
		if left := c.active + 50 - c.cost - loyalty.Points(100*c.want); err != nil ||
			len(automatically(out)) != c.want || loyalty.TotalPoints(out.Account.Lots) != left {
			t.Errorf("%+v: %v were redeemed and %v are left, %v", c, automatically(out), out.Account.Lots, err)
		}
	}
}

// A member who owes points or is frozen gets no automatic reward. Points that were returned manually are not redeemed
// again immediately.
func TestWhatIsNotRedeemedByItself(t *testing.T) {
	p := automatic(t, nil)
	acc := saver(t, p, loyalty.Lot{Expires: 20280131, Points: 500})
	acc.Debt = 50
	if out, err := Adjust(p, acc, "adj", "", 49, "a kindness", noon); err != nil || len(automatically(out)) > 0 {
		t.Errorf("in debt: %v, %v", automatically(out), err)
	}
	acc = saver(t, p, loyalty.Lot{Expires: 20280131, Points: 500})
	acc.Status = loyalty.Frozen
	if out := advanced(t, p, acc, noon.AddDate(0, 1, 0)); len(automatically(out)) > 0 ||
		!redeem.AutoDue(p.Conversions, &p.Spending, p.Zone, acc).IsZero() {
		t.Errorf("frozen: %v", automatically(out))
	}
	out, err := Adjust(p, saver(t, p, loyalty.Lot{Expires: 20280131, Points: 100}), "adj", "", 20, "a kindness", noon)
	if err != nil {
		t.Fatal(err)
	}
	out, err = redeem.Reverse(Begin(p, out.Account, noon), last(out), big.NewRat(1, 1))
	if err != nil || len(automatically(out)) > 0 || loyalty.TotalPoints(out.Account.Lots) != 120 {
		t.Errorf("reversed: %v, %v, %v", automatically(out), out.Account.Lots, err)
	}
	if out := advanced(t, p, out.Account, noon.AddDate(0, 0, 9)); len(out.Entries) > 0 {
		t.Errorf("time alone redeems what was given back: %+v", out.Entries)
	}
}

func TestTheDailyStopHoldsUntilMidnight(t *testing.T) {
	p := automatic(t, nil)
	out, err := Adjust(p, saver(t, p), "adj", "", 815, "too much", noon)
	if err != nil {
		t.Fatal(err)
	}
	if had := automatically(out); len(had) != 3 ||
		!slices.ContainsFunc(last(out).Reasons, func(b loyalty.Reason) bool { return b.Kind == loyalty.IsStopped }) {
		t.Errorf("on the first day %v: %+v", had, last(out).Reasons)
	}
	again, err := Adjust(p, out.Account, "adj_2", "", 1, "more", noon.Add(time.Hour))
	if err != nil || len(automatically(again)) > 0 {
		t.Errorf("behind the stop: %v, %v", automatically(again), err)
	}
	midnight := time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC) // in Berlin
	if due := Due(p, again.Account); !due.Equal(midnight) {
		t.Errorf("due at %s", due)
	}
	if early := advanced(t, p, again.Account, midnight.Add(-1)); len(early.Entries) > 0 {
		t.Errorf("before midnight %+v", early.Entries)
	}
	late := advanced(t, p, again.Account, noon.AddDate(0, 0, 20))
	next := midnight.AddDate(0, 0, 1)
	if had := automatically(late); !slices.EqualFunc(
		had, []time.Time{midnight, midnight, midnight, next}, time.Time.Equal,
	) {
		t.Errorf("from then on %v", had)
	}
	if left := loyalty.TotalPoints(late.Account.Lots); left != 116 {
		t.Errorf("%d are left", left)
	}
}

// At one instant, points first become active, then they are redeemed, and only then other points expire.
func TestExpiringPointsAreRedeemedAutomaticallyInTheSameInstant(t *testing.T) {
	p := automatic(t, nil)
	end := calendar.Date(20261231).End(p.Zone)
	acc := saver(t, p, loyalty.Lot{Expires: 20261231, Points: 100})
	acc.Pending = []loyalty.Pending{
		{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1"}, ActiveAt: end, Expires: 20271231, Points: 20},
	}
	out := advanced(t, p, acc, end)
	if len(automatically(out)) != 1 ||
		!slices.Equal(out.Account.Lots, []loyalty.Lot{{Expires: 20271231, Points: 20}}) || out.Account.Expired != 0 {
		t.Errorf("%v, %v, %d expired", automatically(out), out.Account.Lots, out.Account.Expired)
	}
}

func TestWhatIsRedeemedByItselfIsTheSameInOneJumpAndInManySteps(t *testing.T) {
	p := lively(t, "Europe/Berlin")
	p.Rewards = []loyalty.Reward{
		{ID: "it", Type: "free_product", Cost: 40, Prices: map[string]loyalty.Points{"gold": 30}},
	}
	p.Redemption.Auto = loyalty.Auto{Reward: "it", At: 60, Limit: 2}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	had := 0
	rapid.Check(t, func(t *rapid.T) {
		acc, from := live(t, p)
		end := from.AddDate(0, 0, 120)
		jump := advanced(t, p, acc, end)
		had += len(automatically(jump))
		var entries []loyalty.Entry
		for now := from; now.Before(end); {
			if now = now.Add(
				time.Duration(rapid.Int64Range(1, int64(4*24*time.Hour)).Draw(t, "step")),
			); now.After(end) {
				now = end
			}
			out := advanced(t, p, acc, now)
			acc, entries = out.Account, append(entries, out.Entries...)
		}
		for i := range entries {
			entries[i].Recorded = end
		}
		if !reflect.DeepEqual(acc, jump.Account) || !reflect.DeepEqual(entries, jump.Entries) {
			t.Fatalf("step by step %+v\nat once %+v", acc, jump.Account)
		}
	})
	if had == 0 {
		t.Error("nothing was redeemed by itself")
	}
}

func TestOnlyARewardThatWantsNothingIsRedeemedByItself(t *testing.T) {
	for name, edit := range map[string]func(p *loyalty.Program, r *loyalty.Reward){
		"no such reward": func(p *loyalty.Program, _ *loyalty.Reward) { p.Redemption.Auto.Reward = "yacht" },
		"too few points": func(p *loyalty.Program, _ *loyalty.Reward) { p.Redemption.Auto.At = 99 },
		"dearer for some": func(
			_ *loyalty.Program, r *loyalty.Reward,
		) {
			r.Prices = map[string]loyalty.Points{"gold": 121}
		},
		"free for some": func(
			_ *loyalty.Program, r *loyalty.Reward,
		) {
			r.Prices = map[string]loyalty.Points{"gold": 0}
		},
		"no stop":         func(p *loyalty.Program, _ *loyalty.Reward) { p.Redemption.Auto.Limit = 0 },
		"too late a stop": func(p *loyalty.Program, _ *loyalty.Reward) { p.Redemption.Auto.Limit = 11 },
		"codes of a pool": func(_ *loyalty.Program, r *loyalty.Reward) { r.Codes.From = loyalty.UploadedCode },
		"a stock": func(
			_ *loyalty.Program, r *loyalty.Reward,
		) {
			r.StockBatches = []loyalty.StockBatch{{Quantity: 9}}
		},
		"a limit": func(_ *loyalty.Program, r *loyalty.Reward) {
			r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}}
		},
		"a level":   func(_ *loyalty.Program, r *loyalty.Reward) { r.Tiers = []string{"gold"} },
		"a segment": func(_ *loyalty.Program, r *loyalty.Reward) { r.Segments = []string{"vip"} },
		"an order": func(
			_ *loyalty.Program, r *loyalty.Reward,
		) {
			r.MinOrder = map[loyalty.Currency]int64{"EUR": 1}
		},
		"a time":             func(_ *loyalty.Program, r *loyalty.Reward) { r.Active.From = noon },
		"manual fulfillment": func(_ *loyalty.Program, r *loyalty.Reward) { r.Manual = true },
	} {
		p := testProgram(t)
		r := loyalty.Reward{ID: "it", Type: "free_product", Cost: 100}
		p.Redemption.Auto = loyalty.Auto{Reward: "it", At: 120, Limit: 3}
		edit(p, &r)
		p.Rewards = []loyalty.Reward{r}
		if err := Compile(p); err == nil || errors.Is(err, loyalty.ValidationFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A published program whose automatic reward has a condition is still read. The reward is not redeemed automatically,
// because the condition is not evaluated.
func TestARewardWithAConditionIsNotRedeemedByItself(t *testing.T) {
	p := automatic(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.When = condition(func(*loyalty.Facts) (bool, error) { return true, nil })
	})
	if r, _ := redeem.FindReward(p.Rewards, "it"); redeem.AutoObstacle(&r) == "" {
		t.Error("it is said to ask for nothing")
	}
	acc := member(t, p, loyalty.Traits{}, noon)
	acc.Lots = []loyalty.Lot{{Expires: 0, Points: 900}}
	out, err := Adjust(p, acc, "adj_1", "", 1, "why not", noon)
	if err != nil || len(automatically(out)) > 0 {
		t.Errorf("%+v, %v", out.Entries, err)
	}
}

// An entry bonus is redeemed automatically like other points that become active, regardless of the cause of the
// promotion.
func TestWelcomePointsAreRedeemedByItself(t *testing.T) {
	program := func(t *testing.T) *loyalty.Program {
		return automatic(t, func(p *loyalty.Program, _ *loyalty.Reward) {
			p.Earn.Actions = []loyalty.Action{
				{ID: "hello", Event: award.EventJoined, Points: 20},
				{ID: "visit", Event: "visit.completed", Points: 20},
			}
			p.Tiers = loyalty.Tiers{
				By: loyalty.ByPointsEarned, MoveDown: loyalty.StayUp,
				Levels: []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 40, EntryBonus: 100}},
			}
			p.Tiers.Minimums = []loyalty.Minimum{{Level: "silver", Segment: "vip"}}
			partner := p.Tiers
			partner.Levels = []loyalty.Level{{ID: "guest"}, {ID: "friend", From: 1_000, EntryBonus: 100}}
			partner.Minimums = nil
			p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: partner}}
		})
	}
	visit := loyalty.Event{Type: "visit.completed", ID: "1", Member: "ada", At: noon.Add(time.Second)}
	for name, do := range map[string]func(*loyalty.Program, loyalty.Account) (posting.Outcome, error){
		"an event": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return award.PlaceEvent(Begin(p, a, visit.At), nil, EarnRules(p), visit)
		},
		"joining": func(p *loyalty.Program, _ loyalty.Account) (posting.Outcome, error) {
			p.Tiers.Levels[1].From = 20
			return Join(p, "ben", loyalty.Traits{}, noon)
		},
		"an agent": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return tier.SetTier(Begin(p, a, noon), "t", tier.Placement{Level: "silver", Reason: "a match"})
		},
		"an agent, in a tier group": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return tier.SetTier(
				Begin(p, a, noon), "t", tier.Placement{TierGroup: "partner", Level: "friend", Reason: "a match"},
			)
		},
		"a segment": func(p *loyalty.Program, a loyalty.Account) (posting.Outcome, error) {
			return SetTraits(p, a, loyalty.Traits{Segments: []string{"vip"}}, noon)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := program(t)
			out, err := do(p, joined(t, p, noon))
			if err != nil {
				t.Fatal(err)
			}
			had, left := automatically(out), loyalty.TotalPoints(out.Account.Lots)
			if len(had) != 1 || left < 20 || left > 40 || out.Account.Redeemed != 100 {
				t.Errorf("%v were redeemed and %d are left: %+v", had, left, out.Account)
			}
			if due := Due(p, out.Account); !due.After(visit.At) {
				t.Errorf("the account is due at %s", due)
			}
		})
	}
}
