// Package deployment runs the functions' binaries on one machine as template.yaml deploys them: with their
// environment, timeouts, memory sizes, policies and event sources.
//
// A function has exactly the resources of the template. Its environment contains the variables of the template and
// of Lambda, its AWS calls go to the emulated services of package awsapi and are checked against its policies, and
// records of the table's stream and SES's events reach it through the filters and patterns of its event sources.
// Package local delivers the events of the API, the schedules and the queues, as it does to functions in its own
// process.
//
// Deliberate limits: only the event sources of the template invoke a function, but a caller can send any event to the
// functions that Handlers returns. Retries follow immediately. Reminders by webhook are not configured, because their
// sender rejects addresses of this machine.
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

// These constants describe the AWS deployment that the functions see.
const (
	Region    = "us-east-1"
	account   = "000000000000"
	stackName = "perennial-dev"
)

// processes is the default of Options.Processes.
const processes = 8

// Options configures a deployment. Template, Binaries, Secrets, Outbox, Queue and Log are required, and either
// Table or DynamoDB.
type Options struct {
	Template   *stack.Template
	Binaries   string            // the directory with <function>/bootstrap
	Parameters map[string]string // parameters of the template; a missing one has its default
	Secrets    map[string]string // the values of the template's secrets by logical ID
	Program    string            // the loyalty program of sent text messages; SNS requests do not name one

	Table     table.Table // the functions' table; or
	DynamoDB  string      // the URL of an endpoint with the table, which must not verify signatures,
	TableName string      // and the table's name there

	Outbox notify.Sender // receives every message to a member
	Queue  func(
		ctx context.Context, function string, bodies ...string,
	) error // receives messages for a function's queue
	Clock  func() (now time.Time, frozen bool) // the stack's clock; nil for the machine's
	Log    *slog.Logger
	Output func(function string, line []byte) // receives each line that a function writes, concurrently; may be nil

	Processes int // the maximum number of processes per function; 0 means 8
}

// A Deployment contains the running functions and their services. Start creates one.
type Deployment struct {
	options   Options
	values    stack.Values
	url       string // of the emulated services
	server    *http.Server
	functions map[string]*runtimeapi.Function
	stream    *stream
	bus       *bus
}

// Start starts the emulated services. The functions' processes start on demand.
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

// Parameters returns template parameters that enable all channels that work on one machine: email, text messages
// and push, with links to the API's address.
func Parameters(url string) map[string]string {
	return map[string]string{
		"Stage": "test", "PublicUrl": url, "MailFrom": "Perennial <rewards@perennial.test>", "SmsSender": "Perennial",
		"PushBus": "perennial",
	}
}

// values returns the values of the template's references.
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

// services returns the AWS APIs that the functions call.
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

// table serves DynamoDB and reports changes to the stream.
func (d *Deployment) table() http.Handler {
	name := fmt.Sprint(d.values["Table"])
	if d.options.Table != nil {
		return &dynamodbapi.API{Table: d.options.Table, Name: name, Changed: d.stream.add}
	}
	return &dynamodbapi.Forward{URL: d.options.DynamoDB, Changed: d.stream.add}
}

// connect creates the functions and their event sources.
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

// follow connects a function to the table's stream or to the bus. Package local handles the other event sources.
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

// reported returns the event types that the template's configuration set sends to the bus.
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

// Warm starts a process of each function, and returns an error if one cannot start.
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

// Wait returns when the pending records of the stream and events of the bus have been delivered.
func (d *Deployment) Wait() {
	d.bus.deliveries.Wait()
	for _, m := range d.stream.mappings {
		m.wait()
	}
}

// Close stops all processes and services. Events in progress fail, and undelivered events are lost.
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
