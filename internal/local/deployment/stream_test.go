package deployment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// handlerFunc is a function of a test.
type handlerFunc func(payload []byte) ([]byte, error)

func (f handlerFunc) Invoke(_ context.Context, payload []byte) ([]byte, error) { return f(payload) }

// follow returns a stream that one function reads, and a function that writes to its table.
func follow(
	t *testing.T, properties stack.Object, function handlerFunc,
) (put func(sk string), s *stream, log *bytes.Buffer) {
	t.Helper()
	log = new(bytes.Buffer)
	m, err := newMapping(
		"relay", stack.Event{Type: "DynamoDB", Properties: properties}, function,
		slog.New(slog.NewTextHandler(log, nil)),
	)
	if err != nil {
		t.Fatal(err)
	}
	s = &stream{
		region: Region, arn: "arn:stream", mappings: []*mapping{m},
		now: func() time.Time { return time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC) },
	}
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	api := &dynamodbapi.API{Table: tab, Name: "perennial", Changed: s.add}
	t.Cleanup(func() {
		m.close()
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(sk string) {
		t.Helper()
		it, err := tab.Get(t.Context(), table.Key{PK: "p", SK: sk})
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(
			`{"TableName":"perennial","Item":{"pk":{"S":"p"},"sk":{"S":%q},"v":{"N":"%d"},"doc":{"M":{}}}}`, sk,
			it.Version+1,
		)
		if _, err := api.Do(t.Context(), "PutItem", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}, s, log
}

// batchOf returns the sort keys and sequence numbers of an event's records.
func batchOf(t *testing.T, payload []byte) (sks, sequences []string) {
	t.Helper()
	var event struct {
		Records []struct {
			EventName string `json:"eventName"`
			Change    struct {
				SequenceNumber string
				Keys           map[string]map[string]string
			} `json:"dynamodb"`
		}
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		t.Fatal(err)
	}
	for _, r := range event.Records {
		sks, sequences = append(sks, r.Change.Keys["sk"]["S"]), append(sequences, r.Change.SequenceNumber)
	}
	return sks, sequences
}

func TestRecordsHaveLambdaFormat(t *testing.T) {
	var got []byte
	put, s, _ := follow(t, nil, func(payload []byte) ([]byte, error) {
		got = payload
		return []byte(`{"batchItemFailures":[]}`), nil
	})
	put("000001")
	put("000001")
	go s.mappings[0].run()
	s.mappings[0].wait()
	var event struct{ Records []map[string]any }
	if err := json.Unmarshal(got, &event); err != nil {
		t.Fatal(err)
	}
	image := func(version string) map[string]any {
		return map[string]any{
			"pk": map[string]any{"S": "p"}, "sk": map[string]any{"S": "000001"}, "v": map[string]any{"N": version},
			"doc": map[string]any{"M": map[string]any{}},
		}
	}
	record := func(name, version, sequence string) map[string]any {
		return map[string]any{
			"eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": Region,
			"eventSourceARN": "arn:stream",
			"dynamodb": map[string]any{
				"ApproximateCreationDateTime": 1796119200.0,
				"Keys": map[string]any{
					"pk": map[string]any{"S": "p"}, "sk": map[string]any{"S": "000001"},
				},
				"NewImage": image(version), "SequenceNumber": sequence, "SizeBytes": 65.0,
				"StreamViewType": "NEW_IMAGE",
			},
		}
	}
	for _, r := range event.Records {
		if r["eventID"] == "" {
			t.Error("a record has no ID")
		}
		delete(r, "eventID")
	}
	want := []map[string]any{
		record("INSERT", "1", "000000000000000000001"), record("MODIFY", "2", "000000000000000000002"),
	}
	if diff := cmp.Diff(want, event.Records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestMatchingRecordsAreDeliveredInBatches(t *testing.T) {
	var batches [][]string
	put, s, _ := follow(t, stack.Object{
		"BatchSize": uint64(2),
		"FilterCriteria": stack.Object{
			"Filters": []any{
				stack.Object{"Pattern": `{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"0"}]}}}}`},
			},
		},
	}, func(payload []byte) ([]byte, error) {
		sks, _ := batchOf(t, payload)
		batches = append(batches, sks)
		return []byte(`{}`), nil
	})
	for _, sk := range []string{"000001", "ACCOUNT", "000002", "000001", "000003"} {
		put(sk)
	}
	go s.mappings[0].run()
	s.mappings[0].wait()
	if want := [][]string{{"000001", "000002"}, {"000003"}}; !slices.EqualFunc(batches, want, slices.Equal) {
		t.Errorf("delivered %v, not %v", batches, want)
	}
}

func TestBatchIsRedeliveredFromFirstFailure(t *testing.T) {
	var batches []string
	put, s, _ := follow(t, nil, func(payload []byte) ([]byte, error) {
		sks, sequences := batchOf(t, payload)
		batches = append(batches, strings.Join(sks, ""))
		if len(batches) > 1 {
			return []byte(`{"batchItemFailures":[]}`), nil
		}
		return fmt.Appendf(
			nil, `{"batchItemFailures":[{"itemIdentifier":%q},{"itemIdentifier":%q}]}`, sequences[2], sequences[1],
		), nil
	})
	for _, sk := range []string{"a", "b", "c"} {
		put(sk)
	}
	go s.mappings[0].run()
	s.mappings[0].wait()
	if want := []string{"abc", "bc"}; !slices.Equal(batches, want) {
		t.Errorf("delivered %v, not %v", batches, want)
	}
}

func TestFailedBatchIsHalvedUntilBadRecordIsAlone(t *testing.T) {
	var batches []string
	put, s, log := follow(t,
		stack.Object{
			"BisectBatchOnFunctionError": true, "MaximumRetryAttempts": uint64(1),
		}, func(payload []byte) ([]byte, error) {
			sks, _ := batchOf(t, payload)
			batches = append(batches, strings.Join(sks, ""))
			if slices.Contains(sks, "bad") {
				return nil, errors.New("this record is bad")
			}
			return []byte(`{}`), nil
		})
	for _, sk := range []string{"a", "b", "bad", "d"} {
		put(sk)
	}
	go s.mappings[0].run()
	s.mappings[0].wait()
	if want := []string{"abbadd", "ab", "badd", "bad", "bad", "d"}; !slices.Equal(batches, want) {
		t.Errorf("delivered %v, not %v", batches, want)
	}
	if !strings.Contains(log.String(), "dropped") || !strings.Contains(log.String(), "records=1") {
		t.Errorf("logged %s", log)
	}
}
