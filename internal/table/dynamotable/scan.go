package dynamotable

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	defaultSegments = 4
	scanAttempts    = 10          // of one page
	pageTimeout     = time.Minute // for all attempts of one page
)

// A Scanner reads all items of a table. Only the offline commands of operators use it, to check or to copy a table.
// The policies of the functions do not allow it.
//
// It reads consistently, which costs one read unit for each 4 KB: a table of 10 GB costs 2.6 million units. If
// DynamoDB throttles the requests, the Scanner reads more slowly.
type Scanner struct {
	Table    *Table
	Segments int // the number of segments that are read in parallel; zero means 4

	quarters atomic.Int64 // the consumed read units, in quarters
}

// Items yields all items of the table, in any order. It is not a snapshot: if the table changes meanwhile, Items may
// yield one item of a transaction as it was before, and another as it was afterwards. It holds at most two pages of
// 1 MB of each segment in memory.
func (s *Scanner) Items(ctx context.Context) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		err := s.items(ctx, func(it table.Item) bool { return yield(it, nil) })
		if err != nil {
			yield(table.Item{}, fmt.Errorf("dynamotable: scan %s: %w", s.Table.Name, err))
		}
	}
}

// items passes all items to yield until yield returns false.
func (s *Scanner) items(ctx context.Context, yield func(table.Item) bool) error {
	scanning, stop := context.WithCancel(ctx)
	pages := make(chan scanned)
	defer func() {
		stop()
		for range pages { // until all segments have ended
		}
	}()
	go s.scan(scanning, pages)
	for page := range pages {
		if page.err != nil {
			return page.err
		}
		for _, it := range page.items {
			if !yield(it) {
				return nil
			}
		}
	}
	return ctx.Err() // a segment whose context ended may have reported nothing
}

// Units returns the read units that the Scanner has consumed.
func (s *Scanner) Units() float64 { return float64(s.quarters.Load()) / 4 }

// A scanned page has items or an error.
type scanned struct {
	items []table.Item
	err   error
}

// scan reads all segments in parallel and closes the channel at the end.
func (s *Scanner) scan(ctx context.Context, pages chan<- scanned) {
	defer close(pages)
	client := dynamodb.New(s.Table.Client.Options(), func(o *dynamodb.Options) {
		// The segments share the retryer, so that all of them slow down if DynamoDB throttles one.
		o.Retryer = retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			limit := func(o *retry.StandardOptions) { o.MaxAttempts = scanAttempts }
			o.StandardOptions = append(o.StandardOptions, limit)
		})
	})
	send := func(page scanned) bool {
		select {
		case pages <- page:
			return page.err == nil
		case <-ctx.Done():
			return false
		}
	}
	total := cmp.Or(s.Segments, defaultSegments)
	var segments sync.WaitGroup
	for n := range total {
		in := &dynamodb.ScanInput{
			TableName: &s.Table.Name, ConsistentRead: aws.Bool(true),
			Segment: aws.Int32(int32(n)), TotalSegments: aws.Int32(int32(total)),
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		}
		segments.Go(func() {
			for more := true; more && send(s.page(ctx, client, in)); {
				more = in.ExclusiveStartKey != nil
			}
		})
	}
	segments.Wait()
}

// page reads a page of a segment, and sets in.ExclusiveStartKey to the start of the next page, or to nil.
func (s *Scanner) page(ctx context.Context, client *dynamodb.Client, in *dynamodb.ScanInput) scanned {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	out, err := client.Scan(ctx, in)
	if err != nil {
		return scanned{err: err}
	}
	if c := out.ConsumedCapacity; c != nil && c.CapacityUnits != nil {
		s.quarters.Add(int64(math.Round(*c.CapacityUnits * 4)))
	}
	in.ExclusiveStartKey = nil
	if len(out.LastEvaluatedKey) > 0 {
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	page := scanned{items: make([]table.Item, len(out.Items))}
	for i, a := range out.Items {
		if page.items[i], err = decode(keyOf(a), a); err != nil {
			return scanned{err: fmt.Errorf("read %s: %w", keyOf(a), err)}
		}
	}
	return page
}
