package service

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// ordered returns the outcome of an order of a friend whom mem_bob referred. before is the order that converted the
// referral before, and first the one that converts it now.
func ordered(id, before, first string) posting.Outcome {
	out := posting.Outcome{Account: loyalty.Account{Member: "mem_ada"}}
	out.Account.Traits.Referral = loyalty.Referral{By: "mem_bob", Order: before}
	if first != "" {
		out.Account.Converting.Orders = []loyalty.PlacedOrder{{At: noon, ID: first}}
	}
	state := &loyalty.OrderState{Order: loyalty.Order{ID: id}}
	out.Entries = []loyalty.Entry{{Sequence: 3, Detail: loyalty.Detail{Subject: loyalty.Subject{Order: state}}}}
	return out
}

func TestChangeOfAReferralByAnOrder(t *testing.T) {
	undecided := ordered("1", "", "1")
	undecided.Needs.Numbers = true
	replayed := ordered("1", "", "1")
	replayed.Entries = nil
	other := ordered("1", "", "1")
	other.Entries[0].Order = nil
	stranger := ordered("1", "", "1")
	stranger.Account.Traits.Referral.By = ""
	for _, c := range []struct {
		name     string
		out      posting.Outcome
		compared bool
		alike    bool
		changes  bool
		converts string
	}{
		{"the order converts the referral", ordered("1", "", "1"), false, false, true, "1"},
		{"the order is not decided yet", undecided, false, false, false, ""},
		{"no entry", replayed, false, false, false, ""},
		{"an entry without an order", other, false, false, false, ""},
		{"no referral", stranger, false, false, false, ""},
		{"nothing converts", ordered("1", "", ""), false, false, false, ""},
		{"the order converted it before", ordered("1", "1", "1"), false, false, true, "1"},
		{"another order converted it before, and still does", ordered("1", "2", "2"), false, false, false, ""},
		{"it no longer converts", ordered("1", "1", ""), false, false, true, ""},
		{"other members", ordered("1", "", "1"), true, false, true, "1"},
		{"the same person", ordered("1", "", "1"), true, true, false, ""},
		{"the same person, not compared", ordered("1", "", "1"), false, true, true, "1"},
		{"the same person, and another order converted before", ordered("1", "2", "1"), true, true, true, ""},
		{"the same person, and the order converted before", ordered("1", "1", "1"), true, true, true, "1"},
	} {
		r := &referralContext{compared: c.compared, alike: c.alike}
		change, changes := r.changeBy(c.out)
		if changes != c.changes || changes && change.Converts != c.converts {
			t.Errorf("%s: %+v, %t", c.name, change, changes)
		}
	}
}

// The decision needs the referrer's account, a comparison of the profiles and the states of the events, in this order.
func TestInputsOfADecisionAboutAReferral(t *testing.T) {
	friend, referrer := loyalty.Account{Member: "mem_ada", Sequence: 2}, loyalty.Account{Member: "mem_bob", Sequence: 1}
	change := award.ReferralChange{Referrer: "mem_bob", Converts: "1"}
	for _, c := range []struct {
		name     string
		out      posting.Outcome
		accounts []loyalty.Account
		compared bool
		loaded   award.ReferralChange
		missing  bool
		outcomes int
	}{
		{"no referral", ordered("1", "", ""), []loyalty.Account{friend}, false, award.ReferralChange{}, false, 1},
		{
			"no longer", ordered("1", "", ""),
			[]loyalty.Account{friend, referrer},
			false,
			award.ReferralChange{},
			false, 2,
		},
		{"no account", ordered("1", "", "1"), []loyalty.Account{friend}, true, change, true, 0},
		{"not compared", ordered("1", "", "1"), []loyalty.Account{friend, referrer}, false, change, true, 0},
		{
			"no states", ordered("1", "", "1"),
			[]loyalty.Account{friend, referrer},
			true,
			award.ReferralChange{},
			true, 0,
		},
	} {
		seen := 0
		r := &referralContext{
			p: &loyalty.Program{ID: "p", Zone: time.UTC}, compared: c.compared, change: c.loaded,
			order: func(x ledger.Inputs) ([]posting.Outcome, error) {
				seen = len(x.Accounts)
				return []posting.Outcome{c.out}, nil
			},
		}
		outs, err := r.decide(ledger.Inputs{Accounts: c.accounts, Now: noon})
		if errors.As(err, new(*missingReferral)) != c.missing || err == nil && len(outs) != c.outcomes || seen != 1 {
			t.Errorf("%s: %d outcomes, %v, from %d accounts", c.name, len(outs), err, seen)
		}
		if c.outcomes == 2 && outs[1].Account.Member != "mem_bob" {
			t.Errorf("%s: %+v", c.name, outs[1])
		}
	}
	x := newTill(t)
	x.enroll(t, "mem_ada")
	x.enroll(t, "mem_bob")
	r := &referralContext{Ledger: x.Ledger, p: x.p, rules: x.p}
	missing := &missingReferral{ordered("1", "", "1"), change}
	load := func(name string, accounts int, err error, again bool, want error) {
		t.Helper()
		in := ledger.Inputs{Accounts: []loyalty.Account{friend, referrer}[:accounts]}
		got, failed := r.Load(t.Context(), in, nil, err)
		if got != again || !errors.Is(failed, want) {
			t.Errorf("%s: %t, %v", name, got, failed)
		}
	}
	load("decided", 1, nil, false, nil)
	load("rejected", 1, ledger.NotFound("member"), false, nil)
	load("the comparison", 1, missing, true, nil)
	if !r.compared || r.alike || r.change != (award.ReferralChange{}) {
		t.Errorf("after the comparison: %+v", r)
	}
	load("the account", 1, missing, false, ledger.MissingMemberError("mem_bob"))
	load("the states", 2, missing, true, nil)
	if r.change != change {
		t.Errorf("after the states: %+v", r)
	}
	if r.Reset(); r.change != (award.ReferralChange{}) || !r.compared {
		t.Errorf("after a reset: %+v", r)
	}
	load(
		"a conversion by the same order as before",
		1,
		&missingReferral{ordered("1", "1", "1"), change},
		false,
		ledger.MissingMemberError("mem_bob"),
	)
}

// The order that converts a referral must be part of the account from which the decision starts.
func TestOrderThatConvertsAReferral(t *testing.T) {
	x := newTill(t)
	x.enroll(t, "mem_ada")
	o := loyalty.Order{
		ID: "1", Member: "mem_ada", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
	}
	if _, err := (Orders{x.Ledger}).Put(t.Context(), x.p, o, ledger.By{Actor: "shop"}); err != nil {
		t.Fatal(err)
	}
	r := &referralContext{Ledger: x.Ledger, p: x.p, rules: x.p}
	for _, c := range []struct {
		name     string
		m        loyalty.MemberID
		sequence int64 // of the entry that the command writes
		order    string
		behind   bool
	}{
		{"the next entry", "mem_ada", 3, "1", false},
		{"the same entry", "mem_ada", 2, "1", true},
		{"an earlier entry", "mem_ada", 1, "1", true},
		{"another member", "mem_bob", 3, "1", true},
		{"an order that does not exist", "mem_ada", 3, "2", true},
	} {
		out := posting.Outcome{Account: loyalty.Account{Member: c.m}, Entries: []loyalty.Entry{{Sequence: c.sequence}}}
		got, err := r.convertingOrder(t.Context(), out, c.order)
		if errors.Is(err, ledger.ErrStaleRead) != c.behind ||
			!c.behind && (err != nil || got.Order == nil || got.Rules.Earning != &x.p.Earning) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
	var known award.KnownReferral
	if err := (Orders{x.Ledger}).referralEvents(t.Context(), x.p, loyalty.Account{}, "", &known); err != nil ||
		known.Rules.Earning != nil {
		t.Errorf("without an order: %+v, %v", known, err)
	}
	if err := (Orders{x.Ledger}).referralEvents(t.Context(), x.p, loyalty.Account{}, "1", &known); err != nil ||
		known.Rules.Earning != nil {
		t.Errorf("without events: %+v, %v", known, err)
	}
}

// A transfer ends once. The same request again is a replay.
func TestRequestToEndATransferThatHasEnded(t *testing.T) {
	for _, c := range []struct {
		name     string
		status   loyalty.RedemptionStatus
		revision int
		stored   string
		input    string
		as       loyalty.RedemptionStatus
		replayed bool
		code     loyalty.Code
	}{
		{"offered", loyalty.Offered, 1, "a", "a", loyalty.Accepted, false, ""},
		{"expired, accepted", loyalty.Expired, 2, "a", "a", loyalty.Accepted, false, loyalty.AlreadyExpired},
		{"expired, declined", loyalty.Expired, 2, "a", "a", loyalty.Declined, false, loyalty.AlreadyResolved},
		{"the same request", loyalty.Accepted, 2, "a", "a", loyalty.Accepted, true, ""},
		{"another request", loyalty.Accepted, 2, "a", "b", loyalty.Accepted, false, loyalty.AlreadyResolved},
		{"no key", loyalty.Accepted, 2, "", "", loyalty.Accepted, false, loyalty.AlreadyResolved},
		{
			"another end with the same key", loyalty.Declined, 2, "a", "a", loyalty.Accepted, false,
			loyalty.AlreadyResolved,
		},
		{"made at once", loyalty.Accepted, 1, "a", "a", loyalty.Accepted, false, loyalty.AlreadyResolved},
	} {
		was := TransferResult{Transfer: loyalty.Redemption{Status: c.status}, Entry: loyalty.Entry{
			Cause: loyalty.Cause{Revision: c.revision}, Input: c.stored,
		}}
		replayed, err := was.ended(ledger.By{Input: c.input}, c.as)
		WantRejection(t, c.name, err, c.code)
		if replayed != c.replayed {
			t.Errorf("%s: replayed %t", c.name, replayed)
		}
	}
}

// A redemption is limited by the waitlist if it takes stock of a reward that has one.
func TestRedemptionOfARewardWithAWaitlist(t *testing.T) {
	mug := loyalty.Reward{ID: "mug", Type: "free_product", FirstCall: calendar.Period{Hours: 1}}
	mug.StockBatches = []loyalty.StockBatch{{Quantity: 3}}
	plain := mug
	plain.FirstCall = calendar.Period{}
	taken := []posting.Outcome{{Spends: []posting.Spend{{Rule: mug.Key(), Points: 1}}}}
	for _, c := range []struct {
		name   string
		reward loyalty.Reward
		left   earn.Budgets
		outs   []posting.Outcome
		waits  bool
	}{
		{"a unit", mug, earn.Budgets{mug.Key(): 3}, taken, true},
		{"unknown stock", mug, earn.Budgets{}, taken, false},
		{"no outcome", mug, earn.Budgets{mug.Key(): 3}, nil, false},
		{"no unit", mug, earn.Budgets{mug.Key(): 3}, []posting.Outcome{{}}, false},
		{"no waitlist", plain, earn.Budgets{mug.Key(): 3}, taken, false},
	} {
		x := &redemptionContext{reward: c.reward}
		n, waits := x.waitlisted(ledger.Inputs{Left: c.left}, c.outs)
		if waits != c.waits || n != c.left[mug.Key()] {
			t.Errorf("%s: %d left, waitlisted %t", c.name, n, waits)
		}
	}
}

func TestRedemptionOnADateWithoutCapacity(t *testing.T) {
	full := &loyalty.Error{Code: loyalty.RewardOutOfStock, Pointer: "/date"}
	for _, c := range []struct {
		name string
		date string
		err  error
		want bool
	}{
		{"full", "a", full, true},
		{"no date", "", full, false},
		{"no error", "a", nil, false},
		{"another error", "a", ledger.ErrTryAgain, false},
		{"out of stock", "a", &loyalty.Error{Code: loyalty.RewardOutOfStock, Pointer: "/reward"}, false},
		{"another rejection", "a", &loyalty.Error{Code: loyalty.ValidationFailed, Pointer: "/date"}, false},
	} {
		x := &redemptionContext{in: RedemptionRequest{Date: c.date}}
		if got := x.fullDate(c.err); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// The inputs of a redemption are loaded once each.
func TestInputsOfADecisionAboutARedemption(t *testing.T) {
	x := newTill(t)
	mug := loyalty.Reward{ID: "mug", Type: "free_product", FirstCall: calendar.Period{Hours: 1}}
	mug.StockBatches = []loyalty.StockBatch{{Quantity: 3}}
	taken := []posting.Outcome{{Spends: []posting.Spend{{Rule: mug.Key(), Points: 1}}}}
	in := ledger.Inputs{Left: earn.Budgets{mug.Key(): 3}, Now: noon}
	outOfStock := &loyalty.Error{Code: loyalty.RewardOutOfStock, Pointer: "/date"}
	for _, c := range []struct {
		name  string
		c     redemptionContext
		outs  []posting.Outcome
		err   error
		again bool
		want  error
	}{
		{"the waitlist", redemptionContext{}, taken, nil, true, nil},
		{"the waitlist was read", redemptionContext{stock: new(loyalty.Points)}, taken, nil, false, nil},
		{"a rejection", redemptionContext{}, taken, ledger.NotFound("reward"), false, nil},
		{"expired reservations", redemptionContext{}, nil, outOfStock, false, inventory.ExpiredHolds{}},
		{
			"the other dates",
			redemptionContext{expired: inventory.ExpiredHolds{All: true}, in: RedemptionRequest{Date: "a"}},
			nil, outOfStock,
			true, nil,
		},
		{
			"the other dates were read",
			redemptionContext{
				expired: inventory.ExpiredHolds{All: true}, in: RedemptionRequest{Date: "a"}, dates: earn.Budgets{},
			},
			nil, outOfStock, false, nil,
		},
		{"no date", redemptionContext{expired: inventory.ExpiredHolds{All: true}}, nil, outOfStock, false, nil},
	} {
		c.c.Ledger, c.c.p, c.c.reward = x.Ledger, x.p, mug
		again, err := c.c.Load(t.Context(), in, c.outs, c.err)
		_, lapsed := c.want.(inventory.ExpiredHolds)
		if again != c.again || errors.As(err, new(inventory.ExpiredHolds)) != lapsed || err != nil && !lapsed {
			t.Errorf("%s: %t, %v", c.name, again, err)
		}
		if c.name == "the waitlist" && (c.c.stock == nil || *c.c.stock != 3) {
			t.Errorf("%s: %+v", c.name, c.c)
		}
		if c.name == "the other dates" && c.c.dates == nil {
			t.Errorf("%s: %+v", c.name, c.c)
		}
		if c.c.Reset(); c.c.stock != nil || c.c.dates != nil {
			t.Errorf("%s: after a reset: %+v", c.name, c.c)
		}
	}
}

// A repeated amendment returns its own revision, and another one the last revision.
func TestAmendmentThatIsRepeated(t *testing.T) {
	x := newTill(t)
	x.enroll(t, "mem_ada")
	adjust := Adjustment{ID: "adj", Member: "mem_ada", Points: 100, Reason: "test"}
	if _, err := (Adjustments{x.Ledger}).Adjust(t.Context(), x.p, adjust, ledger.By{Input: "adj"}); err != nil {
		t.Fatal(err)
	}
	x.p.Rewards = []loyalty.Reward{{ID: "mug", Type: "free_product", Cost: 10}}
	x.p.Redemption.OnRefund = loyalty.ShareBack
	rs := Redemptions{x.Ledger}
	in := RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "mug", Commit: true}
	if _, err := rs.Redeem(t.Context(), x.p, in, ledger.By{Input: "r.1"}); err != nil {
		t.Fatal(err)
	}
	for i, input := range []string{"a.1", "b.1"} {
		share := big.NewRat(int64(i+1), 2)
		if r, err := rs.Reverse(t.Context(), x.p, "rd_1", share, ledger.By{Input: input}); err != nil || r.Replayed {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	for _, c := range []struct {
		input    string
		revision int
		replayed bool
		code     loyalty.Code
	}{
		{"a.1", 2, true, ""},
		{"b.1", 3, true, ""},
		{"a.2", 2, false, loyalty.KeyReused},
		{"c.1", 3, false, ""},
		{"r.1", 3, false, ""}, // the first revision is no amendment
		{"", 3, false, ""},
	} {
		e, replayed, err := rs.amendment(
			t.Context(), "p", loyalty.CauseRedemption, "rd_1", loyalty.KindRestore, ledger.By{Input: c.input},
		)
		WantRejection(t, c.input, err, c.code)
		if replayed != c.replayed || e.Cause.Revision != c.revision {
			t.Errorf("%q: revision %d, replayed %t", c.input, e.Cause.Revision, replayed)
		}
	}
	_, err := rs.Reverse(t.Context(), x.p, "rd_2", big.NewRat(1, 1), ledger.By{Input: "x"})
	WantRejection(t, "an unknown redemption", err, loyalty.NotFound)
	f := &tabletest.FailingRead{Table: x.Table, Fail: 1}
	e := loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd_1"}}}}
	if _, err := (Redemptions{&ledger.Ledger{Table: f}}).issuedFor(t.Context(), x.p, e); err != nil || f.Failed() {
		t.Errorf("the code of a redemption without a code is read: %v", err)
	}
}
