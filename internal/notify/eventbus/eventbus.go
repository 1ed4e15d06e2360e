// Package eventbus hands messages to Amazon EventBridge, for channels whose devices and words are the merchant's: push.
//
// It promises that an event carries the message's id, by which a consumer tells a repetition, so that whatever was not
// taken for sure is sent again.
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

// The names under which rules find the events.
const (
	Source     = "perennial"
	DetailType = "Reminder Due"
)

// A Sender puts messages on one bus.
type Sender struct {
	Client *eventbridge.Client
	Bus    string // its name
}

var _ notify.Sender = (*Sender)(nil)

// Send puts a message on the bus.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	detail, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("eventbus: write an event: %w", err)
	}
	out, err := s.Client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &s.Bus, Source: aws.String(Source), DetailType: aws.String(DetailType), Detail: aws.String(string(detail)), Time: &m.At,
	}}})
	if err != nil {
		return fmt.Errorf("eventbus: %w: %w", notify.ErrNotSent, err)
	}
	if out.FailedEntryCount > 0 {
		failed := out.Entries[0]
		return fmt.Errorf("eventbus: %w: %s: %s", notify.ErrNotSent, aws.ToString(failed.ErrorCode), aws.ToString(failed.ErrorMessage))
	}
	return nil
}
