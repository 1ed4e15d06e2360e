package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestProgramWithoutHouseholds(t *testing.T) {
	p, h := living(t, Households{}), family(t, living(t, Households{Size: 3}))
	_, found := p.Found("hh_1", "mem_ada", noon)
	_, invite := p.Invite(h, "mem_dan", Adult, noon)
	_, accept := p.AcceptInvitation(h, "mem_dan", noon)
	_, redeem := p.RedeemTogether(
		h,
		[]Account{called(t, p, "mem_ada", ample)},
		Redemption{ID: "rd_1", Reward: "it"},
		true,
		nil,
		noon,
	)
	for name, err := range map[string]error{"found": found, "invite": invite, "accept": accept, "redeem": redeem} {
		wantRefusal(t, name, err, ValidationFailed, "")
	}
}

func TestInvitationsToAHousehold(t *testing.T) {
	p := living(t, Households{Size: 3})
	h, err := p.Found("hh_1", "mem_ada", noon)
	if err != nil || !slices.Equal(h.Members, []HouseholdMember{{"mem_ada", Owner, noon, noon}}) || h.ID != "hh_1" {
		t.Fatalf("%+v, %v", h, err)
	}
	for _, m := range []MemberID{"mem_bob", "mem_cleo"} {
		if h, err = p.Invite(h, m, Adult, noon); err != nil {
			t.Fatal(err)
		}
	}
	_, err = p.Invite(h, "mem_dan", Adult, noon)
	wantRefusal(t, "a fourth member", err, ValidationFailed, "")
	_, err = p.AcceptInvitation(h, "mem_dan", noon)
	wantRefusal(t, "accept without an invitation", err, NotFound, "/member")
	later := noon.Add(time.Hour)
	next, err := p.AcceptInvitation(h, "mem_bob", later)
	if err != nil || next.Members[1] != (HouseholdMember{"mem_bob", Adult, noon, later}) || !h.Members[1].Since.IsZero() {
		t.Errorf("%+v, %v", next, err)
	}
	if again, err := p.AcceptInvitation(next, "mem_bob", later.Add(time.Hour)); err != nil ||
		!slices.Equal(again.Members, next.Members) {
		t.Errorf("accepted twice: %+v, %v", again, err)
	}
	if got := next.Joined(); !slices.Equal(got, []MemberID{"mem_ada", "mem_bob"}) {
		t.Errorf("%v have joined", got)
	}
	smaller := living(t, Households{Size: 2})
	_, err = smaller.AcceptInvitation(next, "mem_cleo", later)
	wantRefusal(t, "accept after the size was reduced", err, ValidationFailed, "")
}

func TestMemberLeavesAHousehold(t *testing.T) {
	p := living(t, Households{Size: 4})
	h := family(t, p)
	_, err := h.Leave("mem_dan")
	wantRefusal(t, "a stranger leaves", err, NotFound, "/member")
	_, err = h.Remove("mem_dan")
	wantRefusal(t, "a stranger is removed", err, NotFound, "/member")
	_, err = h.Remove("mem_ada")
	wantRefusal(t, "the head is removed", err, ValidationFailed, "/member")
	left, err := h.Remove("mem_bob")
	if err != nil || len(left.Members) != 2 || left.Members[0].Role != Owner || left.Members[1].Member != "mem_cleo" ||
		len(h.Members) != 3 {
		t.Errorf("%+v, %v", left, err)
	}
	for name, since := range map[MemberID][2]time.Time{
		"mem_bob":  {noon, noon}, // the first of two who joined at the same instant
		"mem_cleo": {noon, noon.Add(-1)},
	} {
		h := h
		h.Members = slices.Clone(h.Members)
		h.Members[1].Since, h.Members[2].Since = since[0], since[1]
		next, err := h.Leave("mem_ada")
		if at := next.mate(name); err != nil || len(next.Members) != 2 || next.Members[at].Role != Owner ||
			next.Members[1-at].Role != Adult {
			t.Errorf("%s does not become the head: %+v, %v", name, next, err)
		}
	}
}

func TestMemberOfAHouseholdWaits(t *testing.T) {
	p := living(t, Households{Size: 3, CoolingOff: Period{Days: 7}})
	h, bob := family(t, p), called(t, p, "mem_bob", ample)
	redeem := func(at time.Time, lots ...Lot) ([]Outcome, error) {
		return p.RedeemTogether(
			h,
			[]Account{called(t, p, "mem_ada", lots...), bob},
			Redemption{ID: "rd_1", Reward: "it"},
			true,
			nil,
			at,
		)
	}
	outs, err := redeem(noon, Lot{20280131, 100})
	if err != nil || len(outs) != 2 || len(outs[1].Entries) != 0 || outs[1].Account.Member != "mem_bob" ||
		outs[0].Account.Balance().Active != 0 {
		t.Errorf("with enough points of one's own: %+v, %v", outs, err)
	}
	_, err = redeem(noon, Lot{20280131, 99})
	wantRefusal(t, "with too few points of one's own", err, ValidationFailed, "/household")
	outs, err = redeem(noon.AddDate(0, 0, 7), Lot{20280131, 99})
	if err != nil || outs[1].Account.Balance().Active != ample.Points-1 {
		t.Errorf("after the wait: %+v, %v", outs, err)
	}
	_, err = p.RedeemTogether(
		h,
		[]Account{called(t, p, "mem_ada"), bob},
		Redemption{ID: "rd_1", Reward: "it", Wallet: "miles"},
		true,
		nil,
		noon,
	)
	wantRefusal(t, "from another wallet", err, ValidationFailed, "/wallet")
	invited, err := p.Found("hh_1", "mem_eve", noon)
	if err == nil {
		invited, err = p.Invite(invited, "mem_ada", Adult, noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.RedeemTogether(
		invited,
		[]Account{called(t, p, "mem_ada", ample), bob},
		Redemption{ID: "rd_1", Reward: "it"},
		true,
		nil,
		noon,
	)
	wantRefusal(t, "who is only invited", err, ValidationFailed, "/household")
}

func TestDebtorSharesNoPoints(t *testing.T) {
	p := living(t, Households{Size: 3, Share: big.NewRat(1, 3)})
	for name, c := range map[string]struct {
		edit func(*Account)
		want Points
	}{
		"without debt":         {func(*Account) {}, 33},
		"one point of debt":    {func(a *Account) { a.Debt = 1 }, 0},
		"frozen":               {func(a *Account) { a.Status = Frozen }, 0},
		"one hold too few":     {func(a *Account) { a.Holds = make([]Hold, MaxHolds-1) }, 33},
		"as many as there are": {func(a *Account) { a.Holds = make([]Hold, MaxHolds) }, 0},
	} {
		acc := called(t, p, "mem_bob", Lot{20280131, 100})
		c.edit(&acc)
		if got := p.Shares(acc); got != c.want {
			t.Errorf("%s: %d points are shared, want %d", name, got, c.want)
		}
	}
}

func TestHouseholdsOfAProgram(t *testing.T) {
	for _, c := range []struct {
		size  int
		share *big.Rat
		ok    bool
	}{
		{0, nil, true},
		{1, nil, false},
		{2, nil, true},
		{MaxHouseholdSize, nil, true},
		{MaxHouseholdSize + 1, nil, false},
		{-1, nil, false},
		{2, new(big.Rat), false},
		{2, big.NewRat(1, 1), true},
		{2, big.NewRat(101, 100), false},
		{2, big.NewRat(1, 100), true},
	} {
		p := testProgram(t)
		p.Households = Households{Size: c.size, Share: c.share}
		if err := p.Compile(); (err == nil) != c.ok {
			t.Errorf("%d members, a share of %v: %v", c.size, c.share, err)
		}
	}
}

// tour is a reward with three dates.
func tour(tb testing.TB) *Program {
	return stocked(tb, func(_ *Program, r *Reward) {
		r.Dates = []RewardDate{
			{ID: "a", At: noon, Capacity: 3},
			{ID: "b", At: noon.Add(time.Hour), Capacity: 5},
			{ID: "c", At: noon.Add(2 * time.Hour), Capacity: 1},
		}
	})
}

func TestDatesOfAReward(t *testing.T) {
	p := tour(t)
	r := &p.Rewards[0]
	for _, c := range []struct {
		date    string
		at      time.Time
		code    Code
		pointer string
		lack    *UnmetRequirement
	}{
		{"a", noon.Add(-1), "", "", nil},
		{"a", noon, RewardUnavailable, "/reward", &UnmetRequirement{Requirement: RequirementTime, Required: "a"}},
		{"b", noon, "", "", nil},
		{"", noon, ValidationFailed, "/date", nil},
		{"d", noon, ValidationFailed, "/date", nil},
		{"d", noon.Add(2*time.Hour - 1), ValidationFailed, "/date", nil},
		{"d", noon.Add(2 * time.Hour), RewardUnavailable, "/reward", &UnmetRequirement{Requirement: RequirementTime}},
	} {
		in, name := Redemption{Date: c.date}, fmt.Sprint(c.date, " at ", c.at)
		err := r.date(&in, c.at)
		wantRefusal(t, name, err, c.code, c.pointer)
		var got *Error
		if errors.As(err, &got) && c.lack != nil && (len(got.Unmet) != 1 || got.Unmet[0] != *c.lack) {
			t.Errorf("%s: %+v", name, got.Unmet)
		}
		if i := slices.IndexFunc(r.Dates, func(o RewardDate) bool { return o.ID == c.date }); i >= 0 &&
			!in.DateAt.Equal(r.Dates[i].At) {
			t.Errorf("%s: the date is at %s", name, in.DateAt)
		}
	}
	var got *Error
	if errors.As(r.date(&Redemption{}, noon), &got); !strings.Contains(got.Detail, "b, c.") ||
		strings.Contains(got.Detail, "a,") {
		t.Errorf("only dates that are ahead are named: %s", got.Detail)
	}
	none := stocked(t, nil)
	wantRefusal(t, "no dates", none.Rewards[0].date(&Redemption{}, noon), "", "")
	wantRefusal(t, "no dates", none.Rewards[0].date(&Redemption{Date: "a"}, noon), ValidationFailed, "/date")
}

func TestPlacesOfDates(t *testing.T) {
	p := tour(t)
	r := &p.Rewards[0]
	key := func(date string) string { return "rewards.it@" + date }
	if got, want := r.Counters(noon), []Spend{{Rule: key("b"), Budget: 5}, {Rule: key("c"), Budget: 1}}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := r.Counters(noon.Add(-1)); len(got) != 3 {
		t.Errorf("%+v", got)
	}
	r.StockBatches = []StockBatch{{At: noon, Quantity: 7}, {At: noon.Add(1), Quantity: 8}}
	if got := r.Counters(noon.Add(3 * time.Hour)); !slices.Equal(got, []Spend{{Rule: "rewards.it", Budget: 15}}) {
		t.Errorf("%+v", got)
	}
	for date, want := range map[string]Spend{
		"": {Rule: "rewards.it", Budget: 7}, "b": {Rule: key("b"), Budget: 5}, "gone": {Rule: key("gone")},
	} {
		if got := r.counter(date, noon); got != want || r.KeyOn(date) != want.Rule {
			t.Errorf("%q: %+v, want %+v", date, got, want)
		}
	}
	for _, c := range []struct {
		left Budgets
		at   time.Time
		want []UnmetRequirement
	}{
		{nil, noon, nil},
		{nil, noon.Add(2*time.Hour - 1), nil},
		{nil, noon.Add(2 * time.Hour), []UnmetRequirement{{Requirement: RequirementTime}}},
		{Budgets{key("b"): 0, key("c"): 1}, noon, nil},
		{Budgets{key("b"): 1, key("c"): 0}, noon, nil},
		{Budgets{key("b"): 0, key("c"): 0}, noon, []UnmetRequirement{{Requirement: RequirementStock, Available: "0"}}},
		{Budgets{key("a"): 1, key("b"): 0, key("c"): -1}, noon, []UnmetRequirement{{Requirement: RequirementStock, Available: "0"}}},
	} {
		if got := r.dated(c.left, c.at); !slices.Equal(got, c.want) {
			t.Errorf("%v at %s: %+v, want %+v", c.left, c.at, got, c.want)
		}
	}
	if got := stocked(t, nil).Rewards[0].dated(nil, noon); got != nil {
		t.Errorf("a reward without dates: %+v", got)
	}
	for left, want := range map[string]string{"": "c", key("c"): ""} {
		err := r.NoCapacity("b", Budgets{left: 0}, noon)
		if err.Code != RewardOutOfStock || err.Pointer != "/date" ||
			err.Unmet[0] != (UnmetRequirement{Requirement: RequirementStock, Required: "b", Available: want}) {
			t.Errorf("without %q: %+v", left, err)
		}
	}
}
