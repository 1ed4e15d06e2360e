package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Visit is the state of a member at one planning of reminders, with everything that the plan needs.
type Visit struct {
	Account loyalty.Account
	Profile Profile
	Who     remind.Recipient
	State   remind.Reminded
	Settled []remind.Settled // results of messages that were concluded since the last visit
	Next    time.Time        // when the visit was planned for
	Flight  *Flight          // a message that was claimed and not recorded

	item    table.Item
	planned string
}

// PlannedBy reports whether the member was last planned by these reminders.
func (v *Visit) PlannedBy(reminders string) bool { return v.planned == reminders }

// Visit reads a member whose reminders are due. It first writes the account's due changes, so that its entries are
// complete. left is the remaining stock of limited rewards. Visit returns not_found if the member does not exist.
func (l *Ledger) Visit(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left earn.Budgets,
) (*Visit, error) {
	return l.visit(ctx, p, m, left, l.now(), true)
}

// Foresee returns the expected Visit at a future instant. It writes nothing.
func (l *Ledger) Foresee(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left earn.Budgets, at time.Time,
) (*Visit, error) {
	return l.visit(ctx, p, m, left, at, false)
}

// Pass advances a foreseen visit to an instant, on the assumption that nothing but time changes the account until then.
// It writes nothing.
func (v *Visit) Pass(p *loyalty.Program, until time.Time) error {
	out, err := engine.Advance(p, v.Account, until)
	if err != nil {
		return err
	}
	v.Account = out.Account
	v.State, _ = v.State.Digest(p, v.Account, out.Entries, until).Settle(p, v.Account, until)
	return nil
}

func (l *Ledger) visit(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left earn.Budgets, at time.Time, write bool,
) (*Visit, error) {
	it, d, err := l.remindItem(ctx, p.ID, m)
	if err != nil {
		return nil, err
	}
	v := &Visit{State: d.Reminded(), Next: stored.InstantAt(it.Index.SK), item: it, planned: d.Planned}
	if f := d.Flight; f != nil {
		v.Flight = &Flight{ID: f.ID, At: stored.Instant(f.At), Once: f.Once}
		for _, t := range f.Told {
			v.Flight.told = append(v.Flight.told, t.Sent())
		}
	}
	stored, present, err := l.stored(ctx, p, m, write)
	if err != nil {
		return nil, err
	}
	out, err := engine.Advance(p, present.Account, at)
	if err != nil {
		return nil, err
	}
	v.Account = out.Account
	if err := l.digest(ctx, p, v, stored, append(present.Entries, out.Entries...), at); err != nil {
		return nil, err
	}
	return v, l.person(ctx, p, v, left, at)
}

// stored returns the account as stored, and its time-based changes until now. If write is set, the changes that are due
// are written first.
func (l *Ledger) stored(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, write bool,
) (loyalty.Account, posting.Outcome, error) {
	for range attempts {
		acc, err := l.lastWritten(ctx, p.ID, m)
		if err != nil {
			return loyalty.Account{}, posting.Outcome{}, err
		}
		out, err := l.Present(ctx, p, acc)
		if err != nil || !write || len(out.Entries) == 0 {
			return acc, out, err
		}
		if _, err := l.Execute(ctx, Command{p: p, member: m}); err != nil {
			return loyalty.Account{}, posting.Outcome{}, err
		}
	}
	return loyalty.Account{}, posting.Outcome{}, ErrTryAgain
}

// digest reads the entries since the last visit. Entries are numbered without gaps, so that an entry missing from the
// index is detected. digest then returns ErrTryAgain, and the visit must be repeated.
func (l *Ledger) digest(
	ctx context.Context, p *loyalty.Program, v *Visit, existing loyalty.Account, ahead []loyalty.Entry, at time.Time,
) error {
	const some = 200
	var entries []loyalty.Entry
	if v.State.Seen < existing.Sequence {
		q := table.Query{
			PK: stored.MemberPartition(p.ID, existing.Member), Index: true, From: stored.Padded(v.State.Seen+1, 10),
		}
		for e, err := range list(ctx, l.Table, q, func(
			it table.Item,
		) (loyalty.Entry, error) {
			return readAny(p.ID, it)
		}) {
			if err != nil {
				return err
			}
			if entries = append(entries, e); len(entries) == some {
				v.State, entries = v.State.Digest(p, v.Account, entries, at), entries[:0]
			}
		}
	}
	v.State = v.State.Digest(p, v.Account, entries, at)
	if v.State.Seen < existing.Sequence {
		return fmt.Errorf("%w: entries of %s are not listed yet", ErrTryAgain, existing.Member)
	}
	v.State = v.State.Digest(p, v.Account, ahead, at)
	v.State, v.Settled = v.State.Settle(p, v.Account, at)
	return nil
}

// person reads the member's profile and consents, and determines which codes can still be used.
func (l *Ledger) person(
	ctx context.Context, p *loyalty.Program, v *Visit, left earn.Budgets, at time.Time,
) (err error) {
	if v.Profile, err = l.Profile(ctx, p.ID, v.Account.Member); err != nil {
		return err
	}
	contact, err := l.Contact(ctx, p.ID, v.Account.Member)
	if err != nil {
		return err
	}
	v.Who = remind.Recipient{Consents: contact.Consents, Reach: contact.reach(v.Profile), Left: left}
	for _, c := range v.State.Codes {
		it, err := l.Table.Get(ctx, codeKey(p.ID, redeem.PlainCode(c.Code)))
		if err != nil {
			return retryable(err)
		}
		if it.Version == 0 {
			continue // all members share the code: its uses are unknown
		}
		d, err := readCode(it)
		if err != nil {
			return err
		}
		sent, err := l.sentOn(ctx, p.ID, v.Account.Member, d)
		if err != nil {
			return err
		}
		if d.Void || sent || d.Used != 0 && !stored.Instant(d.Used).After(at) {
			continue
		}
		if v.Who.Codes = append(v.Who.Codes, c); d.Left < d.Worth-d.Taken {
			v.Who.Begun = append(v.Who.Begun, c.Redemption)
		}
	}
	return nil
}

// sentOn reports whether a gift card was sent to a friend, or is waiting to be sent.
func (l *Ledger) sentOn(ctx context.Context, program string, m loyalty.MemberID, d codeDoc) (bool, error) {
	if d.Currency == "" {
		return false, nil
	}
	letters, err := l.giftMessages(ctx, program, m, d.Redemption)
	return slices.ContainsFunc(letters, func(d giftCardMessageDoc) bool {
		s := d.message().Status
		return s == LetterWaiting || s == LetterSent
	}), err
}
