package messages

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Reminders decides which messages to send to a member.
type Reminders struct{ *ledger.Ledger }

// A Visit contains the state of a member whose reminders are planned, and everything else that the plan needs.
type Visit struct {
	Account loyalty.Account
	Profile members.Profile
	Who     remind.Recipient
	State   remind.Reminded
	Settled []remind.Settled // the results of messages whose attribution window ended since the last visit
	Next    time.Time        // the instant for which the visit was scheduled
	Flight  *Flight          // a message that was claimed and not recorded

	item    table.Item
	planned string
}

// PlannedBy reports whether the member's visit was last scheduled for the reminders with the given identifier.
func (v *Visit) PlannedBy(reminders string) bool { return v.planned == reminders }

// Visit reads a member whose reminders are due. It first writes the account's due changes, so that its entries are
// complete. The caller passes the remaining stock of limited rewards. Visit returns not_found if the member does not
// exist.
func (r Reminders) Visit(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left earn.Budgets,
) (*Visit, error) {
	return r.visit(ctx, p, m, left, r.Time(), true)
}

// Foresee returns the Visit that is expected at a future instant. It writes nothing.
func (r Reminders) Foresee(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left earn.Budgets, at time.Time,
) (*Visit, error) {
	return r.visit(ctx, p, m, left, at, false)
}

// Pass advances a foreseen visit to an instant. It assumes that the account changes only with time until then. It
// writes nothing.
func (v *Visit) Pass(p *loyalty.Program, until time.Time) error {
	out, err := engine.Advance(p, v.Account, until)
	if err != nil {
		return err
	}
	v.Account = out.Account
	v.State, _ = v.State.Digest(
		&p.Compiled, &p.Reminders, p.Zone, v.Account, out.Entries, until,
	).Settle(&p.Compiled, &p.Reminders, p.Zone, v.Account, until)
	return nil
}

func (r Reminders) visit(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left earn.Budgets, at time.Time, write bool,
) (*Visit, error) {
	it, d, err := members.ReminderQueue{Ledger: r.Ledger}.RemindItem(ctx, p.ID, m)
	if err != nil {
		return nil, err
	}
	v := &Visit{State: d.Reminded(), Next: stored.InstantAt(it.Index.SK), item: it, planned: d.Planned}
	if f := d.Flight; f != nil {
		v.Flight = &Flight{ID: f.ID, At: stored.Instant(f.At), Once: f.Once, sent: f.SentReminders()}
	}
	stored, present, err := r.stored(ctx, p, m, write)
	if err != nil {
		return nil, err
	}
	out, err := engine.Advance(p, present.Account, at)
	if err != nil {
		return nil, err
	}
	v.Account = out.Account
	if err := r.digest(ctx, p, v, stored, append(present.Entries, out.Entries...), at); err != nil {
		return nil, err
	}
	return v, r.person(ctx, p, v, left, at)
}

// stored returns the stored account and its time-based changes until now. If write is set, stored first writes the
// changes that are due, so that it returns none.
func (r Reminders) stored(
	ctx context.Context, p *loyalty.Program, m loyalty.MemberID, write bool,
) (loyalty.Account, posting.Outcome, error) {
	for range ledger.Attempts {
		acc, err := r.LastWritten(ctx, p.ID, m)
		if err != nil {
			return loyalty.Account{}, posting.Outcome{}, err
		}
		out, err := r.Present(ctx, p, acc)
		if err != nil || !write || len(out.Entries) == 0 {
			return acc, out, err
		}
		if _, err := r.Execute(ctx, ledger.Command{Program: p, Member: m}); err != nil {
			return loyalty.Account{}, posting.Outcome{}, err
		}
	}
	return loyalty.Account{}, posting.Outcome{}, ledger.ErrTryAgain
}

// digest reads the entries since the last visit. Entries are numbered without gaps, so digest detects an entry that is
// missing from the index. It then returns ErrTryAgain, and the visit must be repeated.
func (r Reminders) digest(
	ctx context.Context, p *loyalty.Program, v *Visit, existing loyalty.Account, ahead []loyalty.Entry, at time.Time,
) error {
	const some = 200
	var entries []loyalty.Entry
	if v.State.Seen < existing.Sequence {
		q := table.Query{
			PK: stored.MemberPartition(p.ID, existing.Member), Index: true, From: stored.Padded(v.State.Seen+1, 10),
		}
		for e, err := range ledger.List(ctx, r.Table, q, func(
			it table.Item,
		) (loyalty.Entry, error) {
			return ledger.ReadAny(p.ID, it)
		}) {
			if err != nil {
				return err
			}
			if entries = append(entries, e); len(entries) == some {
				v.State, entries = v.State.Digest(
					&p.Compiled, &p.Reminders, p.Zone, v.Account, entries, at,
				), entries[:0]
			}
		}
	}
	v.State = v.State.Digest(&p.Compiled, &p.Reminders, p.Zone, v.Account, entries, at)
	if v.State.Seen < existing.Sequence {
		return fmt.Errorf("%w: entries of %s are not listed yet", ledger.ErrTryAgain, existing.Member)
	}
	v.State = v.State.Digest(&p.Compiled, &p.Reminders, p.Zone, v.Account, ahead, at)
	v.State, v.Settled = v.State.Settle(&p.Compiled, &p.Reminders, p.Zone, v.Account, at)
	return nil
}

// person reads the member's profile and consents, and determines which codes can still be used.
func (r Reminders) person(
	ctx context.Context, p *loyalty.Program, v *Visit, left earn.Budgets, at time.Time,
) (err error) {
	if v.Profile, err = (members.Members{Ledger: r.Ledger}).Profile(ctx, p.ID, v.Account.Member); err != nil {
		return err
	}
	contact, err := members.Consents{Ledger: r.Ledger}.Contact(ctx, p.ID, v.Account.Member)
	if err != nil {
		return err
	}
	v.Who = remind.Recipient{Consents: contact.Consents, Reach: contact.Reach(v.Profile), Left: left}
	for _, c := range v.State.Codes {
		it, err := r.Table.Get(ctx, ledger.CodeKey(p.ID, redeem.PlainCode(c.Code)))
		if err != nil {
			return ledger.Retryable(err)
		}
		if it.Version == 0 {
			continue // all members share the code, so its uses are unknown
		}
		d, err := inventory.ReadCode(it)
		if err != nil {
			return err
		}
		sent, err := r.sentOn(ctx, p.ID, v.Account.Member, d)
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
func (r Reminders) sentOn(ctx context.Context, program string, m loyalty.MemberID, d ledger.CodeDoc) (bool, error) {
	if d.Currency == "" {
		return false, nil
	}
	sent, err := GiftMessages(r).list(ctx, program, m, d.Redemption)
	return slices.ContainsFunc(sent, func(d giftCardMessageDoc) bool {
		s := d.message().Status
		return s == GiftMessageWaiting || s == GiftMessageSent
	}), err
}
