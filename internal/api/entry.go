package api

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/explain"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func listEntries(ctx context.Context, c *call) (answer, error) {
	size, err := c.pageSize()
	if err != nil {
		return answer{}, err
	}
	p, m, err := c.meant(ctx, c.path("member"))
	if err != nil {
		return answer{}, err
	}
	before, err := c.openCursor(string(m))
	if err != nil {
		return answer{}, err
	}
	entries, acc, err := c.app.Ledger.StatementPage(ctx, p, m, before, size)
	if err != nil {
		return answer{}, err
	}
	list := wire.EntryList{Notices: wireNotices(p, acc)}
	for _, e := range entries {
		list.Data = append(list.Data, c.wireEntry(p, e))
	}
	// The sequence numbers of an account's entries begin at 1 and have no gaps.
	if n := len(entries); n > 0 && entries[n-1].Sequence > 1 {
		list.NextCursor = c.cursor(string(m), entries[n-1].Sequence)
	}
	return answer{body: list}, nil
}

func getEntry(ctx context.Context, c *call) (answer, error) {
	language, err := c.language()
	if err != nil {
		return answer{}, err
	}
	p, m, err := c.meant(ctx, c.path("member"))
	if err != nil {
		return answer{}, err
	}
	e, err := c.app.Ledger.CurrentEntry(ctx, p, m, c.path("entry"))
	if err != nil {
		return answer{}, err
	}
	return c.toldEntry(ctx, p, e, language)
}

// findEntry looks up an entry by its ID alone.
func findEntry(ctx context.Context, c *call) (answer, error) {
	language, err := c.language()
	if err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	e, err := c.app.Ledger.FindEntry(ctx, p.ID, c.path("entry"))
	if err != nil {
		return answer{}, err
	}
	return c.toldEntry(ctx, p, e, language)
}

// toldEntry answers with an entry and its explanation. The explanation uses the current names of the live program.
func (c *call) toldEntry(ctx context.Context, p *loyalty.Program, e loyalty.Entry, language string) (answer, error) {
	locale, err := c.locale(ctx, p, e.Member, language)
	if err != nil {
		return answer{}, err
	}
	out, words := c.wireEntry(p, e), explain.Entry(p, e, locale)
	out.Explanation = &wire.Explanation{Language: words.Language, Summary: words.Summary, Details: words.Reasons}
	return answer{body: out}, nil
}

// language returns the language that the request asks for. It returns the empty string if the request names none, so
// that the member's language applies.
func (c *call) language() (string, error) {
	s, given := c.event.Query["language"]
	var faults check
	faults.locale(at("language"), s)
	if given && faults.err() != nil {
		return "", refuseAt(invalidParameter, "language", "language must be a language tag like de-AT.")
	}
	return s, nil
}

// locale returns the language of an explanation: the requested language or, without one, the member's language.
func (c *call) locale(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, asked string) (string, error) {
	if asked != "" || m == "" {
		return asked, nil
	}
	profile, err := c.app.Ledger.Profile(ctx, p.ID, m)
	return profile.Locale, err
}

func (c *call) wireEntry(p *loyalty.Program, e loyalty.Entry) wire.Entry {
	out := wire.Entry{
		ID: e.ID(), Kind: wire.EntryKind(e.Kind), Points: int64(e.Points),
		Cause: wire.Cause{Kind: wire.CauseKind(e.Cause.Kind), ID: e.Cause.ID, Revision: e.Cause.Revision},
		At:    e.Effective.UTC(), RecordedAt: e.Recorded.UTC(),
		TierGroup: e.TierGroup, Reasons: wireBecause(e.Reasons), Balance: wireBalance(e.Balance),
	}
	if g, ok := granted(e); ok {
		out.Status = earned(g.ActiveAt, c.app.Now())
		out.ActiveAt, out.ExpiresAt = g.ActiveAt.UTC(), end(p, g.Expires)
	}
	for _, w := range e.Wallets {
		out.Wallets = append(out.Wallets,
			wire.WalletChange{Wallet: w.Wallet, Points: int64(w.Points), Balance: wireBalance(w.Balance)})
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

// end returns the instant at which a lot expires, or the zero time if it never expires.
func end(p *loyalty.Program, d loyalty.Date) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return d.End(p.Zone)
}

// wireBecause returns the reasons without those of shadow rules. Members may read reasons, and shadow rules award no
// points.
func wireBecause(because []loyalty.Reason) []wire.Reason {
	out := make([]wire.Reason, 0, len(because))
	for _, b := range because {
		if b.Kind != loyalty.IsShadow {
			out = append(out, wire.Reason{Wallet: b.Wallet, Rule: b.Rule, Effect: b.Effect(), Points: b.Points})
		}
	}
	return out
}
