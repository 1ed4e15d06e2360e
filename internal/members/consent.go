package members

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/emailaddr"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Consents stores the addresses of members and their consents to messages.
type Consents struct{ *ledger.Ledger }

// Consents are stored with the personal data of their member. One item has the current consents, so that a sender reads
// only that item. Each change is also appended to a log, in the same transaction.

// Contact contains the information that is checked before a message is sent to a member.
type Contact struct {
	Consents remind.Consents
	Failed   []FailedAddress

	item table.Item
	logs int
	key  *keyring.MemberKey // encrypts failed addresses; nil if there are none
}

// A FailedAddress is an address to which no more messages may be sent, because messages to it were returned or its
// owner complained. It does not affect other addresses of the channel.
type FailedAddress struct {
	Channel loyalty.Channel
	Address string
	Why     string // the reason: Bounced, Complained or Rejected
	At      time.Time
}

// contactDoc is stored. Fields may only be added.
type contactDoc struct {
	Consents []consentDoc `json:"c,omitempty"`
	Failed   []failedDoc  `json:"bad,omitempty"`
	Logs     int          `json:"n,omitzero"` // the number of consents in the log
}

type consentDoc struct {
	Channel string `json:"ch"`
	Purpose string `json:"p"`
	Granted bool   `json:"g,omitzero"`
	At      int64  `json:"at"`
	Wording string `json:"w,omitzero"`
	Source  string `json:"src,omitzero"`
	By      string `json:"by,omitzero"` // set only in the log: the ID of the API key, or another source of the record
}

type failedDoc struct {
	Channel string `json:"ch"`
	Address []byte `json:"a"` // encrypted with the key of the member
	Why     string `json:"w"`
	At      int64  `json:"at"`
}

// maxConsents is the maximum number of consents in the log of one member. Without it, a client that repeats requests in
// a loop could fill the table.
const maxConsents = 10_000

func consentOf(d consentDoc) remind.Consent {
	return remind.Consent{
		Channel: loyalty.Channel(d.Channel), Purpose: loyalty.Purpose(d.Purpose), Granted: d.Granted,
		At:      stored.Instant(d.At),
		Wording: d.Wording, Source: d.Source,
	}
}

func storedConsent(c remind.Consent, by string) consentDoc {
	return consentDoc{string(c.Channel), string(c.Purpose), c.Granted, stored.Millis(c.At), c.Wording, c.Source, by}
}

// Contact reads the consents and the failed addresses of a member. It returns an empty Contact if none are stored.
func (cs Consents) Contact(ctx context.Context, program string, m loyalty.MemberID) (Contact, error) {
	it, err := cs.Table.Get(ctx, stored.MemberKey(program, m, "CONTACT"))
	if err != nil {
		return Contact{}, ledger.Retryable(err)
	}
	c := Contact{item: it}
	var d contactDoc
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return c, fmt.Errorf("members: read consents of %s: %w", m, err)
		}
	}
	for _, x := range d.Consents {
		c.Consents = append(c.Consents, consentOf(x))
	}
	c.logs = d.Logs
	if len(d.Failed) > 0 {
		err = cs.readFailed(ctx, program, m, &c, d.Failed)
	}
	return c, err
}

// addressField is the name of a failed address for its encryption.
const addressField = "failed_address"

// readFailed decrypts failed addresses.
func (cs Consents) readFailed(
	ctx context.Context, program string, m loyalty.MemberID, c *Contact, failed []failedDoc,
) error {
	if err := cs.readKey(ctx, program, m, c); err != nil {
		return err
	}
	for _, f := range failed {
		address, err := c.key.Open(addressField, f.Address)
		if err != nil {
			return fmt.Errorf("members: read failed address of %s: %w", m, err)
		}
		c.Failed = append(
			c.Failed, FailedAddress{loyalty.Channel(f.Channel), string(address), f.Why, stored.Instant(f.At)},
		)
	}
	return nil
}

// readKey reads the key of a member. It returns not_found if the member has none.
func (cs Consents) readKey(ctx context.Context, program string, m loyalty.MemberID, c *Contact) error {
	key, err := Members(cs).Key(ctx, program, m)
	c.key = &key
	return err
}

// put returns the operation that stores the contact.
func (c Contact) put() table.Op {
	d := contactDoc{Logs: c.logs}
	for _, x := range c.Consents {
		d.Consents = append(d.Consents, storedConsent(x, ""))
	}
	for _, f := range c.Failed {
		address := c.key.Seal(addressField, []byte(f.Address))
		d.Failed = append(d.Failed, failedDoc{string(f.Channel), address, f.Why, stored.Millis(f.At)})
	}
	it := c.item
	it.Doc = stored.Encode(d)
	return table.Put(it)
}

// record adds consents to the contact and returns the operations that store them with their log. It returns none if
// nothing changes. If the log is full, it records only the withdrawal of a consent.
func (c *Contact) record(program string, m loyalty.MemberID, consents []remind.Consent, by string) []table.Op {
	var ops []table.Op
	for _, x := range consents {
		known := slices.ContainsFunc(c.Consents, func(k remind.Consent) bool {
			return k.Channel == x.Channel && k.Purpose == x.Purpose && k.Granted == x.Granted &&
				k.Wording == x.Wording && k.Source == x.Source
		})
		full := c.logs >= maxConsents && (x.Granted || !c.Consents.Allow(x.Channel, x.Purpose))
		if known || full {
			continue
		}
		c.logs++
		c.Consents = c.Consents.With(x)
		log := table.Item{
			Key: stored.MemberKey(program, m, "CONSENT#"+stored.Padded(int64(c.logs), 6)),
			Doc: stored.Encode(storedConsent(x, by)),
		}
		ops = append(ops, table.Put(log))
	}
	if len(ops) == 0 {
		return nil
	}
	return append(ops, c.put())
}

// Reach returns the channels that can reach a person: the channels with a known address that has not failed. Push and
// webhook need no address, because they identify members by ID.
func (c Contact) Reach(p Profile) []loyalty.Channel {
	out := []loyalty.Channel{}
	for _, channel := range remind.Channels() {
		if address, wanted := p.Address(channel); !wanted || address != "" && !c.failed(channel, address) {
			out = append(out, channel)
		}
	}
	return out
}

// channels returns the channels and purposes for which a person can be contacted. The person has given consent, and has
// an address that has not failed.
func (c Contact) channels(p Profile) (out []loyalty.ChannelUse) {
	reach := c.Reach(p)
	for _, x := range c.Consents {
		if x.Granted && slices.Contains(reach, x.Channel) {
			out = append(out, loyalty.ChannelUse{Channel: x.Channel, Purpose: x.Purpose})
		}
	}
	return out
}

func (c Contact) failed(channel loyalty.Channel, address string) bool {
	return slices.ContainsFunc(
		c.Failed, func(f FailedAddress) bool { return f.Channel == channel && f.Address == address },
	)
}

// Address returns the person's address for a channel, or an empty string if there is none. It returns false if the
// channel needs no address. An email address is returned in its ASCII form, which messages and delivery reports of
// providers use.
func (p Profile) Address(c loyalty.Channel) (address string, wanted bool) {
	switch c {
	case loyalty.Email:
		ascii, _ := emailaddr.ASCII(p.Email)
		return ascii, true
	case loyalty.SMS:
		return p.Phone, true
	}
	return "", false
}

// Consent records consents that a member granted or withdrew. Repeating the call changes nothing. It returns not_found
// if the member does not exist.
func (cs Consents) Consent(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, consents []remind.Consent, by string,
) error {
	return cs.changeContact(ctx, p, m, by, func(c *Contact) ([]table.Op, error) {
		return c.record(p.ID, m, consents, by), nil
	})
}

// AddressFailed records that messages to an address are returned, or that its owner complained. A complaint also
// withdraws the consent to marketing, even if the address had failed before.
func (cs Consents) AddressFailed(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, f FailedAddress) error {
	return cs.changeContact(ctx, p, m, f.Why, func(c *Contact) ([]table.Op, error) {
		known := c.failed(f.Channel, f.Address)
		if !known {
			if err := cs.readKey(ctx, p.ID, m, c); err != nil {
				return nil, err
			}
			c.Failed = append(c.Failed, f)
			c.Failed = c.Failed[max(0, len(c.Failed)-10):]
		}
		if f.Why == Complained && c.Consents.Allow(f.Channel, loyalty.Marketing) {
			return c.record(
				p.ID, m, []remind.Consent{{Channel: f.Channel, Purpose: loyalty.Marketing, At: f.At, Source: f.Why}},
				f.Why,
			), nil
		}
		if known {
			return nil, nil
		}
		return []table.Op{c.put()}, nil
	})
}

// These are the reasons why an address failed.
const (
	Bounced    = "bounced"
	Complained = "complained"
	Rejected   = "rejected"
)

// changeContact calls the function change and writes the operations that it returns. It also makes the member's
// reminders due at once, because other messages may now be allowed. If the program gives advance notice, the account
// also records the channels through which the member can be contacted (engine.SetChannels).
func (cs Consents) changeContact(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, actor string,
	change func(*Contact) ([]table.Op, error),
) error {
	if _, err := cs.Account(ctx, p, m); err != nil {
		return err
	}
	for range ledger.Attempts {
		c, err := cs.Contact(ctx, p.ID, m)
		if err != nil {
			return err
		}
		ops, err := change(&c)
		if err != nil || len(ops) == 0 {
			return err
		}
		wake, err := ReminderQueue(cs).wake(ctx, p.ID, m)
		if err != nil {
			return err
		}
		err = cs.writeContact(ctx, p, m, c, ledger.By{Actor: actor, Switch: switches.Exempt}, append(ops, wake))
		if !ledger.IsConflict(err) {
			return ledger.Retryable(err)
		}
	}
	return ledger.ErrTryAgain
}

// writeContact writes a contact, and the channels that the account records if the program gives advance notice.
func (cs Consents) writeContact(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, c Contact, by ledger.By, ops []table.Op,
) error {
	if p.AdvanceNotice.Period.IsZero() {
		return cs.Table.Transact(ctx, ops...)
	}
	profile, err := Members(cs).Profile(ctx, p.ID, m)
	if err != nil {
		return err
	}
	_, err = cs.Execute(ctx, ledger.Command{
		Program: p, Member: m, By: by, With: ops, Alone: true,
		Decide: ledger.Single(func(acc loyalty.Account, x ledger.Inputs) (posting.Outcome, error) {
			return engine.SetChannels(p, acc, c.channels(profile), x.Now)
		}),
	})
	return err
}

// A LoggedConsent is a consent as recorded in the log.
type LoggedConsent struct {
	remind.Consent
	By string
}

// Log yields all logged consents of a member, oldest first.
func (cs Consents) Log(ctx context.Context, program string, m loyalty.MemberID) iter.Seq2[LoggedConsent, error] {
	q := table.Query{PK: stored.MemberPartition(program, m), From: "CONSENT#", To: "CONSENT#~"}
	return ledger.List(ctx, cs.Table, q, func(it table.Item) (LoggedConsent, error) {
		var d consentDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return LoggedConsent{}, fmt.Errorf("members: read a consent of %s: %w", m, err)
		}
		return LoggedConsent{consentOf(d), d.By}, nil
	})
}
