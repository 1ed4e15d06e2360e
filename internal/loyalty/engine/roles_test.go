package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

func TestProgramWithoutHouseholds(t *testing.T) {
	p, h := living(t, loyalty.Households{}), family(t, living(t, loyalty.Households{Size: 3}))
	_, found := share.FoundHousehold(&p.Households, "hh_1", "mem_ada", noon)
	_, invite := share.Invite(&p.Households, h, "mem_dan", share.Adult, noon)
	_, accept := share.AcceptInvitation(&p.Households, h, "mem_dan", noon)
	_, redeem := share.RedeemTogether(
		BeginAll(p, []loyalty.Account{called(t, p, "mem_ada", ample)}, noon), h,
		loyalty.Redemption{ID: "rd_1", Reward: "it"}, true, nil,
	)
	for name, err := range map[string]error{"found": found, "invite": invite, "accept": accept, "redeem": redeem} {
		wantRefusal(t, name, err, loyalty.ValidationFailed, "")
	}
}

func TestInvitationsToAHousehold(t *testing.T) {
	p := living(t, loyalty.Households{Size: 3})
	h, err := share.FoundHousehold(&p.Households, "hh_1", "mem_ada", noon)
	if err != nil ||
		!slices.Equal(
			h.Members, []share.HouseholdMember{{Member: "mem_ada", Role: share.Owner, Invited: noon, Since: noon}},
		) || h.ID != "hh_1" {
		t.Fatalf("%+v, %v", h, err)
	}
	for _, m := range []loyalty.MemberID{"mem_bob", "mem_cleo"} {
		if h, err = share.Invite(&p.Households, h, m, share.Adult, noon); err != nil {
			t.Fatal(err)
		}
	}
	_, err = share.Invite(&p.Households, h, "mem_dan", share.Adult, noon)
	wantRefusal(t, "a fourth member", err, loyalty.ValidationFailed, "")
	_, err = share.AcceptInvitation(&p.Households, h, "mem_dan", noon)
	wantRefusal(t, "accept without an invitation", err, loyalty.NotFound, "/member")
	later := noon.Add(time.Hour)
	next, err := share.AcceptInvitation(&p.Households, h, "mem_bob", later)
	if err != nil ||
		next.Members[1] != (share.HouseholdMember{
			Member: "mem_bob", Role: share.Adult, Invited: noon, Since: later,
		}) || !h.Members[1].Since.IsZero() {
		t.Errorf("%+v, %v", next, err)
	}
	if again, err := share.AcceptInvitation(&p.Households, next, "mem_bob", later.Add(time.Hour)); err != nil ||
		!slices.Equal(again.Members, next.Members) {
		t.Errorf("accepted twice: %+v, %v", again, err)
	}
	if got := next.Joined(); !slices.Equal(got, []loyalty.MemberID{"mem_ada", "mem_bob"}) {
		t.Errorf("%v have joined", got)
	}
	smaller := living(t, loyalty.Households{Size: 2})
	_, err = share.AcceptInvitation(&smaller.Households, next, "mem_cleo", later)
	wantRefusal(t, "accept after the size was reduced", err, loyalty.ValidationFailed, "")
}

func TestMemberLeavesAHousehold(t *testing.T) {
	p := living(t, loyalty.Households{Size: 4})
	h := family(t, p)
	_, err := h.Leave("mem_dan")
	wantRefusal(t, "a stranger leaves", err, loyalty.NotFound, "/member")
	_, err = h.Remove("mem_dan")
	wantRefusal(t, "a stranger is removed", err, loyalty.NotFound, "/member")
	_, err = h.Remove("mem_ada")
	wantRefusal(t, "the head is removed", err, loyalty.ValidationFailed, "/member")
	left, err := h.Remove("mem_bob")
	if err != nil || len(left.Members) != 2 || left.Members[0].Role != share.Owner ||
		left.Members[1].Member != "mem_cleo" ||
		len(h.Members) != 3 {
		t.Errorf("%+v, %v", left, err)
	}
	for name, since := range map[loyalty.MemberID][2]time.Time{
		"mem_bob":  {noon, noon}, // the first of two who joined at the same instant
		"mem_cleo": {noon, noon.Add(-1)},
	} {
		h := h
		h.Members = slices.Clone(h.Members)
		h.Members[1].Since, h.Members[2].Since = since[0], since[1]
		next, err := h.Leave("mem_ada")
		if at := next.Mate(name); err != nil || len(next.Members) != 2 || next.Members[at].Role != share.Owner ||
			next.Members[1-at].Role != share.Adult {
			t.Errorf("%s does not become the head: %+v, %v", name, next, err)
		}
	}
}

func TestMemberOfAHouseholdWaits(t *testing.T) {
	p := living(t, loyalty.Households{Size: 3, CoolingOff: calendar.Period{Days: 7}})
	h, bob := family(t, p), called(t, p, "mem_bob", ample)
	redeem := func(at time.Time, lots ...loyalty.Lot) ([]posting.Outcome, error) {
		return share.RedeemTogether(
			BeginAll(p, []loyalty.Account{called(t, p, "mem_ada", lots...), bob}, at), h,
			loyalty.Redemption{ID: "rd_1", Reward: "it"}, true, nil,
		)
	}
	outs, err := redeem(noon, loyalty.Lot{Expires: 20280131, Points: 100})
	if err != nil || len(outs) != 2 || len(outs[1].Entries) != 0 || outs[1].Account.Member != "mem_bob" ||
		outs[0].Account.Balance().Active != 0 {
		t.Errorf("with enough points of one's own: %+v, %v", outs, err)
	}
	_, err = redeem(noon, loyalty.Lot{Expires: 20280131, Points: 99})
	wantRefusal(t, "with too few points of one's own", err, loyalty.ValidationFailed, "/household")
	outs, err = redeem(noon.AddDate(0, 0, 7), loyalty.Lot{Expires: 20280131, Points: 99})
	if err != nil || outs[1].Account.Balance().Active != ample.Points-1 {
		t.Errorf("after the wait: %+v, %v", outs, err)
	}
	_, err = share.RedeemTogether(
		BeginAll(p, []loyalty.Account{called(t, p, "mem_ada"), bob}, noon), h,
		loyalty.Redemption{ID: "rd_1", Reward: "it", Wallet: "miles"}, true, nil,
	)
	wantRefusal(t, "from another wallet", err, loyalty.ValidationFailed, "/wallet")
	invited, err := share.FoundHousehold(&p.Households, "hh_1", "mem_eve", noon)
	if err == nil {
		invited, err = share.Invite(&p.Households, invited, "mem_ada", share.Adult, noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = share.RedeemTogether(
		BeginAll(p, []loyalty.Account{called(t, p, "mem_ada", ample), bob}, noon), invited,
		loyalty.Redemption{ID: "rd_1", Reward: "it"}, true, nil,
	)
	wantRefusal(t, "who is only invited", err, loyalty.ValidationFailed, "/household")
}

func TestDebtorSharesNoPoints(t *testing.T) {
	p := living(t, loyalty.Households{Size: 3, Share: big.NewRat(1, 3)})
	for name, c := range map[string]struct {
		edit func(*loyalty.Account)
		want loyalty.Points
	}{
		"without debt":         {func(*loyalty.Account) {}, 33},
		"one point of debt":    {func(a *loyalty.Account) { a.Debt = 1 }, 0},
		"frozen":               {func(a *loyalty.Account) { a.Status = loyalty.Frozen }, 0},
		"one hold too few":     {func(a *loyalty.Account) { a.Holds = make([]loyalty.Hold, redeem.MaxHolds-1) }, 33},
		"as many as there are": {func(a *loyalty.Account) { a.Holds = make([]loyalty.Hold, redeem.MaxHolds) }, 0},
	} {
		acc := called(t, p, "mem_bob", loyalty.Lot{Expires: 20280131, Points: 100})
		c.edit(&acc)
		if got := redeem.Shares(&p.Sharing, p.Rewards, acc); got != c.want {
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
		{share.MaxHouseholdSize, nil, true},
		{share.MaxHouseholdSize + 1, nil, false},
		{-1, nil, false},
		{2, new(big.Rat), false},
		{2, big.NewRat(1, 1), true},
		{2, big.NewRat(101, 100), false},
		{2, big.NewRat(1, 100), true},
	} {
		p := testProgram(t)
		p.Households = loyalty.Households{Size: c.size, Share: c.share}
		if err := Compile(p); (err == nil) != c.ok {
			t.Errorf("%d members, a share of %v: %v", c.size, c.share, err)
		}
	}
}

// tour returns a program with a reward that has three dates.
func tour(tb testing.TB) *loyalty.Program {
	return stocked(tb, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.Dates = []loyalty.RewardDate{
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
		code    loyalty.Code
		pointer string
		lack    *loyalty.UnmetRequirement
	}{
		{"a", noon.Add(-1), "", "", nil},
		{
			"a", noon, loyalty.RewardUnavailable, "/reward",
			&loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime, Required: "a"},
		},
		{"b", noon, "", "", nil},
		{"", noon, loyalty.ValidationFailed, "/date", nil},
		{"d", noon, loyalty.ValidationFailed, "/date", nil},
		{"d", noon.Add(2*time.Hour - 1), loyalty.ValidationFailed, "/date", nil},
		{
			"d", noon.Add(2 * time.Hour), loyalty.RewardUnavailable, "/reward",
			&loyalty.UnmetRequirement{Requirement: loyalty.RequirementTime},
		},
	} {
		in, name := loyalty.Redemption{Date: c.date}, fmt.Sprint(c.date, " at ", c.at)
		err := redeem.RewardDate(r, &in, c.at)
		wantRefusal(t, name, err, c.code, c.pointer)
		var got *loyalty.Error
		if errors.As(err, &got) && c.lack != nil && (len(got.Unmet) != 1 || got.Unmet[0] != *c.lack) {
			t.Errorf("%s: %+v", name, got.Unmet)
		}
		if i := slices.IndexFunc(r.Dates, func(o loyalty.RewardDate) bool { return o.ID == c.date }); i >= 0 &&
			!in.DateAt.Equal(r.Dates[i].At) {
			t.Errorf("%s: the date is at %s", name, in.DateAt)
		}
	}
	var got *loyalty.Error
	if errors.As(redeem.RewardDate(r, &loyalty.Redemption{}, noon), &got); !strings.Contains(got.Detail, "b, c.") ||
		strings.Contains(got.Detail, "a,") {
		t.Errorf("only dates that are ahead are named: %s", got.Detail)
	}
	none := stocked(t, nil)
	wantRefusal(t, "no dates", redeem.RewardDate(&none.Rewards[0], &loyalty.Redemption{}, noon), "", "")
	wantRefusal(
		t, "no dates", redeem.RewardDate(&none.Rewards[0], &loyalty.Redemption{Date: "a"}, noon),
		loyalty.ValidationFailed, "/date",
	)
}

func TestPlacesOfDates(t *testing.T) {
	p := tour(t)
	r := &p.Rewards[0]
	key := func(date string) string { return "rewards.it@" + date }
	if got, want := redeem.Counters(r, noon), []posting.Spend{
		{Rule: key("b"), Budget: 5}, {Rule: key("c"), Budget: 1},
	}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := redeem.Counters(r, noon.Add(-1)); len(got) != 3 {
		t.Errorf("%+v", got)
	}
	r.StockBatches = []loyalty.StockBatch{{At: noon, Quantity: 7}, {At: noon.Add(1), Quantity: 8}}
	if got := redeem.Counters(r, noon.Add(3*time.Hour)); !slices.Equal(
		got, []posting.Spend{{Rule: "rewards.it", Budget: 15}},
	) {
		t.Errorf("%+v", got)
	}
	for date, want := range map[string]posting.Spend{
		"": {Rule: "rewards.it", Budget: 7}, "b": {Rule: key("b"), Budget: 5}, "gone": {Rule: key("gone")},
	} {
		if got := redeem.Counter(r, date, noon); got != want || redeem.KeyOn(r, date) != want.Rule {
			t.Errorf("%q: %+v, want %+v", date, got, want)
		}
	}
	for _, c := range []struct {
		left earn.Budgets
		at   time.Time
		want []loyalty.UnmetRequirement
	}{
		{nil, noon, nil},
		{nil, noon.Add(2*time.Hour - 1), nil},
		{nil, noon.Add(2 * time.Hour), []loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTime}}},
		{earn.Budgets{key("b"): 0, key("c"): 1}, noon, nil},
		{earn.Budgets{key("b"): 1, key("c"): 0}, noon, nil},
		{
			earn.Budgets{key("b"): 0, key("c"): 0},
			noon,
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementStock, Available: "0"}},
		},
		{
			earn.Budgets{key("a"): 1, key("b"): 0, key("c"): -1},
			noon,
			[]loyalty.UnmetRequirement{{Requirement: loyalty.RequirementStock, Available: "0"}},
		},
	} {
		if got := redeem.DatedReward(r, c.left, c.at); !slices.Equal(got, c.want) {
			t.Errorf("%v at %s: %+v, want %+v", c.left, c.at, got, c.want)
		}
	}
	if got := redeem.DatedReward(&stocked(t, nil).Rewards[0], nil, noon); got != nil {
		t.Errorf("a reward without dates: %+v", got)
	}
	for left, want := range map[string]string{"": "c", key("c"): ""} {
		err := redeem.NoCapacity(r, "b", earn.Budgets{left: 0}, noon)
		if err.Code != loyalty.RewardOutOfStock || err.Pointer != "/date" ||
			err.Unmet[0] != (loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementStock, Required: "b", Available: want,
			}) {
			t.Errorf("without %q: %+v", left, err)
		}
	}
}
