package loyalty

import "time"

// These constants limit the number of rules and campaigns of a program.
const (
	MaxRules     = 2048
	MaxCampaigns = 5000
)

// A RuleIndex finds the compiled rules that can apply to an order, so that a decision does not evaluate all the others.
// It is derived from the rules. The zero RuleIndex excludes no rule. Package earn builds and reads it.
type RuleIndex struct {
	// Explained are the rules for which an order records why it does not meet their conditions.
	Explained RuleSet
	// Runs contains the rules that apply at each instant.
	Runs Timeline

	// AnyItem are the rules without a condition on items. Each other rule is in one of the maps: by its categories, or
	// else by its SKUs, or else by its brands.
	AnyItem                    RuleSet
	ByCategory, BySKU, ByBrand map[string]SparseRules

	Channels, Stores, Currencies RulesBy
	Tiers, Segments, OptIns      RulesBy
	Weekdays                     [MemberClock + 1]RulesBy // the rules by weekday, for each TimezoneOf
	FirstOrder                   RuleSet                  // the rules for first orders only
}

// A RuleSet is a set of rules: one bit for each position in Compiled.Rules. It is nil if it contains no rule.
type RuleSet []uint64

// SparseRules is a set of rules that contains few of them: the words of a RuleSet that are not 0, in ascending order.
type SparseRules []RuleWord

// A RuleWord is one word of a RuleSet.
type RuleWord struct {
	At   int // the position of the word
	Bits uint64
}

// RulesBy contains the rules by the values that one of their conditions accepts.
type RulesBy struct {
	Any RuleSet                // the rules that accept every value
	By  map[string]SparseRules // the rules that accept each value; nil if no rule has the condition
}

// A Timeline contains the rules that apply at each instant.
type Timeline struct {
	Changes []RuleChange // the changes in the order of their instants
	Marks   []RuleSet    // the rules that apply before each change whose position is a multiple of 64
}

// A RuleChange is the instant from which a rule applies, or from which it no longer applies.
type RuleChange struct {
	At   time.Time
	Rule int // the position of the rule in Compiled.Rules
}
