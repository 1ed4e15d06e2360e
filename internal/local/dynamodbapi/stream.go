package dynamodbapi

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// A Record is one change in the format of a DynamoDB stream with new images
// (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html).
type Record struct {
	EventID      string       `json:"eventID"`
	EventName    string       `json:"eventName"` // INSERT, MODIFY, REMOVE
	EventVersion string       `json:"eventVersion"`
	EventSource  string       `json:"eventSource"`
	Region       string       `json:"awsRegion"`
	Change       StreamChange `json:"dynamodb"`
	StreamARN    string       `json:"eventSourceARN"`
}

// A StreamChange is the changed item.
type StreamChange struct {
	At        int64      `json:"ApproximateCreationDateTime"` // seconds since 1970
	Keys      attributes `json:"Keys"`
	NewImage  attributes `json:"NewImage,omitzero"`
	Sequence  string     `json:"SequenceNumber"` // increases with each change
	SizeBytes int        `json:"SizeBytes"`
	ViewType  string     `json:"StreamViewType"`
}

// Record returns the stream record of a change. Sequence numbers must increase within a stream.
func (c Change) Record(sequence int64, at time.Time, region, streamARN string) Record {
	name := "MODIFY"
	switch {
	case c.Old == nil:
		name = "INSERT"
	case c.New == nil:
		name = "REMOVE"
	}
	image, _ := json.Marshal(c.New) // only its length is used
	return Record{
		EventID: rand.Text(), EventName: name, EventVersion: "1.1", EventSource: "aws:dynamodb", Region: region,
		StreamARN: streamARN,
		Change: StreamChange{
			At: at.Unix(), Keys: c.Key, NewImage: c.New, Sequence: fmt.Sprintf("%021d", sequence),
			SizeBytes: len(image), ViewType: "NEW_IMAGE",
		},
	}
}
