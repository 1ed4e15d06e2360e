package dynamotable_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestPebbleAndDynamoDBBehaveAlike runs the same random scripts of valid and invalid operations on Pebble and on
// DynamoDB, and compares every result: the class of the error, the operation and item of a conflict, and the result
// of every query. With PERENNIAL_LONG=1 there are 1,000 scripts.
func TestPebbleAndDynamoDBBehaveAlike(t *testing.T) {
	dynamo := dynamotest.Open(t)
	pebble, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pebble.Close(); err != nil {
			t.Error(err)
		}
	}()
	scripts := 60
	if os.Getenv("PERENNIAL_LONG") == "1" {
		scripts = 1000
	}
	first := seedtest.Of(t)
	seen := map[outcome]int{}
	for n := range scripts {
		d := &drawing{
			rng: rand.New(rand.NewPCG(first, uint64(n))), pk: fmt.Sprint("d", n), read: map[table.Key]table.Item{},
		}
		var log strings.Builder
		for range 15 {
			ops := d.ops()
			for _, op := range ops {
				fmt.Fprintf(&log, "%d: %s %s%+d>=%d; ", op.Kind, shown(op.Item), op.Field, op.Delta, op.Floor)
			}
			log.WriteByte('\n')
			got, want := resultOf(t, dynamo, ops), resultOf(t, pebble, ops)
			seen[want.Outcome]++
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("script %d: DynamoDB differs (-Pebble +DynamoDB):\n%s\nafter\n%s", n, diff, log.String())
			}
			d.learn(t, pebble, ops)
		}
		for range 8 {
			q := d.query()
			if diff := cmp.Diff(list(t, pebble, q), list(t, dynamo, q)); diff != "" {
				t.Fatalf("script %d: query %+v differs (-Pebble +DynamoDB):\n%s\nafter\n%s", n, q, diff, log.String())
			}
		}
	}
	t.Log(seen)
	if seen[success] < scripts || seen[conflict] < scripts || seen[refusal] < scripts/4 {
		t.Error("the scripts did not produce every kind of outcome often enough")
	}
}

// A result is the outcome of a Transact in a comparable form.
type result struct {
	Outcome outcome
	Op      int
	Key     table.Key
	Current string
}

func resultOf(t *testing.T, tab table.Table, ops []table.Op) result {
	err := tab.Transact(t.Context(), ops...)
	r := result{Outcome: outcomeOf(err)}
	var c *table.ConflictError
	if errors.As(err, &c) {
		r.Op, r.Key, r.Current = c.Op, c.Key, shown(c.Current)
	}
	return r
}

func list(t *testing.T, tab table.Table, q table.Query) []string {
	var items []string
	for it, err := range tab.Query(t.Context(), q) {
		if err != nil {
			return append(items, "refused")
		}
		items = append(items, shown(it))
	}
	return items
}

// shown formats an item independently of the order and number format of its stored document.
func shown(it table.Item) string {
	var doc any
	if len(it.Doc) > 0 {
		d := json.NewDecoder(bytes.NewReader(it.Doc))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			return err.Error()
		}
	}
	return fmt.Sprint(it.Key, it.Index, it.Version, it.Expires.Unix(), exact(doc))
}

// exact converts numbers to fractions, which are equal if the numbers are.
func exact(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			v[name] = exact(value)
		}
	case []any:
		for i, value := range v {
			v[i] = exact(value)
		}
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return r.RatString()
		}
	}
	return v
}

// A drawing draws random scripts: operations on a few items, mostly with the versions that were last read.
type drawing struct {
	rng  *rand.Rand
	pk   string
	read map[table.Key]table.Item
}

func (d *drawing) pick(of ...string) string { return of[d.rng.IntN(len(of))] }

func (d *drawing) key() table.Key {
	return table.Key{PK: d.pk + d.pick("", "#", "é"), SK: d.pick("a", "b", "b!", "ü", "😀")}
}

func (d *drawing) ops() []table.Op {
	var ops []table.Op
	for range 1 + d.rng.IntN(4) {
		key := d.key()
		if !d.fresh(key, ops) && d.rng.IntN(20) > 0 {
			continue
		}
		ops = append(ops, d.op(key))
	}
	return ops
}

func (d *drawing) fresh(key table.Key, ops []table.Op) bool {
	return !slices.ContainsFunc(ops, func(op table.Op) bool { return op.Item.Key == key })
}

func (d *drawing) op(key table.Key) table.Op {
	it := d.read[key]
	it.Key = key
	if d.rng.IntN(10) == 0 {
		it.Version += d.rng.Int64N(3) - 1
	}
	switch d.rng.IntN(8) {
	case 0:
		return table.Delete(it)
	case 1:
		return table.Check(it)
	case 2, 3:
		deltas := []int64{1, -1, 5, -3, 0, math.MaxInt64, math.MinInt64}
		floors := []int64{0, 0, 0, -2, 4, math.MinInt64, math.MaxInt64}
		return table.Add(
			key, d.pick("n", "n", "m", "n.m", "s", ""), deltas[d.rng.IntN(len(deltas))],
			floors[d.rng.IntN(len(floors))],
		)
	}
	it.Doc = json.RawMessage(d.pick(`{"n":1}`, `{"n":9007199254740993,"s":"é"}`, `{"n":9223372036854775807}`,
		`{"s":""}`,
		`{"m":{"n":[1,2.50]},"n":0}`, `{"n":null}`, `{"n":-5,"m":3}`, `[]`, `{"n":"1"}`))
	it.Expires = time.Time{}
	if d.rng.IntN(4) == 0 {
		it.Expires = time.Unix(2_000_000_000+d.rng.Int64N(9), d.rng.Int64N(1e9))
	}
	it.Index = table.Key{}
	if d.rng.IntN(2) == 0 {
		it.Index = table.Key{PK: d.pk + "#due", SK: d.pick("1", "2", "3", "é") + key.String()}
	}
	if d.rng.IntN(30) == 0 {
		it.Index.PK = ""
	}
	return table.Put(it)
}

// learn usually reads the items of ops.
func (d *drawing) learn(t *testing.T, tab table.Table, ops []table.Op) {
	for _, op := range ops {
		if d.rng.IntN(8) == 0 {
			continue
		}
		it, err := tab.Get(t.Context(), op.Item.Key)
		if err != nil {
			t.Fatal(err)
		}
		d.read[it.Key] = it
	}
}

func (d *drawing) query() table.Query {
	q := table.Query{PK: d.key().PK, Reverse: d.rng.IntN(2) == 0, Limit: d.rng.IntN(4)}
	bounds := []string{"", "", "a", "b", "b!", "c", "😀"}
	if d.rng.IntN(2) == 0 {
		q.PK, q.Index = d.pk+"#due", true
		bounds = []string{"", "", "1", "2", "2z", "é"}
	}
	q.From, q.To = d.pick(bounds...), d.pick(bounds...)
	if d.rng.IntN(2) == 0 {
		for _, it := range d.read {
			if at := it.Key.PK; q.Index && it.Index.PK == q.PK || !q.Index && at == q.PK {
				if q.After.Key.IsZero() || it.Key.String() < q.After.Key.String() {
					q.After = it // the same item in every run with this seed
				}
			}
		}
	}
	return q
}
