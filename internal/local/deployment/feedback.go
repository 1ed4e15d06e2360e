package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
)

// simulator is the domain of SES's mailbox simulator. The address at this domain determines what happens to an email
// (https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html). There is no feedback for other
// addresses, because no email is sent to another machine.
const simulator = "@simulator.amazonses.com"

// asyncAttempts is the number of attempts that Lambda makes for an asynchronous invocation by default.
const asyncAttempts = 3

// A bus is the default EventBridge bus of the account. SES sends email feedback to it.
type bus struct {
	region, account string
	reported        []string // types of events that the configuration set sends to the bus, in capitals
	now             func() time.Time
	log             *slog.Logger
	rules           []rule
	deliveries      sync.WaitGroup
}

// A rule sends the events that match a pattern to a function.
type rule struct {
	function string
	handler  lambda.Handler
	pattern  pattern
}

// A sesEvent is an event that SES sends to the bus. Its format is described in "Contents of event data that Amazon SES
// sends to EventBridge" in the SES developer guide. Only the fields that do not depend on a mail server are set.
type sesEvent struct {
	Version    string    `json:"version"`
	ID         string    `json:"id"`
	DetailType string    `json:"detail-type"`
	Source     string    `json:"source"`
	Account    string    `json:"account"`
	Time       string    `json:"time"`
	Region     string    `json:"region"`
	Resources  []string  `json:"resources"`
	Detail     sesDetail `json:"detail"`
}

type sesDetail struct {
	EventType string         `json:"eventType"`
	Mail      sesMail        `json:"mail"`
	Bounce    map[string]any `json:"bounce,omitzero"`
	Complaint map[string]any `json:"complaint,omitzero"`
	Delivery  map[string]any `json:"delivery,omitzero"`
}

type sesMail struct {
	Timestamp   string              `json:"timestamp"`
	Source      string              `json:"source"`
	MessageID   string              `json:"messageId"`
	Destination []string            `json:"destination"`
	Tags        map[string][]string `json:"tags"`
}

// newRule creates a rule from a pattern of the template in which all references are resolved.
func newRule(function string, source any, h lambda.Handler) (rule, error) {
	p, err := compilePattern(source)
	if err != nil {
		return rule{}, fmt.Errorf("%s: %w", function, err)
	}
	return rule{function, h, p}, nil
}

// report sends the feedback of SES for an email to the bus, which delivers it to functions in the background.
func (b *bus) report(e awsapi.Email) {
	event, ok := b.event(e)
	if !ok || e.ConfigurationSet == "" || !slices.Contains(b.reported, strings.ToUpper(event.Detail.EventType)) {
		return
	}
	payload, err := json.Marshal(event)
	if err != nil {
		b.log.Error("event could not be encoded", "err", err)
		return
	}
	var tree any
	if err := json.Unmarshal(payload, &tree); err != nil {
		b.log.Error("event could not be decoded", "err", err)
		return
	}
	for _, r := range b.rules {
		if r.pattern(tree) {
			b.deliveries.Go(func() { b.deliver(r, payload) })
		}
	}
}

// deliver invokes a function like Lambda's asynchronous invocation, with repeated attempts.
func (b *bus) deliver(r rule, payload []byte) {
	var err error
	for range asyncAttempts {
		if _, err = r.handler.Invoke(context.Background(), payload); err == nil {
			return
		}
	}
	b.log.Error("event dropped after all attempts", "function", r.function, "err", err)
}

// event returns the feedback of SES for an email. It reports false if the address does not belong to the mailbox
// simulator.
func (b *bus) event(e awsapi.Email) (sesEvent, bool) {
	local, ok := strings.CutSuffix(e.To[0], simulator)
	if !ok {
		return sesEvent{}, false
	}
	now := b.now().UTC().Format(time.RFC3339)
	recipients := []map[string]string{{"emailAddress": e.To[0]}}
	tags := map[string][]string{}
	for name, value := range e.Tags {
		tags[name] = []string{value}
	}
	event := sesEvent{
		Version: "0", ID: e.MessageID, Source: "aws.ses", Account: b.account, Time: now, Region: b.region,
		Resources: []string{e.ConfigurationSet},
		Detail: sesDetail{
			Mail: sesMail{Timestamp: now, Source: e.From, MessageID: e.MessageID, Destination: e.To, Tags: tags},
		},
	}
	switch d := &event.Detail; local {
	case "success":
		event.DetailType, d.EventType = "Email Delivered", "Delivery"
		d.Delivery = map[string]any{"timestamp": now, "recipients": e.To}
	case "bounce":
		event.DetailType, d.EventType = "Email Bounced", "Bounce"
		d.Bounce = map[string]any{
			"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": recipients, "timestamp": now,
		}
	case "complaint":
		event.DetailType, d.EventType = "Email Complaint Received", "Complaint"
		d.Complaint = map[string]any{"complainedRecipients": recipients, "timestamp": now}
	default:
		return sesEvent{}, false
	}
	return event, true
}
