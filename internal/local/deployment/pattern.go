package deployment

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
)

// A pattern reports whether an event matches, like a rule of EventBridge or a filter of an event source of Lambda
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html).
type pattern func(event any) bool

// parsePattern parses a pattern in JSON. It supports exact values and {"prefix": …}. Other operators are errors.
func parsePattern(source []byte) (pattern, error) {
	var tree any
	if err := json.Unmarshal(source, &tree); err != nil {
		return nil, fmt.Errorf("deployment: read an event pattern: %w", err)
	}
	return compilePattern(tree)
}

// compilePattern returns a pattern that matches an event if the event has every field of the tree, with a matching
// value.
func compilePattern(tree any) (pattern, error) {
	fields, ok := tree.(map[string]any)
	if !ok || len(fields) == 0 {
		return nil, fmt.Errorf("deployment: the event pattern %v is not an object with fields", tree)
	}
	matchers := map[string]pattern{}
	for name, field := range fields {
		var err error
		if alternatives, isList := field.([]any); isList {
			matchers[name], err = anyOf(alternatives)
		} else {
			matchers[name], err = compilePattern(field)
		}
		if err != nil {
			return nil, err
		}
	}
	return func(event any) bool {
		object, _ := event.(map[string]any)
		for name, matches := range matchers {
			value, ok := object[name]
			if !ok || !matches(value) {
				return false
			}
		}
		return true
	}, nil
}

// anyOf returns a pattern that matches a value if the value equals one of the alternatives, or starts with the prefix
// in one of them. A list matches if one of its elements matches.
func anyOf(alternatives []any) (pattern, error) {
	var exact []any
	var prefixes []string
	for _, a := range alternatives {
		operator, isObject := a.(map[string]any)
		if !isObject {
			exact = append(exact, a)
			continue
		}
		prefix, ok := operator["prefix"].(string)
		if !ok || len(operator) != 1 {
			return nil, fmt.Errorf("deployment: the operator %v of an event pattern is not supported", operator)
		}
		prefixes = append(prefixes, prefix)
	}
	one := func(value any) bool {
		for _, want := range exact {
			if reflect.DeepEqual(want, value) {
				return true
			}
		}
		text, isText := value.(string)
		for _, prefix := range prefixes {
			if isText && strings.HasPrefix(text, prefix) {
				return true
			}
		}
		return false
	}
	return func(value any) bool {
		list, isList := value.([]any)
		if !isList {
			return one(value)
		}
		for _, element := range list {
			if one(element) {
				return true
			}
		}
		return false
	}, nil
}
