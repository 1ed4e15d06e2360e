package jobs

import (
	"math"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
)

// A Plan is a day on which so many members fall due at once, and what is assumed of AWS. The zero values of all fields
// but Members are those of Assumed.
type Plan struct {
	Members  float64
	Changing float64       // the share of them for whom something changes
	Shards   int           // of the queue of what is due
	Workers  int           // at once, at most one to a shard
	Latency  time.Duration // of a member: the transaction, and a share of the read
	Gap      time.Duration // from the end of a worker to the beginning of the one that goes on from its cursor
	Table    float64       // write units that the table takes in a second, beside its index, which has as many of its own
	Key      float64       // write units that one key of the index takes in a second

	WriteUnits, ReadUnits     float64 // of a member; of one for whom nothing changes, reads alone
	WritePrice, ReadPrice     float64 // of a million units, in dollars
	ComputePrice, InvokePrice float64 // of a GB-second, and of a million invocations
}

// Assumed is what TestWhatBringingAMemberUpToDateCosts measures of a member, the limits that DynamoDB documents (40,000
// write units for a table, 1,000 for a key), and the prices of us-east-1 in 2026: on demand, arm64.
func Assumed() Plan {
	return Plan{
		Changing: 1, Shards: ledger.Shards, Workers: 16, Latency: 12 * time.Millisecond, Gap: time.Second,
		Table: 40_000, Key: 1000, WriteUnits: 7, ReadUnits: 1.1,
		WritePrice: 0.625, ReadPrice: 0.125, ComputePrice: 0.0000133334, InvokePrice: 0.20,
	}
}

// An Estimate is what a Plan comes to.
type Estimate struct {
	Took        time.Duration
	Rate        float64 // members a second, on average
	Bound       string  // what it is bound by: workers, the index's keys, the table
	Invocations int
	Warm        float64 // write units a second that the table must be warm for
	Writes      float64 // units
	Reads       float64
	Dollars     float64
}

const (
	functionTime   = 60 * time.Second // template.yaml's Timeout
	functionMemory = 0.5              // GB
	indexMove      = 2                // write units of a member's move in the queue, both on the key of its shard
	indexUnits     = 3                // these, and one for the statement
)

// Simulate plays the day through, invocation by invocation: each worker takes a shard, brings so many members up to date
// as its time, the key of its shard and its part of the table allow, and hands the cursor on.
func (p Plan) Simulate() Estimate {
	free := float64(abreast) / p.Latency.Seconds()
	key, share := p.Key/indexMove, p.Table/(p.WriteUnits-indexUnits)/float64(min(p.Workers, p.Shards))
	rate := min(free, key, share)
	e := Estimate{Bound: "workers"}
	switch rate {
	case key:
		e.Bound = "the index's keys"
	case share:
		e.Bound = "the table"
	}
	shift := (functionTime - reserve).Seconds()
	left := make([]float64, p.Shards) // members of each shard
	for i := range left {
		left[i] = p.Members / float64(p.Shards)
	}
	hands := make([]float64, min(p.Workers, p.Shards)) // when each is free again
	next, busy := 0, 0.0
	for open := p.Shards; open > 0; {
		for left[next] <= 0 {
			next = (next + 1) % p.Shards
		}
		hand := 0
		for i := range hands {
			if hands[i] < hands[hand] {
				hand = i
			}
		}
		done := min(left[next], rate*shift)
		if left[next] -= done; left[next] < 1e-6 {
			left[next] = 0
			open--
		}
		hands[hand] += done/rate + p.Gap.Seconds()
		busy += done / rate
		e.Invocations++
		next = (next + 1) % p.Shards
	}
	end := 0.0
	for _, h := range hands {
		end = math.Max(end, h-p.Gap.Seconds())
	}
	e.Took = time.Duration(end * float64(time.Second)).Round(time.Second)
	e.Rate = p.Members / end
	e.Writes, e.Reads = p.Members*p.Changing*p.WriteUnits, p.Members*p.ReadUnits
	e.Warm = rate * float64(len(hands)) * p.Changing * (p.WriteUnits - indexUnits)
	e.Dollars = e.Writes/1e6*p.WritePrice + e.Reads/1e6*p.ReadPrice + busy*functionMemory*p.ComputePrice + float64(e.Invocations)/1e6*p.InvokePrice
	return e
}
