package api

import (
	"context"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/explain"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// exportedEntries is the number of entries on a page of an export. Most pages are far smaller than the 6 MB that a
// function may return.
const exportedEntries = 100

// maxExportedReferrals is the maximum number of referrals in an export.
const maxExportedReferrals = 1_000

// exportMember returns all data of a member, with a page of the entries.
func exportMember(ctx context.Context, c *request.Call) (request.Answer, error) {
	out, _, err := export(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: out}, nil
}

// renderExport returns the same data as exportMember in a page that people can read, in the member's language.
func renderExport(ctx context.Context, c *request.Call) (request.Answer, error) {
	out, language, err := export(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Page: exportPage(out, p.Name.In(language), language)}, nil
}

// export reads the data of a member. Pages after the first one contain only entries that are older.
func export(ctx context.Context, c *request.Call) (out wire.MemberExport, language string, err error) {
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return out, "", err
	}
	id := m.Account.Member
	cursor, err := c.Cursor(string(id))
	if err != nil {
		return out, "", err
	}
	consents, err := wireConsents(ctx, c, p.ID, id)
	if err != nil {
		return out, "", err
	}
	out = wire.MemberExport{
		ExportedAt: c.App.Now().UTC(), Member: wireMember(c, p, m), Consents: consents,
		Referrals: []wire.ExportedReferral{}, Messages: []wire.ExportedMessage{}, Entries: []wire.Entry{},
	}
	out.Member.Referral = wire.Referral{} // identifies another member
	if err := exportReferrals(ctx, c, p, id, &out); err != nil {
		return out, "", err
	}
	reminded, err := c.App.ReminderQueue.Reminded(ctx, p.ID, id)
	if err != nil {
		return out, "", err
	}
	for _, r := range reminded.SentReminders {
		out.Messages = append(out.Messages, wire.ExportedMessage{
			Reminder: r.Reminder, Channel: string(r.Channel), At: r.At.UTC(),
		})
	}
	entries, _, err := c.App.Statements.Page(ctx, p, id, cursor.Number(), exportedEntries)
	if err != nil {
		return out, "", err
	}
	texts := c.Texts()
	for _, e := range entries {
		if err := texts.Entry(ctx, &e); err != nil {
			return out, "", err
		}
		one, words := request.WireEntry(p, e, c.App.Now()), explain.Entry(p, e, m.Profile.Locale)
		one.Explanation = &wire.Explanation{Language: words.Language, Summary: words.Summary, Details: words.Reasons}
		out.Entries, language = append(out.Entries, one), words.Language
	}
	if n := len(entries); n > 0 && entries[n-1].Sequence > 1 {
		out.NextCursor = cursor.AtNumber(entries[n-1].Sequence)
	}
	return out, language, nil
}

// exportReferrals adds the referral code and the referrals of a member. They do not identify the friends, who are other
// people.
func exportReferrals(
	ctx context.Context, c *request.Call, p *loyalty.Program, m loyalty.MemberID, out *wire.MemberExport,
) (err error) {
	if out.ReferralCode, err = c.App.Referrals.CodeOf(ctx, p.ID, m); err != nil {
		return err
	}
	friends, err := c.App.Referrals.Friends(ctx, p, m, "", maxExportedReferrals)
	if err != nil {
		return err
	}
	slices.SortStableFunc(friends, func(x, y members.Friend) int { return x.Referral.At.Compare(y.Referral.At) })
	for _, f := range friends {
		r := wireReferral(f.Referral, c.App.Now())
		out.Referrals = append(out.Referrals, wire.ExportedReferral{At: r.At, Status: string(r.Status)})
	}
	return nil
}
