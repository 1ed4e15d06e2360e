// Package snstext sends text messages through Amazon SNS.
//
// It promises to send each once: SNS cannot tell a repetition of a text message, so a call is made once, and what became
// of one that was not answered nobody knows.
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

// A Sender sends to telephone numbers.
type Sender struct {
	Client   *sns.Client
	SenderID string // what telephones show, where a country allows it; may be empty
}

var _ notify.Sender = (*Sender)(nil)

// Send hands a message to SNS.
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
	if _, err := s.Client.Publish(ctx, in, func(o *sns.Options) { o.Retryer = aws.NopRetryer{} }); err != nil {
		return fmt.Errorf("snstext: %w: %w", certainly(err), err)
	}
	return nil
}

// errUnknown says that nobody knows what became of a message.
var errUnknown = errors.New("the outcome is unknown")

// certainly tells a number that SNS does not take from a refusal for now and from what nobody knows.
func certainly(err error) error {
	if errors.As(err, new(*types.InvalidParameterException)) {
		return notify.ErrRejected
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorFault() == smithy.FaultClient {
		return notify.ErrNotSent
	}
	return errUnknown
}
