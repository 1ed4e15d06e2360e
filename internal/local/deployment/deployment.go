// Package deployment runs the functions' binaries on one machine as template.yaml deploys them: with their environment,
// timeouts, memory sizes, policies and event sources.
//
// A function has exactly the resources of the template. Its environment contains the variables of the template and of
// Lambda. Its AWS calls are sent to the emulated services of package awsapi, which check them against the function's
// policies. Records of the table's stream and events of SES are selected with the filters and patterns of the
// function's event sources. Package local delivers the events of the API, the schedules and the queues. It delivers
// them in the same way to functions in its own process.
//
// Deliberate limits: only the event sources of the template invoke a function, but a caller can send any event to the
// functions that Handlers returns. A failed event is repeated immediately. Reminders by webhook are not configured,
// because their sender rejects addresses of this machine.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/local/runtimeapi"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// These constants describe the AWS account in which the functions seem to run.
const (
	Region    = "us-east-1"
	account   = "000000000000"
	stackName = "perennial-dev"
)

// processes is the default value of Options.Processes.
const processes = 8

// Options configures a deployment. Template, Binaries, Secrets, Outbox, Queue and Log are required. Either Table or
// DynamoDB is required too.
type Options struct {
	Template   *stack.Template
	Binaries   string            // a directory that contains <function>/bootstrap
	Parameters map[string]string // values of the template's parameters; others have their default value
	Secrets    map[string]string // values of the template's secrets, by logical ID
	DataKey    awsapi.Key        // emulates the KMS key DataKey of the template
	// Program is the loyalty program to which text messages are attributed, because SNS requests name none.
	Program string

	Table     table.Table // the table of the functions; nil if DynamoDB is set
	DynamoDB  string      // the URL of a DynamoDB endpoint that has the table and does not verify signatures
	TableName string      // the name of the table in DynamoDB

	Outbox notify.Sender // receives all messages to members
	Queue  func(
		ctx context.Context, function string, bodies ...string,
	) error // receives the messages to the queue of a function
	Clock  func() (now time.Time, frozen bool) // the stack's clock; nil selects the machine's clock
	Log    *slog.Logger
	Output func(function string, line []byte) // receives the lines that functions write, concurrently; may be nil

	Processes int // the maximum number of processes of each function; 0 selects 8
}

// A Deployment contains the running functions and the emulated services. Start creates one.
type Deployment struct {
	options   Options
	values    stack.Values
	url       string // the URL of the emulated services
	server    *http.Server
	functions map[string]*runtimeapi.Function
	stream    *stream
	bus       *bus
}

// Start starts the emulated services. A process of a function starts when the function is first invoked.
func Start(o Options) (*Deployment, error) {
	d := &Deployment{options: o, values: values(o), functions: map[string]*runtimeapi.Function{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("deployment: %w", err)
	}
	d.url = "http://" + listener.Addr().String()
	d.stream = &stream{region: Region, arn: fmt.Sprint(d.values["Table.StreamArn"]), now: d.now}
	d.bus = &bus{region: Region, account: account, now: d.now, log: o.Log, reported: d.reported()}
	services, err := d.services()
	if err == nil {
		err = d.connect()
	}
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	d.server = &http.Server{Handler: services, ReadHeaderTimeout: 10 * time.Second}
	go d.server.Serve(listener)
	for _, m := range d.stream.mappings {
		go m.run()
	}
	return d, nil
}

// Parameters returns template parameters that enable all channels that work on one machine: email, text messages and
// push. Links in messages use the given URL of the API.
func Parameters(url string) map[string]string {
	return map[string]string{
		"Stage": "test", "PublicUrl": url, "MailFrom": "Perennial <rewards@perennial.test>", "SmsSender": "Perennial",
		"PushBus": "perennial",
	}
}

// values returns the values to which the template's references resolve.
func values(o Options) stack.Values {
	where := stack.Deployment{Region: Region, Account: account, StackName: stackName}
	if o.TableName != "" {
		where.Resources = stack.Values{
			"Table":     o.TableName,
			"Table.Arn": strings.Join([]string{"arn:aws:dynamodb", Region, account, "table/" + o.TableName}, ":"),
		}
	}
	v := o.Template.Names(where)
	for name, value := range o.Parameters {
		v[name] = value
	}
	return v
}

func (d *Deployment) now() time.Time {
	if d.options.Clock == nil {
		return time.Now()
	}
	now, _ := d.options.Clock()
	return now
}

// services returns the emulated AWS services.
func (d *Deployment) services() (*awsapi.Server, error) {
	guard, err := access.New(d.options.Template, d.values)
	if err != nil {
		return nil, err
	}
	s := &awsapi.Server{
		Guard: guard, Region: Region, Account: account, Log: d.options.Log, Now: d.now,
		DynamoDB: d.table(), Secrets: map[string]string{}, Queues: map[string]awsapi.Queue{},
		Email: d.email, Text: d.textMessage, Put: d.busEvent,
	}
	for id, secret := range d.options.Secrets {
		s.Secrets[fmt.Sprint(d.values[id])] = secret
	}
	s.Keys = map[string]awsapi.Key{fmt.Sprint(d.values["DataKey.Arn"]): d.options.DataKey}
	for _, f := range d.options.Template.Functions {
		for _, e := range f.Events {
			if e.Type == "SQS" {
				s.Queues[fmt.Sprint(d.values[e.Source])] = awsapi.Queue{
					ARN: fmt.Sprint(d.values[e.Source+".Arn"]),
					Send: func(ctx context.Context, bodies ...string) error {
						return d.options.Queue(ctx, f.Name, bodies...)
					},
				}
			}
		}
	}
	return s, nil
}

// table returns the handler that serves DynamoDB. It also reports changes of the table to the stream.
func (d *Deployment) table() http.Handler {
	name := fmt.Sprint(d.values["Table"])
	if d.options.Table != nil {
		return &dynamodbapi.API{Table: d.options.Table, Name: name, Changed: d.stream.add}
	}
	return &dynamodbapi.Forward{URL: d.options.DynamoDB, Changed: d.stream.add}
}

// connect creates the functions and connects them to their event sources.
func (d *Deployment) connect() error {
	for _, id := range d.options.Template.FunctionIDs() {
		f := d.options.Template.Functions[id]
		fn, err := d.newFunction(f)
		if err != nil {
			return err
		}
		d.functions[f.Name] = fn
		for _, e := range f.Events {
			if err := d.follow(f.Name, e, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow connects a function to the table's stream or to the event bus. Package local handles the other types of event
// sources.
func (d *Deployment) follow(function string, e stack.Event, h lambda.Handler) error {
	switch e.Type {
	case "DynamoDB":
		m, err := newMapping(function, e, h, d.options.Log)
		if err != nil {
			return err
		}
		d.stream.mappings = append(d.stream.mappings, m)
	case "EventBridgeRule":
		source, err := d.options.Template.Resolve(e.Properties["Pattern"], d.values)
		if err != nil {
			return err
		}
		r, err := newRule(function, source, h)
		if err != nil {
			return err
		}
		d.bus.rules = append(d.bus.rules, r)
	}
	return nil
}

// reported returns the types of email events that the template's configuration set sends to the event bus.
func (d *Deployment) reported() (types []string) {
	for _, r := range d.options.Template.OfType("AWS::SES::ConfigurationSetEventDestination") {
		for _, t := range stack.List(stack.At(r.Properties, "EventDestination", "MatchingEventTypes")) {
			types = append(types, strings.ToUpper(text(t)))
		}
	}
	return types
}

// Handlers returns the functions by their short names, such as earn.
func (d *Deployment) Handlers() map[string]lambda.Handler {
	all := map[string]lambda.Handler{}
	for name, f := range d.functions {
		all[name] = f
	}
	return all
}

// PIDs returns the process IDs of a function's processes.
func (d *Deployment) PIDs(function string) []int { return d.functions[function].PIDs() }

// Warm starts a process of each function. It returns an error if a process cannot start.
func (d *Deployment) Warm(ctx context.Context) error {
	var names []string
	for name := range d.functions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := d.functions[name].Warm(ctx); err != nil {
			return fmt.Errorf("deployment: start %s: %w", name, err)
		}
	}
	return nil
}

// Wait waits until all pending stream records and bus events have been delivered.
func (d *Deployment) Wait() {
	d.bus.deliveries.Wait()
	for _, m := range d.stream.mappings {
		m.wait()
	}
}

// Close stops all processes and services. Invocations in progress fail, and undelivered events are lost.
func (d *Deployment) Close() error {
	for _, m := range d.stream.mappings {
		m.close()
	}
	for _, f := range d.functions {
		f.Close()
	}
	d.bus.deliveries.Wait()
	return d.server.Close()
}
