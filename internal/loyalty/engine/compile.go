package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// DefaultHold is how long a redemption stays reserved if the program does not specify it.
const DefaultHold = 30 * time.Minute

// Compile checks the requirements for a program that its types cannot express, and derives the values that decisions
// use. It must be called once, before any decision. Its errors are for developers who build a Program in code. The
// errors of package program about program files explain more.
func Compile(p *loyalty.Program) error {
	if p.ID == "" || p.Zone == nil {
		return errors.New("loyalty: a program needs an id and a time zone")
	}
	if p.Hold == 0 {
		p.Hold = DefaultHold
	}
	p.Compiled = loyalty.Compiled{
		Rates: map[loyalty.Currency]loyalty.CompiledRate{}, Categories: map[string][]loyalty.Multiplier{},
		Levels: map[string]loyalty.Multiplier{},
		Zones:  new(sync.Map),
	}
	for _, step := range []func() error{
		func() error { return compileEarn(p) },
		func() error { return compileTiers(p) },
		func() error { return tier.CompileTierGroups(p.TierGroups) },
		func() error { return compileRules(p) },
		func() error { return compileActions(p) },
		func() error { return compilePay(p) },
		func() error { return posting.CompileWallets(p.Wallets, &p.Compiled) },
		func() error { return share.CompileConversions(&p.Sharing, p.Rewards) },
		func() error { return share.CompileTransfers(&p.Transfers) },
		func() error { return share.CompileHouseholds(&p.Households) },
		func() error { return redeem.CompileAuto(&p.Spending) },
		func() error { return posting.CompileNotice(&p.AdvanceNotice) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("loyalty: %w", err)
		}
	}
	return nil
}

func compileEarn(p *loyalty.Program) error {
	for c, r := range p.Earn.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points.Sign() < 0 {
			return fmt.Errorf("the rate of %q must be above 0", c)
		}
		p.Compiled.Rates[c] = r.Compile(c)
	}
	for _, c := range p.Earn.Categories {
		if err := compileCategory(p, c); err != nil {
			return err
		}
	}
	for _, all := range p.Compiled.Categories {
		slices.SortStableFunc(all, func(x, y loyalty.Multiplier) int { return y.By.Sub(x.By).Sign() })
	}
	for i, c := range p.Earn.Caps {
		if c.Points < 0 || slices.ContainsFunc(p.Earn.Caps[:i], func(x loyalty.Cap) bool { return x.Per == c.Per }) {
			return fmt.Errorf("the cap of %s is negative or a duplicate", c)
		}
	}
	if w := p.Earn.Pending; len(w.On) > posting.MaxDays || len(p.Earn.Expires.On) > posting.MaxDays {
		return fmt.Errorf("expiry dates must be at most %d days of the year", posting.MaxDays)
	}
	return compileExchange(p)
}

func compileCategory(p *loyalty.Program, c loyalty.CategoryRule) error {
	if c.Multiply.Sign() < 0 {
		return fmt.Errorf("the multiplier of category rule %s must not be negative", c.ID)
	}
	m := loyalty.NewMultiplier("earn.categories."+c.ID, c.Multiply)
	m.When = c.When
	p.Compiled.Categories[c.Category] = append(p.Compiled.Categories[c.Category], m)
	all(&p.Compiled.Asks, c.When)
	if err := award.AskNumbers(&p.Compiled, c.When); err != nil {
		return err
	}
	if earn.OrderNumbers(c.When) > 0 && award.Excludes(&p.Earn, c.Category) {
		return fmt.Errorf("category rule %s makes an order's number depend on itself", c.ID)
	}
	return nil
}

func compileExchange(p *loyalty.Program) error {
	for i, r := range p.Exchange.Rates {
		if i > 0 && r.From <= p.Exchange.Rates[i-1].From {
			return fmt.Errorf("the exchange rates of %s must be in ascending order of their dates", r.From)
		}
		for c, x := range r.Rates {
			if _, ok := c.Exponent(); !ok || x.Sign() <= 0 {
				return fmt.Errorf("the exchange rate of %q must be above 0", c)
			}
		}
	}
	if _, ok := p.Compiled.Rates[p.Exchange.Base]; p.Exchange.Base != "" && !ok {
		return fmt.Errorf("the conversion currency %s has no rate", p.Exchange.Base)
	}
	return nil
}

func compileTiers(p *loyalty.Program) error {
	if err := tier.CheckLevels(&p.Tiers); err != nil {
		return err
	}
	for _, l := range p.Tiers.Levels {
		if l.Multiply == nil {
			continue
		}
		if l.Multiply.Sign() < 0 {
			return fmt.Errorf("the multiplier of level %s must not be negative", l.ID)
		}
		p.Compiled.Levels[l.ID] = loyalty.NewMultiplier("tiers."+l.ID, l.Multiply)
	}
	return nil
}

// all records that a condition, if there is one, may use any fact about the member.
func all(a *loyalty.UsedTraits, when loyalty.Condition) {
	if when != nil {
		*a = loyalty.UsedTraits{Segments: true, OptIns: true, Birthday: true, Zone: a.Zone}
	}
}

// compileRules orders the rules and campaigns by their groups: the program's groups in their order, then multipliers
// without a group, of which only the best applies, then all others.
func compileRules(p *loyalty.Program) error {
	if n := len(p.Earn.Rules); n > loyalty.MaxRules {
		return fmt.Errorf("there are %d rules; the limit is %d", n, loyalty.MaxRules)
	}
	if n := len(p.Campaigns); n > loyalty.MaxCampaigns {
		return fmt.Errorf("there are %d campaigns; the limit is %d", n, loyalty.MaxCampaigns)
	}
	p.Compiled.Positions = make(map[string]int, len(p.Earn.Rules)+len(p.Campaigns))
	groups := map[string]int{}
	for i, g := range p.Groups {
		groups[g.ID] = i
	}
	for _, section := range []struct {
		name  string
		rules []loyalty.Rule
	}{{"earn.rules.", p.Earn.Rules}, {"campaigns.", p.Campaigns}} {
		for _, r := range section.rules {
			c, err := ready(p, section.name+r.ID, r, groups)
			if err != nil {
				return fmt.Errorf("%s: %w", section.name+r.ID, err)
			}
			rule(&p.Compiled.Asks, r)
			if r.Match.FirstOrder {
				p.Compiled.Numbers = max(p.Compiled.Numbers, 1)
			}
			if err := award.AskNumbers(&p.Compiled, r.Match.When); err != nil {
				return fmt.Errorf("%s: %w", section.name+r.ID, err)
			}
			if _, ok := p.Compiled.Positions[c.Key]; !ok {
				p.Compiled.Positions[c.Key] = len(p.Compiled.Rules)
			}
			p.Compiled.Rules = append(p.Compiled.Rules, c)
		}
	}
	p.Compiled.Index = earn.NewIndex(p.Compiled.Rules)
	return nil
}

// ready returns a rule in the form that decisions use. The parameter groups maps the ID of each group to its position.
func ready(p *loyalty.Program, key string, r loyalty.Rule, groups map[string]int) (loyalty.CompiledRule, error) {
	c := loyalty.CompiledRule{
		Rule: r, Key: key, Campaign: strings.HasPrefix(key, "campaigns."), Limits: r.Limits,
		Owned: !earn.LifeIsZero(r.Life),
	}
	_, c.Multiply = r.Give.(loyalty.Multiply)
	if _, daily := r.Give.(loyalty.PerVisit); daily {
		c.Limits = append(slices.Clone(r.Limits), loyalty.Limit{Times: 1, Per: loyalty.PerDay})
	}
	at, named := groups[r.Group]
	switch {
	case named:
		c.Group, c.Mode = at, p.Groups[at].Mode
	case r.Group != "":
		return c, fmt.Errorf("unknown stacking group %q", r.Group)
	case c.Multiply:
		c.Group, c.Mode = len(groups), loyalty.Best
	default:
		c.Group, c.Mode = len(groups)+1, loyalty.Sum
	}
	c.Lines = len(r.Match.Categories)+len(r.Match.SKUs)+len(r.Match.Brands) > 0
	c.Bounded = len(r.Caps) > 0 || len(c.Limits) > 0 || r.Budget > 0
	return c, check(&c)
}

func rule(a *loyalty.UsedTraits, r loyalty.Rule) {
	a.Segments = a.Segments || len(r.Match.Segments) > 0
	a.OptIns = a.OptIns || r.OptIn
	a.Birthday = a.Birthday || earn.HasBirthday(&r.Match)
	a.Zone = a.Zone || r.Match.TimezoneOf == loyalty.MemberClock
	all(a, r.Match.When)
}

func check(r *loyalty.CompiledRule) error {
	if r.Give == nil {
		return errors.New("must give points")
	}
	var err error
	if r.Giver, err = r.Give.Compile(); err != nil {
		return err
	}
	if r.Owned && r.Multiply && r.Give.(loyalty.Multiply).By.Cmp(big.NewRat(1, 1)) < 0 {
		return errors.New("a multiplier below 1 must not set expiry or activation")
	}
	return share.CheckBounds(r.Caps, r.Limits, r.Budget, r.Life)
}

func compilePay(p *loyalty.Program) error {
	y := &p.Redemption.Pay
	for c, r := range y.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points == nil || r.Points.Sign() <= 0 {
			return fmt.Errorf("the value of points in %q must be above 0", c)
		}
	}
	if y.Min < 0 || y.Step < 0 || y.Share != nil && (y.Share.Sign() <= 0 || y.Share.Cmp(big.NewRat(1, 1)) > 0) {
		return errors.New("the minimum, step or maximum of payments with points is out of range")
	}
	return nil
}

func compileActions(p *loyalty.Program) error {
	for _, a := range p.Earn.Actions {
		if err := checkAction(p.Wallets, a); err != nil {
			return fmt.Errorf("action %s: %w", a.ID, err)
		}
		if a.Event == award.EventBirthday || a.Event == award.EventAnniversary {
			p.Compiled.Occasions = true
		}
	}
	for _, m := range p.Milestones {
		if m.Target <= posting.MaxOrderNumber {
			p.Compiled.Target = max(p.Compiled.Target, int(m.Target))
		}
		if m.Target < 1 || m.Points < 0 || m.Points > loyalty.MaxPoints {
			return fmt.Errorf("milestone %s is incomplete", m.ID)
		}
	}
	return nil
}

func checkAction(wallets []loyalty.Wallet, a loyalty.Action) error {
	if min(a.Points, a.Friend) < 0 || max(a.Points, a.Friend) > loyalty.MaxPoints || a.Event == "" {
		return errors.New("must name an event and give points")
	}
	if err := share.CheckBounds(nil, a.Limits, 0, a.Life); err != nil {
		return err
	}
	if posting.Refers(a) && earn.OrderNumbers(a.When) > 0 {
		return errors.New("must not use the number of the friend's order")
	}
	if _, ok := posting.Wallet(wallets, a.Wallet); !ok && a.Wallet != "" {
		return fmt.Errorf("names the unknown wallet %q", a.Wallet)
	}
	return nil
}
