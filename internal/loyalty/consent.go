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
	Push    Channel = "push"    // an event on the bus; the merchant's app delivers it to the device
	Webhook Channel = "webhook" // a signed request to the merchant, for any other channel
)

// Channels lists every channel.
func Channels() []Channel { return []Channel{Email, SMS, Push, Webhook} }

// Purpose is the purpose of a message. Each message and each consent has one purpose.
type Purpose string

const (
	Marketing     Purpose = "marketing"
	Transactional Purpose = "transactional" // required by the membership itself, such as notice that points expire
)

// Purposes lists every purpose.
func Purposes() []Purpose { return []Purpose{Marketing, Transactional} }

// A Consent records that a member granted or withdrew consent to messages through a channel for a purpose.
type Consent struct {
	Channel Channel
	Purpose Purpose
	Granted bool
	At      time.Time
	Wording string // the version of the text that the member was shown
	Source  string // where the consent was given: checkout, app, unsubscribe …
}

// Consents are the latest consents of each channel and purpose. Without an entry, consent was never given and nothing
// is sent.
type Consents []Consent

// Allow reports whether messages for the purpose may be sent to the member through the channel.
func (cs Consents) Allow(channel Channel, purpose Purpose) bool {
	i := cs.index(channel, purpose)
	return i >= 0 && cs[i].Granted
}

// any reports whether the member granted any consent.
func (cs Consents) any() bool {
	return slices.ContainsFunc(cs, func(c Consent) bool { return c.Granted })
}

// With returns the consents with c added or replaced. It ignores c if the stored consent is newer.
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
