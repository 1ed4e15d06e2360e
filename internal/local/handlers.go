package local

import (
	"cmp"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/api/programs"
	"github.com/perennial-loyalty/perennial/internal/api/redemptions"
	"github.com/perennial-loyalty/perennial/internal/api/reminders"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/deployment"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/notify/wording"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// Binaries runs the functions' binaries, with package deployment. The functions then have their own processes, emulated
// AWS services and the policies of template.yaml.
type Binaries struct {
	Template *stack.Template
	Dir      string // a directory that contains <function>/bootstrap
	Program  string // the loyalty program to which text messages are attributed, because SNS requests name none

	Output func(function string, line []byte) // receives the lines that functions write, concurrently; may be nil

	// DynamoDB is the endpoint of the functions' table, and TableName is the name of the table there. If DynamoDB is
	// empty, the functions use the table of Options.
	DynamoDB, TableName string
}

// functions contains the constructors of the functions that send no messages to members, by name. They are the same as
// in functions/*/main.go. The function relay is not included, because a feed replaces it.
var functions = map[string]func(*app.App) lambda.Handler{
	"members":  api.Members,
	"earn":     api.Earn,
	"redeem":   redemptions.Handler,
	"programs": programs.Handler,
	"webhooks": payments.Webhooks,
	"reassess": jobs.Reassess,
}

// handlers returns the functions by name. If the options specify binaries, the functions run as binaries. Otherwise,
// they run in this process.
func (s *Stack) handlers(o Options) (map[string]lambda.Handler, error) {
	if o.Binaries != nil {
		return s.deploy(o)
	}
	made := map[string]lambda.Handler{}
	s.works = map[string]nextWork{}
	add := func(name string, h lambda.Handler) {
		made[name] = gateway.As(name, h)
		if scheduled, ok := h.(jobs.Scheduled); ok {
			s.works[name] = scheduled.NextWork
		}
	}
	for name, function := range functions {
		add(name, function(s.App))
	}
	add("remind", jobs.Remind(s.dispatcher(o.URL))(s.App))
	add("reminders", reminders.Handler(s.dispatcher(o.URL))(s.App))
	return made, nil
}

// dispatcher returns a function that creates dispatchers. These send the messages of every channel to the outbox.
func (s *Stack) dispatcher(url string) func(*app.App) *notify.Dispatcher {
	return func(a *app.App) *notify.Dispatcher {
		o := &notify.Dispatcher{
			Senders: map[loyalty.Channel]notify.Sender{}, Words: wording.Words, GiftWords: wording.GiftWords,
			Links: notify.Links{Base: baseURL(url), Key: a.Derive("unsubscribe")},
		}
		for _, c := range remind.Channels() {
			o.Senders[c] = s.Outbox
		}
		return o
	}
}

func baseURL(url string) string { return cmp.Or(url, "http://localhost") }

// deploy starts a deployment that runs the binaries.
func (s *Stack) deploy(o Options) (map[string]lambda.Handler, error) {
	processors, err := json.Marshal(o.Processors)
	if err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	options := deployment.Options{
		Template: o.Binaries.Template, Binaries: o.Binaries.Dir, Output: o.Binaries.Output, Log: o.Log,
		Parameters: deployment.Parameters(baseURL(o.URL)), Program: o.Binaries.Program,
		Secrets: map[string]string{
			"Secret": secret, "WebhooksSecret": string(processors), "WebhookSecret": secret,
			"CheckpointSecret": cmp.Or(string(o.CheckpointSecret), secret),
		},
		DataKey:  awsapi.Key(s.App.Root),
		DynamoDB: o.Binaries.DynamoDB, TableName: o.Binaries.TableName,
		Outbox: s.Outbox, Queue: s.queues.Send, Clock: s.clock.instant, // a queue has the name of its function
	}
	if o.Binaries.DynamoDB == "" {
		options.Table = o.Table
	}
	if s.deployment, err = deployment.Start(options); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	return s.deployment.Handlers(), nil
}
