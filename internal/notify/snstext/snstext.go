// Package snstext sends text messages through Amazon SNS.
//
// Each message is sent at most once. SNS does not deduplicate text messages, so a call is not retried. If a response is
// lost, the outcome is unknown.
package snstext

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// A Sender sends text messages to telephone numbers.
type Sender struct {
	// Publish is the method Publish of an SDK client. If this field contained the client itself, the binary would
	// contain all methods of the client.
	Publish func(
		context.Context, *sns.PublishInput, ...func(*sns.Options),
	) (*sns.PublishOutput, error)

	SenderID string // the name that telephones show as the sender, in countries that allow this; may be empty
}

var _ notify.Sender = (*Sender)(nil)

// Send sends a message through SNS.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	kind := "Promotional"
	if m.Purpose == loyalty.Transactional {
		kind = "Transactional"
	}
	text := func(v string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &v}
	}
	in := &sns.PublishInput{
		PhoneNumber: &m.To, Message: &m.Text,
		MessageAttributes: map[string]types.MessageAttributeValue{"AWS.SNS.SMS.SMSType": text(kind)},
	}
	if s.SenderID != "" {
		in.MessageAttributes["AWS.SNS.SMS.SenderID"] = text(s.SenderID)
	}
	if _, err := s.Publish(ctx, in, func(o *sns.Options) { o.Retryer = aws.NopRetryer{} }); err != nil {
		return fmt.Errorf("snstext: %w: %w", certainly(err), err)
	}
	return nil
}

// errUnknown means that the message may or may not have been sent.
var errUnknown = errors.New("the outcome is unknown")

// certainly converts an error of SNS: the number is invalid (notify.ErrRejected), SNS refused the message
// (notify.ErrNotSent), or the outcome is unknown (errUnknown).
func certainly(err error) error {
	if errors.As(err, new(*types.InvalidParameterException)) {
		return notify.ErrRejected
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorFault() == smithy.FaultClient {
		return notify.ErrNotSent
	}
	return errUnknown
}
