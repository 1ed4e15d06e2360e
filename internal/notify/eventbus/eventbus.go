// Package eventbus sends messages to Amazon EventBridge. It is for push messages: the merchant knows the devices and
// writes the texts.
//
// An event contains the ID of the message, so that a consumer can detect repetitions. If it is unknown whether
// EventBridge accepted a message, the message is therefore sent again.
package eventbus

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/notify"
)

// EventBridge rules select the events by this source and detail type.
const (
	Source     = "perennial"
	DetailType = "Reminder Due"
)

// A Sender puts messages on one event bus.
type Sender struct {
	// PutEvents is the method PutEvents of an SDK client. If this field contained the client itself, the binary would
	// contain all methods of the client.
	PutEvents func(
		context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options),
	) (*eventbridge.PutEventsOutput, error)

	Bus string // the name of the event bus
}

var _ notify.Sender = (*Sender)(nil)

// Send puts a message on the bus.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	detail, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("eventbus: encode an event: %w", err)
	}
	out, err := s.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &s.Bus, Source: aws.String(Source), DetailType: aws.String(DetailType),
		Detail: aws.String(string(detail)), Time: &m.At,
	}}})
	if err != nil {
		return fmt.Errorf("eventbus: %w: %w", notify.ErrNotSent, err)
	}
	if out.FailedEntryCount > 0 {
		failed := out.Entries[0]
		return fmt.Errorf(
			"eventbus: %w: %s: %s", notify.ErrNotSent, aws.ToString(failed.ErrorCode),
			aws.ToString(failed.ErrorMessage),
		)
	}
	return nil
}
