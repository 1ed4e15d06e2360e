package access_test

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

const (
	tableARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/T"
	keys     = "dynamodb:LeadingKeys"
)

func TestLikeMatchesLikeIAM(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"P#*", "P#bluebird", true},
		{"P#*", "P#", true},
		{"P#*", "KEY#k1", false},
		{"P#*#M#*", "P#bluebird#M#mem_1", true},
		{"P#*#M#*", "P#bluebird#ID#M", false},
		{"P#*#PROGRAM", "P#bluebird#PROGRAM", true},
		{"P#*#PROGRAM", "P#bluebird#PROGRAM#1", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a*b*c", "axxbyybzzc", true},
		{"a*b*c", "axxbyybzz", false},
		{"**a**", "a", true},
	} {
		if got := access.Like(c.pattern, c.text); got != c.want {
			t.Errorf("Like(%q, %q) is %v", c.pattern, c.text, got)
		}
	}
}

func allow(actions, resources []string, conditions ...stack.Condition) stack.Statement {
	return stack.Statement{Effect: "Allow", Action: actions, Resource: resources, Condition: conditions}
}

func deny(actions, resources []string, conditions ...stack.Condition) stack.Statement {
	s := allow(actions, resources, conditions...)
	s.Effect = "Deny"
	return s
}

func TestDenyOverridesAllow(t *testing.T) {
	get := access.Request{Action: "dynamodb:GetItem", Resource: tableARN}
	for name, c := range map[string]struct {
		policy access.Policy
		want   bool
	}{
		"no statement":       {nil, false},
		"exact":              {access.Policy{allow([]string{"dynamodb:GetItem"}, []string{tableARN})}, true},
		"case of the action": {access.Policy{allow([]string{"DynamoDB:getitem"}, []string{tableARN})}, true},
		"wildcard": {
			access.Policy{allow([]string{"dynamodb:Get*"}, []string{"arn:aws:dynamodb:*:*:table/?"})}, true,
		},
		"another action": {access.Policy{allow([]string{"dynamodb:PutItem"}, []string{tableARN})}, false},
		"another resource": {
			access.Policy{allow([]string{"dynamodb:GetItem"}, []string{tableARN + "/index/index"})}, false,
		},
		"case of the table": {
			access.Policy{allow([]string{"dynamodb:GetItem"}, []string{strings.ToLower(tableARN)})}, false,
		},
		"deny after allow": {
			access.Policy{allow([]string{"*"}, []string{"*"}), deny([]string{"*"}, []string{tableARN})}, false,
		},
		"deny before allow": {
			access.Policy{deny([]string{"dynamodb:*"}, []string{"*"}), allow([]string{"*"}, []string{"*"})}, false,
		},
		"deny something else": {
			access.Policy{deny([]string{"sns:*"}, []string{"*"}), allow([]string{"*"}, []string{"*"})}, true,
		},
		"one of two statements": {access.Policy{
			allow([]string{"sqs:SendMessage"}, []string{"*"}), allow([]string{"dynamodb:GetItem"}, []string{"*"}),
		}, true},
	} {
		if got, err := c.policy.Decide(get); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestConditionOperators(t *testing.T) {
	absent := []string(nil)
	for _, c := range []struct {
		operator string
		patterns []string
		values   []string
		want     bool
	}{
		{"StringEquals", []string{"a", "b"}, []string{"b"}, true},
		{"StringEquals", []string{"a*"}, []string{"ab"}, false},
		{"StringEquals", []string{"a"}, absent, false},
		{"StringEqualsIfExists", []string{"a"}, absent, true},
		{"StringNotEquals", []string{"a"}, []string{"b"}, true},
		{"StringNotEquals", []string{"a"}, []string{"a"}, false},
		{"StringNotEquals", []string{"a"}, absent, true},
		{"StringLike", []string{"P#*"}, []string{"P#x"}, true},
		{"StringLike", []string{"P#*"}, []string{"KEY#x"}, false},
		{"StringLike", []string{"P#*"}, absent, false},
		{"StringLikeIfExists", []string{"P#*"}, absent, true},
		{"StringNotLike", []string{"P#*"}, []string{"KEY#x"}, true},
		{"ForAllValues:StringLike", []string{"P#*", "KEY#*"}, []string{"P#x", "KEY#x"}, true},
		{"ForAllValues:StringLike", []string{"P#*"}, []string{"P#x", "KEY#x"}, false},
		{"ForAllValues:StringLike", []string{"P#*"}, absent, true},
		{"ForAllValues:StringNotLike", []string{"P#*"}, []string{"KEY#x", "P#x"}, false},
		{"ForAllValues:StringNotLike", []string{"P#*"}, []string{"KEY#x"}, true},
		{"ForAnyValue:StringLike", []string{"P#*"}, []string{"KEY#x", "P#x"}, true},
		{"ForAnyValue:StringLike", []string{"P#*"}, []string{"KEY#x"}, false},
		{"ForAnyValue:StringLike", []string{"P#*"}, absent, false},
		{"ForAnyValue:StringNotEquals", []string{"a"}, []string{"a", "b"}, true},
		{"Null", []string{"true"}, absent, true},
		{"Null", []string{"true"}, []string{"a"}, false},
		{"Null", []string{"false"}, []string{"a"}, true},
		{"Null", []string{"false"}, absent, false},
	} {
		r := access.Request{Action: "a:B", Resource: "r", Context: map[string][]string{}}
		if c.values != nil {
			r.Context[keys] = c.values
		}
		p := access.Policy{
			allow([]string{"a:B"}, []string{"*"}, stack.Condition{Operator: c.operator, Key: keys, Values: c.patterns}),
		}
		if got, err := p.Decide(r); got != c.want || err != nil {
			t.Errorf("%s %q of %q is %v, %v", c.operator, c.patterns, c.values, got, err)
		}
	}
}

func TestAllConditionsOfStatementMustBeTrue(t *testing.T) {
	p := access.Policy{allow(
		[]string{"a:B"}, []string{"*"},
		stack.Condition{Operator: "StringEquals", Key: "one", Values: []string{"1"}},
		stack.Condition{Operator: "StringEquals", Key: "two", Values: []string{"2"}},
	)}
	for _, c := range []struct {
		two  string
		want bool
	}{{"2", true}, {"3", false}} {
		r := access.Request{Action: "a:B", Resource: "r", Context: map[string][]string{"one": {"1"}, "two": {c.two}}}
		if got, err := p.Decide(r); got != c.want || err != nil {
			t.Errorf("two=%s: %v, %v", c.two, got, err)
		}
	}
}

func TestUnsupportedConditionsAreErrors(t *testing.T) {
	r := access.Request{Action: "a:B", Resource: "r", Context: map[string][]string{keys: {"P#1", "P#2"}}}
	for _, c := range []stack.Condition{
		{Operator: "NumericEquals", Key: keys, Values: []string{"1"}},
		{Operator: "ForSomeValues:StringLike", Key: keys, Values: []string{"P#*"}},
		{Operator: "StringLike", Key: keys, Values: []string{"P#*"}}, // two values without a set operator
		{Operator: "ForAllValues:StringLike", Key: keys, Values: []string{"P#${aws:PrincipalTag/program}"}},
	} {
		p := access.Policy{allow([]string{"a:B"}, []string{"*"}, c)}
		if got, err := p.Decide(r); err == nil {
			t.Errorf("%s %q was evaluated to %v", c.Operator, c.Values, got)
		}
	}
}
