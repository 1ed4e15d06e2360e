package snapshot

import (
	"fmt"
	"math/big"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types are the stored form of loyalty.Program, field by field. Zero values are omitted. Fields may be added,
// but never renamed or changed in type or meaning.
type (
	programDoc struct {
		ID           string          `json:"id"`
		Version      int             `json:"version,omitzero"`
		Zone         string          `json:"zone"` // a name from the IANA time zone database
		Name         loyalty.Text    `json:"name,omitzero"`
		Unit         unitDoc         `json:"unit,omitzero"`
		Earn         earnDoc         `json:"earn,omitzero"`
		Groups       []groupDoc      `json:"groups,omitzero"`
		Campaigns    []ruleDoc       `json:"campaigns,omitzero"`
		Exchange     exchangeDoc     `json:"exchange,omitzero"`
		Events       []eventDoc      `json:"events,omitzero"`
		Milestones   []milestoneDoc  `json:"milestones,omitzero"`
		Tiers        tiersDoc        `json:"tiers,omitzero"`
		TierGroups   []tierGroupDoc  `json:"tier_groups,omitzero"`
		Rewards      []rewardDoc     `json:"rewards,omitzero"`
		Wallets      []walletDoc     `json:"wallets,omitzero"`
		Conversions  []conversionDoc `json:"conversions,omitzero"`
		Clawback     takeBack        `json:"clawback,omitzero"`
		MaxDebt      loyalty.Points  `json:"max_debt,omitzero"`
		Goodwill     goodwillDoc     `json:"goodwill,omitzero"`
		BirthdayLock periodDoc       `json:"birthday_lock,omitzero"`
		Fraud        fraudDoc        `json:"fraud,omitzero"`
		Redemption   redemptionDoc   `json:"redemption,omitzero"`
		Transfers    transfersDoc    `json:"transfers,omitzero"`
		Households   householdsDoc   `json:"households,omitzero"`
		Notice       noticeDoc       `json:"advance_notice,omitzero"`
		Reminders    remindersDoc    `json:"reminders,omitzero"`
		Hold         duration        `json:"hold,omitzero"`
		Payments     paymentsDoc     `json:"payments,omitzero"`
	}

	fraudDoc struct {
		EmailChangeHold   periodDoc `json:"email_change_hold,omitzero"`
		NoEmailChangeHold bool      `json:"no_email_change_hold,omitzero"`
	}

	noticeDoc struct {
		Period        periodDoc `json:"period,omitzero"`
		MaxExtensions int       `json:"max_extensions,omitzero"`
	}

	unitDoc struct {
		One   loyalty.Text `json:"one,omitzero"`
		Other loyalty.Text `json:"other,omitzero"`
	}

	earnDoc struct {
		Rates      map[loyalty.Currency]rateDoc `json:"rates,omitzero"`
		Counts     countsDoc                    `json:"counts,omitzero"`
		Included   bool                         `json:"tax_included,omitzero"`
		Rounding   rounding                     `json:"rounding,omitzero"`
		Carry      bool                         `json:"carry,omitzero"`
		Placed     bool                         `json:"count_placed,omitzero"`
		Pending    waitDoc                      `json:"pending,omitzero"`
		Expires    expiryDoc                    `json:"expires,omitzero"`
		Categories []categoryDoc                `json:"categories,omitzero"`
		Rules      []ruleDoc                    `json:"rules,omitzero"`
		Actions    []actionDoc                  `json:"actions,omitzero"`
		Caps       []capDoc                     `json:"caps,omitzero"`
	}

	rateDoc struct {
		Points ratio `json:"points,omitzero"`
		Per    int64 `json:"per"` // amount in minor units
		Full   bool  `json:"full,omitzero"`
	}

	countsDoc struct {
		Items    bool `json:"items,omitzero"`
		Shipping bool `json:"shipping,omitzero"`
		Tax      bool `json:"tax,omitzero"`
	}

	categoryDoc struct {
		ID       string   `json:"id"`
		Category string   `json:"category"`
		Multiply ratio    `json:"multiply,omitzero"`
		When     *whenDoc `json:"when,omitzero"`
	}

	capDoc struct {
		Points loyalty.Points    `json:"points"`
		Per    loyalty.CapPeriod `json:"per"`
		Reject bool              `json:"reject,omitzero"`
	}

	groupDoc struct {
		ID   string   `json:"id"`
		Mode stacking `json:"mode,omitzero"`
	}

	exchangeDoc struct {
		Base  loyalty.Currency  `json:"base,omitzero"`
		Rates []exchangeRateDoc `json:"rates,omitzero"`
	}

	exchangeRateDoc struct {
		From  calendar.Date              `json:"from"` // stored in the form yyyymmdd
		Rates map[loyalty.Currency]ratio `json:"rates,omitzero"`
	}

	eventDoc struct {
		Name   string                       `json:"name"`
		States []string                     `json:"states,omitzero"`
		Fields map[string]loyalty.FieldKind `json:"fields,omitzero"`
	}

	milestoneDoc struct {
		ID     string         `json:"id"`
		Target int64          `json:"target"`
		Points loyalty.Points `json:"points,omitzero"`
	}

	goodwillDoc struct {
		Reinstate periodDoc `json:"reinstate,omitzero"`
		Extend    periodDoc `json:"extend,omitzero"`
	}
)

func programOf(p *loyalty.Program) programDoc {
	return programDoc{
		ID: p.ID, Version: p.Version, Zone: p.Zone.String(), Name: p.Name, Unit: unitDoc(p.Unit), Earn: earnOf(p.Earn),
		Groups:    each(p.Groups, func(g loyalty.Group) groupDoc { return groupDoc{g.ID, stacking(g.Mode)} }),
		Campaigns: each(p.Campaigns, ruleOf), Exchange: exchangeOf(p.Exchange),
		Events:     each(p.Events, func(e loyalty.EventType) eventDoc { return eventDoc(e) }),
		Milestones: each(p.Milestones, func(m loyalty.Milestone) milestoneDoc { return milestoneDoc(m) }),
		Tiers:      tiersOf(p.Tiers), TierGroups: each(p.TierGroups, ladderOf), Rewards: each(p.Rewards, rewardOf),
		Wallets: each(p.Wallets, walletOf), Conversions: each(p.Conversions, conversionOf),
		Clawback: takeBack(p.Clawback),
		MaxDebt:  p.MaxDebt, Goodwill: goodwillDoc{periodDoc(p.Goodwill.Reinstate), periodDoc(p.Goodwill.Extend)},
		Fraud:        fraudDoc{periodDoc(p.Fraud.EmailChangeHold), p.Fraud.NoEmailChangeHold},
		BirthdayLock: periodDoc(p.BirthdayLock), Redemption: redeemingOf(p.Redemption), Hold: duration(p.Hold),
		Payments:  paymentsOf(p.Payments),
		Transfers: transfersOf(p.Transfers), Households: householdsOf(p.Households),
		Notice:    noticeDoc{periodDoc(p.AdvanceNotice.Period), p.AdvanceNotice.MaxExtensions},
		Reminders: remindersOf(p.Reminders),
	}
}

// program returns the program without its conditions. The method conditions compiles the conditions.
func (d programDoc) program(zone *time.Location) *loyalty.Program {
	return &loyalty.Program{
		ID: d.ID, Version: d.Version, Zone: zone, Name: d.Name,
		Unit: loyalty.Units(d.Unit),
		Earning: loyalty.Earning{
			Earn: d.Earn.earn(),
			Groups: each(
				d.Groups,
				func(g groupDoc) loyalty.Group { return loyalty.Group{ID: g.ID, Mode: loyalty.Stacking(g.Mode)} },
			),
			Campaigns: each(d.Campaigns, ruleDoc.rule), Exchange: d.Exchange.exchange(),
			Events: each(d.Events, func(e eventDoc) loyalty.EventType { return loyalty.EventType(e) }),
			Milestones: each(
				d.Milestones, func(m milestoneDoc) loyalty.Milestone { return loyalty.Milestone(m) },
			),
		},
		Levels: loyalty.Levels{Tiers: d.Tiers.tiers(), TierGroups: each(d.TierGroups, tierGroupDoc.tierGroup)},
		Spending: loyalty.Spending{
			Rewards: each(d.Rewards, rewardDoc.reward), Redemption: d.Redemption.redeeming(),
			Hold: time.Duration(d.Hold), Payments: d.Payments.payments(),
		},
		Sharing: loyalty.Sharing{
			Wallets: each(d.Wallets, walletDoc.wallet), Conversions: each(d.Conversions, conversionDoc.conversion),
			Transfers: d.Transfers.transfers(), Households: d.Households.households(),
		},
		Corrections: loyalty.Corrections{
			Clawback: loyalty.ClawbackPolicy(d.Clawback),
			MaxDebt:  d.MaxDebt,
			Goodwill: loyalty.Goodwill{
				Reinstate: calendar.Period(d.Goodwill.Reinstate), Extend: calendar.Period(d.Goodwill.Extend),
			},
		},
		BirthdayLock: calendar.Period(d.BirthdayLock),
		Fraud: loyalty.Fraud{
			EmailChangeHold:   calendar.Period(d.Fraud.EmailChangeHold),
			NoEmailChangeHold: d.Fraud.NoEmailChangeHold,
		},
		Messaging: loyalty.Messaging{
			AdvanceNotice: loyalty.AdvanceNotice{
				Period: calendar.Period(d.Notice.Period), MaxExtensions: d.Notice.MaxExtensions,
			},
			Reminders: d.Reminders.reminders(),
		},
	}
}

func earnOf(e loyalty.Earn) earnDoc {
	return earnDoc{
		Rates: rates(e.Rates, rateOf), Counts: countsDoc(e.Counts), Included: e.TaxIncluded,
		Rounding: rounding(e.Rounding),
		Carry:    e.Carry, Placed: e.CountPlaced,
		Pending: waitOf(e.Pending), Expires: expiryOf(e.Expires),
		Categories: each(e.Categories, func(c loyalty.CategoryRule) categoryDoc {
			return categoryDoc{c.ID, c.Category, ratio{c.Multiply}, whenOf(c.When, ofOrder)}
		}),
		Rules: each(e.Rules, ruleOf), Actions: each(e.Actions, actionOf), Caps: each(e.Caps, capOf),
	}
}

func (d earnDoc) earn() loyalty.Earn {
	return loyalty.Earn{
		Rates: rates(d.Rates, rateDoc.rate), Counts: loyalty.Counts(d.Counts), TaxIncluded: d.Included,
		Rounding: loyalty.Rounding(d.Rounding),
		Carry:    d.Carry, CountPlaced: d.Placed, Pending: d.Pending.wait(), Expires: d.Expires.expiry(),
		Categories: each(d.Categories, func(c categoryDoc) loyalty.CategoryRule {
			return loyalty.CategoryRule{ID: c.ID, Category: c.Category, Multiply: c.Multiply.number}
		}),
		Rules: each(d.Rules, ruleDoc.rule), Actions: each(d.Actions, actionDoc.action), Caps: each(d.Caps, capDoc.cap),
	}
}

func rateOf(r loyalty.Rate) rateDoc { return rateDoc{ratio{r.Points}, r.Per, r.Full} }

func (d rateDoc) rate() loyalty.Rate {
	return loyalty.Rate{Points: d.Points.number, Per: d.Per, Full: d.Full}
}

func capOf(c loyalty.Cap) capDoc { return capDoc(c) }

func (d capDoc) cap() loyalty.Cap { return loyalty.Cap(d) }

func exchangeOf(e loyalty.Exchange) exchangeDoc {
	return exchangeDoc{e.Base, each(e.Rates, func(r loyalty.ExchangeRate) exchangeRateDoc {
		return exchangeRateDoc{r.From, rates(r.Rates, func(x *big.Rat) ratio { return ratio{x} })}
	})}
}

func (d exchangeDoc) exchange() loyalty.Exchange {
	return loyalty.Exchange{Base: d.Base, Rates: each(d.Rates, func(r exchangeRateDoc) loyalty.ExchangeRate {
		return loyalty.ExchangeRate{From: r.From, Rates: rates(r.Rates, func(x ratio) *big.Rat { return x.number })}
	})}
}

// conditions compiles every condition of d and stores it in p. The program p must be the one that the method program
// returned for d.
func (d programDoc) conditions(p *loyalty.Program) (err error) {
	for i, c := range d.Earn.Categories {
		if p.Earn.Categories[i].When, err = c.When.compile(ofOrder, OrderCondition); err != nil {
			return fmt.Errorf("category %s: %w", c.ID, err)
		}
	}
	for _, rules := range []struct {
		docs []ruleDoc
		of   []loyalty.Rule
	}{{d.Earn.Rules, p.Earn.Rules}, {d.Campaigns, p.Campaigns}} {
		for i, r := range rules.docs {
			if rules.of[i].Match.When, err = r.When.compile(ofOrder, OrderCondition); err != nil {
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
		}
	}
	for i, r := range d.Rewards {
		if p.Rewards[i].When, err = r.When.compile(ofReward, RewardCondition); err != nil {
			return fmt.Errorf("reward %s: %w", r.ID, err)
		}
	}
	for i, r := range d.Reminders.Messages {
		if p.Reminders.Messages[i].When, err = r.When.compile(ofMember, MemberCondition); err != nil {
			return fmt.Errorf("reminder %s: %w", r.ID, err)
		}
	}
	for i, a := range d.Earn.Actions {
		compiler := func(source string) (loyalty.Condition, error) { return EventCondition(p, a.Event, source) }
		if p.Earn.Actions[i].When, err = a.When.compile(scopeOf(a.Event), compiler); err != nil {
			return fmt.Errorf("action %s: %w", a.ID, err)
		}
	}
	return nil
}
