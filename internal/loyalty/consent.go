package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// Channel is a way to reach a member.
type Channel string

const (
	Email   Channel = "email"
	SMS     Channel = "sms"
	Push    Channel = "push"    // an event on the bus: the merchant's app has the device
	Webhook Channel = "webhook" // a signed request to the merchant, for whatever else there is
)

// Channels lists every channel.
func Channels() []Channel { return []Channel{Email, SMS, Push, Webhook} }

// Purpose is what a member is written to for. A message is of one purpose, and so is a consent.
type Purpose string

const (
	Marketing     Purpose = "marketing"
	Transactional Purpose = "transactional" // what the membership itself makes necessary: points that are about to expire
)

// Purposes lists every purpose.
func Purposes() []Purpose { return []Purpose{Marketing, Transactional} }

// A Consent is that a member agreed to be written to through a channel for a purpose, or took that back.
type Consent struct {
	Channel Channel
	Purpose Purpose
	Granted bool
	At      time.Time
	Wording string // which version of which text the member was shown
	Source  string // where: checkout, app, unsubscribe …
}

// Consents are the latest of each channel and purpose. What is not there was never given: nothing is sent without.
type Consents []Consent

// Allow reports whether a member may be written to.
func (cs Consents) Allow(channel Channel, purpose Purpose) bool {
	i := cs.index(channel, purpose)
	return i >= 0 && cs[i].Granted
}

// any reports whether a member agreed to anything.
func (cs Consents) any() bool {
	return slices.ContainsFunc(cs, func(c Consent) bool { return c.Granted })
}

// With is the consents with one more. An older one than that which is there changes nothing.
func (cs Consents) With(c Consent) Consents {
	i := cs.index(c.Channel, c.Purpose)
	next := slices.Clone(cs)
	switch {
	case i < 0:
		next = append(next, c)
	case c.At.Before(cs[i].At):
		return cs
	default:
		next[i] = c
	}
	slices.SortFunc(next, func(a, b Consent) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Purpose, b.Purpose))
	})
	return next
}

func (cs Consents) index(channel Channel, purpose Purpose) int {
	return slices.IndexFunc(cs, func(c Consent) bool { return c.Channel == channel && c.Purpose == purpose })
}
