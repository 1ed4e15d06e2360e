package snapshot

import (
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types store the rules that apply in addition to the base rate. As in the program file, the fields of Match and
// Give are at the top level of the rule.
type (
	ruleDoc struct {
		ID       string         `json:"id"`
		Name     loyalty.Text   `json:"name,omitzero"`
		Match    matchDoc       `json:",embed"`
		When     *whenDoc       `json:"when,omitzero"`
		Give     strategyDoc    `json:",embed"`
		Group    string         `json:"group,omitzero"`
		Priority int            `json:"priority,omitzero"`
		Caps     []capDoc       `json:"caps,omitzero"`
		Limits   []limitDoc     `json:"limits,omitzero"`
		Budget   loyalty.Points `json:"budget,omitzero"`
		OptIn    bool           `json:"opt_in,omitzero"`
		Shadow   bool           `json:"shadow,omitzero"`
		Life     lifeDoc        `json:"life,omitzero"`
	}

	matchDoc struct {
		Categories    []string           `json:"categories,omitzero"`
		SKUs          []string           `json:"skus,omitzero"`
		Brands        []string           `json:"brands,omitzero"`
		Tenders       []string           `json:"tenders,omitzero"`
		Currencies    []loyalty.Currency `json:"currencies,omitzero"`
		Channels      []string           `json:"channels,omitzero"`
		Stores        []string           `json:"stores,omitzero"`
		Tiers         []string           `json:"tiers,omitzero"`
		Segments      []string           `json:"segments,omitzero"`
		FirstOrder    bool               `json:"first_order,omitzero"`
		BirthdayMonth bool               `json:"birthday_month,omitzero"`
		BirthdayDays  int                `json:"birthday_days,omitzero"`
		From          time.Time          `json:"from,omitzero"`
		Until         time.Time          `json:"until,omitzero"`
		Weekdays      []weekday          `json:"weekdays,omitzero"`
		HoursFrom     int                `json:"hours_from,omitzero"` // in minutes from midnight
		HoursUntil    int                `json:"hours_until,omitzero"`
		TimezoneOf    clockZone          `json:"timezone_of,omitzero"`
		// MinSpend contains the minimum amounts in minor units, by currency.
		MinSpend map[loyalty.Currency]int64 `json:"min_spend,omitzero"`
	}

	actionDoc struct {
		ID       string         `json:"id"`
		Event    string         `json:"event"`
		Points   loyalty.Points `json:"points,omitzero"`
		Limits   []limitDoc     `json:"limits,omitzero"`
		Cooldown periodDoc      `json:"cooldown,omitzero"`
		From     time.Time      `json:"from,omitzero"`
		Until    time.Time      `json:"until,omitzero"`
		Tiers    []string       `json:"tiers,omitzero"`
		Segments []string       `json:"segments,omitzero"`
		When     *whenDoc       `json:"when,omitzero"`
		Life     lifeDoc        `json:"life,omitzero"`
		Since    time.Time      `json:"since,omitzero"`
		Wallet   string         `json:"wallet,omitzero"`
		Friend   loyalty.Points `json:"friend,omitzero"`
	}

	limitDoc struct {
		Times int64             `json:"times"`
		Per   loyalty.CapPeriod `json:"per"`
	}
)

func ruleOf(r loyalty.Rule) ruleDoc {
	return ruleDoc{
		ID: r.ID, Name: r.Name, Match: matchOf(r.Match), When: whenOf(r.Match.When, ofOrder), Give: strategyOf(r.Give),
		Group: r.Group, Priority: r.Priority, Caps: each(r.Caps, capOf), Limits: each(r.Limits, limitOf),
		Budget: r.Budget, OptIn: r.OptIn, Shadow: r.Shadow, Life: lifeOf(r.Life),
	}
}

// Does returns a text that describes the effect of a rule, without its ID and name. Rules with equal texts have the
// same effect.
func Does(r loyalty.Rule) string {
	r.ID, r.Name = "", nil
	b, err := json.Marshal(ruleOf(r), json.Deterministic(true))
	if err != nil {
		panic("snapshot: " + err.Error()) // words.go lacks a value, which is a bug in this package
	}
	return string(b)
}

// rule returns the rule without its condition. The method conditions compiles the condition.
func (d ruleDoc) rule() loyalty.Rule {
	return loyalty.Rule{
		ID: d.ID, Name: d.Name, Match: d.Match.match(), Give: d.Give.strategy(), Group: d.Group, Priority: d.Priority,
		Caps: each(d.Caps, capDoc.cap), Limits: each(d.Limits, limitDoc.limit), Budget: d.Budget, OptIn: d.OptIn,
		Shadow: d.Shadow, Life: d.Life.life(),
	}
}

func matchOf(m loyalty.Match) matchDoc {
	return matchDoc{
		Categories: m.Categories, SKUs: m.SKUs, Brands: m.Brands, Tenders: m.Tenders, Currencies: m.Currencies,
		Channels: m.Channels, Stores: m.Stores, Tiers: m.Tiers, Segments: m.Segments, FirstOrder: m.FirstOrder,
		BirthdayMonth: m.BirthdayMonth, BirthdayDays: m.BirthdayDays, From: m.From, Until: m.Until,
		Weekdays:  each(m.Weekdays, func(d time.Weekday) weekday { return weekday(d) }),
		HoursFrom: m.HoursFrom, HoursUntil: m.HoursUntil, TimezoneOf: clockZone(m.TimezoneOf), MinSpend: m.MinSpend,
	}
}

func (d matchDoc) match() loyalty.Match {
	return loyalty.Match{
		Categories: d.Categories, SKUs: d.SKUs, Brands: d.Brands, Tenders: d.Tenders, Currencies: d.Currencies,
		Channels: d.Channels, Stores: d.Stores, Tiers: d.Tiers, Segments: d.Segments, FirstOrder: d.FirstOrder,
		BirthdayMonth: d.BirthdayMonth, BirthdayDays: d.BirthdayDays, From: d.From, Until: d.Until,
		Weekdays:  each(d.Weekdays, func(d weekday) time.Weekday { return time.Weekday(d) }),
		HoursFrom: d.HoursFrom, HoursUntil: d.HoursUntil, TimezoneOf: loyalty.TimezoneOf(d.TimezoneOf),
		MinSpend: d.MinSpend,
	}
}

func actionOf(a loyalty.Action) actionDoc {
	return actionDoc{
		a.ID, a.Event, a.Points, each(a.Limits, limitOf), periodDoc(a.Cooldown), a.From, a.Until, a.Tiers, a.Segments,
		whenOf(a.When, scopeOf(a.Event)), lifeOf(a.Life), a.Since, a.Wallet, a.Friend,
	}
}

// action returns the action without its condition. The method conditions compiles the condition.
func (d actionDoc) action() loyalty.Action {
	return loyalty.Action{
		ID: d.ID, Event: d.Event, Points: d.Points, Limits: each(d.Limits, limitDoc.limit),
		Cooldown: calendar.Period(d.Cooldown), From: d.From, Until: d.Until, Tiers: d.Tiers, Segments: d.Segments,
		Life: d.Life.life(), Since: d.Since, Wallet: d.Wallet, Friend: d.Friend,
	}
}

func limitOf(l loyalty.Limit) limitDoc { return limitDoc(l) }

func (d limitDoc) limit() loyalty.Limit { return loyalty.Limit(d) }
