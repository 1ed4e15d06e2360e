package members

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Forget deletes the items by which an erased member can be found: the given identities, the lists that follow from the
// profile and the given segments, and the member's place among the friends of the referrer, if that is not empty. It
// does not delete an identity that another member has now. Repeating the call changes nothing.
func (ms Members) Forget(
	ctx context.Context, program string, p Profile, segments []string, ids []stored.Identity, referrer loyalty.MemberID,
) error {
	for _, id := range ids {
		it, err := ms.Table.Get(ctx, ms.IdentityKey(program, id))
		if err != nil {
			return ledger.Retryable(err)
		}
		var d identityDoc
		if it.Version > 0 {
			if err := json.Unmarshal(it.Doc, &d); err != nil {
				return fmt.Errorf("members: read identity: %w", err)
			}
		}
		if d.Member != string(p.Member) {
			continue
		}
		if err := ms.remove(ctx, it); err != nil {
			return err
		}
	}
	var keys []table.Key
	for _, id := range listings(p, segments) {
		keys = append(keys, ms.listingKey(program, id, p.Member))
	}
	if referrer != "" {
		keys = append(keys, referredItem(program, referrer, p.Member).Key)
	}
	for _, key := range keys {
		it, err := ms.Table.Get(ctx, key)
		if err != nil {
			return ledger.Retryable(err)
		}
		if err := ms.remove(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// ClearPartition deletes the items in the partition of an erased member, except the account. It deletes the profile
// last, because the profile contains the member's key and the names that Forget needs. If the profile was changed after
// it was read as p, ClearPartition returns ErrTryAgain without deleting it.
func (ms Members) ClearPartition(ctx context.Context, program string, p Profile) error {
	var profile table.Item
	for it, err := range ms.Table.Query(ctx, table.Query{PK: stored.MemberPartition(program, p.Member)}) {
		if err != nil {
			return ledger.Retryable(err)
		}
		switch it.Key.SK {
		case stored.AccountItem:
		case stored.ProfileItem:
			profile = it
		default:
			if err := ms.remove(ctx, it); err != nil {
				return err
			}
		}
	}
	if profile.Version != p.Version {
		return ledger.ErrTryAgain
	}
	return ms.remove(ctx, profile)
}

// remove deletes an item, unless it is absent. It returns a conflict if another process changed the item meanwhile.
func (ms Members) remove(ctx context.Context, it table.Item) error {
	if it.Version == 0 {
		return nil
	}
	return ledger.Retryable(ms.Table.Transact(ctx, table.Delete(it)))
}
