package explain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// sections are the sections of the program whose rules can be shown to members.
var sections = []string{
	"campaigns", "earn.rules", "earn.actions", "earn.categories", "milestones", "rewards", "tiers", "tier_groups",
	"wallets",
}

// rule returns the name of a rule with an article: "the campaign Double beans weekend". For unnamed rules and built-in
// rules (the base rate, caps, rounding) it returns the phrase for the program.
func (s namer) rule(name string) value {
	if name == "rewards."+redeem.PayReward {
		return value{text: s.phrase("rule.pay", nil)}
	}
	for _, section := range sections {
		if id, ok := strings.CutPrefix(name, section+"."); ok {
			return value{text: s.phrase("rule."+section, values{"name": {text: cmp.Or(s.name(section, id), id)}})}
		}
	}
	return value{text: s.phrase("rule", nil)}
}

// name returns the program's name for an object in this language, or an empty string if it has none.
func (s namer) name(section, id string) string {
	switch section {
	case "campaigns":
		return s.ruleName(s.p.Campaigns, id)
	case "earn.rules":
		return s.ruleName(s.p.Earn.Rules, id)
	case "earn.categories":
		for _, c := range s.p.Earn.Categories {
			if c.ID == id {
				return c.Category
			}
		}
	case "rewards":
		r, _ := redeem.FindReward(s.p.Rewards, id)
		return r.Name.In(s.locale)
	case "wallets":
		w, _ := posting.Wallet(s.p.Wallets, id)
		return w.Name.In(s.locale)
	case "tiers":
		l, _, _ := s.p.Tiers.Level(id)
		return l.Name.In(s.locale)
	case "tier_groups":
		_, level, _ := strings.Cut(id, ".") // the ID of the level, without the ID of the tier group
		return s.level(level).text
	}
	return ""
}

func (s namer) ruleName(rules []loyalty.Rule, id string) string {
	at := slices.IndexFunc(rules, func(r loyalty.Rule) bool { return r.ID == id })
	if at < 0 {
		return ""
	}
	return rules[at].Name.In(s.locale)
}

// level returns the name of a level. If the level is in a tier group, the name of the tier group follows in
// parentheses.
func (s namer) level(id string) value {
	name := cmp.Or(s.name("tiers", id), id)
	if s.group != "" {
		name += " (" + s.group + ")"
	}
	return value{text: name}
}

// units returns the plural name of points.
func (s namer) units() value {
	return value{text: cmp.Or(s.unit().Other.In(s.locale), s.phrases["points"])}
}

// quantity formats a number of points: "1 bean", "29.99 beans".
func (s namer) quantity(digits string, f figures) value {
	v := s.write(digits, f)
	unit := s.units().text
	if v.number == one {
		unit = cmp.Or(s.unit().One.In(s.locale), s.unit().Other.In(s.locale), s.phrases["point"])
	}
	v.text += " " + unit
	return v
}

func (s namer) points(n loyalty.Points) value {
	return s.quantity(strconv.FormatInt(int64(n), 10), figures{})
}

// by formats the cause of points as a phrase that can follow a verb: "with order 1042", "for your review".
func (s namer) by(kind, id string) value {
	id, _, _ = strings.Cut(id, "~") // the text after "~" is the rule whose points expire separately
	key := "by." + kind
	if kind == loyalty.CauseEvent {
		key, id = s.event(id)
	}
	if _, ok := s.phrases[key]; !ok {
		key = "by"
	}
	return value{text: s.phrase(key, values{"id": {text: id}})}
}

// event returns the phrase key and the family of an event. The event can be one that the merchant sent, such as
// "review:778", or one that the platform generated, such as "member:mem_…:birthday:2026".
func (s namer) event(id string) (key, family string) {
	parts := strings.Split(id, ":")
	family, key = parts[0], "by.event."+parts[0]
	switch {
	case family == "member" && len(parts) > 2:
		key += "." + parts[2]
	// The referrer's event names both members, separated by a period. The friend's event does not.
	case family == "referral" && len(parts) > 1 && !strings.Contains(parts[1], "."):
		key += ".friend"
	}
	if _, ok := s.phrases[key]; !ok {
		key = "by.event"
	}
	return key, family
}
