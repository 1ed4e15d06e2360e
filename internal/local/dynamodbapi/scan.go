package dynamodbapi

import (
	"context"
	"hash/fnv"
	"iter"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A lister is a table that lists all of its items in the order of their keys. A Scan requires one.
type lister interface {
	Items(ctx context.Context) iter.Seq2[table.Item, error]
}

type scanOutput struct {
	queryOutput
	ConsumedCapacity *capacity `json:"ConsumedCapacity,omitzero"`
}

type capacity struct {
	TableName     string
	CapacityUnits float64
}

// scan returns a page of a segment. Each page reads the table from its beginning, which is fast enough for tests.
func (a *API) scan(ctx context.Context, in *scanInput) (any, error) {
	after, err := in.check()
	if err != nil {
		return nil, err
	}
	if err := a.named(in.TableName); err != nil {
		return nil, err
	}
	all, ok := a.Table.(lister)
	if !ok {
		return nil, invalid("The table does not support Scan")
	}
	out, bytes := scanOutput{queryOutput: queryOutput{Items: []attributes{}}}, 0
	for it, err := range all.Items(ctx) {
		if err != nil {
			return nil, failed(err)
		}
		if !in.contains(it.Key) || !after.IsZero() && !before(after, it.Key) {
			continue
		}
		item, last, err := listed(it, false)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, item)
		if bytes += size(it); bytes > maxPage {
			out.LastEvaluatedKey = last
			break
		}
	}
	out.Count, out.ScannedCount = len(out.Items), len(out.Items)
	if in.ReturnConsumedCapacity == "TOTAL" {
		out.ConsumedCapacity = &capacity{in.TableName, in.units(bytes)}
	}
	return out, nil
}

// check checks the parameters, and returns the key after which the page starts.
func (in *scanInput) check() (after table.Key, err error) {
	switch {
	case in.TotalSegments < 1 || in.Segment < 0 || in.Segment >= in.TotalSegments:
		return after, invalid("Segment must be less than TotalSegments, and at least 0")
	case in.ReturnConsumedCapacity != "" && in.ReturnConsumedCapacity != "NONE" && in.ReturnConsumedCapacity != "TOTAL":
		return after, invalid("ReturnConsumedCapacity is %s", in.ReturnConsumedCapacity)
	case in.ExclusiveStartKey == nil:
		return after, nil
	}
	if after, err = readKey(in.ExclusiveStartKey); err == nil && !in.contains(after) {
		err = invalid("The provided starting key is outside the segment")
	}
	return after, err
}

// contains reports whether the segment contains a key.
func (in *scanInput) contains(key table.Key) bool {
	f := fnv.New32a()
	f.Write([]byte(key.PK))
	return int(f.Sum32()%uint32(in.TotalSegments)) == in.Segment
}

func before(a, b table.Key) bool { return a.PK < b.PK || a.PK == b.PK && a.SK < b.SK }

// units returns the read units of a page.
func (in *scanInput) units(bytes int) float64 {
	units := float64((bytes + 4095) / 4096)
	if !in.ConsistentRead {
		units /= 2
	}
	return units
}
