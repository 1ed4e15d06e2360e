// Package sesmail sends email through Amazon SES.
//
// A message has a text and an HTML body. If it has an unsubscribe link, it has the headers of RFC 8058 for one-click
// unsubscribe. Its tags identify the program and the member. SES includes the tags in its reports of bounces,
// complaints, deliveries and opens. SES does not deduplicate emails, so a call is not retried. If a response is lost,
// the outcome is unknown.
package sesmail

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/perennial-loyalty/perennial/internal/notify"
)

// A Sender sends emails from one address.
type Sender struct {
	// SendEmail is the method SendEmail of an SDK client. If this field contained the client itself, the binary would
	// contain all methods of the client.
	SendEmail func(
		context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options),
	) (*sesv2.SendEmailOutput, error)

	From string // an address of a domain that SES has verified, such as "Bluebird Rewards <hello@example.com>"
	Set  string // the SES configuration set that reports the delivery of messages; may be empty
}

var _ notify.Sender = (*Sender)(nil)

// Send sends a message through SES.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	utf8 := aws.String("UTF-8")
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &s.From,
		Destination:      &types.Destination{ToAddresses: []string{m.To}},
		EmailTags: []types.MessageTag{
			{Name: aws.String("program"), Value: &m.Program},
			{Name: aws.String("member"), Value: aws.String(string(m.Member))},
			{Name: aws.String("message"), Value: &m.ID},
			{Name: aws.String("reminder"), Value: &m.Reminder},
		},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: &m.Subject, Charset: utf8},
			Body: &types.Body{
				Text: &types.Content{Data: &m.Text, Charset: utf8},
				Html: &types.Content{Data: &m.HTML, Charset: utf8},
			},
		}},
	}
	if m.Unsubscribe != "" {
		in.Content.Simple.Headers = []types.MessageHeader{
			{Name: aws.String("List-Unsubscribe"), Value: aws.String("<" + m.Unsubscribe + ">")},
			{Name: aws.String("List-Unsubscribe-Post"), Value: aws.String("List-Unsubscribe=One-Click")},
		}
	}
	if s.Set != "" {
		in.ConfigurationSetName = &s.Set
	}
	if _, err := s.SendEmail(ctx, in, func(o *sesv2.Options) { o.Retryer = aws.NopRetryer{} }); err != nil {
		return fmt.Errorf("sesmail: %w: %w", certainly(err), err)
	}
	return nil
}

// errUnknown means that the message may or may not have been sent.
var errUnknown = errors.New("the outcome is unknown")

// certainly returns notify.ErrNotSent if SES refused the message, and otherwise errUnknown.
func certainly(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorFault() == smithy.FaultClient {
		return notify.ErrNotSent
	}
	return errUnknown
}
