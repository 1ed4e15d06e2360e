package deployment

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// Functions send messages through SES, SNS and EventBridge. The outbox can therefore receive only the data in these
// requests: for an email its tags, for a text message only the text, and for an event the complete message.

func (d *Deployment) email(ctx context.Context, e awsapi.Email) error {
	link := strings.TrimSuffix(strings.TrimPrefix(e.Headers["List-Unsubscribe"], "<"), ">")
	err := d.deliver(ctx, notify.Message{
		ID: e.Tags["message"], Program: e.Tags["program"], Member: loyalty.MemberID(e.Tags["member"]),
		Reminder: e.Tags["reminder"],
		Channel:  loyalty.Email, To: e.To[0], Subject: e.Subject, Text: e.Text, HTML: e.HTML, Unsubscribe: link,
	})
	if err == nil {
		d.bus.report(e)
	}
	return err
}

func (d *Deployment) textMessage(ctx context.Context, t awsapi.TextMessage) error {
	m := notify.Message{ID: t.MessageID, Program: d.options.Program, Channel: loyalty.SMS, To: t.To, Text: t.Text}
	if t.Attributes["AWS.SNS.SMS.SMSType"] == "Transactional" {
		m.Purpose = loyalty.Transactional
	}
	return d.deliver(ctx, m)
}

func (d *Deployment) busEvent(ctx context.Context, e awsapi.BusEvent) error {
	var m notify.Message
	if err := json.Unmarshal(e.Detail, &m); err != nil {
		return fmt.Errorf("deployment: read an event: %w", err)
	}
	return d.deliver(ctx, m)
}

func (d *Deployment) deliver(ctx context.Context, m notify.Message) error {
	if m.At.IsZero() {
		m.At = d.now().UTC()
	}
	err := d.options.Outbox.Send(ctx, m)
	if errors.Is(err, notify.ErrRejected) {
		return fmt.Errorf("%w: %w", awsapi.ErrRejected, err)
	}
	return err
}
