package request

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Limit returns the counter of a principal for a purpose, with the limit of the caller's program.
func (c *Call) Limit(purpose limits.Purpose, principal string) limits.Counter {
	return limits.Counter{
		Program: c.Who.Program, Purpose: purpose, Principal: principal, Limit: limits.Default(purpose),
	}
}

// LimitOfClient returns the counter of the client that the header Perennial-Client names: a device, a POS terminal, a
// session or an address. It returns the zero Counter if the request does not have this header.
func (c *Call) LimitOfClient(purpose limits.Purpose) (limits.Counter, error) {
	name := c.Event.Headers.Client
	if name == "" {
		return limits.Counter{}, nil
	}
	for i := range len(name) {
		if len(name) > 128 || name[i] < 0x21 || name[i] > 0x7e {
			return limits.Counter{}, RefuseAt(InvalidParameter, "Perennial-Client",
				"The header Perennial-Client must have 1 to 128 visible ASCII characters.")
		}
	}
	if c.Who.Kind == auth.Key {
		name = c.Who.ID + "/" + name // each API key names its own clients
	}
	return c.Limit(purpose, c.hashed("client", name)), nil
}

// hashed returns the name of a principal that is personal data, as a keyed hash.
func (c *Call) hashed(kind, name string) string {
	return kind + "#" + c.App.Ledger.Keyring.Hash(c.Who.Program, kind, name)[:22]
}

// LimitsOfEnrollment returns the counters of an enrollment: that of the client that the request names and, if the
// caller is a member, that of the IP address of the request. If the new member has a referral code, it counts the use
// of the code for the client.
func (c *Call) LimitsOfEnrollment(ctx context.Context, referred bool) ([]limits.Counter, error) {
	client, err := c.LimitOfClient(limits.EnrollmentClient)
	if err != nil {
		return nil, err
	}
	if referred {
		if err := c.LimitReferral(ctx); err != nil {
			return nil, err
		}
	}
	counters := []limits.Counter{client}
	if c.Event.SourceIP != "" && c.Who.Kind == auth.Member {
		source := c.hashed("address", c.Event.SourceIP)
		counters = append(counters, c.Limit(limits.EnrollmentSource, source))
	}
	return counters, nil
}

// LimitReferral counts the use of a referral code for the client that the request names.
func (c *Call) LimitReferral(ctx context.Context) error {
	client, err := c.LimitOfClient(limits.ReferralClient)
	if err != nil {
		return err
	}
	return c.App.Limits.Take(ctx, client)
}

// LimitEvent calls a function that stores an event of a member. It counts the event in the memory of this process,
// unless the function fails.
func (c *Call) LimitEvent(m loyalty.MemberID, put func() error) error {
	counter := c.Limit(limits.Event, string(m))
	if err := c.events.Take(counter, c.App.Now()); err != nil {
		return err
	}
	err := put()
	if err != nil {
		c.events.Return(counter)
	}
	return err
}

// limitDetail explains to callers which limit was reached.
func limitDetail(e *limits.ExceededError) string {
	const again = " Try again after the time in Retry-After."
	n, window := e.Limit.Max, windowText(e.Limit.Window)
	switch e.Purpose {
	case limits.Redemption:
		return fmt.Sprintf("A member can redeem at most %d times per %s.", n, window) + again
	case limits.Transfer:
		return fmt.Sprintf("A member can make at most %d transfers per %s.", n, window) + again
	case limits.ReferralClient:
		return fmt.Sprintf("A client can claim at most %d referral codes per %s.", n, window) + again
	case limits.EnrollmentClient, limits.EnrollmentSource:
		return fmt.Sprintf("A client or an IP address can enroll at most %d members per %s.", n, window) + again
	case limits.Adjustment:
		return fmt.Sprintf("An API key or operator may add at most %d points manually per %s.", n, window) + again +
			" To add more, use a key or an operator with a higher limit."
	case limits.Event:
		return fmt.Sprintf("A member can have at most %d events per %s.", n, window) + again
	}
	return "Too many lookups of unknown codes." + again
}

func windowText(d time.Duration) string {
	switch d {
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	case 24 * time.Hour:
		return "24 hours"
	}
	return d.String()
}
