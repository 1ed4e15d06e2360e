package request

import (
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// wireEntryTransfer returns the transfer that an entry records. The entry can be in the sender's or in the recipient's
// account.
func wireEntryTransfer(e loyalty.Entry) *wire.EntryTransfer {
	t, from := e.Redemption, e.Member
	if t.By != "" {
		from = t.By
	}
	return &wire.EntryTransfer{ID: t.ID, From: string(from), To: string(t.To), Note: t.Note}
}
