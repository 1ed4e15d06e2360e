package engine

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

func TestBoundsOfAConversion(t *testing.T) {
	p := miles(t, big.NewRat(1, 30))
	c := &p.Conversions[0]
	c.Min, c.Step, c.Limits = 60, 10, []loyalty.Limit{{Times: 2, Per: loyalty.PerDay}}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	rich := holding(loyalty.Lot{Expires: 20290131, Points: 200})
	out, err := share.Convert(Begin(p, rich, noon), "cv_1", "", "pay", 70)
	if err != nil || out.Account.BalanceOf("pay").Active != 2 || out.Account.Balance().Active != 130 {
		t.Fatalf("%+v, %v", out.Account, err)
	}
	x := out.Entries[0]
	if want := []loyalty.Reason{
		{Rule: "conversions.to-pay", Kind: loyalty.WasConverted, Args: []string{"70", "", "2", "pay"}, Points: "-70"},
	}; !reflect.DeepEqual(x.Reasons[:1], want) || len(x.Reasons) != 2 || x.Reasons[1].Points != "2" {
		t.Errorf("%+v", x.Reasons)
	}
	if len(x.Usage) != 1 || x.Usage[0].N != 1 || x.Usage[0].Rule != "conversions.to-pay" {
		t.Errorf("usage %+v", x.Usage)
	}
	if got := x.Conversion; got.Points != 70 || got.Received != 2 ||
		!got.ReversibleUntil.Equal(noon.AddDate(0, 0, 7)) ||
		!slices.Equal(got.Taken, []loyalty.Lot{{Expires: 20290131, Points: 70}}) {
		t.Errorf("%+v", got)
	}
	frozenMember, debtor, payDebtor := rich, rich, rich
	frozenMember.Status = loyalty.Frozen
	debtor.Debt = 1
	payDebtor.Purses = []loyalty.Purse{{Wallet: "pay", Debt: 1}}
	second, err := share.Convert(Begin(p, out.Account, noon), "cv_2", "", "pay", 60)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		acc      loyalty.Account
		from, to string
		n        loyalty.Points
		at       time.Time
		code     loyalty.Code
		pointer  string
	}{
		{"the least", rich, "", "pay", 60, noon, "", ""},
		{"less than the least", rich, "", "pay", 50, noon, loyalty.AmountOutOfRange, "/points"},
		{"no multiple of the step", rich, "", "pay", 65, noon, loyalty.AmountOutOfRange, "/points"},
		{"all that there is", rich, "", "pay", 200, noon, "", ""},
		{"more than there is", rich, "", "pay", 210, noon, loyalty.InsufficientPoints, ""},
		{
			"more than one operation moves", rich, "", "pay", loyalty.MaxPoints + 10, noon, loyalty.AmountOutOfRange,
			"/points",
		},
		{"as much as one operation moves", rich, "", "pay", loyalty.MaxPoints, noon, loyalty.InsufficientPoints, ""},
		{"frozen", frozenMember, "", "pay", 60, noon, loyalty.AccountFrozen, ""},
		{"a debtor", debtor, "", "pay", 60, noon, loyalty.InsufficientPoints, ""},
		{"a debtor in the other wallet", payDebtor, "", "pay", 60, noon, "", ""},
		{"to an unknown wallet", rich, "", "miles", 60, noon, loyalty.ValidationFailed, "/to"},
		{"from an unknown wallet", rich, "miles", "", 60, noon, loyalty.ValidationFailed, "/from"},
		{"the other way", rich, "pay", "", 60, noon, loyalty.ValidationFailed, "/to"},
		{"the third on a day", second.Account, "", "pay", 60, noon, loyalty.ValidationFailed, ""},
		{"the first on the next day", second.Account, "", "pay", 60, noon.AddDate(0, 0, 1), "", ""},
	} {
		_, err := share.Convert(Begin(p, c.acc, c.at), "cv_9", c.from, c.to, c.n)
		wantRefusal(t, c.name, err, c.code, c.pointer)
	}
	c.Min, c.Step = 0, 0
	_, err = share.Convert(Begin(p, rich, noon), "cv_9", "", "pay", 29)
	wantRefusal(t, "so few that they become none", err, loyalty.AmountOutOfRange, "/points")
	_, err = share.Convert(Begin(p, rich, noon), "cv_9", "", "pay", 30)
	wantRefusal(t, "as many as become one", err, "", "")
}

func TestBoundsOfUndoingAConversion(t *testing.T) {
	p := miles(t, big.NewRat(3, 1))
	out, err := share.Convert(
		Begin(p, holding(loyalty.Lot{Expires: 20290131, Points: 20}), noon), "cv_1", "", "pay", 20,
	)
	if err != nil {
		t.Fatal(err)
	}
	acc, e := out.Account, out.Entries[0]
	frozenMember, debtor := acc, acc
	frozenMember.Status = loyalty.Frozen
	debtor.Purses = slices.Clone(debtor.Purses)
	debtor.Purses[0].Debt = 1
	fewer, err := Adjust(p, acc, "adj_1", "pay", -50, "", noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		acc     loyalty.Account
		n       loyalty.Points
		code    loyalty.Code
		pointer string
	}{
		{"all", acc, 60, "", ""},
		{"more than all", acc, 61, loyalty.AmountOutOfRange, "/points"},
		{"below zero", acc, -1, loyalty.AmountNotPositive, "/points"},
		{"so few that they become none", acc, 2, loyalty.AmountOutOfRange, "/points"},
		{"as many as become one", acc, 3, "", ""},
		{"frozen", frozenMember, 60, loyalty.AccountFrozen, ""},
		{"a debtor", debtor, 60, loyalty.InsufficientPoints, ""},
		{"all that is left", fewer.Account, 10, "", ""},
		{"more than is left", fewer.Account, 11, loyalty.InsufficientPoints, ""},
	} {
		_, err := share.ConvertBack(Begin(p, c.acc, noon), e, c.n)
		wantRefusal(t, c.name, err, c.code, c.pointer)
	}
	back, err := share.ConvertBack(Begin(p, fewer.Account, noon), e, 0)
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
		edit func(*loyalty.Program)
		ok   bool
	}{
		"as it is":               {func(*loyalty.Program) {}, true},
		"from an unknown wallet": {func(p *loyalty.Program) { p.Conversions[0].From = "gone" }, false},
		"to an unknown wallet":   {func(p *loyalty.Program) { p.Conversions[0].To = "gone" }, false},
		"into itself":            {func(p *loyalty.Program) { p.Conversions[0].To = "" }, false},
		"twice": {
			func(p *loyalty.Program) { p.Conversions = append(p.Conversions, p.Conversions[0]) }, false,
		},
		"without a rate":          {func(p *loyalty.Program) { p.Conversions[0].Rate = nil }, false},
		"a rate of zero":          {func(p *loyalty.Program) { p.Conversions[0].Rate = new(big.Rat) }, false},
		"less than zero at least": {func(p *loyalty.Program) { p.Conversions[0].Min = -1 }, false},
		"no least":                {func(p *loyalty.Program) { p.Conversions[0].Min = 0 }, true},
		"a step below zero":       {func(p *loyalty.Program) { p.Conversions[0].Step = -1 }, false},
		"a limit of zero": {
			func(p *loyalty.Program) { p.Conversions[0].Limits = []loyalty.Limit{{Times: 0, Per: loyalty.PerDay}} },
			false,
		},
		"a reward in no wallet": {
			func(p *loyalty.Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "gone", 1 }, false,
		},
		"a reward of no points": {func(p *loyalty.Program) { p.Rewards[0].Wallet = "pay" }, false},
		"a reward of a point": {
			func(p *loyalty.Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", 1 }, true,
		},
		"a reward of the most": {
			func(p *loyalty.Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", loyalty.MaxPoints }, true,
		},
		"a reward of more": {
			func(p *loyalty.Program) { p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", loyalty.MaxPoints+1 }, false,
		},
		"points without a wallet": {func(p *loyalty.Program) { p.Rewards[0].Points = -1 }, true},
		"a reward in its own wallet": {func(p *loyalty.Program) {
			p.Rewards[0].Wallet, p.Rewards[0].Points = "pay", 1
			p.Rewards[0].Wallets = map[string]loyalty.Points{"pay": 2}
		}, false},
	} {
		p := miles(t, big.NewRat(1, 1))
		c.edit(p)
		if err := Compile(p); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBoundsOfAnAdjustment(t *testing.T) {
	p := miles(t, big.NewRat(1, 1))
	rich := holding(loyalty.Lot{Expires: 20290131, Points: 100})
	frozenMember := rich
	frozenMember.Status = loyalty.Frozen
	for _, c := range []struct {
		name    string
		acc     loyalty.Account
		wallet  string
		n       loyalty.Points
		code    loyalty.Code
		pointer string
	}{
		{"one point", rich, "", 1, "", ""},
		{"none", rich, "", 0, loyalty.AmountNotPositive, "/points"},
		{"all that there is", rich, "", -100, "", ""},
		{"more than there is", rich, "", -101, loyalty.InsufficientPoints, ""},
		{"the most", rich, "", loyalty.MaxPoints, "", ""},
		{"more than the most", rich, "", loyalty.MaxPoints + 1, loyalty.AmountOutOfRange, "/points"},
		{"the most down", rich, "", -loyalty.MaxPoints, loyalty.InsufficientPoints, ""},
		{"more than the most down", rich, "", -loyalty.MaxPoints - 1, loyalty.AmountOutOfRange, "/points"},
		{"another wallet", rich, "pay", 1, "", ""},
		{"an unknown wallet", rich, "gone", 1, loyalty.ValidationFailed, "/wallet"},
		{"frozen", frozenMember, "", 1, loyalty.AccountFrozen, ""},
	} {
		out, err := Adjust(p, c.acc, "adj_1", c.wallet, c.n, "sorry", noon)
		if wantRefusal(t, c.name, err, c.code, c.pointer); err != nil {
			continue
		}
		e, was := out.Entries[0], c.acc.BalanceOf(c.wallet).Active
		if got := out.Account.BalanceOf(c.wallet).Active; got != was+c.n ||
			e.Reasons[0].Points != loyalty.FormatPoints(c.n) ||
			e.Reasons[0].Args[0] != "sorry" {
			t.Errorf("%s: %d points, because %+v", c.name, got, e.Reasons)
		}
	}
}

func TestBoundsOfAPlacement(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Tiers.Minimums = []loyalty.Minimum{{Segment: "staff", Level: "silver"}}
	})
	later := noon.AddDate(0, 1, 0)
	member := joined(t, p, noon)
	staff, frozenMember := member, member
	staff.Traits.Segments = []string{"staff"}
	frozenMember.Status = loyalty.Frozen
	permanentGold := member
	permanentGold.Tier.Minimum = "gold"
	for _, c := range []struct {
		name    string
		acc     loyalty.Account
		in      tier.Placement
		code    loyalty.Code
		pointer string
	}{
		{"a level", member, tier.Placement{Level: "gold"}, "", ""},
		{"an unknown level", member, tier.Placement{Level: "tin"}, loyalty.ValidationFailed, "/level"},
		{
			"an unknown tier group", member,
			tier.Placement{Level: "gold", TierGroup: "none"},
			loyalty.ValidationFailed, "/tier_group",
		},
		{"frozen", frozenMember, tier.Placement{Level: "gold"}, loyalty.AccountFrozen, ""},
		{"below the level of a segment", staff, tier.Placement{Level: "bronze"}, loyalty.ValidationFailed, "/level"},
		{
			"below the level of a segment, locked", staff,
			tier.Placement{Level: "bronze", Locked: true, Until: later},
			"", "",
		},
		{"the level of a segment", staff, tier.Placement{Level: "silver"}, "", ""},
		{"below what was given for ever", permanentGold, tier.Placement{Level: "bronze"}, "", ""},
		{"for ever", member, tier.Placement{Level: "gold", Permanent: true}, "", ""},
		{
			"for ever and locked", member,
			tier.Placement{Level: "gold", Permanent: true, Locked: true},
			loyalty.ValidationFailed, "/permanent",
		},
		{
			"for ever until", member,
			tier.Placement{Level: "gold", Permanent: true, Until: later},
			loyalty.ValidationFailed, "/permanent",
		},
		{
			"locked without an end", member,
			tier.Placement{Level: "gold", Locked: true},
			loyalty.ValidationFailed,
			"/until",
		},
		{"locked until", member, tier.Placement{Level: "gold", Locked: true, Until: later}, "", ""},
		{"until now", member, tier.Placement{Level: "gold", Until: noon}, loyalty.ValidationFailed, "/until"},
		{"until just after now", member, tier.Placement{Level: "gold", Until: noon.Add(1)}, "", ""},
		{"for ten years", member, tier.Placement{Level: "gold", Until: noon.AddDate(10, 0, 0)}, "", ""},
		{
			"for more than ten years", member,
			tier.Placement{Level: "gold", Until: noon.AddDate(10, 0, 0).Add(1)},
			loyalty.ValidationFailed, "/until",
		},
	} {
		out, err := tier.SetTier(Begin(p, c.acc, noon), "set_1", c.in)
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
		if want := []string{c.acc.Tier.Level, c.in.Level, ""}; e.Kind != loyalty.KindMoveTier ||
			e.Reasons[0].Kind != loyalty.WasPlaced ||
			!slices.Equal(e.Reasons[0].Args, want) {
			t.Errorf("%s: because %+v", c.name, e.Reasons)
		}
	}
}

func TestMemberRegistersForACampaign(t *testing.T) {
	until := noon.Add(time.Hour)
	p := made(t, func(p *loyalty.Program) {
		p.Campaigns = []loyalty.Rule{
			{
				ID:    "b",
				OptIn: true,
				Give:  loyalty.Fixed{Points: 10},
				Match: loyalty.Match{Until: until},
			}, {ID: "a", OptIn: true, Give: loyalty.Fixed{Points: 5}}, {ID: "all", Give: loyalty.Fixed{Points: 1}},
		}
	})
	member := joined(t, p, noon)
	frozenMember := member
	frozenMember.Status = loyalty.Frozen
	for _, c := range []struct {
		name string
		acc  loyalty.Account
		id   string
		at   time.Time
		code loyalty.Code
	}{
		{"before its end", member, "b", until.Add(-1), ""},
		{"at its end", member, "b", until, loyalty.ValidationFailed},
		{"without an end", member, "a", until, ""},
		{"one for all", member, "all", noon, loyalty.NotFound},
		{"an unknown one", member, "gone", noon, loyalty.NotFound},
		{"frozen", frozenMember, "a", noon, loyalty.AccountFrozen},
	} {
		_, err := OptIn(p, c.acc, c.id, c.at)
		wantRefusal(t, c.name, err, c.code, "")
	}
	for i, id := range []string{"b", "a", "b"} {
		out, err := OptIn(p, member, id, noon.Add(time.Duration(i)))
		if err != nil || (len(out.Entries) == 1) != (i < 2) {
			t.Fatalf("%s: %+v, %v", id, out.Entries, err)
		}
		if i < 2 &&
			(out.Entries[0].Reasons[0].Args[0] != "campaigns."+id || out.Entries[0].Cause.Revision != i+1 ||
				out.Entries[0].Kind != loyalty.KindUpdateMember) {
			t.Errorf("%+v", out.Entries[0])
		}
		member = out.Account
	}
	if want := []loyalty.OptIn{
		{Campaign: "a", At: noon.Add(1)}, {Campaign: "b", At: noon},
	}; !slices.Equal(member.Traits.OptIns, want) {
		t.Errorf("%+v, want %+v", member.Traits.OptIns, want)
	}
}

func TestRoomForAnotherRegistration(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		for i := range maxOptIns {
			p.Campaigns = append(
				p.Campaigns, loyalty.Rule{ID: fmt.Sprint("c", i), OptIn: true, Give: loyalty.Fixed{Points: 1}},
			)
		}
	})
	full := joined(t, p, noon)
	for i := range maxOptIns - 1 {
		full.Traits.OptIns = append(full.Traits.OptIns, loyalty.OptIn{Campaign: fmt.Sprint("c", i+1), At: noon})
	}
	out, err := OptIn(p, full, "c0", noon)
	if err != nil || len(out.Account.Traits.OptIns) != maxOptIns {
		t.Errorf("the last one: %d, %v", len(out.Account.Traits.OptIns), err)
	}
	full.Traits.OptIns = append(full.Traits.OptIns, loyalty.OptIn{Campaign: "x", At: noon})
	for _, old := range []struct{ x, y time.Time }{{noon, noon.Add(1)}, {noon.Add(1), noon}} {
		acc := full
		acc.Traits.OptIns = slices.Clone(full.Traits.OptIns)
		acc.Traits.OptIns[3], acc.Traits.OptIns[maxOptIns-1] = loyalty.OptIn{
			Campaign: "y", At: old.y,
		}, loyalty.OptIn{Campaign: "x", At: old.x}
		out, err := OptIn(p, acc, "c0", noon)
		has := func(id string) bool { return slices.Contains(award.Campaigns(out.Account.Traits), id) }
		if err != nil || len(out.Account.Traits.OptIns) != maxOptIns || has("x") != old.x.After(old.y) ||
			has("y") == has("x") ||
			!has("c0") ||
			!has("c1") {
			t.Errorf("the oldest of a campaign that ended is dropped: %v, %v", award.Campaigns(out.Account.Traits), err)
		}
		if acc.Traits.OptIns[3].Campaign != "y" {
			t.Error("the account that was given is changed")
		}
	}
	full.Traits.OptIns[maxOptIns-1] = loyalty.OptIn{Campaign: "c0", At: noon}
	more := made(t, func(q *loyalty.Program) {
		q.Campaigns = append(
			slices.Clone(p.Campaigns), loyalty.Rule{ID: "more", OptIn: true, Give: loyalty.Fixed{Points: 1}},
		)
	})
	_, err = OptIn(more, full, "more", noon)
	wantRefusal(t, "one too many", err, loyalty.ValidationFailed, "")
}
