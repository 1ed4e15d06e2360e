package engine

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"pgregory.net/rapid"
)

// family returns a household of the owner ada and the adults bob and cleo, under the rules of p.
func family(tb testing.TB, p *loyalty.Program) share.Household {
	tb.Helper()
	h, err := share.FoundHousehold(&p.Households, "hh_1", "mem_ada", noon)
	for _, m := range []loyalty.MemberID{"mem_bob", "mem_cleo"} {
		if err == nil {
			h, err = share.Invite(&p.Households, h, m, share.Adult, noon)
		}
		if err == nil {
			h, err = share.AcceptInvitation(&p.Households, h, m, noon)
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func living(tb testing.TB, h loyalty.Households) *loyalty.Program {
	return stocked(tb, func(p *loyalty.Program, _ *loyalty.Reward) { p.Households = h })
}

// called returns the account of a member with an ID and lots.
func called(tb testing.TB, p *loyalty.Program, m loyalty.MemberID, lots ...loyalty.Lot) loyalty.Account {
	acc := saver(tb, p, lots...)
	acc.Member = m
	return acc
}

func TestWhoContributesHowMuch(t *testing.T) {
	near, far := calendar.Date(20270131), calendar.Date(20280131)
	for _, c := range []struct {
		name      string
		share     *big.Rat
		own       []loyalty.Lot
		bob, cleo []loyalty.Lot
		edit      func(bob *loyalty.Account)
		want      []loyalty.Contribution
		refused   bool
	}{
		{
			"one's own are enough", nil,
			[]loyalty.Lot{{Expires: far, Points: 100}},
			[]loyalty.Lot{{Expires: near, Points: 900}},
			nil, nil, nil, false,
		},
		{
			"one's own come first, whenever they expire", nil,
			[]loyalty.Lot{{Expires: far, Points: 60}},
			[]loyalty.Lot{{Expires: near, Points: 900}},
			nil, nil,
			[]loyalty.Contribution{{Member: "mem_bob", Points: 40}},
			false,
		},
		{
			"then what expires first, whichever member has them", nil, nil,
			[]loyalty.Lot{{Expires: near, Points: 30}, {Expires: far, Points: 900}},
			[]loyalty.Lot{{Expires: 20270228, Points: 50}, {Expires: 0, Points: 90}},
			nil,
			[]loyalty.Contribution{{Member: "mem_bob", Points: 50}, {Member: "mem_cleo", Points: 50}},
			false,
		},
		{
			"of each no more than the share, rounded down", big.NewRat(1, 2), nil,
			[]loyalty.Lot{{Expires: near, Points: 99}},
			[]loyalty.Lot{{Expires: far, Points: 102}},
			nil,
			[]loyalty.Contribution{{Member: "mem_bob", Points: 49}, {Member: "mem_cleo", Points: 51}},
			false,
		},
		{
			"and not a point more", big.NewRat(1, 2), nil,
			[]loyalty.Lot{{Expires: near, Points: 99}},
			[]loyalty.Lot{{Expires: far, Points: 101}},
			nil, nil, true,
		},
		{
			"no more than the share from several lots", big.NewRat(1, 2), nil,
			[]loyalty.Lot{{Expires: near, Points: 50}, {Expires: 20270228, Points: 50}},
			[]loyalty.Lot{{Expires: far, Points: 100}},
			nil,
			[]loyalty.Contribution{{Member: "mem_bob", Points: 50}, {Member: "mem_cleo", Points: 50}},
			false,
		},
		{
			"who owes points contributes none", nil, nil,
			[]loyalty.Lot{{Expires: near, Points: 900}},
			[]loyalty.Lot{{Expires: far, Points: 100}},
			func(bob *loyalty.Account) { bob.Debt = 1 },
			[]loyalty.Contribution{{Member: "mem_cleo", Points: 100}},
			false,
		},
		{
			"nor who is frozen", nil, nil,
			[]loyalty.Lot{{Expires: near, Points: 900}},
			[]loyalty.Lot{{Expires: far, Points: 99}},
			func(bob *loyalty.Account) { bob.Status = loyalty.Frozen }, nil,
			true,
		},
		{
			"nor who has as many holds as there may be", nil, nil,
			[]loyalty.Lot{{Expires: near, Points: 900}},
			nil,
			func(bob *loyalty.Account) { bob.Holds = make([]loyalty.Hold, redeem.MaxHolds) }, nil, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := living(t, loyalty.Households{Size: 3, Share: c.share})
			accs := []loyalty.Account{
				called(t, p, "mem_ada", c.own...), called(t, p, "mem_bob", c.bob...),
				called(t, p, "mem_cleo", c.cleo...),
			}
			if c.edit != nil {
				c.edit(&accs[1])
			}
			outs, err := share.RedeemTogether(
				BeginAll(p, accs, noon), family(t, p), loyalty.Redemption{ID: "rd_1", Reward: "it"}, false, nil,
			)
			if c.refused {
				if !errors.Is(err, loyalty.InsufficientPoints) {
					t.Errorf("%+v, %v", outs, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := last(outs[0]).Redemption.Contributions; !slices.Equal(got, c.want) {
				t.Errorf("%+v contribute, want %+v", got, c.want)
			}
			for i, out := range outs[1:] {
				if (len(out.Entries) > 0) != slices.ContainsFunc(
					c.want, func(d loyalty.Contribution) bool { return d.Member == accs[i+1].Member },
				) {
					t.Errorf("%s: %+v", accs[i+1].Member, out.Entries)
				}
				if !out.Account.LastActivity.IsZero() {
					t.Errorf("to contribute is no activity: %+v", out.Account)
				}
			}
		})
	}
}

func TestWhoMayDraw(t *testing.T) {
	p := living(t, loyalty.Households{Size: 3, CoolingOff: calendar.Period{Days: 7}})
	h := family(t, p)
	h.Members[2].Role = share.Child
	later := noon.AddDate(0, 0, 7)
	for name, c := range map[string]struct {
		who  loyalty.MemberID
		cart string
		at   time.Time
		want loyalty.Code
	}{
		"the head":                     {"mem_ada", "", later, ""},
		"an adult":                     {"mem_bob", "", later, ""},
		"an adult who joined just now": {"mem_bob", "", later.Add(-1), loyalty.ValidationFailed},
		"a child":                      {"mem_cleo", "", later, loyalty.ValidationFailed},
		"a stranger":                   {"mem_dan", "", later, loyalty.ValidationFailed},
		"with a cart":                  {"mem_ada", "cart", later, loyalty.ValidationFailed},
	} {
		accs := []loyalty.Account{called(t, p, c.who), called(t, p, "mem_eve", ample)}
		_, err := share.RedeemTogether(
			BeginAll(p, accs, c.at), h, loyalty.Redemption{ID: "rd_1", Reward: "it", Cart: c.cart}, true, nil,
		)
		if (err == nil) != (c.want == "") || c.want != "" && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRolesOfAHousehold(t *testing.T) {
	p := living(t, loyalty.Households{Size: 4})
	h := family(t, p)
	h, err := share.Invite(&p.Households, h, "mem_dan", share.Adult, noon)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := share.Invite(&p.Households, h, "mem_dan", share.Child, noon.Add(1)); err != nil ||
		again.Members[3] != (share.HouseholdMember{
			Member: "mem_dan", Role: share.Child, Invited: noon, Since: time.Time{},
		}) || h.Members[3].Role != share.Adult {
		t.Errorf("%+v, %v", again, err)
	}
	for _, c := range []struct {
		m    loyalty.MemberID
		role share.Role
		want loyalty.Code
	}{
		{"mem_eve", share.Adult, loyalty.ValidationFailed},
		{"mem_bob", share.Child, loyalty.AlreadyExists},
		{"mem_eve", share.Owner, loyalty.ValidationFailed},
		{"mem_eve", "", loyalty.ValidationFailed},
	} {
		if _, err := share.Invite(&p.Households, h, c.m, c.role, noon); !errors.Is(err, c.want) {
			t.Errorf("%s as %q: %v", c.m, c.role, err)
		}
	}
	h.Members[1].Role = share.Child
	h, err = h.Leave("mem_ada") // cleo is the adult who has joined, dan is only invited
	if err != nil ||
		h.Members[1] != (share.HouseholdMember{
			Member: "mem_cleo", Role: share.Owner, Invited: noon, Since: noon,
		}) || len(h.Members) != 3 {
		t.Errorf("%+v, %v", h, err)
	}
	h, err = h.Leave("mem_cleo")
	if err != nil || len(h.Members) != 0 {
		t.Errorf("a child is left alone: %+v, %v", h, err)
	}
}

// After any end of a household's redemption, each member has the points that belong to the member: unspent points in
// their original lots, and all spent points that were restored.
func TestAHouseholdRedemptionIsMadeOfItsParts(tt *testing.T) {
	base := stocked(tt, func(p *loyalty.Program, r *loyalty.Reward) {
		p.Households = loyalty.Households{Size: 3}
		inMiles(p, r)
	})
	home := family(tt, base)
	rapid.Check(tt, func(t *rapid.T) {
		p := *base
		p.Households.Share = rapid.SampledFrom([]*big.Rat{nil, big.NewRat(1, 3), big.NewRat(9, 10)}).Draw(t, "share")
		p.Redemption.OnRefund = loyalty.ShareBack
		var accs []loyalty.Account
		for _, m := range []loyalty.MemberID{"mem_ada", "mem_bob", "mem_cleo"} {
			acc := called(tt, &p, m)
			for _, day := range []calendar.Date{20270131, 20270228, 20280131} {
				if n := loyalty.Points(rapid.IntRange(0, 60).Draw(t, "lot")); n > 0 {
					acc.Lots = posting.AddLot(acc.Lots, loyalty.Lot{Expires: day, Points: n})
				}
			}
			accs = append(accs, acc)
		}
		outs, err := share.RedeemTogether(
			BeginAll(&p, accs, noon), home, loyalty.Redemption{ID: "rd_1", Reward: "it"}, false, nil,
		)
		if err != nil {
			return
		}
		r := *last(outs[0]).Redemption
		byMember := map[loyalty.MemberID]int{"mem_ada": 0, "mem_bob": 1, "mem_cleo": 2}
		open := []loyalty.Account{outs[0].Account}
		for _, d := range r.Contributions {
			open = append(open, outs[byMember[d.Member]].Account)
		}
		back, err := CancelTogether(&p, open, r, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range back {
			if was := accs[byMember[out.Account.Member]]; !slices.Equal(out.Account.Lots, was.Lots) {
				t.Fatalf("%s had %v, and has %v after it was canceled", was.Member, was.Lots, out.Account.Lots)
			}
		}
		n := loyalty.Points(rapid.IntRange(1, 100).Draw(t, "commit"))
		done, err := CommitTogether(&p, open, r, &p, n, noon)
		if err != nil {
			t.Fatal(err)
		}
		prior, spent := []loyalty.Entry{last(done[0])}, accs[0].Balance().Active-done[0].Account.Balance().Active
		left := []loyalty.Account{done[0].Account}
		for i, out := range done[1:] {
			if e := last(out); e.Kind == loyalty.KindRedeem {
				prior, left = append(prior, e), append(left, out.Account)
				spent += e.Redemption.Points
			} else if !slices.Equal(out.Account.Lots, accs[byMember[r.Contributions[i].Member]].Lots) {
				t.Fatalf("of %s nothing was spent, and the lots are %v", r.Contributions[i].Member, out.Account.Lots)
			}
		}
		if spent != n || prior[0].Redemption.Points != n || len(prior[0].Redemption.Contributions) != len(prior)-1 {
			t.Fatalf("%d of %d were spent: %+v", spent, n, prior)
		}
		for _, share := range []*big.Rat{big.NewRat(rapid.Int64Range(1, 4).Draw(t, "refunded"), 5), big.NewRat(1, 1)} {
			target, _, err := redeem.Returned(&p.Redemption, *prior[0].Redemption, share, redeem.IssuedCode{})
			if errors.Is(err, loyalty.ValidationFailed) {
				continue // less than a point
			}
			if err != nil {
				t.Fatal(err)
			}
			outs, err := redeem.ReverseTogether(BeginAll(&p, left, noon), prior, target)
			if err != nil {
				t.Fatal(err)
			}
			for i, out := range outs {
				if len(out.Entries) > 0 {
					left[i], prior[i] = out.Account, last(out)
				}
			}
		}
		for _, acc := range left {
			if was := accs[byMember[acc.Member]]; !slices.Equal(acc.Lots, was.Lots) || acc.Redeemed != 0 {
				t.Fatalf(
					"%s had %v, and has %v and %d spent after all was reversed", was.Member, was.Lots, acc.Lots,
					acc.Redeemed,
				)
			}
		}
	})
}

func TestInvitationToAHousehold(t *testing.T) {
	owner := share.HouseholdMember{Member: "mem_ada", Role: share.Owner, Invited: noon, Since: noon}
	bob := share.HouseholdMember{Member: "mem_bob", Role: share.Adult, Invited: noon, Since: time.Time{}}
	adult := bob
	adult.Since = noon
	for _, c := range []struct {
		name    string
		size    int
		members []share.HouseholdMember
		m       loyalty.MemberID
		role    share.Role
		code    loyalty.Code
		pointer string
	}{
		{"a new member", 2, []share.HouseholdMember{owner}, "mem_bob", share.Adult, "", ""},
		{"a child", 2, []share.HouseholdMember{owner}, "mem_bob", share.Child, "", ""},
		{"an owner", 3, []share.HouseholdMember{owner}, "mem_bob", share.Owner, loyalty.ValidationFailed, "/role"},
		{"no role", 3, []share.HouseholdMember{owner}, "mem_bob", "", loyalty.ValidationFailed, "/role"},
		{
			"the first member again", 3,
			[]share.HouseholdMember{owner},
			"mem_ada", share.Adult, loyalty.AlreadyExists,
			"/member",
		},
		{
			"a joined member again", 3,
			[]share.HouseholdMember{owner, adult},
			"mem_bob", share.Adult,
			loyalty.AlreadyExists, "/member",
		},
		{
			"one member too many", 2,
			[]share.HouseholdMember{owner, bob},
			"mem_cleo", share.Adult,
			loyalty.ValidationFailed, "",
		},
		{
			"an invited member of a full household again", 2,
			[]share.HouseholdMember{owner, bob},
			"mem_bob",
			share.Child, "", "",
		},
		{"the first member of the list again", 2, []share.HouseholdMember{bob, owner}, "mem_bob", share.Child, "", ""},
		{"without households", 0, []share.HouseholdMember{owner}, "mem_bob", share.Adult, loyalty.ValidationFailed, ""},
	} {
		p := living(t, loyalty.Households{Size: c.size})
		was := slices.Clone(c.members)
		h, err := share.Invite(
			&p.Households, share.Household{ID: "hh_1", Members: c.members}, c.m, c.role, noon.Add(time.Hour),
		)
		wantRefusal(t, c.name, err, c.code, c.pointer)
		at := h.Mate(c.m)
		invited := at >= 0 && h.Members[at].Role == c.role && h.Members[at].Since.IsZero()
		if err == nil && (!invited || len(h.Members) != max(len(was), at+1)) {
			t.Errorf("%s: %+v", c.name, h.Members)
		}
		if !slices.Equal(c.members, was) {
			t.Errorf("%s: the household changed to %+v", c.name, c.members)
		}
	}
}

func TestAcceptedInvitation(t *testing.T) {
	owner := share.HouseholdMember{Member: "mem_ada", Role: share.Owner, Invited: noon, Since: noon}
	bob, cleo := share.HouseholdMember{
		Member: "mem_bob", Role: share.Adult, Invited: noon, Since: time.Time{},
	}, share.HouseholdMember{Member: "mem_cleo", Role: share.Adult, Invited: noon, Since: noon}
	for _, c := range []struct {
		name    string
		size    int
		members []share.HouseholdMember
		m       loyalty.MemberID
		code    loyalty.Code
		pointer string
		since   time.Time
	}{
		{"an invited member", 2, []share.HouseholdMember{owner, bob}, "mem_bob", "", "", noon.Add(time.Hour)},
		{"the first of the list", 2, []share.HouseholdMember{bob, owner}, "mem_bob", "", "", noon.Add(time.Hour)},
		{"a member who joined before", 2, []share.HouseholdMember{owner, cleo}, "mem_cleo", "", "", noon},
		{
			"a household that became smaller", 2,
			[]share.HouseholdMember{owner, cleo, bob},
			"mem_bob",
			loyalty.ValidationFailed, "",
			time.Time{},
		},
		{
			"a member who was not invited", 3,
			[]share.HouseholdMember{owner, cleo},
			"mem_bob", loyalty.NotFound,
			"/member",
			time.Time{},
		},
		{
			"without households", 0,
			[]share.HouseholdMember{owner, bob},
			"mem_bob", loyalty.ValidationFailed, "",
			time.Time{},
		},
	} {
		p := living(t, loyalty.Households{Size: c.size})
		was := slices.Clone(c.members)
		h, err := share.AcceptInvitation(
			&p.Households, share.Household{ID: "hh_1", Members: c.members}, c.m, noon.Add(time.Hour),
		)
		wantRefusal(t, c.name, err, c.code, c.pointer)
		if at := h.Mate(c.m); err == nil && !h.Members[at].Since.Equal(c.since) {
			t.Errorf("%s: joined %+v", c.name, h.Members)
		}
		if !slices.Equal(c.members, was) {
			t.Errorf("%s: the household changed to %+v", c.name, c.members)
		}
	}
}
