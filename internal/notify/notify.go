// Package notify converts a notice to a message and passes the message to the sender of its channel.
//
// A message has the same ID in every attempt. A message to a member contains a signed link with which the member can
// withdraw the consent for such messages without a password. A text message shows the link only if it is marketing. If
// the public address of the API is unknown, marketing is not sent, and transactional messages have no link. A gift
// message to a friend requires no consent and has no such link.
//
// The package deliberately does not decide to whom a message is sent and when (packages messages and remind), store
// messages (package messages) or write their texts (package wording). The senders for the providers are separate
// packages below this one, so that only functions that send messages contain them.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"time"

	"github.com/perennial-loyalty/perennial/internal/emailaddr"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// A Message is a message in its final form. The merchant writes the texts of push and webhook messages, so Data
// contains the facts for them as fields.
type Message struct {
	ID          string           `json:"id"` // the same in every attempt
	Program     string           `json:"program"`
	Member      loyalty.MemberID `json:"member"`
	Reminder    string           `json:"reminder"`
	On          loyalty.Trigger  `json:"on"`
	Purpose     loyalty.Purpose  `json:"purpose"`
	Channel     loyalty.Channel  `json:"channel"`
	To          string           `json:"to,omitzero"`
	Language    string           `json:"language"`
	Subject     string           `json:"subject,omitzero"`
	Text        string           `json:"text"`
	HTML        string           `json:"html,omitzero"`
	Unsubscribe string           `json:"unsubscribe,omitzero"` // the unsubscribe link; may be empty
	At          time.Time        `json:"at"`
	Data        Data             `json:"data"`
}

// NoMember is the member ID of test messages. The recipient of a test message is not the member that it describes, so
// its links and feedback must not change a member.
const NoMember loyalty.MemberID = "test"

// Data contains the facts of a notice, for merchants that write the texts of messages themselves.
type Data struct {
	Points  loyalty.Points `json:"points,omitzero"`
	Lots    []LotData      `json:"lots,omitempty"`
	Reward  string         `json:"reward,omitzero"`
	Level   string         `json:"level,omitzero"`
	Missing int64          `json:"missing,omitzero"`
	// Day is the last day in the program's time zone, such as 2027-03-31. The validity may end during this day.
	Day   string    `json:"day,omitzero"`
	Until time.Time `json:"until,omitzero"` // the exact end of the validity
	Code  string    `json:"code,omitzero"`
	Order string    `json:"order,omitzero"`
	Years int       `json:"years,omitzero"`
}

// LotData describes points that expire together: their number, the last day on which they can be spent (in the
// program's time zone), and the instant at which they expire.
type LotData struct {
	Points loyalty.Points `json:"points"`
	Day    string         `json:"day"`
	Until  time.Time      `json:"until"`
}

// A Sender delivers the messages of one channel, directly or through a provider.
//
// Send returns nil if the provider has accepted the message. An error that wraps ErrNotSent means that the message was
// not sent but may be sent later. An error that wraps ErrRejected means that no message can ever be sent to this
// address. After any other error, it is unknown whether the message was sent. If the provider deduplicates by message
// ID, Send passes it Message.ID. Send is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

var (
	ErrNotSent  = errors.New("notify: not sent")
	ErrRejected = errors.New("notify: the address is rejected")
)

// A Dispatcher writes and sends messages. It contains the senders of the channels, the settings of links, and the
// functions that write texts.
type Dispatcher struct {
	Senders   map[loyalty.Channel]Sender
	Links     Links
	Words     func(p *loyalty.Program, who Person, n remind.News, link string) (Words, error)
	GiftWords func(p *loyalty.Program, g Gift) (Words, error)
}

// Words contains the texts of a message. A channel uses only the fields that it needs.
type Words struct{ Language, Subject, Text, HTML string }

// Person contains the data of a recipient that is necessary for a message.
type Person struct {
	Member  loyalty.MemberID
	Name    string
	Locale  string
	Address string // the address in the message's channel; may be empty if the channel needs none
}

// Delivers reports whether the channel has a sender.
func (o *Dispatcher) Delivers(c loyalty.Channel) bool { return o.Senders[c] != nil }

// Deliverable returns the given channels that have a sender.
func (o *Dispatcher) Deliverable(channels []loyalty.Channel) (out []loyalty.Channel) {
	for _, c := range channels {
		if o.Delivers(c) {
			out = append(out, c)
		}
	}
	return out
}

// At returns a copy of o whose links contain the given public address of the API. It returns o itself if the address is
// empty.
func (o *Dispatcher) At(base string) *Dispatcher {
	if base == "" {
		return o
	}
	at := *o
	at.Links.Base = base
	return &at
}

// Permitted returns the given consents that are sufficient to send messages. Marketing requires an unsubscribe link,
// and the link requires the public address of the API. Without this address, no consent to marketing is sufficient.
func (o *Dispatcher) Permitted(consents remind.Consents) remind.Consents {
	if o.Links.Base != "" {
		return consents
	}
	var out remind.Consents
	for _, c := range consents {
		if c.Purpose != loyalty.Marketing {
			out = append(out, c)
		}
	}
	return out
}

// Write creates the message of a notice with the given ID.
func (o *Dispatcher) Write(p *loyalty.Program, who Person, n remind.News, id string, now time.Time) (Message, error) {
	if n.Purpose == loyalty.Marketing && o.Links.Base == "" {
		return Message{}, fmt.Errorf("%w: marketing requires an unsubscribe link", ErrNotSent)
	}
	m := Message{
		ID: id, Program: p.ID, Member: who.Member, Reminder: n.Reminder, On: n.On, Purpose: n.Purpose,
		Channel: n.Channel,
		To:      who.Address, At: now.UTC(), Data: dataOf(p, n),
		Unsubscribe: o.Links.Unsubscribe(Subscription{p.ID, who.Member, n.Channel, n.Purpose}),
	}
	w, err := o.Words(p, who, n, m.Unsubscribe)
	m.Language, m.Subject, m.Text, m.HTML = w.Language, w.Subject, w.Text, w.HTML
	return m, err
}

// Mailable reports whether an email address is valid according to RFC 5322 and can be converted to ASCII, which mail
// servers require.
func Mailable(address string) bool {
	a, err := mail.ParseAddress(address)
	_, ascii := emailaddr.ASCII(address)
	return err == nil && a.Address == address && ascii
}

// Send delivers a message through its channel. It sends an email to the ASCII form of the address, because providers
// reject other forms.
func (o *Dispatcher) Send(ctx context.Context, m Message) error {
	s := o.Senders[m.Channel]
	if s == nil {
		return fmt.Errorf("%w: the channel %s has no sender", ErrNotSent, m.Channel)
	}
	if m.Channel == loyalty.Email && !Mailable(m.To) {
		return fmt.Errorf("%w: the email address is invalid", ErrRejected)
	}
	if m.Channel == loyalty.Email {
		m.To, _ = emailaddr.ASCII(m.To)
	}
	return s.Send(ctx, m)
}

func dataOf(p *loyalty.Program, n remind.News) Data {
	d := Data{
		Points: n.Points, Reward: n.Reward, Level: n.Level, Missing: n.Missing, Until: n.Until.UTC(), Code: n.Code,
		Order: n.Order, Years: n.Years,
	}
	if n.Day != 0 {
		d.Day = n.Day.String()
	}
	for _, lot := range n.Lots {
		d.Lots = append(d.Lots, LotData{lot.Points, lot.Expires.String(), lot.Expires.End(p.Zone)})
	}
	return d
}
