package jobs

import (
	"math"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
)

// A Plan describes a day on which many members are due at the same time, with assumptions about AWS. A field that is
// zero gets the value from Assumed, except Members.
type Plan struct {
	Members  float64
	Changing float64       // the share of due members whose accounts change
	Shards   int           // the number of shards of the due index
	Workers  int           // the number of concurrent workers, at most one per shard
	Latency  time.Duration // time per member: one transaction and a part of a read
	Gap      time.Duration // time between the end of a worker's invocation and the start of the next one
	Table    float64       // write units per second that the table allows; its index allows as many
	Key      float64       // write units per second that one index key allows

	WriteUnits, ReadUnits     float64 // units per member; members without changes need no writes
	WritePrice, ReadPrice     float64 // prices per million units, in dollars
	ComputePrice, InvokePrice float64 // prices per GB-second and per million invocations
}

// Assumed returns a Plan with three kinds of values: the units per member that TestCostOfSettlingMember measures,
// DynamoDB's documented quotas (40,000 write units for a table, 1,000 for a key), and the prices of us-east-1 in 2026
// (on-demand, arm64).
func Assumed() Plan {
	return Plan{
		Changing: 1, Shards: stored.Shards, Workers: 16, Latency: 12 * time.Millisecond, Gap: time.Second,
		Table: 40_000, Key: 1000, WriteUnits: 7, ReadUnits: 1.1,
		WritePrice: 0.625, ReadPrice: 0.125, ComputePrice: 0.0000133334, InvokePrice: 0.20,
	}
}

// An Estimate is the result of the simulation of a Plan.
type Estimate struct {
	Took        time.Duration
	Rate        float64 // average number of members per second
	Bound       string  // the factor that limits the rate: workers, the index's keys, or the table
	Invocations int
	Warm        float64 // the write units per second for which the table must be warmed up
	Writes      float64 // total write units
	Reads       float64
	Dollars     float64
}

const (
	functionTime   = 60 * time.Second // the Timeout in template.yaml
	functionMemory = 0.5              // the function's memory in GB
	// indexMove is the number of write units that move a member in the due index. Both count against the shard's key.
	indexMove  = 2
	indexUnits = 3 // indexMove, and one unit for the entry in the statement's index
)

// Simulate simulates the day, one invocation after the other. Each worker takes a shard. It settles as many members as
// three limits allow: the time of one invocation, the write units of the shard's key, and the worker's share of the
// table's write units. The next invocation continues from the cursor.
func (p Plan) Simulate() Estimate {
	free := float64(concurrency) / p.Latency.Seconds()
	key, share := p.Key/indexMove, p.Table/(p.WriteUnits-indexUnits)/float64(min(p.Workers, p.Shards))
	rate := min(free, key, share)
	e := Estimate{Bound: "workers"}
	switch rate {
	case key:
		e.Bound = "the index's keys"
	case share:
		e.Bound = "the table"
	}
	workTime := (functionTime - reserve).Seconds()
	left := make([]float64, p.Shards) // the number of remaining members of each shard
	for i := range left {
		left[i] = p.Members / float64(p.Shards)
	}
	freeAt := make([]float64, min(p.Workers, p.Shards)) // the time at which each worker can start again
	next, busy := 0, 0.0
	for open := p.Shards; open > 0; {
		for left[next] <= 0 {
			next = (next + 1) % p.Shards
		}
		worker := 0
		for i := range freeAt {
			if freeAt[i] < freeAt[worker] {
				worker = i
			}
		}
		done := min(left[next], rate*workTime)
		if left[next] -= done; left[next] < 1e-6 {
			left[next] = 0
			open--
		}
		freeAt[worker] += done/rate + p.Gap.Seconds()
		busy += done / rate
		e.Invocations++
		next = (next + 1) % p.Shards
	}
	end := 0.0
	for _, h := range freeAt {
		end = math.Max(end, h-p.Gap.Seconds())
	}
	e.Took = time.Duration(end * float64(time.Second)).Round(time.Second)
	e.Rate = p.Members / end
	e.Writes, e.Reads = p.Members*p.Changing*p.WriteUnits, p.Members*p.ReadUnits
	e.Warm = rate * float64(len(freeAt)) * p.Changing * (p.WriteUnits - indexUnits)
	e.Dollars = e.Writes/1e6*p.WritePrice + e.Reads/1e6*p.ReadPrice + busy*functionMemory*p.ComputePrice +
		float64(e.Invocations)/1e6*p.InvokePrice
	return e
}
