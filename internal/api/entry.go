package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
)

func listEntries(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := c.Meant(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	before, err := c.OpenCursor(string(m))
	if err != nil {
		return request.Answer{}, err
	}
	entries, acc, err := c.App.Statements.Page(ctx, p, m, before, size)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.EntryList{Notices: request.WireNotices(p, acc)}
	for _, e := range entries {
		list.Data = append(list.Data, c.WireEntry(p, e))
	}
	// The sequence numbers of an account's entries begin at 1 and have no gaps.
	if n := len(entries); n > 0 && entries[n-1].Sequence > 1 {
		list.NextCursor = c.Cursor(string(m), entries[n-1].Sequence)
	}
	return request.Answer{Body: list}, nil
}

func getEntry(ctx context.Context, c *request.Call) (request.Answer, error) {
	language, err := c.Language()
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := c.Meant(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	e, err := c.App.Statements.Current(ctx, p, m, c.Path("entry"))
	if err != nil {
		return request.Answer{}, err
	}
	return c.ToldEntry(ctx, p, e, language)
}

// findEntry looks up an entry by its ID alone.
func findEntry(ctx context.Context, c *request.Call) (request.Answer, error) {
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
	return c.ToldEntry(ctx, p, e, language)
}
