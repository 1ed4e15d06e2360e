package listing

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// AtLevels returns a page of at most limit members who have one of the levels. The parameter after is the position at
// which the previous page ended, or empty. AtLevels returns the position at which this page ends, or an empty one if
// there are no more members.
func (l List) AtLevels(
	ctx context.Context, program string, levels []string, after string, limit int,
) (found []loyalty.MemberID, next string, err error) {
	var partitions []string
	for _, level := range levels {
		partitions = append(partitions, levelPartition(program, level))
	}
	id := func(place string) loyalty.MemberID { return loyalty.MemberID(place) }
	return l.page(ctx, partitions, "", after, limit, id)
}

// Since returns a page of the members whose latest change was recorded at the given instant or later, as AtLevels does.
// A member who changes between two pages can be in both of them.
func (l List) Since(
	ctx context.Context, program string, at time.Time, after string, limit int,
) (found []loyalty.MemberID, next string, err error) {
	var partitions []string
	for shard := range stored.Shards {
		partitions = append(partitions, updatedPartition(program, shard))
	}
	return l.page(ctx, partitions, at.UTC().Format(time.RFC3339), after, limit, stored.MemberAt)
}

// A place is a position in one of the partitions of a list.
type place struct {
	partition int
	sk        string
}

func (p place) String() string { return strconv.Itoa(p.partition) + "/" + p.sk }

// parsePlace parses a position. It returns the beginning of the list for an empty text.
func parsePlace(text string) place {
	before, sk, _ := strings.Cut(text, "/")
	n, _ := strconv.Atoi(before)
	return place{n, sk}
}

// page reads the index partitions one after the other, each from the sort key from on.
func (l List) page(
	ctx context.Context, partitions []string, from, after string, limit int, member func(string) loyalty.MemberID,
) (found []loyalty.MemberID, next string, err error) {
	var places []place
	begin := parsePlace(after)
	for n := begin.partition; n < len(partitions) && len(places) <= limit; n++ {
		q := table.Query{PK: partitions[n], Index: true, From: from, Limit: limit + 1 - len(places)}
		if n == begin.partition && begin.sk != "" {
			q.From = begin.sk + "!" // the first position after the given one
		}
		for it, err := range l.Table.Query(ctx, q) {
			if err != nil {
				return nil, "", err
			}
			places = append(places, place{n, it.Index.SK})
		}
	}
	if len(places) > limit {
		places = places[:limit]
		next = places[limit-1].String()
	}
	for _, p := range places {
		found = append(found, member(p.sk))
	}
	return found, next, nil
}
