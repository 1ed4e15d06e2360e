// Package access evaluates IAM policies: it decides whether a function's policies allow its AWS calls.
//
// Tests and the local runner use it, so that a missing permission is found before the deployment to AWS. A Policy
// contains the statements of one function, and Decide evaluates one request. A Call describes an API call and lists the
// requests that AWS authorizes for it. Table enforces the policies of a function on a table.Table.
//
// Only the features that Perennial's template uses are supported: identity-based policies with Effect, Action,
// Resource and string conditions. Decide returns an error for any other feature, because ignoring a condition would
// change the meaning of a policy. Resource policies, permission boundaries and service control policies are not
// evaluated.
//
// AWS does not document the value of the condition key dynamodb:LeadingKeys for the operations of a transaction. A
// Reading is one possible value; a call is allowed here only if it is allowed under every reading.
package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A Policy contains the statements of all identity-based policies of one function.
type Policy []stack.Statement

// A Request is the unit of authorization: one action on one resource.
type Request struct {
	Action   string              // such as dynamodb:GetItem
	Resource string              // an ARN; for a text message, the phone number
	Context  map[string][]string // the values of the condition keys; a missing key is absent
}

// Decide reports whether the policy allows a request: a statement must allow it and none may deny it.
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

// likeAction reports whether an action matches a pattern. Case does not matter in the names of actions.
func likeAction(pattern, action string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return strings.EqualFold(pattern, action)
	}
	return Like(strings.ToLower(pattern), strings.ToLower(action))
}

// test evaluates one condition. See "Multivalued context keys" in the IAM user guide for the set operators: with
// ForAllValues an absent key satisfies the condition, with ForAnyValue it does not.
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

// matcher returns a test of one value, and whether the operator negates that test.
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

// Like reports whether text matches a pattern in which * matches any text, including none, and ? matches one
// character.
func Like(pattern, text string) bool {
	var star, retry int // where to continue if the text after the last * does not match
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
