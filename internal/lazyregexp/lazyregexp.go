// Package lazyregexp compiles regular expressions at their first use. Variables of this type do not extend the cold
// starts of functions, unlike variables that contain compiled expressions.
package lazyregexp

import (
	"regexp"
	"sync"
)

// A Regexp is a regular expression that is compiled at its first use. It is safe for concurrent use.
type Regexp struct{ compiled func() *regexp.Regexp }

// New returns the regular expression. A method panics if the expression is invalid, like regexp.MustCompile.
func New(expr string) *Regexp {
	return &Regexp{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

// MatchString reports whether s contains a match.
func (r *Regexp) MatchString(s string) bool { return r.compiled().MatchString(s) }

// Match is like MatchString for bytes.
func (r *Regexp) Match(b []byte) bool { return r.compiled().Match(b) }

// FindStringSubmatch returns the leftmost match in s and its groups, or nil.
func (r *Regexp) FindStringSubmatch(s string) []string { return r.compiled().FindStringSubmatch(s) }

// ReplaceAllString returns s with each match replaced by a template, which may contain $1 for the first group.
func (r *Regexp) ReplaceAllString(s, template string) string {
	return r.compiled().ReplaceAllString(s, template)
}
