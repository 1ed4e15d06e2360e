package request

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

// A Route is an operation of the API: the function that serves it and the requirements of its requests.
type Route struct {
	Pattern  string     // route key, mux pattern, and method and path in openapi.yaml: "PUT /v1/orders/{order}"
	Function string     // name of the function that serves it, such as "earn"
	Scope    auth.Scope // required scope of the API key; empty for a public route
	Keyed    bool       // requires an Idempotency-Key

	Body  body
	Query []string // names of the allowed query parameters
	Serve func(context.Context, *Call) (Answer, error)
}

// A body is the kind of body that a route takes.
type body int

const (
	NoBody    body = 0
	SmallBody body = 256 << 10
	LargeBody body = 1 << 20
	MaybeBody body = -1 // omitted, or an object without required fields
)

// allowed returns the methods that the routes define for a path, in alphabetical order, or none if no route has the
// path.
func allowed(all []Route, path string) (methods []string) {
	for _, r := range all {
		method, pattern, _ := strings.Cut(r.Pattern, " ")
		if Matches(pattern, path) {
			methods = append(methods, method)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// Matches reports whether a path matches a pattern such as /v1/orders/{order}. A parameter matches one segment that is
// not empty.
func Matches(pattern, path string) bool {
	for {
		want, moreWant, more := strings.Cut(pattern, "/")
		got, moreGot, also := strings.Cut(path, "/")
		parameter := strings.HasPrefix(want, "{") && got != ""
		if more != also || want != got && !parameter {
			return false
		}
		if !more {
			return true
		}
		pattern, path = moreWant, moreGot
	}
}
