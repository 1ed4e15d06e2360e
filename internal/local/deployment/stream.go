package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A stream delivers the changes of the table to the functions that read it, in order and in batches
// (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html).
type stream struct {
	region, arn string
	now         func() time.Time
	mappings    []*mapping

	mu       sync.Mutex
	sequence int64
}

// shard is the ID of the only shard of a stream.
const shard = "shardId-00000000000000000001-00000000"

// A mapping connects a function to the stream (in Lambda's terms, an event source mapping).
type mapping struct {
	function string
	handler  lambda.Handler
	filters  []pattern // a record must match at least one filter; without filters, all records match
	batch    int       // the maximum number of records in a batch
	attempts int       // the maximum number of attempts to deliver a batch
	bisect   bool      // true to divide a failing batch into two halves
	windowed bool      // true if the function has a tumbling window, so that events name the shard
	log      *slog.Logger

	mu      sync.Mutex
	changed *sync.Cond // signals changes of the fields pending and busy
	pending []dynamodbapi.Record
	busy    bool
	closed  bool
}

// newMapping creates a mapping from an event source of type DynamoDB in the template.
func newMapping(function string, e stack.Event, h lambda.Handler, log *slog.Logger) (*mapping, error) {
	m := &mapping{
		function: function, handler: h, log: log, batch: wholeOr(e.Properties["BatchSize"], 100),
		attempts: 1 + wholeOr(e.Properties["MaximumRetryAttempts"], 10),
		bisect:   e.Properties["BisectBatchOnFunctionError"] == true,
		windowed: e.Properties["TumblingWindowInSeconds"] != nil,
	}
	m.changed = sync.NewCond(&m.mu)
	for _, f := range stack.List(stack.At(e.Properties["FilterCriteria"], "Filters")) {
		source, _ := stack.At(f, "Pattern").(string)
		p, err := parsePattern([]byte(source))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", function, err)
		}
		m.filters = append(m.filters, p)
	}
	return m, nil
}

// wholeOr returns an integer value of the template. It returns absent if there is no value.
func wholeOr(v any, absent int) int {
	switch n := v.(type) {
	case uint64:
		return int(n)
	case int64:
		return int(n)
	}
	return absent
}

// add appends changes to the stream.
func (s *stream) add(changes []dynamodbapi.Change) {
	if len(s.mappings) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		s.sequence++
		r := c.Record(s.sequence, s.now(), s.region, s.arn)
		for _, m := range s.mappings {
			m.add(r)
		}
	}
}

func (m *mapping) add(r dynamodbapi.Record) {
	if !m.wants(r) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = append(m.pending, r)
	m.changed.Broadcast()
}

func (m *mapping) wants(r dynamodbapi.Record) bool {
	if len(m.filters) == 0 {
		return true
	}
	var event any
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &event)
	}
	if err != nil {
		panic("deployment: " + err.Error()) // cannot fail, because records can always be encoded
	}
	return slices.ContainsFunc(m.filters, func(p pattern) bool { return p(event) })
}

// run delivers pending records until the mapping is closed.
func (m *mapping) run() {
	for {
		m.mu.Lock()
		m.busy = false
		m.changed.Broadcast()
		for len(m.pending) == 0 && !m.closed {
			m.changed.Wait()
		}
		if m.closed {
			m.mu.Unlock()
			return
		}
		n := min(m.batch, len(m.pending))
		batch := slices.Clone(m.pending[:n])
		m.pending = m.pending[n:]
		m.busy = true
		m.mu.Unlock()
		m.deliver(batch)
	}
}

// wait waits until no record is pending and no batch is being delivered.
func (m *mapping) wait() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for (len(m.pending) > 0 || m.busy) && !m.closed {
		m.changed.Wait()
	}
}

func (m *mapping) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.changed.Broadcast()
}

// deliver invokes the function until the whole batch has been processed. Records that fail in the last attempt are
// logged and dropped.
func (m *mapping) deliver(batch []dynamodbapi.Record) {
	var failed error
	for range m.attempts {
		left, err := m.invoke(batch)
		if len(left) == 0 {
			return
		}
		if half := len(left) / 2; err != nil && m.bisect && half > 0 {
			m.deliver(left[:half])
			m.deliver(left[half:])
			return
		}
		batch, failed = left, err
	}
	m.log.Error("stream records dropped after all attempts", "function", m.function,
		"first", batch[0].Change.Sequence, "records", len(batch), "err", failed)
}

// invoke delivers a batch once. It returns the records that must be delivered again: after an error, all records of the
// batch; otherwise the first record that the function reported as failed, and all records after it.
func (m *mapping) invoke(batch []dynamodbapi.Record) (left []dynamodbapi.Record, err error) {
	event := map[string]any{"Records": batch}
	if m.windowed {
		event["shardId"], event["state"] = shard, map[string]string{}
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return batch, fmt.Errorf("deployment: encode an event: %w", err)
	}
	out, err := m.handler.Invoke(context.Background(), payload)
	if err != nil {
		return batch, err
	}
	var answer events.DynamoDBEventResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		return batch, fmt.Errorf("deployment: the response of %s: %w", m.function, err)
	}
	first := len(batch)
	for _, f := range answer.BatchItemFailures {
		i := slices.IndexFunc(batch, func(r dynamodbapi.Record) bool { return r.Change.Sequence == f.ItemIdentifier })
		if i < 0 {
			return batch, fmt.Errorf("deployment: %s reported an unknown record: %q", m.function, f.ItemIdentifier)
		}
		first = min(first, i)
	}
	return batch[first:], nil
}
