package ledger

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/emailaddr"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Consents lie with the personal data of their member: one item with what holds now, so that whoever is about to send
// reads it alone, and behind it a log that is only added to, in the same transaction.

// Contact is what must be known before a member is written to.
type Contact struct {
	Consents loyalty.Consents
	Failed   []FailedAddress

	item table.Item
	logs int
}

// A FailedAddress is one that messages came back from, or whose owner complained. Another address of the channel has
// not failed.
type FailedAddress struct {
	Channel loyalty.Channel
	Address string
	Why     string // Bounced, Complained or Rejected
	At      time.Time
}

// contactDoc is a stored form: changed only by addition.
type contactDoc struct {
	Consents []consentDoc `json:"c,omitempty"`
	Failed   []failedDoc  `json:"bad,omitempty"`
	Logs     int          `json:"n,omitzero"` // how many consents there are in the log
}

type consentDoc struct {
	Channel string `json:"ch"`
	Purpose string `json:"p"`
	Granted bool   `json:"g,omitzero"`
	At      int64  `json:"at"`
	Wording string `json:"w,omitzero"`
	Source  string `json:"src,omitzero"`
	By      string `json:"by,omitzero"` // in the log: an API key's id, or what else recorded it
}

type failedDoc struct {
	Channel string `json:"ch"`
	Address string `json:"a"`
	Why     string `json:"w"`
	At      int64  `json:"at"`
}

// maxConsents bounds the log that one member can have: a bound on what a loop of somebody else's can fill.
const maxConsents = 10_000

func consentOf(d consentDoc) loyalty.Consent {
	return loyalty.Consent{
		Channel: loyalty.Channel(d.Channel), Purpose: loyalty.Purpose(d.Purpose), Granted: d.Granted, At: instant(d.At),
		Wording: d.Wording, Source: d.Source,
	}
}

func storedConsent(c loyalty.Consent, by string) consentDoc {
	return consentDoc{string(c.Channel), string(c.Purpose), c.Granted, millis(c.At), c.Wording, c.Source, by}
}

// Contact reads what a member agreed to, and which addresses failed; nothing if nothing is known.
func (l *Ledger) Contact(ctx context.Context, program string, m loyalty.MemberID) (Contact, error) {
	it, err := l.Table.Get(ctx, memberKey(program, m, "CONTACT"))
	if err != nil {
		return Contact{}, retryable(err)
	}
	c := Contact{item: it}
	var d contactDoc
	if it.Version > 0 {
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return c, fmt.Errorf("ledger: read consents of %s: %w", m, err)
		}
	}
	for _, x := range d.Consents {
		c.Consents = append(c.Consents, consentOf(x))
	}
	for _, f := range d.Failed {
		c.Failed = append(c.Failed, FailedAddress{loyalty.Channel(f.Channel), f.Address, f.Why, instant(f.At)})
	}
	c.logs = d.Logs
	return c, nil
}

// put is the operation that stores what is known now.
func (c Contact) put() table.Op {
	d := contactDoc{Logs: c.logs}
	for _, x := range c.Consents {
		d.Consents = append(d.Consents, storedConsent(x, ""))
	}
	for _, f := range c.Failed {
		d.Failed = append(d.Failed, failedDoc{string(f.Channel), f.Address, f.Why, millis(f.At)})
	}
	it := c.item
	it.Doc = encode(d)
	return table.Put(it)
}

// record takes note of consents, and returns the operations that store them with their log; none where they say nothing
// new. Where the log is full only what takes an agreement back is taken note of.
func (c *Contact) record(program string, m loyalty.MemberID, consents []loyalty.Consent, by string) []table.Op {
	var ops []table.Op
	for _, x := range consents {
		known := slices.ContainsFunc(c.Consents, func(k loyalty.Consent) bool {
			return k.Channel == x.Channel && k.Purpose == x.Purpose && k.Granted == x.Granted && k.Wording == x.Wording && k.Source == x.Source
		})
		full := c.logs >= maxConsents && (x.Granted || !c.Consents.Allow(x.Channel, x.Purpose))
		if known || full {
			continue
		}
		c.logs++
		c.Consents = c.Consents.With(x)
		log := table.Item{Key: memberKey(program, m, "CONSENT#"+padded(int64(c.logs), 6)), Doc: encode(storedConsent(x, by))}
		ops = append(ops, table.Put(log))
	}
	if len(ops) == 0 {
		return nil
	}
	return append(ops, c.put())
}

// reach is the channels through which a person can be reached: an address that is known and has not failed. Push and
// webhook find their members by id.
func (c Contact) reach(p Profile) []loyalty.Channel {
	out := []loyalty.Channel{}
	for _, channel := range loyalty.Channels() {
		if address, wanted := p.Address(channel); !wanted || address != "" && !c.failed(channel, address) {
			out = append(out, channel)
		}
	}
	return out
}

// channels returns in which channels a person can be written to for what: there is a consent, and an address that has
// not failed.
func (c Contact) channels(p Profile) (out []loyalty.ChannelUse) {
	reach := c.reach(p)
	for _, x := range c.Consents {
		if x.Granted && slices.Contains(reach, x.Channel) {
			out = append(out, loyalty.ChannelUse{Channel: x.Channel, Purpose: x.Purpose})
		}
	}
	return out
}

func (c Contact) failed(channel loyalty.Channel, address string) bool {
	return slices.ContainsFunc(c.Failed, func(f FailedAddress) bool { return f.Channel == channel && f.Address == address })
}

// Address is where a channel reaches the person, empty if it cannot; false if the channel wants none. An e-mail address is
// in ASCII, as it is written to and as providers report of it.
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

// Consent takes note of what a member agreed to, or took back. Repeated, it changes nothing. not_found if there is no
// such member.
func (l *Ledger) Consent(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, consents []loyalty.Consent, by string) error {
	return l.changeContact(ctx, p, m, by, func(c *Contact) []table.Op { return c.record(p.ID, m, consents, by) })
}

// AddressFailed takes note that messages to an address come back, or that its owner complained. A complaint takes back
// the consent to marketing too, also where the address had failed before.
func (l *Ledger) AddressFailed(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, f FailedAddress) error {
	return l.changeContact(ctx, p, m, f.Why, func(c *Contact) []table.Op {
		known := c.failed(f.Channel, f.Address)
		if !known {
			c.Failed = append(c.Failed, f)
			c.Failed = c.Failed[max(0, len(c.Failed)-10):]
		}
		if f.Why == Complained && c.Consents.Allow(f.Channel, loyalty.Marketing) {
			return c.record(p.ID, m, []loyalty.Consent{{Channel: f.Channel, Purpose: loyalty.Marketing, At: f.At, Source: f.Why}}, f.Why)
		}
		if known {
			return nil
		}
		return []table.Op{c.put()}
	})
}

// Why an address failed.
const (
	Bounced    = "bounced"
	Complained = "complained"
	Rejected   = "rejected"
)

// changeContact writes what change decides, with the member's reminders due at once: what may be sent has changed. The
// account records in which channels the member can be written to, where that matters (loyalty.SetChannels).
func (l *Ledger) changeContact(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, actor string, change func(*Contact) []table.Op,
) error {
	if _, err := l.account(ctx, p, m); err != nil {
		return err
	}
	for range attempts {
		c, err := l.Contact(ctx, p.ID, m)
		if err != nil {
			return err
		}
		ops := change(&c)
		if len(ops) == 0 {
			return nil
		}
		wake, err := l.wake(ctx, p.ID, m)
		if err != nil {
			return err
		}
		err = l.writeContact(ctx, p, m, c, By{Actor: actor}, append(ops, wake))
		if !outrun(err) {
			return retryable(err)
		}
	}
	return ErrTryAgain
}

// writeContact writes a contact, with what the account records of it.
func (l *Ledger) writeContact(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, c Contact, by By, ops []table.Op,
) error {
	if p.AdvanceNotice.Period.IsZero() {
		return l.Table.Transact(ctx, ops...)
	}
	profile, err := l.Profile(ctx, p.ID, m)
	if err != nil {
		return err
	}
	_, err = l.do(ctx, command{p: p, member: m, by: by, with: ops, alone: true, decide: func(acc loyalty.Account, _ loyalty.Budgets) (loyalty.Outcome, error) {
		return p.SetChannels(acc, c.channels(profile), l.now())
	}})
	return err
}

// A LoggedConsent is a consent as it was recorded.
type LoggedConsent struct {
	loyalty.Consent
	By string
}

// ConsentLog yields every consent of a member, the oldest first.
func (l *Ledger) ConsentLog(ctx context.Context, program string, m loyalty.MemberID) iter.Seq2[LoggedConsent, error] {
	q := table.Query{PK: memberPartition(program, m), From: "CONSENT#", To: "CONSENT#~"}
	return list(ctx, l.Table, q, func(it table.Item) (LoggedConsent, error) {
		var d consentDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return LoggedConsent{}, fmt.Errorf("ledger: read a consent of %s: %w", m, err)
		}
		return LoggedConsent{consentOf(d), d.By}, nil
	})
}
