package loyalty

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestBoundsOfAConversion(t *testing.T) {
	p := miles(t, big.NewRat(1, 30))
	c := &p.Conversions[0]
	c.Min, c.Step, c.Limits = 60, 10, []Limit{{2, PerDay}}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	rich := holding(Lot{20290131, 200})
	out, err := p.Convert(rich, "cv_1", "", "pay", 70, noon)
	if err != nil || out.Account.BalanceOf("pay").Active != 2 || out.Account.Balance().Active != 130 {
		t.Fatalf("%+v, %v", out.Account, err)
	}
	x := out.Entries[0]
	if want := []Reason{
		{Rule: "conversions.to-pay", Kind: WasConverted, Args: []string{"70", "", "2", "pay"}, Points: "-70"},
	}; !reflect.DeepEqual(x.Reasons[:1], want) || len(x.Reasons) != 2 || x.Reasons[1].Points != "2" {
		t.Errorf("%+v", x.Reasons)
	}
	if len(x.Usage) != 1 || x.Usage[0].N != 1 || x.Usage[0].Rule != "conversions.to-pay" {
		t.Errorf("usage %+v", x.Usage)
	}
	if got := x.Conversion; got.Points != 70 || got.Received != 2 || !got.ReversibleUntil.Equal(noon.AddDate(0, 0, 7)) ||
		!slices.Equal(got.Taken, []Lot{{20290131, 70}}) {
		t.Errorf("%+v", got)
	}
	frozenMember, debtor, payDebtor := rich, rich, rich
	frozenMember.Status = Frozen
	debtor.Debt = 1
	payDebtor.Purses = []Purse{{Wallet: "pay", Debt: 1}}
	second, err := p.Convert(out.Account, "cv_2", "", "pay", 60, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		acc      Account
		from, to string
		n        Points
		at       time.Time
		code     Code
		pointer  string
	}{
		{"the least", rich, "", "pay", 60, noon, "", ""},
		{"less than the least", rich, "", "pay", 50, noon, AmountOutOfRange, "/points"},
		{"no multiple of the step", rich, "", "pay", 65, noon, AmountOutOfRange, "/points"},
		{"all that there is", rich, "", "pay", 200, noon, "", ""},
		{"more than there is", rich, "", "pay", 210, noon, InsufficientPoints, ""},
		{"more than one operation moves", rich, "", "pay", MaxPoints + 10, noon, AmountOutOfRange, "/points"},
		{"as much as one operation moves", rich, "", "pay", MaxPoints, noon, InsufficientPoints, ""},
		{"frozen", frozenMember, "", "pay", 60, noon, AccountFrozen, ""},
		{"a debtor", debtor, "", "pay", 60, noon, InsufficientPoints, ""},
		{"a debtor in the other wallet", payDebtor, "", "pay", 60, noon, "", ""},
		{"to an unknown wallet", rich, "", "miles", 60, noon, ValidationFailed, "/to"},
		{"from an unknown wallet", rich, "miles", "", 60, noon, ValidationFailed, "/from"},
		{"the other way", rich, "pay", "", 60, noon, ValidationFailed, "/to"},
		{"the third on a day", second.Account, "", "pay", 60, noon, ValidationFailed, ""},
		{"the first on the next day", second.Account, "", "pay", 60, noon.AddDate(0, 0, 1), "", ""},
	} {
		_, err := p.Convert(c.acc, "cv_9", c.from, c.to, c.n, c.at)
		wantRefusal(t, c.name, err, c.code, c.pointer)
	}
	c.Min, c.Step = 0, 0
	_, err = p.Convert(rich, "cv_9", "", "pay", 29, noon)
	wantRefusal(t, "so few that they become none", err, AmountOutOfRange, "/points")
	_, err = p.Convert(rich, "cv_9", "", "pay", 30, noon)
	wantRefusal(t, "as many as become one", err, "", "")
}

func TestBoundsOfUndoingAConversion(t *testing.T) {
	p := miles(t, big.NewRat(3, 1))
	out, err := p.Convert(holding(Lot{20290131, 20}), "cv_1", "", "pay", 20, noon)
	if err != nil {
		t.Fatal(err)
	}
	acc, e := out.Account, out.Entries[0]
	frozenMember, debtor := acc, acc
	frozenMember.Status = Frozen
	debtor.Purses = slices.Clone(debtor.Purses)
	debtor.Purses[0].Debt = 1
	fewer, err := p.Adjust(acc, "adj_1", "pay", -50, "", noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		acc     Account
		n       Points
		code    Code
		pointer string
	}{
		{"all", acc, 60, "", ""},
		{"more than all", acc, 61, AmountOutOfRange, "/points"},
		{"below zero", acc, -1, AmountNotPositive, "/points"},
		{"so few that they become none", acc, 2, AmountOutOfRange, "/points"},
		{"as many as become one", acc, 3, "", ""},
		{"frozen", frozenMember, 60, AccountFrozen, ""},
		{"a debtor", debtor, 60, InsufficientPoints, ""},
		{"all that is left", fewer.Account, 10, "", ""},
		{"more than is left", fewer.Account, 11, InsufficientPoints, ""},
	} {
		_, err := p.ConvertBack(c.acc, e, c.n, noon)
		wantRefusal(t, c.name, err, c.code, c.pointer)
	}
	back, err := p.ConvertBack(fewer.Account, e, 0, noon)
	if err != nil || back.Account.Balance().Active != 3 || back.Account.BalanceOf("pay").Active != 0 {
		t.Errorf("what is left goes back: %+v, %v", back.Account, err)
	}
	if got := back.Entries[0]; got.Conversion.Reversed != 10 || got.Conversion.Returned != 3 ||
		got.Reasons[0].Points != "3" ||
		got.Reasons[1].Points != "-10" {
		t.Errorf("%+v because %+v", got.Conversion, got.Reasons)
	}
}

func TestConversionsOfAProgram(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Program)
		ok   bool
	}{
		"as it is":                {func(*Program) {}, true},
		"from an unknown wallet":  {func(p *Program) { p.Conversions[0].From = "gone" }, false},
		"to an unknown wallet":    {func(p *Program) { p.Conversions[0].To = "gone" }, false},
		"into itself":             {func(p *Program) { p.Conversions[0].To = "" }, false},
		"twice":                   {func(p *Program) { p.Conversions = append(p.Conversions, p.Conversions[0]) }, false},
		"without a rate":          {func(p *Program) { p.Conversions[0].Rate = nil }, false},
		"a rate of zero":          {func(p *Program) { p.Conversions[0].Rate = new(big.Rat) }, false},
		"less than zero at least": {func(p *Program) { p.Conversions[0].Min = -1 }, false},
		"no least":                {func(p *Program) { p.Conversions[0].Min = 0 }, true},
		"a step below zero":       {func(p *Program) { p.Conversions[0].Step = -1 }, false},
		"a limit of zero":         {func(p *Program) { p.Conversions[0].Limits = []Limit{{0, PerDay}} }, false},
		"a reward in no wallet":   {func(p *Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "gone", 1 }, false},
		"a reward of no points":   {func(p *Program) { p.Rewards[0].Wallet = "pay" }, false},
		"a reward of a point":     {func(p *Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", 1 }, true},
		"a reward of the most":    {func(p *Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", MaxPoints }, true},
		"a reward of more":        {func(p *Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", MaxPoints+1 }, false},
		"points without a wallet": {func(p *Program) { p.Rewards[0].Points = -1 }, true},
		"a reward in its own wallet": {func(p *Program) {
			p.Rewards[0].Wallet, p.Rewards[0].Points, p.Rewards[0].Wallets = "pay", 1, map[string]Points{"pay": 2}
		}, false},
	} {
		p := miles(t, big.NewRat(1, 1))
		c.edit(p)
		if err := p.Compile(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBoundsOfAnAdjustment(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	rich := holding(Lot{20290131, 100})
	frozenMember := rich
	frozenMember.Status = Frozen
	for _, c := range []struct {
		name    string
		acc     Account
		wallet  string
		n       Points
		code    Code
		pointer string
	}{
		{"one point", rich, "", 1, "", ""},
		{"none", rich, "", 0, AmountNotPositive, "/points"},
		{"all that there is", rich, "", -100, "", ""},
		{"more than there is", rich, "", -101, InsufficientPoints, ""},
		{"the most", rich, "", MaxPoints, "", ""},
		{"more than the most", rich, "", MaxPoints + 1, AmountOutOfRange, "/points"},
		{"the most down", rich, "", -MaxPoints, InsufficientPoints, ""},
		{"more than the most down", rich, "", -MaxPoints - 1, AmountOutOfRange, "/points"},
		{"another wallet", rich, "pay", 1, "", ""},
		{"an unknown wallet", rich, "gone", 1, ValidationFailed, "/wallet"},
		{"frozen", frozenMember, "", 1, AccountFrozen, ""},
	} {
		out, err := p.Adjust(c.acc, "adj_1", c.wallet, c.n, "sorry", noon)
		if wantRefusal(t, c.name, err, c.code, c.pointer); err != nil {
			continue
		}
		e, was := out.Entries[0], c.acc.BalanceOf(c.wallet).Active
		if got := out.Account.BalanceOf(c.wallet).Active; got != was+c.n || e.Reasons[0].Points != points(c.n) ||
			e.Reasons[0].Args[0] != "sorry" {
			t.Errorf("%s: %d points, because %+v", c.name, got, e.Reasons)
		}
	}
}

func TestBoundsOfAPlacement(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Tiers.Minimums = []Minimum{{Segment: "staff", Level: "silver"}}
	})
	later := noon.AddDate(0, 1, 0)
	member := joined(t, p, noon)
	staff, frozenMember := member, member
	staff.Traits.Segments = []string{"staff"}
	frozenMember.Status = Frozen
	permanentGold := member
	permanentGold.Tier.Minimum = "gold"
	for _, c := range []struct {
		name    string
		acc     Account
		in      Placement
		code    Code
		pointer string
	}{
		{"a level", member, Placement{Level: "gold"}, "", ""},
		{"an unknown level", member, Placement{Level: "tin"}, ValidationFailed, "/level"},
		{"an unknown ladder", member, Placement{Level: "gold", TierGroup: "none"}, ValidationFailed, "/tier_group"},
		{"frozen", frozenMember, Placement{Level: "gold"}, AccountFrozen, ""},
		{"below the level of a segment", staff, Placement{Level: "bronze"}, ValidationFailed, "/level"},
		{"below the level of a segment, locked", staff, Placement{Level: "bronze", Locked: true, Until: later}, "", ""},
		{"the level of a segment", staff, Placement{Level: "silver"}, "", ""},
		{"below what was given for ever", permanentGold, Placement{Level: "bronze"}, "", ""},
		{"for ever", member, Placement{Level: "gold", Permanent: true}, "", ""},
		{"for ever and locked", member, Placement{Level: "gold", Permanent: true, Locked: true}, ValidationFailed, "/permanent"},
		{"for ever until", member, Placement{Level: "gold", Permanent: true, Until: later}, ValidationFailed, "/permanent"},
		{"locked without an end", member, Placement{Level: "gold", Locked: true}, ValidationFailed, "/until"},
		{"locked until", member, Placement{Level: "gold", Locked: true, Until: later}, "", ""},
		{"until now", member, Placement{Level: "gold", Until: noon}, ValidationFailed, "/until"},
		{"until just after now", member, Placement{Level: "gold", Until: noon.Add(1)}, "", ""},
		{"for ten years", member, Placement{Level: "gold", Until: noon.AddDate(10, 0, 0)}, "", ""},
		{"for more than ten years", member, Placement{Level: "gold", Until: noon.AddDate(10, 0, 0).Add(1)}, ValidationFailed, "/until"},
	} {
		out, err := p.SetTier(c.acc, "set_1", c.in, noon)
		if wantRefusal(t, c.name, err, c.code, c.pointer); err != nil {
			continue
		}
		s := out.Account.Tier
		if s.Level != c.in.Level || (s.Minimum == c.in.Level) != c.in.Permanent || s.Given != !c.in.Until.IsZero() {
			t.Errorf("%s: %+v", c.name, s)
		}
		held := c.in.Permanent || c.in.Level == "bronze" ||
			c.in.Level == "silver" && len(c.acc.Traits.Segments) > 0 // without an end
		if c.in.Until.IsZero() && held != s.Until.IsZero() || !c.in.Until.IsZero() && !s.Until.Equal(c.in.Until) ||
			c.in.Locked && !s.Lock.Equal(c.in.Until) {
			t.Errorf("%s: %+v", c.name, s)
		}
		e := out.Entries[0]
		if want := []string{c.acc.Tier.Level, c.in.Level, ""}; e.Kind != KindMoveTier || e.Reasons[0].Kind != WasPlaced ||
			!slices.Equal(e.Reasons[0].Args, want) {
			t.Errorf("%s: because %+v", c.name, e.Reasons)
		}
	}
}

func TestMemberRegistersForACampaign(t *testing.T) {
	until := noon.Add(time.Hour)
	p := made(t, func(p *Program) {
		p.Campaigns = []Rule{
			{
				ID:    "b",
				OptIn: true,
				Give:  Fixed{10},
				Match: Match{Until: until},
			}, {ID: "a", OptIn: true, Give: Fixed{5}}, {ID: "all", Give: Fixed{1}},
		}
	})
	member := joined(t, p, noon)
	frozenMember := member
	frozenMember.Status = Frozen
	for _, c := range []struct {
		name string
		acc  Account
		id   string
		at   time.Time
		code Code
	}{
		{"before its end", member, "b", until.Add(-1), ""},
		{"at its end", member, "b", until, ValidationFailed},
		{"without an end", member, "a", until, ""},
		{"one for all", member, "all", noon, NotFound},
		{"an unknown one", member, "gone", noon, NotFound},
		{"frozen", frozenMember, "a", noon, AccountFrozen},
	} {
		_, err := p.OptIn(c.acc, c.id, c.at)
		wantRefusal(t, c.name, err, c.code, "")
	}
	for i, id := range []string{"b", "a", "b"} {
		out, err := p.OptIn(member, id, noon.Add(time.Duration(i)))
		if err != nil || (len(out.Entries) == 1) != (i < 2) {
			t.Fatalf("%s: %+v, %v", id, out.Entries, err)
		}
		if i < 2 &&
			(out.Entries[0].Reasons[0].Args[0] != "campaigns."+id || out.Entries[0].Cause.Revision != i+1 || out.Entries[0].Kind != KindUpdateMember) {
			t.Errorf("%+v", out.Entries[0])
		}
		member = out.Account
	}
	if want := []OptIn{{"a", noon.Add(1)}, {"b", noon}}; !slices.Equal(member.Traits.OptIns, want) {
		t.Errorf("%+v, want %+v", member.Traits.OptIns, want)
	}
}

func TestRoomForAnotherRegistration(t *testing.T) {
	p := made(t, func(p *Program) {
		for i := range MaxOptIns {
			p.Campaigns = append(p.Campaigns, Rule{ID: fmt.Sprint("c", i), OptIn: true, Give: Fixed{1}})
		}
	})
	full := joined(t, p, noon)
	for i := range MaxOptIns - 1 {
		full.Traits.OptIns = append(full.Traits.OptIns, OptIn{fmt.Sprint("c", i+1), noon})
	}
	out, err := p.OptIn(full, "c0", noon)
	if err != nil || len(out.Account.Traits.OptIns) != MaxOptIns {
		t.Errorf("the last one: %d, %v", len(out.Account.Traits.OptIns), err)
	}
	full.Traits.OptIns = append(full.Traits.OptIns, OptIn{"x", noon})
	for _, old := range []struct{ x, y time.Time }{{noon, noon.Add(1)}, {noon.Add(1), noon}} {
		acc := full
		acc.Traits.OptIns = slices.Clone(full.Traits.OptIns)
		acc.Traits.OptIns[3], acc.Traits.OptIns[MaxOptIns-1] = OptIn{"y", old.y}, OptIn{"x", old.x}
		out, err := p.OptIn(acc, "c0", noon)
		has := func(id string) bool { return slices.Contains(out.Account.Traits.Campaigns(), id) }
		if err != nil || len(out.Account.Traits.OptIns) != MaxOptIns || has("x") != old.x.After(old.y) ||
			has("y") == has("x") ||
			!has("c0") ||
			!has("c1") {
			t.Errorf("the oldest of a campaign that ended is dropped: %v, %v", out.Account.Traits.Campaigns(), err)
		}
		if acc.Traits.OptIns[3].Campaign != "y" {
			t.Error("the account that was given is changed")
		}
	}
	full.Traits.OptIns[MaxOptIns-1] = OptIn{"c0", noon}
	more := made(t, func(q *Program) {
		q.Campaigns = append(slices.Clone(p.Campaigns), Rule{ID: "more", OptIn: true, Give: Fixed{1}})
	})
	_, err = more.OptIn(full, "more", noon)
	wantRefusal(t, "one too many", err, ValidationFailed, "")
}
