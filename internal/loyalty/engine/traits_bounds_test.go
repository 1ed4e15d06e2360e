package engine

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// plain returns a program in UTC without any rules.
func plain(edit ...func(*loyalty.Program)) *loyalty.Program {
	p := &loyalty.Program{ID: "p", Zone: time.UTC}
	for _, f := range edit {
		f(p)
	}
	return p
}

func TestChangedTraits(t *testing.T) {
	entered := loyaltytest.Noon.AddDate(-1, 0, 0)
	was := loyalty.Traits{
		Birthday: 302, Segments: []string{"vip"}, MembershipYearStart: 101, Changed: entered, Given: 2026,
	}
	push := []loyalty.ChannelUse{{Channel: loyalty.Push, Purpose: loyalty.Marketing}}
	locked := func(p *loyalty.Program) { p.BirthdayLock = loyalty.Period{Months: 12} }
	longer := func(p *loyalty.Program) { p.BirthdayLock = loyalty.Period{Months: 12, Minutes: 1} }
	noticed := func(p *loyalty.Program) { p.AdvanceNotice.Period = loyalty.Period{Days: 30} }
	for _, c := range []struct {
		name    string
		program func(*loyalty.Program)
		unknown bool // the birthday before
		edit    func(*loyalty.Traits)
		want    string // the names of the traits; empty: nothing is posted
		refused bool
	}{
		{"nothing", locked, false, func(*loyalty.Traits) {}, "", false},
		{
			"the order of segments", locked, false, func(t *loyalty.Traits) { t.Segments = []string{"vip", "vip"} },
			"", false,
		},
		{"segments", locked, false, func(t *loyalty.Traits) { t.Segments = []string{"a"} }, "segments", false},
		{
			"the membership year", locked, false, func(t *loyalty.Traits) { t.MembershipYearStart = 201 },
			"membership_year_start", false,
		},
		{"the birthday", locked, false, func(t *loyalty.Traits) { t.Birthday = 303 }, "birthday", false},
		{"the birthday too early", longer, false, func(t *loyalty.Traits) { t.Birthday = 303 }, "", true},
		{"a first birthday", longer, true, func(t *loyalty.Traits) { t.Birthday = 303 }, "birthday", false},
		{
			"the birthday without a cooldown", func(*loyalty.Program) {}, false,
			func(t *loyalty.Traits) { t.Birthday = 303 }, "birthday", false,
		},
		{"channels without advance notice", locked, false, func(t *loyalty.Traits) { t.Channels = push }, "", false},
		{"channels", noticed, false, func(t *loyalty.Traits) { t.Channels = push }, "channels", false},
		{"no channel, with advance notice", noticed, false, func(*loyalty.Traits) {}, "", false},
		{
			"two traits", locked, false,
			func(t *loyalty.Traits) { t.Birthday, t.Segments = 303, nil }, "birthday, segments", false,
		},
	} {
		acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active, Traits: was, Joined: entered}
		if c.unknown {
			acc.Traits.Birthday = 0
		}
		next := was
		c.edit(&next)
		p := plain(c.program)
		out, err := SetTraits(p, acc, next, loyaltytest.Noon)
		if c.refused {
			loyaltytest.WantRefusal(t, c.name, err, loyalty.ValidationFailed, "/birthday")
			continue
		}
		got := ""
		for _, e := range out.Entries {
			got += strings.Join(e.Reasons[0].Args, " ")
		}
		if err != nil || got != c.want {
			t.Errorf("%s: changed %q, want %q; %v", c.name, got, c.want, err)
		}
		is := out.Account.Traits
		if c.want == "" {
			next = was
		}
		if is.Birthday != next.Birthday || is.MembershipYearStart != next.MembershipYearStart ||
			!slices.Equal(is.Segments, next.Segments) || !slices.Equal(is.Channels, next.Channels) {
			t.Errorf("%s: %+v, want %+v", c.name, is, next)
		}
	}
	zoned := made(t, func(*loyalty.Program) {})
	out, err := SetTraits(
		zoned, loyalty.Account{Member: "mem_ada"}, loyalty.Traits{Zone: "Asia/Tokyo"}, loyaltytest.Noon,
	)
	if err != nil || out.Account.Traits.Zone != "Asia/Tokyo" || out.Entries[0].Reasons[0].Args[0] != "timezone" {
		t.Errorf("the time zone: %+v, %v", out.Account.Traits, err)
	}
}

// A birthday earns points this year only if it is in the future.
func TestYearOfTheNextBirthday(t *testing.T) {
	for _, c := range []struct {
		birthday int
		given    int
		want     int
	}{
		{0, 0, 0}, {1202, 0, 2025}, {1201, 0, 2026}, {1130, 0, 2026}, {1202, 2026, 2026}, {1130, 2027, 2027},
	} {
		got := withBirthday(plain(), loyalty.Traits{Given: c.given}, c.birthday, loyaltytest.Noon)
		if got.Given != c.want || got.Birthday != c.birthday || !got.Changed.Equal(loyaltytest.Noon) {
			t.Errorf("%d: awarded until %d, want %d", c.birthday, got.Given, c.want)
		}
	}
}

func TestTraitsOfANewMember(t *testing.T) {
	for _, birthday := range []int{0, 1202} {
		out, err := Join(
			plain(), "mem_ada", loyalty.Traits{Birthday: birthday, Segments: []string{"vip", "a", "vip"}},
			loyaltytest.Noon,
		)
		is := out.Account.Traits
		if err != nil || !slices.Equal(is.Segments, []string{"a", "vip"}) || is.Changed.IsZero() != (birthday == 0) {
			t.Errorf("%+v, %v", is, err)
		}
		if len(out.Entries) != 1 {
			t.Errorf("entries without a bonus for joining: %+v", out.Entries)
		}
	}
}

func TestNextOccasionOfAMember(t *testing.T) {
	birthday := loyalty.Action{ID: "birthday", Event: award.EventBirthday, Points: 10}
	anniversary := loyalty.Action{ID: "year", Event: award.EventAnniversary, Points: 10}
	later := anniversary
	later.Since = loyaltytest.Noon.AddDate(1, 0, 0).Add(1)
	for _, c := range []struct {
		name      string
		actions   []loyalty.Action
		occasions bool
		joined    time.Time
		birthday  int
		want      time.Time
	}{
		{"none", nil, true, loyaltytest.Noon, 302, time.Time{}},
		{
			"a birthday",
			[]loyalty.Action{birthday},
			true, loyaltytest.Noon, 302,
			time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC),
		},
		{"an unknown birthday", []loyalty.Action{birthday}, true, loyaltytest.Noon, 0, time.Time{}},
		{
			"the day of joining",
			[]loyalty.Action{birthday},
			true, loyaltytest.Noon, 1201,
			time.Date(2027, 12, 1, 0, 0, 0, 0, time.UTC),
		},
		{
			"an anniversary",
			[]loyalty.Action{anniversary},
			true, loyaltytest.Noon, 0,
			loyaltytest.Noon.AddDate(1, 0, 0),
		},
		{
			"the second anniversary",
			[]loyalty.Action{later},
			true, loyaltytest.Noon, 0,
			loyaltytest.Noon.AddDate(2, 0, 0),
		},
		{
			"the first of both",
			[]loyalty.Action{anniversary, birthday},
			true, loyaltytest.Noon, 302,
			time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC),
		},
		{"not joined", []loyalty.Action{anniversary}, true, time.Time{}, 302, time.Time{}},
	} {
		p := plain(func(p *loyalty.Program) { p.Earn.Actions, p.Compiled.Occasions = c.actions, c.occasions })
		acc := loyalty.Account{Joined: c.joined, Traits: loyalty.Traits{Birthday: c.birthday}}
		if got := occasionDue(p, acc); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	p := plain(func(p *loyalty.Program) { p.Earn.Actions, p.Compiled.Occasions = []loyalty.Action{anniversary}, true })
	acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active, Joined: loyaltytest.Noon}
	d := posting.Decide(p, acc, loyaltytest.Noon.AddDate(1, 0, 0))
	if err := celebrate(d, d.Now); err != nil || len(d.Entries) != 1 {
		t.Fatalf("%+v, %v", d.Entries, err)
	}
	if years, ok := d.Entries[0].Event.Event.Data["years"].(*big.Rat); !ok || years.Cmp(big.NewRat(1, 1)) != 0 {
		t.Errorf("the anniversary is %v", d.Entries[0].Event.Event.Data)
	}
}

func TestRoomForARegistration(t *testing.T) {
	p := plain(func(p *loyalty.Program) { p.Campaigns = []loyalty.Rule{{ID: "c000"}, {ID: "c001"}} })
	all := func(n int) (out []loyalty.OptIn) {
		for i := range n {
			id := "c" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
			out = append(out, loyalty.OptIn{Campaign: id, At: loyaltytest.Noon.Add(time.Duration(-i) * time.Minute)})
		}
		return out
	}
	for _, c := range []struct {
		n, want int
		removed string
	}{
		{
			MaxOptIns - 1, MaxOptIns - 1, "",
		}, {MaxOptIns, MaxOptIns - 1, "c049"}, {
			MaxOptIns + 1, MaxOptIns - 1,
			"c050",
		},
	} {
		given := all(c.n)
		got := roomForOptIn(p, given)
		has := func(list []loyalty.OptIn) bool {
			return slices.ContainsFunc(list, func(o loyalty.OptIn) bool { return o.Campaign == c.removed })
		}
		if len(got) != c.want || has(got) || c.removed != "" && !has(given) || got[0].Campaign != "c000" {
			t.Errorf("%d registrations: %d remain, %s is among them: %t", c.n, len(got), c.removed, has(got))
		}
	}
	kept := plain(func(p *loyalty.Program) {
		for _, o := range all(MaxOptIns) {
			p.Campaigns = append(p.Campaigns, loyalty.Rule{ID: o.Campaign})
		}
	})
	if got := roomForOptIn(kept, all(MaxOptIns)); len(got) != MaxOptIns {
		t.Errorf("a registration for a present campaign was removed: %d remain", len(got))
	}
	first := all(MaxOptIns)
	first[0], first[49] = first[49], first[0]
	if got := roomForOptIn(plain(), first); len(got) != MaxOptIns-1 || got[0].Campaign == "c049" {
		t.Errorf("the oldest registration, the first in the list, remains: %+v", got[0])
	}
}

// A reward is available if the member has enough points in one of its wallets and owes none.
func TestAvailabilityOfAReward(t *testing.T) {
	for _, c := range []struct {
		name    string
		cost    loyalty.Points
		wallets map[string]loyalty.Points
		debt    loyalty.Points
		miles   loyalty.Points
		missing loyalty.Points
		unmet   bool
	}{
		{"enough", 100, nil, 0, 0, 0, false},
		{"one point is missing", 101, nil, 0, 0, 1, true},
		{"enough in another wallet", 150, map[string]loyalty.Points{"miles": 10}, 0, 10, 50, false},
		{"not enough in another wallet", 150, map[string]loyalty.Points{"miles": 10}, 0, 9, 50, true},
		{"free", 0, nil, 0, 0, 0, false},
		{"free, in debt", 0, nil, 5, 0, 0, false},
		{"in debt", 100, nil, 5, 0, 5, true},
		{"in debt, and more is missing", 120, nil, 5, 0, 25, true},
		{"in debt, with enough in another wallet", 100, map[string]loyalty.Points{"miles": 10}, 5, 10, 5, true},
	} {
		acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
		acc.Lots, acc.Debt = []loyalty.Lot{{Points: 100}}, c.debt
		acc.Purses = []loyalty.Purse{{Wallet: "miles", Lots: []loyalty.Lot{{Points: c.miles}}}}
		r := loyalty.Reward{ID: "mug", Cost: c.cost, Wallets: c.wallets}
		p := plain(func(p *loyalty.Program) { p.Rewards = []loyalty.Reward{r} })
		q := Available(p, acc, r, loyalty.Redemption{}, nil, loyaltytest.Noon)
		if q.Missing != c.missing || (len(q.Unmet) > 0) != c.unmet {
			t.Errorf("%s: %d missing, %+v", c.name, q.Missing, q.Unmet)
		}
		if c.unmet && q.Unmet[0].Missing != c.missing {
			t.Errorf("%s: %+v", c.name, q.Unmet)
		}
	}
	p := plain(func(p *loyalty.Program) {
		p.Rewards = []loyalty.Reward{
			{ID: "lounge", Type: redeem.Perk},
			{ID: "mug", Type: "free_product"},
			{ID: "later", Type: redeem.Perk, Visible: loyalty.Span{From: loyaltytest.Noon.Add(1)}},
		}
	})
	if got := Perks(p, loyalty.Account{}, earn.Budgets{}, loyaltytest.Noon); len(got) != 1 || got[0].ID != "lounge" {
		t.Errorf("%+v", got)
	}
}

func TestQuoteOfAnOrder(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending = loyalty.Wait{For: loyalty.Period{Days: 14}}
		p.Rewards = []loyalty.Reward{{ID: "mug", Cost: 100}}
	})
	o := paid("EUR", loyalty.Line{Amount: 1000})
	guest, err := QuoteOrder(p, loyalty.Account{}, o, nil, loyaltytest.Noon)
	if err != nil || !guest.Guest || guest.Points == 0 || len(guest.Rewards) != 1 || guest.Expires == 0 ||
		!guest.ActiveAt.Equal(loyaltytest.Noon.AddDate(0, 0, 14)) {
		t.Errorf("a guest: %+v, %v", guest, err)
	}
	acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active, Joined: loyaltytest.Noon.AddDate(-1, 0, 0)}
	q, err := QuoteOrder(p, acc, o, nil, loyaltytest.Noon)
	if err != nil || q.Guest || q.Points != guest.Points || len(q.Wallets) != 0 {
		t.Errorf("a member: %+v, %v", q, err)
	}
}
