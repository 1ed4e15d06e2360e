package request

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// Texts returns a reader for the encrypted texts in entries of the caller's program.
func (c *Call) Texts() *members.TextReader {
	return &members.TextReader{Members: c.App.Members, Program: c.Who.Program}
}

// WireEntries returns entries as the API presents them now, without explanations and with decrypted texts.
func (c *Call) WireEntries(ctx context.Context, p *loyalty.Program, entries []loyalty.Entry) ([]wire.Entry, error) {
	texts, out := c.Texts(), make([]wire.Entry, len(entries))
	for i, e := range entries {
		if err := texts.Entry(ctx, &e); err != nil {
			return nil, err
		}
		out[i] = WireEntry(p, e, c.App.Now())
	}
	return out, nil
}
