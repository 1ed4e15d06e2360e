package members

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
	"golang.org/x/text/unicode/norm"
)

// Members are found by phone number, by the words of their name and by segment through list items. Each value has one
// partition with an item for each member who has the value. An enrollment writes the items of the member, and a change
// of the profile writes only the items that change. Package listing lists the members by level and by latest change. A
// search reads a list and then the members that it contains. It returns only members who still have the value, so an
// item that is out of date does no harm.

// These are the kinds of values by which members are listed.
const (
	byPhone   = "phone"
	byWord    = "word"
	bySegment = "segment"
)

// maxWords is the maximum number of words of a name by which a member is found.
const maxWords = 8

// words returns the words of a name in the form in which they are compared: without case, accents and punctuation, and
// with ss for ß. It returns each word once, and at most maxWords of them.
func words(name string) (found []string) {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ReplaceAll(strings.ToLower(name), "ß", "ss")))
	separator := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, word := range strings.FieldsFunc(plain, separator) {
		if len(found) < maxWords && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

// HasWords reports whether a name has a word by which members can be found.
func HasWords(name string) bool { return len(words(name)) > 0 }

// ReferralIdentity returns the identity of the member with a referral code.
func ReferralIdentity(code string) stored.Identity {
	return stored.Identity{Kind: ReferralCode, Value: redeem.PlainCode(code)}
}

// listings returns the values by which a member is listed.
func listings(p Profile, segments []string) (ids []stored.Identity) {
	if p.Phone != "" {
		ids = append(ids, stored.Identity{Kind: byPhone, Value: p.Phone})
	}
	for _, word := range words(p.Name) {
		ids = append(ids, stored.Identity{Kind: byWord, Value: word})
	}
	for _, segment := range segments {
		ids = append(ids, stored.Identity{Kind: bySegment, Value: segment})
	}
	return ids
}

// listingKey returns the key of the item that lists a member under a value.
func (ms Members) listingKey(program string, id stored.Identity, m loyalty.MemberID) table.Key {
	key := ms.IdentityKey(program, id)
	key.SK = string(m)
	return key
}

// newListings returns the operations that list a new member.
func (ms Members) newListings(program string, p Profile, segments []string) (ops []table.Op) {
	for _, id := range listings(p, segments) {
		ops = append(ops, table.Put(ms.newListing(program, id, p.Member)))
	}
	return ops
}

func (ms Members) newListing(program string, id stored.Identity, m loyalty.MemberID) table.Item {
	return table.Item{Key: ms.listingKey(program, id, m), Doc: stored.Encode(struct{}{})}
}

// maxUnlisted is the maximum number of list items that a change of the profile deletes. A transaction has at most 100
// operations, and a change can add 59 list items. The other items remain, which does no harm.
const maxUnlisted = 25

// changedListings returns the operations that list a member under new values and no longer under old ones.
func (ms Members) changedListings(ctx context.Context, program string, in Change) (ops []table.Op, err error) {
	before, after := listings(in.Before, in.SegmentsBefore), listings(in.Profile, in.Segments)
	without := func(ids, others []stored.Identity) []stored.Identity {
		has := func(id stored.Identity) bool { return slices.Contains(others, id) }
		return slices.DeleteFunc(slices.Clone(ids), has)
	}
	added, removed := without(after, before), without(before, after)
	for i, id := range slices.Concat(added, removed[:min(len(removed), maxUnlisted)]) {
		it, err := ms.Table.Get(ctx, ms.listingKey(program, id, in.Profile.Member))
		switch {
		case err != nil:
			return nil, ledger.Retryable(err)
		case i < len(added) && it.Version == 0:
			ops = append(ops, table.Put(ms.newListing(program, id, in.Profile.Member)))
		case i >= len(added) && it.Version > 0:
			ops = append(ops, table.Delete(it))
		}
	}
	return ops, nil
}

// A Filter selects members by one value. Exactly one field is set.
type Filter struct {
	Phone   string // in E.164 format
	Name    string // words that must all occur in the name; case, accents and order do not matter
	Segment string
	Level   string    // the ID of a level of the tiers or of a tier group
	Since   time.Time // the earliest instant of the latest change of the profile, status or levels
}

// identity returns the value whose list contains all matching members. It returns false if the filter has no value.
func (f Filter) identity() (stored.Identity, bool) {
	switch {
	case f.Phone != "":
		return stored.Identity{Kind: byPhone, Value: f.Phone}, true
	case f.Segment != "":
		return stored.Identity{Kind: bySegment, Value: f.Segment}, true
	}
	all := words(f.Name)
	if len(all) == 0 {
		return stored.Identity{}, false
	}
	// The longest word is probably the rarest.
	longest := slices.MaxFunc(all, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return stored.Identity{Kind: byWord, Value: longest}, true
}

// matches reports whether a member has the value of the filter now.
func (f Filter) matches(p *loyalty.Program, m Member) bool {
	switch {
	case f.Phone != "":
		return m.Profile.Phone == f.Phone
	case f.Segment != "":
		return slices.Contains(m.Account.Traits.Segments, f.Segment)
	case f.Level != "":
		return slices.Contains(currentLevels(p, m.Account), f.Level)
	case !f.Since.IsZero():
		return true
	}
	has := words(m.Profile.Name)
	return !slices.ContainsFunc(words(f.Name), func(word string) bool { return !slices.Contains(has, word) })
}

// Search returns members who match a filter. The parameter after is the position at which the previous page ended, or
// empty. Search reads a page of limit listed members, so it can return fewer matches although there are more members.
// It returns the position at which the page ends, or an empty one if there are no more members.
func (ms Members) Search(
	ctx context.Context, p *loyalty.Program, f Filter, after string, limit int,
) (found []Member, next string, err error) {
	ids, next, err := ms.listed(ctx, p, f, after, limit)
	if err != nil {
		return nil, "", ledger.Retryable(err)
	}
	found, err = ms.All(ctx, p, ids)
	return slices.DeleteFunc(found, func(m Member) bool { return !f.matches(p, m) }), next, err
}

// listed returns a page of the members whose list items match a filter.
func (ms Members) listed(
	ctx context.Context, p *loyalty.Program, f Filter, after string, limit int,
) ([]loyalty.MemberID, string, error) {
	lists := listing.List{Table: ms.Table, Now: ms.Now}
	switch {
	case f.Level != "" && isLowest(p, f.Level):
		// A member is at the lowest level until another level is stored, so the list of the level may lack the member.
		return lists.Since(ctx, p.ID, time.Time{}, after, limit)
	case f.Level != "":
		ids, next, err := lists.AtLevels(ctx, p.ID, storedLevels(p, f.Level), after, limit)
		return distinct(ids), next, err // tier groups can have levels with the same ID
	case !f.Since.IsZero():
		return lists.Since(ctx, p.ID, f.Since, after, limit)
	}
	return ms.listedBy(ctx, p, f, after, limit)
}

// distinct returns IDs without duplicates, in the same order.
func distinct(ids []loyalty.MemberID) (unique []loyalty.MemberID) {
	for _, id := range ids {
		if !slices.Contains(unique, id) {
			unique = append(unique, id)
		}
	}
	return unique
}

// listedBy returns a page of the members who are listed by phone number, word or segment, in the order of their IDs.
func (ms Members) listedBy(
	ctx context.Context, p *loyalty.Program, f Filter, after string, limit int,
) (ids []loyalty.MemberID, next string, err error) {
	id, ok := f.identity()
	if !ok {
		return nil, "", nil
	}
	q := table.Query{PK: ms.listingKey(p.ID, id, "").PK, Limit: limit + 1}
	if after != "" {
		q.From = after + "!" // the first ID after the given one
	}
	for it, err := range ms.Table.Query(ctx, q) {
		if err != nil {
			return nil, "", err
		}
		ids = append(ids, loyalty.MemberID(it.Key.SK))
	}
	if len(ids) > limit {
		ids = ids[:limit]
		next = string(ids[limit-1])
	}
	return ids, next, nil
}

// All reads members in parallel, as Get does. It omits members who do not exist.
func (ms Members) All(ctx context.Context, p *loyalty.Program, ids []loyalty.MemberID) ([]Member, error) {
	found, reads := make([]Member, len(ids)), make([]func() error, len(ids))
	for i, id := range ids {
		reads[i] = func() (err error) {
			if found[i], err = ms.Get(ctx, p, id); errors.Is(err, loyalty.NotFound) {
				err = nil
			}
			return err
		}
	}
	if err := parallel.Do(reads...); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(m Member) bool { return m.Account.Member == "" }), nil
}
