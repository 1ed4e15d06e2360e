// Package access evaluates IAM policies: it decides whether a function's policies allow its AWS calls.
//
// Tests and the local runner use it, so that a missing permission is found before the deployment to AWS. A Policy
// contains the statements of one function. Its method Decide evaluates one request. A Call describes an API call and
// lists the requests that AWS authorizes for it. A Guard enforces the policies of all functions. Its method Table
// returns a table.Table that checks the calls of functions.
//
// Only the features that Perennial's template uses are supported: identity-based policies with Effect, Action, Resource
// and string conditions. Decide returns an error for any other feature. If it ignored a condition, the meaning of the
// policy would change. Resource policies, permission boundaries and service control policies are not evaluated.
//
// AWS does not document the value of the condition key dynamodb:LeadingKeys for the operations of a transaction. A
// Reading is one possible value. Package access allows a call only if the policies allow it under every reading.
package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A Policy contains the statements of all identity-based policies of one function.
type Policy []stack.Statement

// A Request asks for permission for one action on one resource.
type Request struct {
	Action   string              // the name of an action, such as dynamodb:GetItem
	Resource string              // an ARN or, for a text message, the phone number
	Context  map[string][]string // values of the condition keys; a key that is not in the map is absent
}

// Decide reports whether the policy allows a request. A request is allowed if at least one statement allows it and no
// statement denies it.
func (p Policy) Decide(r Request) (allowed bool, err error) {
	for _, s := range p {
		applies, err := applies(s, r)
		if err != nil {
			return false, fmt.Errorf("access: statement %s: %w", s.Sid, err)
		}
		if applies && s.Effect == "Deny" {
			return false, nil
		}
		allowed = allowed || applies
	}
	return allowed, nil
}

func applies(s stack.Statement, r Request) (bool, error) {
	action := func(pattern string) bool { return likeAction(pattern, r.Action) }
	resource := func(pattern string) bool { return Like(pattern, r.Resource) }
	if !slices.ContainsFunc(s.Action, action) || !slices.ContainsFunc(s.Resource, resource) {
		return false, nil
	}
	for _, c := range s.Condition {
		holds, err := test(c, r.Context)
		if !holds || err != nil {
			return false, err
		}
	}
	return true, nil
}

// likeAction reports whether an action matches a pattern. The names of actions are case-insensitive.
func likeAction(pattern, action string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return strings.EqualFold(pattern, action)
	}
	return Like(strings.ToLower(pattern), strings.ToLower(action))
}

// test evaluates one condition. If the condition key is absent, a condition with the set operator ForAllValues is true,
// and one with ForAnyValue is false. See "Multivalued context keys" in the IAM user guide.
func test(c stack.Condition, context map[string][]string) (bool, error) {
	values, present := context[c.Key]
	set, operator, ok := strings.Cut(c.Operator, ":")
	if !ok {
		set, operator = "", c.Operator
	}
	if operator == "Null" {
		return c.Values[0] == fmt.Sprint(!present), nil
	}
	operator, ifExists := strings.CutSuffix(operator, "IfExists")
	match, negated, err := matcher(operator, c.Values)
	switch {
	case err != nil:
		return false, err
	case set == "ForAllValues":
		return !slices.ContainsFunc(values, func(v string) bool { return match(v) == negated }), nil
	case set == "ForAnyValue":
		return slices.ContainsFunc(values, func(v string) bool { return match(v) != negated }), nil
	case set != "":
		return false, fmt.Errorf("the set operator %s is not supported", set)
	case !present:
		return ifExists || negated, nil
	case len(values) != 1:
		return false, fmt.Errorf("%s has %d values, which %s cannot test", c.Key, len(values), c.Operator)
	}
	return match(values[0]) != negated, nil
}

// matcher returns a function that tests one value. It also reports whether the operator negates the result of this
// function, as in StringNotLike.
func matcher(operator string, patterns []string) (match func(string) bool, negated bool, err error) {
	for _, pattern := range patterns {
		if strings.Contains(pattern, "${") {
			return nil, false, fmt.Errorf("the policy variable in %q is not supported", pattern)
		}
	}
	positive := strings.Replace(operator, "Not", "", 1)
	negated = positive != operator
	switch positive {
	case "StringEquals":
		match = func(v string) bool { return slices.Contains(patterns, v) }
	case "StringLike":
		match = func(v string) bool {
			return slices.ContainsFunc(patterns, func(pattern string) bool { return Like(pattern, v) })
		}
	default:
		return nil, false, fmt.Errorf("the operator %s is not supported", operator)
	}
	return match, negated, nil
}

// Like reports whether text matches a pattern. In the pattern, * matches any text, including none, and ? matches one
// character.
func Like(pattern, text string) bool {
	var star, retry int // positions at which the search continues if the text after the last * does not match
	p, t, hasStar := 0, 0, false
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry, hasStar = p+1, t, true
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case hasStar:
			retry++
			p, t = star, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
