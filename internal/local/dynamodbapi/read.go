package dynamodbapi

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// These constants are the maximum sizes of DynamoDB's reads.
const (
	maxPage      = 1 << 20  // in bytes, for a page of a Query
	maxBatch     = 16 << 20 // in bytes, for a BatchGetItem
	maxBatchKeys = 100
)

type itemOutput struct {
	Item attributes `json:"Item,omitzero"`
}

func (a *API) getItem(ctx context.Context, in *getItemInput) (any, error) {
	if err := a.named(in.TableName); err != nil {
		return nil, err
	}
	key, err := readKey(in.Key)
	if err != nil {
		return nil, err
	}
	item, _, err := a.read(ctx, key)
	return itemOutput{item}, err
}

// read returns an item in DynamoDB's form, and its approximate size in bytes.
func (a *API) read(ctx context.Context, key table.Key) (attributes, int, error) {
	it, err := a.Table.Get(ctx, key)
	if err != nil {
		return nil, 0, failed(err)
	}
	item, err := toAttributes(it)
	return item, size(it), err
}

// size returns the approximate size of an item in DynamoDB, in bytes.
func size(it table.Item) int { return len(it.Key.PK) + len(it.Key.SK) + len(it.Doc) + 100 }

type batchGetItemOutput struct {
	Responses       map[string][]attributes
	UnprocessedKeys map[string]keysInput
}

func (a *API) batchGetItem(ctx context.Context, in *batchGetItemInput) (any, error) {
	out := batchGetItemOutput{map[string][]attributes{}, map[string]keysInput{}}
	for name, want := range in.RequestItems {
		if err := a.named(name); err != nil {
			return nil, err
		}
		if len(want.Keys) == 0 || len(want.Keys) > maxBatchKeys {
			return nil, invalid("%d keys in a BatchGetItem, not 1 to %d", len(want.Keys), maxBatchKeys)
		}
		keys, err := distinctKeys(want.Keys)
		if err != nil {
			return nil, err
		}
		out.Responses[name] = []attributes{}
		for i, bytes := 0, 0; i < len(keys); i++ {
			if bytes > maxBatch {
				out.UnprocessedKeys[name] = keysInput{want.Keys[i:], want.ConsistentRead}
				break
			}
			item, n, err := a.read(ctx, keys[i])
			if err != nil {
				return nil, err
			}
			bytes += n
			if item != nil {
				out.Responses[name] = append(out.Responses[name], item)
			}
		}
	}
	return out, nil
}

func distinctKeys(all []attributes) (keys []table.Key, err error) {
	seen := map[table.Key]bool{}
	for _, one := range all {
		key, err := readKey(one)
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, invalid("Provided list of item keys contains duplicates")
		}
		seen[key] = true
		keys = append(keys, key)
	}
	return keys, nil
}

type queryOutput struct {
	Items            []attributes
	Count            int
	ScannedCount     int
	LastEvaluatedKey attributes `json:"LastEvaluatedKey,omitzero"`
}

func (a *API) query(ctx context.Context, in *queryInput) (any, error) {
	q, err := in.parse()
	if err != nil {
		return nil, err
	}
	if err := a.named(in.TableName); err != nil {
		return nil, err
	}
	out, bytes := queryOutput{Items: []attributes{}}, 0
	for it, err := range a.Table.Query(ctx, q) {
		if err != nil {
			return nil, failed(err)
		}
		item, last, err := listed(it, q.Index)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, item)
		if bytes += size(it); len(out.Items) == q.Limit || bytes > maxPage {
			out.LastEvaluatedKey = last
			break
		}
	}
	out.Count, out.ScannedCount = len(out.Items), len(out.Items)
	return out, nil
}

// listed returns an item in the form in which a Query returns it. From the index, this is only the keys. It also
// returns the key that the response must contain if this item is the last one of a page.
func listed(it table.Item, index bool) (item, last attributes, err error) {
	if index {
		keys := indexAttributes(it)
		return keys, keys, nil
	}
	item, err = toAttributes(it)
	return item, keyAttributes(it.Key), err
}

func (in *queryInput) parse() (table.Query, error) {
	q, err := in.keyCondition()
	if err != nil {
		return q, err
	}
	q.Limit = in.Limit
	q.Reverse = in.ScanIndexForward != nil && !*in.ScanIndexForward
	switch {
	case in.Limit < 0:
		return q, invalid("Limit must be at least 1")
	case in.IndexName == indexName:
		q.Index = true
	case in.IndexName != "":
		return q, invalid("The table does not have the specified index: %s", in.IndexName)
	}
	if q.Index && in.ConsistentRead {
		return q, invalid("Consistent reads are not supported on global secondary indexes")
	}
	if in.ExclusiveStartKey != nil {
		q.After, err = in.start(q)
	}
	return q, err
}

// start reads the key after which a page starts. The key must be in the partition and within the bounds of the query.
func (in *queryInput) start(q table.Query) (it table.Item, err error) {
	at := attributes{partitionName: in.ExclusiveStartKey[partitionName], sortName: in.ExclusiveStartKey[sortName]}
	if it.Key, err = readKey(at); err != nil {
		return it, err
	}
	place, elements := it.Key, 2
	if q.Index {
		elements = 4
		if it.Index.PK, err = in.ExclusiveStartKey[indexPartitionName].text(indexPartitionName); err != nil {
			return it, err
		}
		if it.Index.SK, err = in.ExclusiveStartKey[indexSortName].text(indexSortName); err != nil {
			return it, err
		}
		place = it.Index
	}
	if len(in.ExclusiveStartKey) != elements || place.PK != q.PK || place.SK < q.From || q.To != "" && place.SK > q.To {
		return it, invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	return it, nil
}
