package failurequeues

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/perennial-loyalty/perennial/internal/failures"
)

// errTrimmed reports that records are no longer in the stream, which stores them for 24 hours.
var errTrimmed = errors.New("failurequeues: the stream has deleted these records after 24 hours. " +
	"The entries themselves are in the table. Update the reader of the stream from the table")

// replay reads a range of records from the stream again and invokes the function with them.
func (q *Queues) replay(ctx context.Context, function string, r failures.Range) error {
	records, err := q.records(ctx, r)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return fmt.Errorf("failurequeues: encode the event: %w", err)
	}
	return q.invoke(ctx, function, payload)
}

// records reads a range of records in the format in which Lambda delivers them.
func (q *Queues) records(ctx context.Context, r failures.Range) (list []any, err error) {
	from, err := q.Streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &r.Stream, ShardId: &r.Shard, SequenceNumber: &r.First,
		ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber,
	})
	if err != nil {
		return nil, streamError(err)
	}
	empty := 0
	for next := from.ShardIterator; next != nil && empty < maxEmptyPages; {
		page, err := q.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return nil, streamError(err)
		}
		for _, record := range page.Records {
			n := aws.ToString(record.Dynamodb.SequenceNumber)
			if after(n, r.Last) {
				return list, nil
			}
			list = append(list, lambdaRecord(record, r.Stream))
			if n == r.Last {
				return list, nil
			}
		}
		if next = page.NextShardIterator; len(page.Records) == 0 {
			empty++
		}
	}
	if len(list) == 0 {
		return nil, errTrimmed
	}
	return list, nil
}

// maxEmptyPages limits the number of empty pages that are read from an open shard, because such a shard has no last
// page.
const maxEmptyPages = 20

func streamError(err error) error {
	var trimmed *types.TrimmedDataAccessException
	var missing *types.ResourceNotFoundException
	if errors.As(err, &trimmed) || errors.As(err, &missing) {
		return errTrimmed
	}
	return fmt.Errorf("failurequeues: read the stream: %w", err)
}

// after reports whether sequence number a is greater than b. Sequence numbers are decimal numbers of up to 40 digits.
func after(a, b string) bool {
	x, okA := new(big.Int).SetString(a, 10)
	y, okB := new(big.Int).SetString(b, 10)
	return okA && okB && x.Cmp(y) > 0
}

// lambdaRecord encodes a record in the same form as Lambda: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html.
func lambdaRecord(r types.Record, stream string) any {
	change := map[string]any{
		"Keys": plainMap(r.Dynamodb.Keys), "SequenceNumber": aws.ToString(r.Dynamodb.SequenceNumber),
		"StreamViewType": r.Dynamodb.StreamViewType, "SizeBytes": aws.ToInt64(r.Dynamodb.SizeBytes),
	}
	if at := r.Dynamodb.ApproximateCreationDateTime; at != nil {
		change["ApproximateCreationDateTime"] = at.Unix()
	}
	for name, image := range map[string]map[string]types.AttributeValue{
		"NewImage": r.Dynamodb.NewImage, "OldImage": r.Dynamodb.OldImage,
	} {
		if image != nil {
			change[name] = plainMap(image)
		}
	}
	return map[string]any{
		"eventID": aws.ToString(r.EventID), "eventName": r.EventName, "eventVersion": aws.ToString(r.EventVersion),
		"eventSource": aws.ToString(r.EventSource), "awsRegion": aws.ToString(r.AwsRegion), "eventSourceARN": stream,
		"dynamodb": change,
	}
}

func plainMap(in map[string]types.AttributeValue) map[string]any {
	out := map[string]any{}
	for name, value := range in {
		out[name] = plain(value)
	}
	return out
}

// plain converts a value to the JSON form that DynamoDB uses, such as {"S": "text"}.
func plain(value types.AttributeValue) map[string]any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": plainMap(v.Value)}
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, x := range v.Value {
			list = append(list, plain(x))
		}
		return map[string]any{"L": list}
	default:
		return map[string]any{"NULL": true}
	}
}
