package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/explain"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func listEntries(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := c.ProgramAndMember(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor(string(m))
	if err != nil {
		return request.Answer{}, err
	}
	entries, acc, err := c.App.Statements.Page(ctx, p, m, cursor.Number(), size)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.EntryList{Notices: request.WireNotices(p, acc)}
	if list.Data, err = c.WireEntries(ctx, p, entries); err != nil {
		return request.Answer{}, err
	}
	// The sequence numbers of an account's entries begin at 1 and have no gaps.
	if n := len(entries); n > 0 && entries[n-1].Sequence > 1 {
		list.NextCursor = cursor.AtNumber(entries[n-1].Sequence)
	}
	return request.Answer{Body: list}, nil
}

func retrieveMemberEntry(ctx context.Context, c *request.Call) (request.Answer, error) {
	language, err := c.Language()
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := c.ProgramAndMember(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	e, err := c.App.Statements.Current(ctx, p, m, c.Path("entry"))
	if err != nil {
		return request.Answer{}, err
	}
	return explained(ctx, c, p, e, language)
}

// retrieveEntry looks up an entry by its ID alone.
func retrieveEntry(ctx context.Context, c *request.Call) (request.Answer, error) {
	language, err := c.Language()
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	e, err := c.App.Statements.Find(ctx, p.ID, c.Path("entry"))
	if err != nil {
		return request.Answer{}, err
	}
	return explained(ctx, c, p, e, language)
}

// explained returns the answer for an entry, with an explanation that uses the names in the live program.
func explained(
	ctx context.Context, c *request.Call, p *loyalty.Program, e loyalty.Entry, language string,
) (request.Answer, error) {
	locale, err := locale(ctx, c, p, e.Member, language)
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.Texts().Entry(ctx, &e); err != nil {
		return request.Answer{}, err
	}
	out, words := request.WireEntry(p, e, c.App.Now()), explain.Entry(p, e, locale)
	out.Explanation = &wire.Explanation{Language: words.Language, Summary: words.Summary, Details: words.Reasons}
	return request.Answer{Body: out}, nil
}

// locale returns the language of an explanation. This is the requested language or, if the request names none, the
// member's language.
func locale(
	ctx context.Context, c *request.Call, p *loyalty.Program, m loyalty.MemberID, asked string,
) (string, error) {
	if asked != "" || m == "" {
		return asked, nil
	}
	profile, err := c.App.Members.Profile(ctx, p.ID, m)
	return profile.Locale, err
}
