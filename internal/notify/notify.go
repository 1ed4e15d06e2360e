// Package notify turns a notice into a message and hands it to whoever delivers it.
//
// It promises that a message has the same id for every attempt, and that one to a member comes with a signed link by
// which the member can take back the consent that it rests on, without a password; the words of a text message have it
// only where it is marketing. Where the public address of the API is not known, marketing is not sent, and transactional
// messages have no link. A gift card to a friend rests on no consent and has no such link. The package deliberately
// decides nothing about who is written to and when (that is loyalty), keeps nothing (that is ledger), and finds no words
// (that is wording). The senders that know a provider are packages of their own below this one, so that only the
// functions that send link them.
package notify

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"time"

	"github.com/perennial-loyalty/perennial/internal/emailaddr"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A Message is what goes out, as it goes out. For push and webhook, whose wording is the merchant's, Data says the same
// in fields.
type Message struct {
	ID          string           `json:"id"` // the same for every attempt
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
	Unsubscribe string           `json:"unsubscribe,omitzero"` // empty in messages to a friend, and where the API's address is not known
	At          time.Time        `json:"at"`
	Data        Data             `json:"data"`
}

// Nobody is the member whom tests name: they go to others than those whom they speak of, so that neither their links nor
// what becomes of them may change anything.
const Nobody loyalty.MemberID = "test"

// Data is the facts of a notice, for those who word it themselves.
type Data struct {
	Points  loyalty.Points `json:"points,omitzero"`
	Lots    []LotData      `json:"lots,omitempty"`
	Reward  string         `json:"reward,omitzero"`
	Level   string         `json:"level,omitzero"`
	Missing int64          `json:"missing,omitzero"`
	Day     string         `json:"day,omitzero"`   // 2027-03-31: the last one, by the program's calendar; it need not be whole
	Until   time.Time      `json:"until,omitzero"` // when exactly
	Code    string         `json:"code,omitzero"`
	Order   string         `json:"order,omitzero"`
	Years   int            `json:"years,omitzero"`
}

// LotData is points with the last day on which they can be spent, by the program's calendar, and the instant at which it
// ends there.
type LotData struct {
	Points loyalty.Points `json:"points"`
	Day    string         `json:"day"`
	Until  time.Time      `json:"until"`
}

// A Sender delivers messages of one channel, or hands them to somebody who does.
//
// Send returns nil once the provider has taken the message. An error that wraps ErrNotSent says that it certainly has
// not, for now; one that wraps ErrRejected that it never will at this address. After any other error nobody knows. Where
// the provider can tell a repetition by Message.ID, it is told it. Send is safe for concurrent use.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

var (
	ErrNotSent  = errors.New("notify: not sent")
	ErrRejected = errors.New("notify: the address is rejected")
)

// An Office is everything that it takes to send: who delivers through which channel, how links are made, and what
// messages say.
type Office struct {
	Senders map[loyalty.Channel]Sender
	Links   Links
	Words   func(p *loyalty.Program, who Person, n loyalty.News, link string) (Words, error)
	Letter  func(p *loyalty.Program, g Gift) (Words, error)
}

// Words is what a message says, as far as its channel takes it.
type Words struct{ Language, Subject, Text, HTML string }

// Person is what a message needs to know of whom it is for.
type Person struct {
	Member  loyalty.MemberID
	Name    string
	Locale  string
	Address string // for the channel; may be empty where that wants none
}

// Delivers reports whether there is anybody for a channel.
func (o *Office) Delivers(c loyalty.Channel) bool { return o.Senders[c] != nil }

// Deliverable is those of some channels for which there is anybody.
func (o *Office) Deliverable(channels []loyalty.Channel) (out []loyalty.Channel) {
	for _, c := range channels {
		if o.Delivers(c) {
			out = append(out, c)
		}
	}
	return out
}

// At returns an office whose links lead to the API at a public address; o itself if the address is empty.
func (o *Office) At(base string) *Office {
	if base == "" {
		return o
	}
	at := *o
	at.Links.Base = base
	return &at
}

// Permitted returns the consents that messages can rest on: those to marketing need the link by which they are taken
// back, which needs the public address of the API.
func (o *Office) Permitted(consents loyalty.Consents) loyalty.Consents {
	if o.Links.Base != "" {
		return consents
	}
	var out loyalty.Consents
	for _, c := range consents {
		if c.Purpose != loyalty.Marketing {
			out = append(out, c)
		}
	}
	return out
}

// Write makes the message of a notice, under its id.
func (o *Office) Write(p *loyalty.Program, who Person, n loyalty.News, id string, now time.Time) (Message, error) {
	if n.Purpose == loyalty.Marketing && o.Links.Base == "" {
		return Message{}, fmt.Errorf("%w: marketing without a link to unsubscribe", ErrNotSent)
	}
	m := Message{
		ID: id, Program: p.ID, Member: who.Member, Reminder: n.Reminder, On: n.On, Purpose: n.Purpose, Channel: n.Channel,
		To: who.Address, At: now.UTC(), Data: dataOf(p, n),
		Unsubscribe: o.Links.Unsubscribe(Subscription{p.ID, who.Member, n.Channel, n.Purpose}),
	}
	w, err := o.Words(p, who, n, m.Unsubscribe)
	m.Language, m.Subject, m.Text, m.HTML = w.Language, w.Subject, w.Text, w.HTML
	return m, err
}

// Mailable reports whether an e-mail address has the form of RFC 5322 and can be written in ASCII, so that a server can be
// asked to deliver there.
func Mailable(address string) bool {
	a, err := mail.ParseAddress(address)
	_, ascii := emailaddr.ASCII(address)
	return err == nil && a.Address == address && ascii
}

// Send delivers a message through its channel. An e-mail goes to the address in ASCII, as providers refuse others.
func (o *Office) Send(ctx context.Context, m Message) error {
	s := o.Senders[m.Channel]
	if s == nil {
		return fmt.Errorf("%w: nobody delivers by %s", ErrNotSent, m.Channel)
	}
	if m.Channel == loyalty.Email && !Mailable(m.To) {
		return fmt.Errorf("%w: it is no e-mail address", ErrRejected)
	}
	if m.Channel == loyalty.Email {
		m.To, _ = emailaddr.ASCII(m.To)
	}
	return s.Send(ctx, m)
}

func dataOf(p *loyalty.Program, n loyalty.News) Data {
	d := Data{
		Points: n.Points, Reward: n.Reward, Level: n.Level, Missing: n.Missing, Until: n.Until.UTC(), Code: n.Code, Order: n.Order, Years: n.Years,
	}
	if n.Day != 0 {
		d.Day = n.Day.String()
	}
	for _, lot := range n.Lots {
		d.Lots = append(d.Lots, LotData{lot.Points, lot.Expires.String(), lot.Expires.End(p.Zone)})
	}
	return d
}
