// Package limits limits how often a principal may do something: redeem points, transfer them, look up codes, claim
// referrals, enroll members, add points manually and report events.
//
// A limit allows at most a number of units within any window of its length. It never allows more, however requests
// interleave: the table counts the units with a conditional write (see Store). Units of redemptions, transfers,
// adjustments and enrollments are counted in the transaction that has the effect, so that rejected and repeated
// requests are not counted. Look-ups of codes and referrals are counted even if they are rejected, because they are
// attempts to guess a code. Events are counted in memory (see Local), so that an ordinary earn reads and writes nothing
// for a limit.
//
// InFlight limits the concurrent requests of a program in one process. The package deliberately limits no orders and no
// request rates. API Gateway limits the requests of each route, of all programs together.
package limits

import (
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A Purpose is an action whose frequency is limited, together with the kind of principal that is limited.
type Purpose string

const (
	Redemption       Purpose = "redemption"         // redemptions of one member
	Transfer         Purpose = "transfer"           // transfers that one member makes or offers
	CodeLookup       Purpose = "code_lookup"        // look-ups of unknown codes by one API key
	CodeLookupClient Purpose = "code_lookup_client" // look-ups of unknown codes by one client (Perennial-Client)
	ReferralClient   Purpose = "referral_client"    // referral codes that one client (Perennial-Client) claims
	EnrollmentClient Purpose = "enrollment_client"  // members that one client enrolls
	EnrollmentSource Purpose = "enrollment_source"  // members who enroll themselves from one IP address
	Adjustment       Purpose = "adjustment"         // points that one API key adds manually
	Event            Purpose = "event"              // events of one member, in each function instance
)

// A Limit allows at most Max units within any period as long as Window. The zero Limit allows everything.
type Limit struct {
	Max    int64
	Window time.Duration
}

// Default returns the limit of a purpose in programs that set no other one.
func Default(p Purpose) Limit { return defaults[p] }

var defaults = map[Purpose]Limit{
	Redemption:       {10, time.Minute},
	Transfer:         {10, time.Hour},
	CodeLookup:       {300, time.Minute},
	CodeLookupClient: {5, time.Minute},
	ReferralClient:   {3, day},
	EnrollmentClient: {20, time.Hour},
	EnrollmentSource: {100, time.Hour},
	Adjustment:       {10_000_000, day},
	Event:            {60, time.Minute},
}

const day = 24 * time.Hour

// An ExceededError rejects a request with the code rate_limited, because a limit is reached.
type ExceededError struct {
	Purpose Purpose
	Limit   Limit
	Wait    time.Duration // until the same request can succeed
}

// Error returns the code, the purpose and the time to wait.
func (e *ExceededError) Error() string {
	return fmt.Sprintf("%s: %s: wait for %s", loyalty.RateLimited, e.Purpose, e.Wait)
}

// Is reports whether target is RateLimited.
func (e *ExceededError) Is(target error) bool { return target == loyalty.RateLimited }
