package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultHold is how long a redemption stays reserved if the program does not say.
const DefaultHold = 30 * time.Minute

// compiled holds the parts of a program in the form that decisions use.
type compiled struct {
	rates      map[Currency]compiledRate
	categories map[string][]multiplier // the rules of each category, highest multiplier first
	levels     map[string]multiplier   // by level ID; only levels that multiply
	wallets    map[string]map[Currency]compiledRate
	rules      []rule // the rules of earn.rules, then the campaigns
	index      index
	asks       asks
	numbers    int       // the greatest order number that rules ask for; zero: none
	target     int       // the greatest target of a milestone, at most MaxOrderNumber
	zones      *sync.Map // time zones of members, by name
	ladder     string    // the tier group whose view of the program this is; empty: the program itself
	occasions  bool      // whether birthdays or anniversaries earn points
}

// asks says which facts about a member the rules use. Orders do not store other facts.
type asks struct{ segments, optIns, birthday, zone bool }

type compiledRate struct {
	points   exact  // per step
	step     int64  // minor units if only full steps earn; zero otherwise
	perMinor exact  // points per minor unit
	text     string // "1 per 1.00", "5 per full 2.50"
}

// gives returns the points for an amount in minor units.
func (r compiledRate) gives(amount exact) exact {
	if r.step == 0 {
		return amount.mul(r.perMinor)
	}
	steps, _ := amount.quo(whole(r.step)).floor()
	return whole(steps).mul(r.points)
}

// over returns the rate with its points for an amount spread evenly over that amount. A rule that applies to a part of
// the amount then receives a proportional share of the full steps.
func (r compiledRate) over(amount exact) compiledRate {
	if r.step != 0 && amount.sign() > 0 {
		r.perMinor = r.gives(amount).quo(amount)
	}
	return r
}

type multiplier struct {
	rule string
	by   exact
	less exact // by - 1: what the multiplier adds
	text string
	when Condition
}

func newMultiplier(rule string, r *big.Rat) multiplier {
	by := exactOf(r)
	return multiplier{rule: rule, by: by, less: by.sub(whole(1)), text: by.String()}
}

// Compile checks what the types cannot express and derives what decisions need. It must be called once, before any
// other method. Its errors are for developers who build a Program in code; the checks of the program file explain more.
func (p *Program) Compile() error {
	if p.ID == "" || p.Zone == nil {
		return errors.New("loyalty: a program needs an id and a time zone")
	}
	if p.Hold == 0 {
		p.Hold = DefaultHold
	}
	p.compiled = compiled{
		rates: map[Currency]compiledRate{}, categories: map[string][]multiplier{}, levels: map[string]multiplier{},
		zones: new(sync.Map),
	}
	for _, step := range []func(*Program) error{
		(*Program).compileEarn, (*Program).compileTiers, (*Program).compileLadders, (*Program).compileRules,
		(*Program).compileActions, (*Program).compilePay, (*Program).compileWallets, (*Program).compileConversions,
		(*Program).compileTransfers, (*Program).compileHouseholds, (*Program).compileAuto, (*Program).compileNotice,
	} {
		if err := step(p); err != nil {
			return fmt.Errorf("loyalty: %w", err)
		}
	}
	return nil
}

func (p *Program) compileEarn() error {
	for c, r := range p.Earn.Rates {
		if _, ok := c.Exponent(); !ok || r.Per <= 0 || r.Points.Sign() < 0 {
			return fmt.Errorf("the rate of %q must be above 0", c)
		}
		p.compiled.rates[c] = r.compile(c)
	}
	for _, c := range p.Earn.Categories {
		if c.Multiply.Sign() < 0 {
			return fmt.Errorf("the multiplier of category rule %s must not be negative", c.ID)
		}
		m := newMultiplier("earn.categories."+c.ID, c.Multiply)
		m.when = c.When
		p.compiled.categories[c.Category] = append(p.compiled.categories[c.Category], m)
		p.compiled.asks.all(c.When)
		if err := p.askNumbers(c.When); err != nil {
			return err
		}
		if orderNumbers(c.When) > 0 && p.excludes(c.Category) {
			return fmt.Errorf("category rule %s makes an order's number depend on itself", c.ID)
		}
	}
	for _, all := range p.compiled.categories {
		slices.SortStableFunc(all, func(x, y multiplier) int { return y.by.sub(x.by).sign() })
	}
	for i, c := range p.Earn.Caps {
		if c.Points < 0 || slices.ContainsFunc(p.Earn.Caps[:i], func(x Cap) bool { return x.Per == c.Per }) {
			return fmt.Errorf("the cap of %s is negative or a duplicate", c)
		}
	}
	if w := p.Earn.Pending; len(w.On) > MaxDays || len(p.Earn.Expires.On) > MaxDays {
		return fmt.Errorf("expiry dates must be at most %d days of the year", MaxDays)
	}
	return p.compileExchange()
}

func (p *Program) compileExchange() error {
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
	if _, ok := p.compiled.rates[p.Exchange.Base]; p.Exchange.Base != "" && !ok {
		return fmt.Errorf("the conversion currency %s has no rate", p.Exchange.Base)
	}
	return nil
}

// MaxDays is the maximum number of fixed days of a year on which points become active or expire.
const MaxDays = 20

func (p *Program) compileTiers() error {
	if err := p.Tiers.sound(); err != nil {
		return err
	}
	for _, l := range p.Tiers.Levels {
		if l.Multiply == nil {
			continue
		}
		if l.Multiply.Sign() < 0 {
			return fmt.Errorf("the multiplier of level %s must not be negative", l.ID)
		}
		p.compiled.levels[l.ID] = newMultiplier("tiers."+l.ID, l.Multiply)
	}
	return nil
}

// sound rejects tiers, including their levels, that decisions cannot use.
func (t *Tiers) sound() error {
	if t.Months > MaxWindow {
		return fmt.Errorf("a tier window of %d months is longer than %d", t.Months, MaxWindow)
	}
	if err := t.check(); err != nil {
		return err
	}
	for i := range t.Levels {
		if err := t.checkLevel(i); err != nil {
			return err
		}
	}
	return nil
}

// all records that a condition may use any fact about the member.
func (a *asks) all(when Condition) {
	if when != nil {
		*a = asks{segments: true, optIns: true, birthday: true, zone: a.zone}
	}
}

// MaxRules is the maximum number of rules and campaigns in a program.
const MaxRules = 2048

// A ruleSet is a set of rules, by their position.
type ruleSet [MaxRules / 64]uint64

func (s *ruleSet) add(t *ruleSet) {
	if t == nil {
		return
	}
	for i := range s {
		s[i] |= t[i]
	}
}

// index finds the rules that may match an order, so that decisions skip rules for other items and channels. Each rule
// is in exactly one list.
type index struct {
	always                                ruleSet
	byCategory, bySKU, byBrand, byChannel map[string]*ruleSet
}

func (x *index) add(m Match, campaign bool, at int) {
	in := func(lists *map[string]*ruleSet, names []string) {
		if *lists == nil {
			*lists = map[string]*ruleSet{}
		}
		for _, name := range names {
			if (*lists)[name] == nil {
				(*lists)[name] = new(ruleSet)
			}
			(*lists)[name][at/64] |= 1 << (at % 64)
		}
	}
	switch {
	case len(m.Categories) > 0:
		in(&x.byCategory, m.Categories)
	case len(m.SKUs) > 0:
		in(&x.bySKU, m.SKUs)
	case len(m.Brands) > 0:
		in(&x.byBrand, m.Brands)
	case len(m.Channels) > 0 && !campaign: // campaigns must state their channels as a reason
		in(&x.byChannel, m.Channels)
	default:
		x.always[at/64] |= 1 << (at % 64)
	}
}

// about returns the rules that may match an order.
func (x *index) about(o *Order) ruleSet {
	s := x.always
	s.add(x.byChannel[o.Channel])
	for i := range o.Lines {
		l := &o.Lines[i]
		s.add(x.byCategory[l.Category])
		if x.bySKU != nil {
			s.add(x.bySKU[l.SKU])
		}
		if x.byBrand != nil {
			s.add(x.byBrand[l.Brand])
		}
	}
	return s
}

// compileRules orders the rules and campaigns by their groups: the program's groups in their order, then multipliers
// without a group, of which only the best applies, then all others.
func (p *Program) compileRules() error {
	if n := len(p.Earn.Rules) + len(p.Campaigns); n > MaxRules {
		return fmt.Errorf("there are %d rules and campaigns; the limit is %d", n, MaxRules)
	}
	groups := map[string]int{}
	for i, g := range p.Groups {
		groups[g.ID] = i
	}
	for _, section := range []struct {
		name  string
		rules []Rule
	}{{"earn.rules.", p.Earn.Rules}, {"campaigns.", p.Campaigns}} {
		for _, r := range section.rules {
			c, err := p.ready(section.name+r.ID, r, groups)
			if err != nil {
				return fmt.Errorf("%s: %w", section.name+r.ID, err)
			}
			p.compiled.asks.rule(r)
			if r.Match.FirstOrder {
				p.compiled.numbers = max(p.compiled.numbers, 1)
			}
			if err := p.askNumbers(r.Match.When); err != nil {
				return fmt.Errorf("%s: %w", section.name+r.ID, err)
			}
			p.compiled.index.add(r.Match, c.campaign, len(p.compiled.rules))
			p.compiled.rules = append(p.compiled.rules, c)
		}
	}
	return nil
}

// ready returns a rule in the form that decisions use. groups maps each group to its position.
func (p *Program) ready(key string, r Rule, groups map[string]int) (rule, error) {
	c := rule{
		Rule: r, key: key, campaign: strings.HasPrefix(key, "campaigns."), limits: r.Limits, owned: !r.Life.isZero(),
	}
	_, c.multiply = r.Give.(Multiply)
	if _, daily := r.Give.(PerVisit); daily {
		c.limits = append(slices.Clone(r.Limits), Limit{Times: 1, Per: PerDay})
	}
	at, named := groups[r.Group]
	switch {
	case named:
		c.group, c.mode = at, p.Groups[at].Mode
	case r.Group != "":
		return c, fmt.Errorf("unknown stacking group %q", r.Group)
	case c.multiply:
		c.group, c.mode = len(groups), Best
	default:
		c.group, c.mode = len(groups)+1, Sum
	}
	c.lines = len(r.Match.Categories)+len(r.Match.SKUs)+len(r.Match.Brands) > 0
	c.bounded = len(r.Caps) > 0 || len(c.limits) > 0 || r.Budget > 0
	return c, c.check()
}

func (a *asks) rule(r Rule) {
	a.segments = a.segments || len(r.Match.Segments) > 0
	a.optIns = a.optIns || r.OptIn
	a.birthday = a.birthday || r.Match.Birthday()
	a.zone = a.zone || r.Match.TimezoneOf == MemberClock
	a.all(r.Match.When)
}

func (r *rule) check() error {
	if r.Give == nil {
		return errors.New("must give points")
	}
	var err error
	if r.give, err = r.Give.compile(); err != nil {
		return err
	}
	if r.owned && r.multiply && r.Give.(Multiply).By.Cmp(big.NewRat(1, 1)) < 0 {
		return errors.New("a multiplier below 1 must not set expiry or activation")
	}
	return checkBounds(r.Caps, r.Limits, r.Budget, r.Life)
}

func checkBounds(caps []Cap, limits []Limit, budget Points, life Life) error {
	for _, c := range caps {
		if c.Points < 0 || !c.Per.known() {
			return fmt.Errorf("the cap of %s must be above 0", c)
		}
	}
	for _, l := range limits {
		if l.Times < 1 || l.Per == PerOrder || !l.Per.known() {
			return fmt.Errorf("the limit of %d per %s must be above 0", l.Times, l.Per)
		}
	}
	if budget < 0 || budget > MaxBalance {
		return errors.New("the budget is out of range")
	}
	if life.Expires != nil && life.Expires.Inactive {
		return errors.New("one rule cannot set expiry by inactivity; it applies to all points of a program")
	}
	return nil
}

func (p *Program) compilePay() error {
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

func (p *Program) compileActions() error {
	for _, a := range p.Earn.Actions {
		if a.Points < 0 || a.Points > MaxPoints || a.Friend < 0 || a.Friend > MaxPoints || a.Event == "" {
			return fmt.Errorf("action %s must name an event and give points", a.ID)
		}
		if err := checkBounds(nil, a.Limits, 0, a.Life); err != nil {
			return fmt.Errorf("action %s: %w", a.ID, err)
		}
		if a.refers() && orderNumbers(a.When) > 0 {
			return fmt.Errorf("action %s must not use the number of the friend's order", a.ID)
		}
		if _, ok := p.Wallet(a.Wallet); !ok && a.Wallet != "" {
			return fmt.Errorf("action %s names the unknown wallet %q", a.ID, a.Wallet)
		}
		if a.Event == EventBirthday || a.Event == EventAnniversary {
			p.compiled.occasions = true
		}
	}
	for _, m := range p.Milestones {
		if m.Target <= MaxOrderNumber {
			p.compiled.target = max(p.compiled.target, int(m.Target))
		}
		if m.Target < 1 || m.Points < 0 || m.Points > MaxPoints {
			return fmt.Errorf("milestone %s is incomplete", m.ID)
		}
	}
	return nil
}
