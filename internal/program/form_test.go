package program

import (
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
)

// corner is a small program to which tests append text. Appended lines that are indented by two spaces belong to the
// key earn.
const corner = `version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00, JPY: 1 per 150 }
    pending: 14 days
    expires: { after: 12 months }
`

// levels is a section tiers for tests that need levels.
const levels = `tiers:
  qualify: { by: points_earned, window: lifetime }
  keep_for: 1 year
  levels: [ { id: bronze, name: Bronze, from: 0 }, { id: gold, name: Gold, from: 500 } ]
`

func ratio(n, d int64) *big.Rat { return big.NewRat(n, d) }

func TestEachKeyOfARuleHasItsMeaning(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	type match = loyalty.Match
	fixed := loyalty.Fixed{Points: 5}
	cases := []struct {
		keys string
		want loyalty.Rule
	}{
		{"fixed: 5", loyalty.Rule{Give: fixed}},
		{"per_visit: 5", loyalty.Rule{Give: loyalty.PerVisit{Points: 5}}},
		{"per_unit: 0.5", loyalty.Rule{Give: loyalty.PerUnit{Points: ratio(1, 2)}}},
		{"multiply: 0", loyalty.Rule{Give: loyalty.Multiply{By: ratio(0, 1)}}},
		{
			"per_amount: { EUR: 4 per 1.00 }",
			loyalty.Rule{
				Give: loyalty.PerAmount{
					Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: ratio(4, 1), Per: 100}},
				},
			},
		},
		{
			"per_amount: { EUR: 5 per full 2.50 }",
			loyalty.Rule{
				Give: loyalty.PerAmount{
					Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: ratio(5, 1), Per: 250, Full: true}},
				},
			},
		},
		{
			"fixed: 5, birthday: 7 days, timezone_of: member",
			loyalty.Rule{Give: fixed, Match: match{BirthdayDays: 7, TimezoneOf: loyalty.MemberClock}},
		},
		{"steps: { EUR: [20 from 50.00, 50 from 100], " +
			"JPY: [1 from 7500] }", loyalty.Rule{Give: loyalty.Steps{Bands: map[loyalty.Currency][]loyalty.Band{
			"EUR": {{From: 5000, Points: 20}, {From: 10000, Points: 50}}, "JPY": {{From: 7500, Points: 1}},
		}}}},
		{
			"fixed: 5, categories: [a, b], skus: [c], brands: [d]",
			loyalty.Rule{
				Give: fixed, Match: match{Categories: []string{"a", "b"}, SKUs: []string{"c"}, Brands: []string{"d"}},
			},
		},
		{"fixed: 5, tenders: [card, Visa], currencies: [JPY], channels: [web], " +
			"stores: [kiel]", loyalty.Rule{Give: fixed, Match: match{
			Tenders: []string{"card", "Visa"}, Currencies: []loyalty.Currency{"JPY"}, Channels: []string{"web"},
			Stores: []string{"kiel"},
		}}},
		{"fixed: 5, tiers: [gold], segments: [vip], first_order: true, birthday_month: true, " +
			"timezone_of: member", loyalty.Rule{Give: fixed, Match: match{
			Tiers: []string{"gold"}, Segments: []string{"vip"}, FirstOrder: true, BirthdayMonth: true,
			TimezoneOf: loyalty.MemberClock,
		}}},
		{
			"fixed: 5, from: 2026-07-01T00:00, until: 2026-12-01T08:30",
			loyalty.Rule{
				Give: fixed, Match: match{From: at("2026-06-30T22:00:00Z"), Until: at("2026-12-01T07:30:00Z")},
			},
		},
		{`fixed: 5, weekdays: [sat, sun], hours: { from: "22:00", until: "02:30" }, ` +
			`timezone_of: store`, loyalty.Rule{Give: fixed, Match: match{
			Weekdays: []time.Weekday{time.Saturday, time.Sunday}, HoursFrom: 22 * 60, HoursUntil: 150,
			TimezoneOf: loyalty.StoreClock,
		}}},
		{
			"fixed: 5, min_spend: { EUR: 20, JPY: 3000 }",
			loyalty.Rule{Give: fixed, Match: match{MinSpend: map[loyalty.Currency]int64{"EUR": 2000, "JPY": 3000}}},
		},
		{"fixed: 5, group: seasonal, priority: -3", loyalty.Rule{Give: fixed, Group: "seasonal", Priority: -3}},
		{
			"fixed: 5, caps: [5000 ever, { cap: 10 per order, on_exceed: reject }]",
			loyalty.Rule{
				Give: fixed,
				Caps: []loyalty.Cap{
					{Points: 5000, Per: loyalty.PerEver}, {Points: 10, Per: loyalty.PerOrder, Reject: true},
				},
			},
		},
		{
			"fixed: 5, limit: 1 ever",
			loyalty.Rule{Give: fixed, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}},
		},
		{
			"fixed: 5, limit: [1 per day, 3 per week]",
			loyalty.Rule{
				Give:   fixed,
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}, {Times: 3, Per: loyalty.PerWeek}},
			},
		},
		{
			"fixed: 5, budget: 250000 points, opt_in: true, shadow: false",
			loyalty.Rule{Give: fixed, Budget: 250000, OptIn: true},
		},
		{"fixed: 5, shadow: true", loyalty.Rule{Give: fixed, Shadow: true}},
		{
			"fixed: 5, pending: manual, expires: never",
			loyalty.Rule{
				Give: fixed, Life: loyalty.Life{Pending: &calendar.Wait{Manual: true}, Expires: &calendar.Expiry{}},
			},
		},
	}
	for _, c := range cases {
		t.Run(c.keys, func(t *testing.T) {
			c.want.ID = "it"
			p := mustCompile(
				t,
				[]byte(
					corner+"  rules: [ { id: it, "+c.keys+" } ]\n"+levels+"stacking: [ { id: seasonal, mode: sum } ]\n",
				),
			)
			if diff := cmp.Diff([]loyalty.Rule{c.want}, p.Earn.Rules, alike); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestACampaignIsARuleWithATime(t *testing.T) {
	const keys = "{ id: it, multiply: 2, from: 2026-07-01T00:00, until: 2026-08-01T00:00, name: July, " +
		"when: order.total > 5 }"
	rule := mustCompile(t, []byte(corner+"  rules: [ "+keys+" ]\n"))
	campaign := mustCompile(t, []byte(corner+"campaigns: [ "+keys+" ]\n"))
	if diff := cmp.Diff(rule.Earn.Rules, campaign.Campaigns, alike); diff != "" ||
		campaign.Campaigns[0].Match.When == nil {
		t.Error(diff)
	}
}

func TestEachActivationAndExpiryRule(t *testing.T) {
	both := []string{"order", "redemption"}
	waits := map[string]calendar.Wait{
		"manual":                             {Manual: true},
		"{ until: shipped }":                 {Until: calendar.WhenShipped},
		`{ on: ["03-01", "09-01"] }`:         {On: []calendar.Day{301, 901}},
		`{ until: delivered, then: 2 days }`: {Until: calendar.WhenDelivered, For: calendar.Period{Days: 2}},
		"{ until: delivered, then: 14 days, within: 60 days }": {
			Until: calendar.WhenDelivered, For: calendar.Period{Days: 14}, Within: calendar.Period{Days: 60},
		},
	}
	for source, want := range waits {
		p := mustCompile(t, []byte(strings.Replace(corner, "14 days", source, 1)))
		if diff := cmp.Diff(want, p.Earn.Pending); diff != "" {
			t.Errorf("%s: %s", source, diff)
		}
	}
	lapses := map[string]calendar.Expiry{
		"never": {},
		"{ after: 2 weeks, round_to: end_of_week }": {After: calendar.Period{Days: 14}, RoundTo: calendar.EndOfWeek},
		`{ on: ["06-30", "12-31"] }`:                {On: []calendar.Day{630, 1231}},
		`{ after: 3 months, on: ["02-29"] }`:        {After: calendar.Period{Months: 3}, On: []calendar.Day{229}},
		"{ after: 1 year, anniversary: tier }":      {After: calendar.Period{Months: 12}, Anniversary: calendar.OfTier},
		"{ inactive: 6 months }": {
			After: calendar.Period{Months: 6}, RoundTo: calendar.EndOfMonth, Inactive: true, ResetBy: both,
		},
		"{ inactive: 90 days, reset_by: [app.installed], round_to: end_of_day }": {
			After: calendar.Period{Days: 90}, Inactive: true, ResetBy: []string{"app.installed"},
		},
	}
	for source, want := range lapses {
		p := mustCompile(t, []byte(strings.Replace(corner, "{ after: 12 months }", source, 1)))
		if diff := cmp.Diff(want, p.Earn.Expires); diff != "" {
			t.Errorf("%s: %s", source, diff)
		}
	}
}

func TestEachKeyOfAnActionHasItsMeaning(t *testing.T) {
	p := mustCompile(t, []byte(corner+`  actions:
    - { id: a, event: member.joined, points: 50 }
    - id: b
      event: podcast.completed
      points: 5
      limit: 1 per day
      cooldown: 2 weeks
      tiers: [gold]
      segments: [vip]
      from: 2026-07-01T00:00
      when: event.minutes > 5
      expires: { after: 3 months }
events:
  quiz: { states: [won, lost] }
  podcast: { fields: { minutes: number } }
`+levels))
	want := []loyalty.EventType{
		{
			Name: "podcast", States: []string{"completed"},
			Fields: map[string]loyalty.FieldKind{"minutes": loyalty.NumberField},
		},
		{Name: "quiz", States: []string{"won", "lost"}},
	}
	if diff := cmp.Diff(want, p.Events); diff != "" {
		t.Error(diff)
	}
	b := p.Earn.Actions[1]
	if b.When == nil || b.When.String() != "event.minutes > 5" {
		t.Errorf("asks %v", b.When)
	}
	b.When = nil
	actions := []loyalty.Action{{ID: "a", Event: "member.joined", Points: 50}, {
		ID: "b", Event: "podcast.completed", Points: 5, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}},
		Cooldown: calendar.Period{Days: 14}, Tiers: []string{"gold"}, Segments: []string{"vip"},
		From: time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC),
		Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Months: 3}, RoundTo: calendar.EndOfMonth}},
	}}
	if diff := cmp.Diff(actions, []loyalty.Action{p.Earn.Actions[0], b}, alike); diff != "" {
		t.Error(diff)
	}
}

func TestEachOtherSectionHasItsMeaning(t *testing.T) {
	cases := []struct {
		what, source string
		want         func(*loyalty.Program)
	}{
		{"groups", "stacking: [ { id: a, mode: exclusive }, { id: b, mode: best } ]\n", func(p *loyalty.Program) {
			p.Groups = []loyalty.Group{{ID: "a", Mode: loyalty.Exclusive}, {ID: "b", Mode: loyalty.Best}}
		}},
		{"exchange", "exchange: { base: EUR, rates: [ { from: 2026-01-01, CHF: 1.05 } ] }\n", func(p *loyalty.Program) {
			p.Exchange = loyalty.Exchange{
				Base: "EUR",
				Rates: []loyalty.ExchangeRate{
					{From: 20260101, Rates: map[loyalty.Currency]*big.Rat{"CHF": ratio(21, 20)}},
				},
			}
		}},
		{"refunds", "clawback: { max_debt: 500 }\n", func(p *loyalty.Program) { p.MaxDebt = 500 }},
		{
			"refunds without a bound", "clawback: { policy: unlimited }\n",
			func(p *loyalty.Program) { p.Clawback = loyalty.ClawbackUnlimited },
		},
		{"goodwill", "goodwill: { reinstate_within: 90 days, extend_by: 1 year }\n", func(p *loyalty.Program) {
			p.Goodwill = loyalty.Goodwill{Reinstate: calendar.Period{Days: 90}, Extend: calendar.Period{Months: 12}}
		}},
		{
			"payments",
			"payments: { award: orders_when_paid, find_member_by: [customer, email], " +
				"claim_within: 2 weeks }\n", func(p *loyalty.Program) {
				p.Payments = loyalty.PaymentTerms{
					Award: loyalty.AwardOrdersWhenPaid, FindBy: []loyalty.MemberBy{loyalty.ByCustomer, loyalty.ByEmail},
					ClaimWithin: calendar.Period{Days: 14},
				}
			},
		},
		{"reminders", `reminders:
  quiet_hours: { from: "21:30", until: "08:00" }
  frequency_caps: { email: 2 per week, any: 1 per day }
  holdout: 5%
  attribution_window: 10 days
  wait_after_ignored: 1 week
  stop_after_ignored: 4
  messages:
    - { id: a, before: points.expire, by: [30 days, 1 day], channels: [email, sms], min_points: 100 }
    - { id: b, near: next_reward, within: 50, channels: [push], limit: 1 per month }
    - { id: c, after: member.birthday, channels: [webhook], purpose: transactional }
    - { id: d, at: ["2026-12-01T10:00"], on: ["12-06"], channels: [email], segments: [vip], title: T, text: B }
rewards: [ { id: mug, type: free_product, cost: 500, sku: MUG } ]
`, func(p *loyalty.Program) {
			p.Rewards = []loyalty.Reward{{ID: "mug", Type: "free_product", Cost: 500, SKU: "MUG"}}
			p.Reminders = loyalty.Reminders{
				QuietFrom: 21*60 + 30, QuietUntil: 8 * 60, Holdout: ratio(1, 20),
				AttributionWindow: calendar.Period{Days: 10},
				FrequencyCaps: []loyalty.FrequencyCap{
					{Channel: loyalty.Email, Times: 2, Per: loyalty.PerWeek}, {Times: 1, Per: loyalty.PerDay},
				},
				Ignored: loyalty.IgnoredRule{Wait: calendar.Period{Days: 7}, StopAfter: 4},
				Messages: []loyalty.Reminder{
					{
						ID: "a", On: loyalty.BeforeExpiry, Purpose: loyalty.Transactional,
						Leads:    []calendar.Period{{Days: 30}, {Days: 1}},
						Channels: []loyalty.Channel{loyalty.Email, loyalty.SMS}, MinPoints: 100,
					},
					{
						ID: "b", On: loyalty.NearReward, Purpose: loyalty.Marketing, Within: 50,
						Channels: []loyalty.Channel{loyalty.Push},
						Limits:   []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}},
					},
					{
						ID: "c", On: loyalty.OnBirthday, Purpose: loyalty.Transactional,
						Channels: []loyalty.Channel{loyalty.Webhook},
					},
					{
						ID: "d", On: loyalty.Scheduled, Purpose: loyalty.Marketing,
						Channels: []loyalty.Channel{loyalty.Email},
						Segments: []string{"vip"}, At: []time.Time{time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)},
						Days:  []calendar.Day{1206},
						Title: loyalty.Text{"und": "T"}, Body: loyalty.Text{"und": "B"},
					},
				},
			}
		}},
		{
			"members", "members: { birthday_change_cooldown: 12 months }\n",
			func(p *loyalty.Program) { p.BirthdayLock = calendar.Period{Months: 12} },
		},
		{
			"fraud", "fraud: { email_change_hold: 48 hours }\n",
			func(p *loyalty.Program) { p.Fraud.EmailChangeHold = calendar.Period{Hours: 48} },
		},
		{
			"no hold after a change of email", "fraud: { email_change_hold: none }\n",
			func(p *loyalty.Program) { p.Fraud.NoEmailChangeHold = true },
		},
		{
			"milestones",
			"milestones: [ { id: ten, count: order.completed, target: 10, points: 250 } ]\n", func(p *loyalty.Program) {
				p.Milestones = []loyalty.Milestone{{ID: "ten", Target: 10, Points: 250}}
			},
		},
		{
			"levels by spend",
			strings.NewReplacer(
				"points_earned", "spend, currency: EUR", "lifetime", "calendar year", "1 year", "end_of_next_year",
				"500", "500.50, expires: never",
			).Replace(levels), func(p *loyalty.Program) {
				p.Tiers = loyalty.Tiers{
					By: loyalty.BySpend, Currency: "EUR", Calendar: true,
					KeepYear: 2, Levels: []loyalty.Level{
						{ID: "bronze", Name: loyalty.Text{"und": "Bronze"}},
						{ID: "gold", Name: loyalty.Text{"und": "Gold"}, From: 50050, Expires: &calendar.Expiry{}},
					},
				}
			},
		},
		{
			"levels by elements",
			strings.NewReplacer(
				"points_earned", "qualifying_items, at_least: { JPY: 2500 }", "1 year", "end_of_year",
			).Replace(levels), func(p *loyalty.Program) {
				p.Tiers = loyalty.Tiers{
					By: loyalty.ByQualifyingItems, AtLeast: map[loyalty.Currency]int64{"JPY": 2500},
					KeepYear: 1, Levels: []loyalty.Level{
						{ID: "bronze", Name: loyalty.Text{"und": "Bronze"}},
						{ID: "gold", Name: loyalty.Text{"und": "Gold"}, From: 500},
					},
				}
			},
		},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			want := mustCompile(t, []byte(corner))
			c.want(want)
			if diff := cmp.Diff(want, mustCompile(t, []byte(corner+c.source)), alike); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// everything returns a program file with every supported key.
func everything(t testing.TB) []byte {
	t.Helper()
	source, err := os.ReadFile("testdata/whole/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestAFileWithEveryKeyIsExplained(t *testing.T) {
	f, problems := Parse(everything(t))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 {
		t.Error(f.Warnings)
	}
	golden(t, "whole/everything.txt", describe.Explain(f.Program))
}

func TestTheFileWithEveryKeyHasEveryKey(t *testing.T) {
	written := string(everything(t))
	eachKey(t, func(path string, schema map[string]any) {
		key := path[strings.LastIndex(path, ".")+1:]
		description, _ := schema["description"].(string)
		switch {
		case strings.ContainsAny(key, "#^"), schema["$ref"] != nil, key == "at_least":
			// a definition, a name that merchants choose, a list element, or a key that levels by spend do not use
			return
		case strings.HasPrefix(description, "Not supported yet"):
			return
		}
		if !strings.Contains(written, key+":") {
			t.Errorf("%s is not in the file", path)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for name, source := range map[string][]byte{"demo": demo, "everything": everything(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, problems := Compile(source); len(problems) > 0 {
					b.Fatal(problems)
				}
			}
		})
	}
}
