package dynamotable_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A bill sums the capacity that DynamoDB reports as consumed.
type bill struct{ write, read float64 }

func (b *bill) add(writes bool, c *types.ConsumedCapacity) {
	if c == nil || c.CapacityUnits == nil {
		return
	}
	if writes {
		b.write += *c.CapacityUnits
		return
	}
	b.read += *c.CapacityUnits
}

// watch makes the client request the consumed capacity of each call.
func (b *bill) watch(stack *middleware.Stack) error {
	ask := func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
		middleware.InitializeOutput, middleware.Metadata, error,
	) {
		switch p := in.Parameters.(type) {
		case *dynamodb.PutItemInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		case *dynamodb.DeleteItemInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		case *dynamodb.GetItemInput:
			p.ReturnConsumedCapacity = types.ReturnConsumedCapacityIndexes
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		switch r := out.Result.(type) {
		case *dynamodb.PutItemOutput:
			b.add(true, r.ConsumedCapacity)
		case *dynamodb.DeleteItemOutput:
			b.add(true, r.ConsumedCapacity)
		case *dynamodb.GetItemOutput:
			b.add(false, r.ConsumedCapacity)
		}
		return out, metadata, err
	}
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("bill", ask), middleware.After)
}

// sized returns an absent item that has the given size, as tabletest.Size computes it, once it is stored.
func sized(t *testing.T, sk string, bytes int, more string) table.Item {
	it := table.Item{Key: table.Key{PK: "p", SK: sk}, Version: 1, Doc: fmt.Appendf(nil, `{"a":""%s}`, more)}
	it.Doc = fmt.Appendf(nil, `{"a":%q%s}`, strings.Repeat("x", bytes-tabletest.Size(it)), more)
	if got := tabletest.Size(it); got != bytes {
		t.Fatalf("the item has %d bytes, want %d", got, bytes)
	}
	it.Version = 0
	return it
}

// TestMeterMatchesDynamoDBConsumption compares the counts of tabletest.Meter with the consumption that DynamoDB
// Local reports for plain writes and reads, on both sides of each unit's limit. DynamoDB Local does not report the
// cost of transactions.
func TestMeterMatchesDynamoDBConsumption(t *testing.T) {
	tab := dynamotest.Open(t)
	got := &bill{}
	options := tab.Client.Options()
	options.APIOptions = append(slices.Clone(options.APIOptions), got.watch)
	billed := *tab
	billed.Client = dynamotable.NewClient(dynamodb.New(options))
	meter := &tabletest.Meter{Table: onward{Table: tab, transact: billed.Transact}} // its own reads are not billed

	const numbers = `,"n":9223372036854775807,"l":[1,null,true,{"b":0.25}],"o":{}`
	indexed := func(it table.Item, sk string) table.Item {
		it.Index = table.Key{}
		if sk != "" {
			it.Index = table.Key{PK: "due", SK: sk}
		}
		return it
	}
	stored := func(it table.Item, version int64) table.Item { it.Version = version; return it }
	small := sized(t, "small", 200, numbers)
	for _, c := range []struct {
		name string
		op   table.Op
	}{
		{"new, 1 KB", table.Put(sized(t, "1024", 1024, ""))},
		{"new, one byte more", table.Put(sized(t, "1025", 1025, ""))},
		{"new, 1 KB of mixed values", table.Put(sized(t, "n1024", 1024, numbers))},
		{"new, mixed values, one byte more", table.Put(sized(t, "n1025", 1025, numbers))},
		{"new, 20 KB", table.Put(sized(t, "20k", 20<<10, ""))},
		{"from large to small", table.Put(stored(sized(t, "20k", 500, ""), 1))},
		{"from small to large", table.Put(stored(sized(t, "20k", 3000, ""), 2))},
		{"entering the index", table.Put(indexed(small, "1"))},
		{"staying in the index", table.Put(stored(indexed(small, "1"), 1))},
		{"moving in the index", table.Put(stored(indexed(small, "2"), 2))},
		{"leaving the index", table.Put(stored(indexed(small, ""), 3))},
		{"staying out of the index", table.Put(stored(indexed(small, ""), 4))},
		{"entering the index late", table.Put(stored(indexed(small, "3"), 5))},
		{"deleted from the index", table.Delete(stored(small, 6))},
		{"deleted, 3,000 bytes", table.Delete(stored(sized(t, "20k", 3000, ""), 3))},
		{"checked alone", table.Check(sized(t, "absent", 100, ""))},
	} {
		t.Run(c.name, func(t *testing.T) {
			*got = bill{}
			meter.Take()
			if err := meter.Transact(t.Context(), c.op); err != nil {
				t.Fatal(err)
			}
			want := meter.Take()
			if got.write != want.Write || got.read != want.Read {
				t.Errorf("DynamoDB consumed %v, the meter counted %+v", *got, want)
			}
		})
	}
}

// onward sends transactions through the function transact.
type onward struct {
	table.Table
	transact func(context.Context, ...table.Op) error
}

func (o onward) Transact(ctx context.Context, ops ...table.Op) error { return o.transact(ctx, ops...) }
