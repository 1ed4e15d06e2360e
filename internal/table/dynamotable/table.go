// Package dynamotable keeps a table.Table in Amazon DynamoDB.
//
// It promises what the port promises, with DynamoDB's own conditional writes and transactions: a version is a
// condition expression, an Add is an update with a floor, and nothing is written without a condition. It uses
// no Scan, no filter and no batch write, and it trusts no index: what the index lists is re-read by key.
//
// Decisions that govern the package:
//
//   - A lone Put or Delete is a plain conditional write, half the price of a transaction. A lone Add is a
//     transaction of one all the same: a Put can be recognised in the table afterwards, an Add cannot, and only
//     the client token of a transaction makes its repetition harmless.
//   - The SDK's retryer is off. It would repeat a write whose answer was lost without telling, so that a
//     conditional write meets its own success and looks like a conflict; and it does not repeat a transaction
//     that met another one. Every attempt passes through the loop in transact.go, which knows whether an
//     earlier attempt may have been applied, and settles that by reading back (settle.go).
//   - A client token belongs to one plan. A call that has to plan anew (an Add of an absent item) draws another.
//   - A document is stored as native attributes, readable in the console. DynamoDB numbers have 38 digits and
//     exponents from -130 to 125, an item has at most 400 KB and 32 levels, and no name in it is empty; what does
//     not fit is refused, never rounded. DynamoDB drops trailing zeros, so 1.50 comes back as 1.5.
package dynamotable

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Table is one DynamoDB table with the keys pk and sk and the index named "index" on ipk and isk. Its exported
// fields are set before first use and not changed after; Client and Name are required.
type Table struct {
	Client *dynamodb.Client
	Name   string // the table's name or ARN

	// Timeout bounds one attempt; zero means one second. Patience bounds all attempts of one call; zero means three
	// seconds. A write whose outcome is unknown by then is looked for in a second call. So a table that does not answer
	// is reported after at most twice Patience, and a caller with a deadline can answer before it.
	Timeout, Patience time.Duration

	// Refused is called after each attempt that DynamoDB refused for a reason that an operator counts; nil does not
	// report them. It is safe to call concurrently.
	Refused func(context.Context, Refusal)

	// Sleep waits between attempts; nil really waits. Tests replace it.
	Sleep func(context.Context, time.Duration) error
}

var _ table.Table = (*Table)(nil)

// Get reads one item consistently. It returns table.ErrBusy if DynamoDB could not be read for as long as patience
// lasted.
func (t *Table) Get(ctx context.Context, key table.Key) (table.Item, error) {
	it, err := t.get(ctx, key)
	if err != nil {
		return table.Item{}, fmt.Errorf("dynamotable: get %s: %w", key, err)
	}
	return it, nil
}

func (t *Table) get(ctx context.Context, key table.Key) (table.Item, error) {
	if err := checkKey(key); err != nil {
		return table.Item{}, err
	}
	var out *dynamodb.GetItemOutput
	err := t.read(ctx, func(ctx context.Context) (err error) {
		out, err = t.Client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName:      &t.Name,
			Key:            keyAttributes(key),
			ConsistentRead: aws.Bool(true),
		}, once)
		return err
	})
	if err != nil {
		return table.Item{}, err
	}
	return decode(key, out.Item)
}

// getAll reads items consistently. It takes at most 100 keys, all different; an absent item is not in the result.
func (t *Table) getAll(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	found := make(map[table.Key]table.Item, len(keys))
	want := make([]attributes, len(keys))
	for i, key := range keys {
		want[i] = keyAttributes(key)
	}
	limit := t.limit()
	for attempt := 1; len(want) > 0; attempt++ {
		rest, err := t.getSome(ctx, want, found)
		if err != nil {
			return nil, err
		}
		if len(rest) == len(want) {
			if t.Refused != nil {
				t.Refused(ctx, Throttle)
			}
			if err := t.pause(ctx, limit, attempt); err != nil {
				return nil, fmt.Errorf("%w: %d keys were left unprocessed: %w", table.ErrBusy, len(rest), err)
			}
			continue
		}
		want, attempt = rest, 0 // DynamoDB gives at most 16 MB at a time, so leaving some is no sign of trouble
		limit = t.limit()
	}
	return found, nil
}

// getSome makes one BatchGetItem, adds what it got to found, and returns the keys that DynamoDB left over.
func (t *Table) getSome(ctx context.Context, want []attributes, found map[table.Key]table.Item) (rest []attributes, err error) {
	var out *dynamodb.BatchGetItemOutput
	err = t.read(ctx, func(ctx context.Context) (err error) {
		out, err = t.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{
				t.Name: {Keys: want, ConsistentRead: aws.Bool(true)},
			},
		}, once)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, items := range out.Responses { // of the one table, whether by its name or its ARN
		for _, a := range items {
			it, err := decode(keyOf(a), a)
			if err != nil {
				return nil, err
			}
			found[it.Key] = it
		}
	}
	for _, unprocessed := range out.UnprocessedKeys {
		rest = append(rest, unprocessed.Keys...)
	}
	return rest, nil
}

// once turns the SDK's own retries off for one call; see the package comment.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
