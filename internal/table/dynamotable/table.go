// Package dynamotable implements table.Table with Amazon DynamoDB.
//
// It provides the guarantees of package table with DynamoDB's conditional writes and transactions. A version becomes a
// condition expression, and an Add becomes an update with a lower bound; no write is unconditional. The package uses no
// filter and no batch write, and only Scanner, which is for operators, uses a Scan. If the index lists an item, the
// package reads the item again by its key.
//
// Design decisions:
//
//   - A single Put or Delete is a plain conditional write, which costs half as much as a transaction. A single Add
//     is a transaction, because its retry must be harmless. The item of a Put can be recognized in the table
//     afterwards, but the effect of an Add cannot. DynamoDB recognizes a retry only by a transaction's client token.
//   - The SDK's retries are disabled. After a lost response, the SDK would silently repeat a write. The condition of
//     the repeated write would fail because the first write was applied, and the failure would look like a conflict.
//     The SDK also does not repeat a transaction that conflicted with another one. Every attempt therefore runs in the
//     loop in transact.go, which records whether an earlier attempt may have been applied. If so, settle.go reads the
//     items to find out.
//   - A client token belongs to one plan. If a plan must be changed (because the item of an Add is absent), it gets a
//     new token.
//   - A document is stored as native attributes, readable in the console. DynamoDB numbers have 38 digits and
//     exponents from -130 to 125, an item has at most 400 KB and 32 levels, and no field name is empty. Other
//     documents are rejected, never rounded. DynamoDB drops trailing zeros: 1.50 is read back as 1.5.
package dynamotable

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Table is one DynamoDB table with the keys pk and sk. Its index has the name "index" and the keys ipk and isk. Set
// the exported fields before the first use and do not change them later. Client and Name are required.
type Table struct {
	Client Client
	Name   string // the name or ARN of the table

	// Timeout limits one attempt; zero means one second. Patience limits all attempts of one call together; zero means
	// three seconds. If the outcome of a write is still unknown after Patience, a second call reads the items. A call
	// to a table that does not respond therefore returns after at most twice Patience, so that a caller with a deadline
	// can respond in time.
	Timeout, Patience time.Duration

	// Refused is called after each attempt that DynamoDB refused for one of the reasons of type Refusal. If it is nil,
	// refusals are not reported. It must be safe for concurrent use.
	Refused func(context.Context, Refusal)

	// Random is the source of randomness for client tokens and pauses between attempts. Nil selects crypto/rand.
	Random io.Reader

	// Sleep waits between attempts. If it is nil, real time passes. Tests replace it.
	Sleep func(context.Context, time.Duration) error
}

var _ table.Table = (*Table)(nil)

// Get reads one item consistently. It returns table.ErrBusy if DynamoDB could not be read within Patience.
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

// getAll reads up to 100 different keys consistently. The result does not contain absent items.
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
		want, attempt = rest, 0 // unprocessed keys are normal, because DynamoDB returns at most 16 MB per call
		limit = t.limit()
	}
	return found, nil
}

// getSome makes one BatchGetItem call, adds the items to found, and returns the unprocessed keys.
func (t *Table) getSome(
	ctx context.Context, want []attributes, found map[table.Key]table.Item,
) (rest []attributes, err error) {
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
	for _, items := range out.Responses { // Responses has only one key: the name or ARN of the table
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

// once disables the SDK's retries for one call. The package comment states the reason.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
