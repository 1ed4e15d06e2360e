package request

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Language returns the language that the request asks for. It returns the empty string if the request names none, so
// that the member's language applies.
func (c *Call) Language() (string, error) {
	s, given := c.Event.Query["language"]
	var faults Check
	faults.Locale(At("language"), s)
	if given && faults.Err() != nil {
		return "", RefuseAt(InvalidParameter, "language", "language must be a language tag like de-AT.")
	}
	return s, nil
}

// WireEntry returns an entry as the API presents it now, without its explanation. Its texts must be decrypted; see
// Call.WireEntries.
func WireEntry(p *loyalty.Program, e loyalty.Entry, now time.Time) wire.Entry {
	out := wire.Entry{
		ID: e.ID(), Kind: wire.EntryKind(e.Kind), Points: int64(e.Points),
		Cause: wire.Cause{Kind: wire.CauseKind(e.Cause.Kind), ID: e.Cause.ID, Revision: e.Cause.Revision},
		At:    e.Effective.UTC(), RecordedAt: e.Recorded.UTC(),
		TierGroup: e.TierGroup, Reasons: WireReasons(e.Reasons), Balance: WireBalance(e.Balance),
	}
	kind, id := auth.ParseActor(e.Actor)
	out.Actor = wire.Actor{Type: wire.ActorType(kind), ID: id}
	if g, ok := granted(e); ok {
		out.Status = earned(g.ActiveAt, now)
		out.ActiveAt, out.ExpiresAt = g.ActiveAt.UTC(), End(p, g.Expires)
	}
	for _, w := range e.Wallets {
		out.Wallets = append(out.Wallets,
			wire.WalletChange{Wallet: w.Wallet, Points: int64(w.Points), Balance: WireBalance(w.Balance)})
	}
	switch r := e.Redemption; {
	case r == nil:
	case r.To != "":
		out.Transfer = wireEntryTransfer(e)
	default:
		out.Redemption = &wire.EntryRedemption{ID: r.ID, Reward: r.Reward, Order: r.Order, Member: string(r.By)}
	}
	return out
}

// granted returns the grant that determines when the points of an entry become active: the first grant of the order,
// the event or the milestone with more than zero points. It reports false if there is none.
func granted(e loyalty.Entry) (loyalty.Grant, bool) {
	var grants []loyalty.Grant
	switch {
	case e.Kind != loyalty.KindEarn || e.Points <= 0:
	case e.Order != nil:
		grants = e.Order.Grants
	case e.Event != nil:
		grants = e.Event.Grants
	case e.Reached != nil:
		grants = []loyalty.Grant{e.Reached.Grant}
	}
	for _, g := range grants {
		if g.Worth > 0 {
			return g, true
		}
	}
	return loyalty.Grant{}, false
}

func earned(activeAt, now time.Time) wire.EntryStatus {
	if activeAt.IsZero() || activeAt.After(now) {
		return wire.EntryStatusPending
	}
	return wire.EntryStatusActive
}

// End returns the instant at which lots with the expiry date d expire. It returns the zero time if d is 0, because such
// lots never expire.
func End(p *loyalty.Program, d calendar.Date) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return d.End(p.Zone)
}

// WireReasons returns the reasons, except the reasons of shadow rules. Members may read the result, and shadow rules
// award no points.
func WireReasons(because []loyalty.Reason) []wire.Reason {
	out := make([]wire.Reason, 0, len(because))
	for _, b := range because {
		if b.Kind != loyalty.IsShadow {
			out = append(out, wire.Reason{Wallet: b.Wallet, Rule: b.Rule, Effect: b.Effect(), Points: b.Points})
		}
	}
	return out
}

// Instant returns a pointer to the instant in UTC, or nil if the instant is zero.
func Instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
