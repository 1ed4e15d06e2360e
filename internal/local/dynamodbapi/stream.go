package dynamodbapi

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// A Record is one change in the format of a DynamoDB stream that contains the new items
// (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html).
type Record struct {
	EventID      string       `json:"eventID"`
	EventName    string       `json:"eventName"` // INSERT, MODIFY or REMOVE
	EventVersion string       `json:"eventVersion"`
	EventSource  string       `json:"eventSource"`
	Region       string       `json:"awsRegion"`
	Change       StreamChange `json:"dynamodb"`
	StreamARN    string       `json:"eventSourceARN"`
}

// A StreamChange contains the changed item.
type StreamChange struct {
	At        int64      `json:"ApproximateCreationDateTime"` // in seconds since 1970
	Keys      attributes `json:"Keys"`
	NewImage  attributes `json:"NewImage,omitzero"`
	Sequence  string     `json:"SequenceNumber"` // a number that increases with each change
	SizeBytes int        `json:"SizeBytes"`
	ViewType  string     `json:"StreamViewType"`
}

// Record converts a change to a stream record. The sequence numbers of a stream must increase.
func (c Change) Record(sequence int64, at time.Time, region, streamARN string) Record {
	name := "MODIFY"
	switch {
	case c.Old == nil:
		name = "INSERT"
	case c.New == nil:
		name = "REMOVE"
	}
	image, _ := json.Marshal(c.New) // only the length of the image is used
	return Record{
		EventID: rand.Text(), EventName: name, EventVersion: "1.1", EventSource: "aws:dynamodb", Region: region,
		StreamARN: streamARN,
		Change: StreamChange{
			At: at.Unix(), Keys: c.Key, NewImage: c.New, Sequence: fmt.Sprintf("%021d", sequence),
			SizeBytes: len(image), ViewType: "NEW_IMAGE",
		},
	}
}
