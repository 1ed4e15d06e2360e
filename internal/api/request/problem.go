package request

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// A Refusal is an error that the API itself returns, with the invalid parts of the request.
type Refusal struct {
	Code   loyalty.Code
	detail string
	Faults []wire.ProblemError
	allow  string // for method_not_allowed: the allowed methods
}

// Error returns the code and the detail.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.detail }

// Refuse returns a refusal that names no part of the request.
func Refuse(code loyalty.Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, detail: fmt.Sprintf(format, args...)}
}

// RefuseAt returns a refusal that names the invalid part: a JSON pointer, or the name of a parameter or header.
func RefuseAt(code loyalty.Code, pointer, detail string) *Refusal {
	return &Refusal{
		Code: code, detail: detail,
		Faults: []wire.ProblemError{{Pointer: pointer, Code: string(code), Detail: detail}},
	}
}

// problemOf returns the problem document of an error. Any error that is not a rejection becomes internal_error
// without details.
func problemOf(err error) wire.Problem {
	var own *Refusal
	var rule *loyalty.Error
	var who auth.Code
	var limit *limits.ExceededError
	var stopped *switches.StoppedError
	switch {
	case errors.As(err, &own):
		return document(own.Code, own.detail, own.Faults)
	case errors.As(err, &rule):
		return ruleProblem(rule)
	case errors.As(err, &limit):
		return document(loyalty.RateLimited, limitDetail(limit), nil)
	case errors.As(err, new(*auth.GuestLimit)):
		return document(loyalty.RateLimited,
			"Too many requests from your IP address. Try again after the time in Retry-After.", nil)
	case errors.Is(err, auth.ErrIPAddress):
		return document(loyalty.Code(auth.Forbidden), "The API key may not be used from your IP address.", nil)
	case errors.As(err, &who):
		return document(loyalty.Code(who), whoDetail[who], nil)
	case errors.Is(err, app.ErrNotPublished):
		return document(notPublished, "Publish a version of the program first.", nil)
	case errors.Is(err, auth.ErrIssuerUnavailable):
		return document(temporarilyUnavailable,
			"The issuer of the token could not be reached. You can safely repeat the request.", nil)
	case errors.As(err, &stopped):
		return document(temporarilyUnavailable, stoppedDetail(stopped.Switch), nil)
	case ledger.Busy(err):
		return unavailable()
	}
	return document(internalError, "An internal error occurred. It was logged with the request ID.", nil)
}

// unavailable returns the problem document for a request that timed out, or that could not be written because of
// concurrent writes.
func unavailable() wire.Problem {
	return document(temporarilyUnavailable,
		"The service is busy, or its table did not respond in time. You can safely repeat the request.", nil)
}

var whoDetail = map[auth.Code]string{
	auth.Unauthenticated: "Send an API key or a session in the header Authorization: Bearer sk_…, " +
		"or the token of a member on /v1/me.",
	auth.TokenInvalid: "The API key or session is unknown, belongs to another stage or was revoked. " +
		"A token of a member needs a valid signature, aud, sub, iat and exp.",
	auth.TokenExpired: "The token of the member or the session of the operator has expired. " +
		"Request a new token from your server, or sign in again.",
	auth.ScopeMissing: "The API key lacks the scope of this route.",
	auth.Forbidden: "Members call only /v1/me with their tokens, servers call the other routes with their API keys, " +
		"and operators call the routes of their role.",
}

// NotFoundDetail is the same for all missing objects, so that callers cannot find out what exists in other programs.
const NotFoundDetail = "The program has no such resource."

func ruleProblem(rule *loyalty.Error) wire.Problem {
	if rule.Code == loyalty.NotFound {
		return document(loyalty.NotFound, NotFoundDetail, nil)
	}
	var faults []wire.ProblemError
	if rule.Pointer != "" {
		faults = []wire.ProblemError{{Pointer: rule.Pointer, Code: string(rule.Code), Detail: rule.Detail}}
	}
	p := document(rule.Code, rule.Detail, faults)
	if rule.Code == loyalty.InsufficientPoints {
		needed, active := int64(rule.Required), int64(rule.Available)
		p.Required, p.Active = &needed, &active
	}
	p.Member = string(rule.Member)
	if len(rule.Unmet) > 0 {
		p.UnmetRequirements = WireUnmet(rule.Unmet)
	}
	return p
}

func document(code loyalty.Code, detail string, faults []wire.ProblemError) wire.Problem {
	k, ok := Catalogue[code]
	if !ok {
		code, k, detail, faults = internalError, Catalogue[internalError], "", nil
	}
	return wire.Problem{
		Type: wire.ProblemType + string(code), Title: k.title, Status: k.Status, Code: string(code),
		Detail: detail, Errors: faults,
	}
}

// WireUnmet returns unmet requirements as the API presents them.
func WireUnmet(lacks []loyalty.UnmetRequirement) []wire.UnmetRequirement {
	out := make([]wire.UnmetRequirement, len(lacks))
	for i, l := range lacks {
		out[i] = wire.UnmetRequirement{
			Requirement: wire.UnmetRequirementRequirement(l.Requirement), Required: l.Required, Available: l.Available,
			Missing: int64(l.Missing), From: l.From.UTC(),
		}
	}
	return out
}

// retryAfter returns the seconds after which a request that reached a limit, or was stopped, may succeed.
func retryAfter(cause error) string {
	wait := time.Second
	if limit, ok := errors.AsType[*limits.ExceededError](cause); ok {
		wait = limit.Wait
	}
	if limit, ok := errors.AsType[*auth.GuestLimit](cause); ok {
		wait = limit.Wait
	}
	if _, stopped := errors.AsType[*switches.StoppedError](cause); stopped {
		wait = switches.Wait
	}
	return strconv.Itoa(int((wait + time.Second - 1) / time.Second))
}
