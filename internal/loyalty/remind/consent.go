package remind

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Channels lists every channel.
func Channels() []loyalty.Channel {
	return []loyalty.Channel{loyalty.Email, loyalty.SMS, loyalty.Push, loyalty.Webhook}
}

// Purposes lists every purpose.
func Purposes() []loyalty.Purpose { return []loyalty.Purpose{loyalty.Marketing, loyalty.Transactional} }

// A Consent records that a member granted or withdrew consent to messages through a channel for a purpose.
type Consent struct {
	Channel loyalty.Channel
	Purpose loyalty.Purpose
	Granted bool
	At      time.Time
	Wording string // the version of the text that was shown to the member
	Source  string // where the consent was given, such as checkout, app or unsubscribe
}

// Consents are the latest consents of each channel and purpose. If there is no consent for a channel and purpose,
// nothing is sent.
type Consents []Consent

// Allow reports whether messages for the purpose may be sent to the member through the channel.
func (cs Consents) Allow(channel loyalty.Channel, purpose loyalty.Purpose) bool {
	i := cs.index(channel, purpose)
	return i >= 0 && cs[i].Granted
}

// any reports whether the member granted any consent.
func (cs Consents) any() bool {
	return slices.ContainsFunc(cs, func(c Consent) bool { return c.Granted })
}

// With returns the consents with c added, or with an older consent replaced by c. It ignores c if the stored consent is
// newer.
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

func (cs Consents) index(channel loyalty.Channel, purpose loyalty.Purpose) int {
	return slices.IndexFunc(cs, func(c Consent) bool { return c.Channel == channel && c.Purpose == purpose })
}
