package loyalty

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// family is a household of ada, its head, and of bob and cleo, adults, with the rules of p.
func family(tb testing.TB, p *Program) Household {
	tb.Helper()
	h, err := p.Found("hh_1", "mem_ada", noon)
	for _, m := range []MemberID{"mem_bob", "mem_cleo"} {
		if err == nil {
			h, err = p.Invite(h, m, Adult, noon)
		}
		if err == nil {
			h, err = p.AcceptInvitation(h, m, noon)
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func living(tb testing.TB, h Households) *Program {
	return stocked(tb, func(p *Program, _ *Reward) { p.Households = h })
}

// called is a member with lots under a name.
func called(tb testing.TB, p *Program, m MemberID, lots ...Lot) Account {
	acc := saver(tb, p, lots...)
	acc.Member = m
	return acc
}

func TestWhoContributesHowMuch(t *testing.T) {
	near, far := Date(20270131), Date(20280131)
	for _, c := range []struct {
		name      string
		share     *big.Rat
		own       []Lot
		bob, cleo []Lot
		edit      func(bob *Account)
		want      []Contribution
		refused   bool
	}{
		{"one's own are enough", nil, []Lot{{far, 100}}, []Lot{{near, 900}}, nil, nil, nil, false},
		{"one's own come first, whenever they expire", nil, []Lot{{far, 60}}, []Lot{{near, 900}}, nil, nil, []Contribution{{"mem_bob", 40}}, false},
		{"then what expires first, whoever's it is", nil, nil, []Lot{{near, 30}, {far, 900}}, []Lot{{20270228, 50}, {0, 90}}, nil, []Contribution{{"mem_bob", 50}, {"mem_cleo", 50}}, false},
		{"of each no more than the share, rounded down", big.NewRat(1, 2), nil, []Lot{{near, 99}}, []Lot{{far, 102}}, nil, []Contribution{{"mem_bob", 49}, {"mem_cleo", 51}}, false},
		{"and not a point more", big.NewRat(1, 2), nil, []Lot{{near, 99}}, []Lot{{far, 101}}, nil, nil, true},
		{
			"no more than the share from several lots", big.NewRat(1, 2), nil,
			[]Lot{{near, 50}, {20270228, 50}},
			[]Lot{{far, 100}},
			nil,
			[]Contribution{{"mem_bob", 50}, {"mem_cleo", 50}},
			false,
		},
		{"who owes points contributes none", nil, nil, []Lot{{near, 900}}, []Lot{{far, 100}}, func(bob *Account) { bob.Debt = 1 }, []Contribution{{"mem_cleo", 100}}, false},
		{"nor who is frozen", nil, nil, []Lot{{near, 900}}, []Lot{{far, 99}}, func(bob *Account) { bob.Status = Frozen }, nil, true},
		{"nor who has as many holds as there may be", nil, nil, []Lot{{near, 900}}, nil, func(bob *Account) { bob.Holds = make([]Hold, MaxHolds) }, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := living(t, Households{Size: 3, Share: c.share})
			accs := []Account{called(t, p, "mem_ada", c.own...), called(t, p, "mem_bob", c.bob...), called(t, p, "mem_cleo", c.cleo...)}
			if c.edit != nil {
				c.edit(&accs[1])
			}
			outs, err := p.RedeemTogether(family(t, p), accs, Redemption{ID: "rd_1", Reward: "it"}, false, nil, noon)
			if c.refused {
				if !errors.Is(err, InsufficientPoints) {
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
				if (len(out.Entries) > 0) != slices.ContainsFunc(c.want, func(d Contribution) bool { return d.Member == accs[i+1].Member }) {
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
	p := living(t, Households{Size: 3, CoolingOff: Period{Days: 7}})
	h := family(t, p)
	h.Members[2].Role = Child
	later := noon.AddDate(0, 0, 7)
	for name, c := range map[string]struct {
		who  MemberID
		cart string
		at   time.Time
		want Code
	}{
		"the head":                     {"mem_ada", "", later, ""},
		"an adult":                     {"mem_bob", "", later, ""},
		"an adult who joined just now": {"mem_bob", "", later.Add(-1), ValidationFailed},
		"a child":                      {"mem_cleo", "", later, ValidationFailed},
		"a stranger":                   {"mem_dan", "", later, ValidationFailed},
		"with a cart":                  {"mem_ada", "cart", later, ValidationFailed},
	} {
		accs := []Account{called(t, p, c.who), called(t, p, "mem_eve", ample)}
		_, err := p.RedeemTogether(h, accs, Redemption{ID: "rd_1", Reward: "it", Cart: c.cart}, true, nil, c.at)
		if (err == nil) != (c.want == "") || c.want != "" && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRolesOfAHousehold(t *testing.T) {
	p := living(t, Households{Size: 4})
	h := family(t, p)
	h, err := p.Invite(h, "mem_dan", Adult, noon)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Invite(h, "mem_dan", Child, noon.Add(1)); err != nil || again.Members[3] != (HouseholdMember{"mem_dan", Child, noon, time.Time{}}) || h.Members[3].Role != Adult {
		t.Errorf("%+v, %v", again, err)
	}
	for _, c := range []struct {
		m    MemberID
		role Role
		want Code
	}{
		{"mem_eve", Adult, ValidationFailed}, {"mem_bob", Child, AlreadyExists}, {"mem_eve", Owner, ValidationFailed}, {"mem_eve", "", ValidationFailed},
	} {
		if _, err := p.Invite(h, c.m, c.role, noon); !errors.Is(err, c.want) {
			t.Errorf("%s as %q: %v", c.m, c.role, err)
		}
	}
	h.Members[1].Role = Child
	h, err = h.Leave("mem_ada") // cleo is the adult who has joined, dan is only invited
	if err != nil || h.Members[1] != (HouseholdMember{"mem_cleo", Owner, noon, noon}) || len(h.Members) != 3 {
		t.Errorf("%+v, %v", h, err)
	}
	h, err = h.Leave("mem_cleo")
	if err != nil || len(h.Members) != 0 {
		t.Errorf("a child is left alone: %+v, %v", h, err)
	}
}

// Whatever becomes of a household's redemption, each has what is theirs: what was not spent is in the lots that it came
// from, and of what was spent all that is given back.
func TestAHouseholdRedemptionIsMadeOfItsParts(tt *testing.T) {
	base := stocked(tt, func(p *Program, r *Reward) {
		p.Households = Households{Size: 3}
		inMiles(p, r)
	})
	home := family(tt, base)
	rapid.Check(tt, func(t *rapid.T) {
		p := *base
		p.Households.Share = rapid.SampledFrom([]*big.Rat{nil, big.NewRat(1, 3), big.NewRat(9, 10)}).Draw(t, "share")
		p.Redemption.OnRefund = ShareBack
		var accs []Account
		for _, m := range []MemberID{"mem_ada", "mem_bob", "mem_cleo"} {
			acc := called(tt, &p, m)
			for _, day := range []Date{20270131, 20270228, 20280131} {
				if n := Points(rapid.IntRange(0, 60).Draw(t, "lot")); n > 0 {
					acc.Lots = addLot(acc.Lots, Lot{day, n})
				}
			}
			accs = append(accs, acc)
		}
		outs, err := p.RedeemTogether(home, accs, Redemption{ID: "rd_1", Reward: "it"}, false, nil, noon)
		if err != nil {
			return
		}
		r := *last(outs[0]).Redemption
		byMember := map[MemberID]int{"mem_ada": 0, "mem_bob": 1, "mem_cleo": 2}
		open := []Account{outs[0].Account}
		for _, d := range r.Contributions {
			open = append(open, outs[byMember[d.Member]].Account)
		}
		back, err := p.CancelTogether(open, r, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range back {
			if was := accs[byMember[out.Account.Member]]; !slices.Equal(out.Account.Lots, was.Lots) {
				t.Fatalf("%s had %v, and has %v after it was canceled", was.Member, was.Lots, out.Account.Lots)
			}
		}
		n := Points(rapid.IntRange(1, 100).Draw(t, "commit"))
		done, err := p.CommitTogether(open, r, &p, n, noon)
		if err != nil {
			t.Fatal(err)
		}
		prior, spent := []Entry{last(done[0])}, accs[0].Balance().Active-done[0].Account.Balance().Active
		left := []Account{done[0].Account}
		for i, out := range done[1:] {
			if e := last(out); e.Kind == KindRedeem {
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
			target, _, err := p.Returned(*prior[0].Redemption, share, IssuedCode{})
			if errors.Is(err, ValidationFailed) {
				continue // less than a point
			}
			if err != nil {
				t.Fatal(err)
			}
			outs, err := p.ReverseTogether(left, prior, target, noon)
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
				t.Fatalf("%s had %v, and has %v and %d spent after all was reversed", was.Member, was.Lots, acc.Lots, acc.Redeemed)
			}
		}
	})
}

func TestInvitationToAHousehold(t *testing.T) {
	owner := HouseholdMember{"mem_ada", Owner, noon, noon}
	bob := HouseholdMember{"mem_bob", Adult, noon, time.Time{}}
	adult := bob
	adult.Since = noon
	for _, c := range []struct {
		name    string
		size    int
		members []HouseholdMember
		m       MemberID
		role    Role
		code    Code
		pointer string
	}{
		{"a new member", 2, []HouseholdMember{owner}, "mem_bob", Adult, "", ""},
		{"a child", 2, []HouseholdMember{owner}, "mem_bob", Child, "", ""},
		{"an owner", 3, []HouseholdMember{owner}, "mem_bob", Owner, ValidationFailed, "/role"},
		{"no role", 3, []HouseholdMember{owner}, "mem_bob", "", ValidationFailed, "/role"},
		{"the first member again", 3, []HouseholdMember{owner}, "mem_ada", Adult, AlreadyExists, "/member"},
		{"a joined member again", 3, []HouseholdMember{owner, adult}, "mem_bob", Adult, AlreadyExists, "/member"},
		{"one member too many", 2, []HouseholdMember{owner, bob}, "mem_cleo", Adult, ValidationFailed, ""},
		{"an invited member of a full household again", 2, []HouseholdMember{owner, bob}, "mem_bob", Child, "", ""},
		{"the first member of the list again", 2, []HouseholdMember{bob, owner}, "mem_bob", Child, "", ""},
		{"without households", 0, []HouseholdMember{owner}, "mem_bob", Adult, ValidationFailed, ""},
	} {
		p := living(t, Households{Size: c.size})
		was := slices.Clone(c.members)
		h, err := p.Invite(Household{"hh_1", c.members}, c.m, c.role, noon.Add(time.Hour))
		wantRefusal(t, c.name, err, c.code, c.pointer)
		at := h.mate(c.m)
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
	owner := HouseholdMember{"mem_ada", Owner, noon, noon}
	bob, cleo := HouseholdMember{"mem_bob", Adult, noon, time.Time{}}, HouseholdMember{"mem_cleo", Adult, noon, noon}
	for _, c := range []struct {
		name    string
		size    int
		members []HouseholdMember
		m       MemberID
		code    Code
		pointer string
		since   time.Time
	}{
		{"an invited member", 2, []HouseholdMember{owner, bob}, "mem_bob", "", "", noon.Add(time.Hour)},
		{"the first of the list", 2, []HouseholdMember{bob, owner}, "mem_bob", "", "", noon.Add(time.Hour)},
		{"a member who joined before", 2, []HouseholdMember{owner, cleo}, "mem_cleo", "", "", noon},
		{"a household that became smaller", 2, []HouseholdMember{owner, cleo, bob}, "mem_bob", ValidationFailed, "", time.Time{}},
		{"a member who was not invited", 3, []HouseholdMember{owner, cleo}, "mem_bob", NotFound, "/member", time.Time{}},
		{"without households", 0, []HouseholdMember{owner, bob}, "mem_bob", ValidationFailed, "", time.Time{}},
	} {
		p := living(t, Households{Size: c.size})
		was := slices.Clone(c.members)
		h, err := p.AcceptInvitation(Household{"hh_1", c.members}, c.m, noon.Add(time.Hour))
		wantRefusal(t, c.name, err, c.code, c.pointer)
		if at := h.mate(c.m); err == nil && !h.Members[at].Since.Equal(c.since) {
			t.Errorf("%s: joined %+v", c.name, h.Members)
		}
		if !slices.Equal(c.members, was) {
			t.Errorf("%s: the household changed to %+v", c.name, c.members)
		}
	}
}

func TestNextOwnerOfAHousehold(t *testing.T) {
	owner := HouseholdMember{"mem_ada", Owner, noon, noon}
	adult := func(m MemberID, minutes int) HouseholdMember {
		return HouseholdMember{m, Adult, noon, noon.Add(time.Duration(minutes) * time.Minute)}
	}
	invited, child := adult("mem_dan", 0), adult("mem_eve", 0)
	invited.Since, child.Role = time.Time{}, Child
	for _, c := range []struct {
		members []HouseholdMember
		owner   MemberID // empty if the household ends
	}{
		{[]HouseholdMember{owner}, ""},
		{[]HouseholdMember{owner, invited, child}, ""},
		{[]HouseholdMember{owner, child, adult("mem_bob", 2), adult("mem_cleo", 1), invited}, "mem_cleo"},
		{[]HouseholdMember{owner, adult("mem_bob", 1), adult("mem_cleo", 1)}, "mem_bob"},
		{[]HouseholdMember{adult("mem_bob", 3), owner, adult("mem_cleo", 4)}, "mem_bob"},
	} {
		h, err := Household{"hh_1", c.members}.Leave("mem_ada")
		var got MemberID
		for _, m := range h.Members {
			if m.Role == Owner {
				got = m.Member
			}
		}
		want := len(c.members) - 1
		if c.owner == "" {
			want = 0
		}
		if err != nil || got != c.owner || len(h.Members) != want {
			t.Errorf("%+v: %+v, %v; want %q", c.members, h.Members, err, c.owner)
		}
	}
	for _, m := range []HouseholdMember{invited, child, adult("mem_bob", 1)} {
		h, err := Household{"hh_1", []HouseholdMember{owner, m}}.Leave(m.Member)
		if err != nil || len(h.Members) != 1 || h.Members[0] != owner {
			t.Errorf("%+v leaves: %+v, %v", m, h.Members, err)
		}
		h, err = Household{"hh_1", []HouseholdMember{m, owner}}.Remove(m.Member)
		if err != nil || len(h.Members) != 1 {
			t.Errorf("%+v is removed: %+v, %v", m, h.Members, err)
		}
	}
	_, err := Household{"hh_1", []HouseholdMember{owner}}.Remove("mem_ada")
	wantRefusal(t, "the owner", err, ValidationFailed, "/member")
	_, err = Household{"hh_1", []HouseholdMember{owner}}.Remove("mem_bob")
	wantRefusal(t, "another member", err, NotFound, "/member")
	_, err = Household{"hh_1", []HouseholdMember{owner}}.Leave("mem_bob")
	wantRefusal(t, "another member", err, NotFound, "/member")
}
