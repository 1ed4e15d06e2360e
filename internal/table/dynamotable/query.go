package dynamotable

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// maxBatch is the maximum number of keys in one BatchGetItem call. It is also the number of entries in a page of the
// index.
const maxBatch = 100

// Query lists a partition page by page. A page of the base table has up to 1 MB and is read consistently. A page of the
// index has up to 100 keys, and the items with these keys are then read consistently.
func (t *Table) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		if err := t.query(ctx, q, func(it table.Item) bool { return yield(it, nil) }); err != nil {
			yield(table.Item{}, fmt.Errorf("dynamotable: query %s: %w", q.PK, err))
		}
	}
}

// query passes items to yield until yield returns false.
func (t *Table) query(ctx context.Context, q table.Query, yield func(table.Item) bool) error {
	in, err := t.request(q)
	if in == nil || err != nil {
		return err
	}
	for left := q.Limit; ; {
		items, err := t.page(ctx, q, in)
		if err != nil {
			return err
		}
		for _, it := range items {
			if !yield(it) {
				return nil
			}
			if left--; left == 0 { // without a limit, left is negative and never becomes zero
				return nil
			}
		}
		if in.ExclusiveStartKey == nil {
			return nil
		}
	}
}

// page sends a request and returns the items of one page. It then sets in.ExclusiveStartKey so that the next call
// returns the next page, or to nil after the last page.
func (t *Table) page(ctx context.Context, q table.Query, in *dynamodb.QueryInput) ([]table.Item, error) {
	var out *dynamodb.QueryOutput
	err := t.read(ctx, func(ctx context.Context) (err error) {
		out, err = t.Client.Query(ctx, in, once)
		return err
	})
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey = nil
	if len(out.LastEvaluatedKey) > 0 {
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	if q.Index {
		return t.indexed(ctx, out.Items)
	}
	items := make([]table.Item, len(out.Items))
	for i, a := range out.Items {
		if items[i], err = decode(keyOf(a), a); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// indexed reads the items that the entries of an index page name. While an item moves in the index, DynamoDB may
// briefly return two entries for it. indexed omits an item if its current index key is not the key of the entry.
func (t *Table) indexed(ctx context.Context, rows []attributes) ([]table.Item, error) {
	var keys []table.Key
	listed := make(map[table.Key]bool, len(rows))
	for _, row := range rows {
		if key := keyOf(row); !listed[key] {
			listed[key] = true
			keys = append(keys, key)
		}
	}
	found, err := t.getAll(ctx, keys)
	if err != nil {
		return nil, err
	}
	var items []table.Item
	for _, row := range rows {
		if it := found[keyOf(row)]; it.Version > 0 && it.Index == indexOf(row) {
			items = append(items, it)
		}
	}
	return items, nil
}

// request returns the request for the first page of a query, or nil if the query cannot have a result.
func (t *Table) request(q table.Query) (*dynamodb.QueryInput, error) {
	if q.PK == "" || q.Limit < 0 {
		return nil, errors.New("a query needs a partition, and a limit that is not below zero")
	}
	pk, sk, at := "pk", "sk", q.After.Key
	in := &dynamodb.QueryInput{TableName: &t.Name, ScanIndexForward: aws.Bool(!q.Reverse)}
	if q.Index {
		pk, sk, at = "ipk", "isk", q.After.Index
		in.IndexName = aws.String(indexName)
	} else {
		in.ConsistentRead = aws.Bool(true)
	}
	if at.PK != q.PK && !q.After.Key.IsZero() {
		return nil, fmt.Errorf("cannot continue after %s, which is not in that partition", at)
	}
	if q.To != "" && q.From > q.To || behindEnd(q, at.SK) {
		return nil, nil
	}
	if within(q, at.SK) { // DynamoDB rejects a cursor that is before the first bound
		in.ExclusiveStartKey = keyAttributes(q.After.Key)
		in.ExclusiveStartKey[pk], in.ExclusiveStartKey[sk] = text(at.PK), text(at.SK)
	}
	in.KeyConditionExpression, in.ExpressionAttributeValues = rangeCondition(q, pk, sk)
	switch {
	case q.Index && (q.Limit == 0 || q.Limit > maxBatch):
		in.Limit = aws.Int32(maxBatch)
	case q.Limit > 0:
		in.Limit = aws.Int32(int32(min(q.Limit, math.MaxInt32)))
	}
	return in, nil
}

// behindEnd reports whether no item can follow the cursor, because its sort key is at or after the last bound. In the
// index, items can follow a cursor whose sort key equals the last bound, because several items can have the same sort
// key. In the base table, they cannot, and DynamoDB rejects such a cursor.
func behindEnd(q table.Query, cursor string) bool {
	if q.After.Key.IsZero() {
		return false
	}
	end, past := q.To, cursor > q.To
	if q.Reverse {
		end, past = q.From, cursor < q.From
	}
	return end != "" && (past || cursor == end && !q.Index)
}

// within reports whether the query has a cursor whose sort key is between the bounds.
func within(q table.Query, cursor string) bool {
	return !q.After.Key.IsZero() && cursor >= q.From && (q.To == "" || cursor <= q.To)
}

// rangeCondition returns the key condition of a query. It uses one BETWEEN for both bounds, because DynamoDB allows
// only one condition on the sort key.
func rangeCondition(q table.Query, pk, sk string) (*string, attributes) {
	condition, values := pk+" = :pk", attributes{":pk": text(q.PK)}
	switch {
	case q.From != "" && q.To != "":
		condition += " AND " + sk + " BETWEEN :from AND :to"
	case q.From != "":
		condition += " AND " + sk + " >= :from"
	case q.To != "":
		condition += " AND " + sk + " <= :to"
	}
	if q.From != "" {
		values[":from"] = text(q.From)
	}
	if q.To != "" {
		values[":to"] = text(q.To)
	}
	return &condition, values
}
