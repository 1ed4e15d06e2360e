// Package local runs every function on one machine. It stands in for what AWS puts around them: API Gateway
// turns requests into events, Scheduler fires on a clock, SQS delivers, repeats and gives up.
//
// It promises that the functions cannot tell: they are the same values that boot starts, invoked with the same
// bytes, limits and deadlines. And it promises what AWS cannot: a clock that can be moved or stand still
// (POST /v1/test/clock), on which everything that falls due on the way happens at its own instant.
//
// It deliberately is no emulator: no regions, no roles, no throttles, and queues that a restart empties (the
// next schedule fills them again). The table's stream is not fed, as nobody can subscribe to it in this release.
// It serves one process and was never meant to face a network.
package local

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/notify/wording"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// secret keys the identities and cursors of the local stack. It is no secret: whoever runs the stack has the
// table. It is fixed so that a data directory can be opened again, and the same seed gives the same bytes.
const secret = "one-machine/3f9c1b7e52d84a60/nothing-is-protected-by-this"

// A Stack is all functions in one process. It is an http.Handler, the API's.
type Stack struct {
	App    *app.App
	Outbox *notify.Outbox // what would have gone out to members

	clock     *Clock
	gateway   *gateway
	queues    *queues
	scheduler *scheduler
	clockMux  http.Handler
}

// Options is what a Stack is made of. All fields are required down to Log.
type Options struct {
	Table table.Table
	Clock *Clock
	Log   *slog.Logger

	Processors app.Processors // what is agreed with payment processors
	HTTP       *http.Client   // for their APIs, and
	Roots      *x509.CertPool // whom their certificates come from; as in an App

	// Moved is called after a request has moved the test clock, with how far it is now ahead. It is for those who keep data
	// longer than a process: what happened later must not lie in the future again.
	Moved func(ahead time.Duration) error

	// URL is where the stack answers, for the links in messages; empty: http://localhost.
	URL string
}

// functions are those of the cloud, by name, as functions/*/main.go starts them. New adds the two that write to members;
// relay is not among them.
var functions = map[string]func(*app.App) lambda.Handler{
	"members":  api.Members,
	"earn":     api.Earn,
	"redeem":   api.Redeem,
	"programs": api.Programs(api.Reader{Check: program.Check, Explain: program.Explain, Diff: program.Diff}),
	"webhooks": payments.Webhooks,
	"reassess": jobs.Reassess,
}

// New puts a stack together. Nothing fires before Run or Advance.
func New(o Options) (*Stack, error) {
	s := &Stack{clock: o.Clock, queues: newQueues(o.Log), Outbox: &notify.Outbox{}}
	s.queues.now = o.Clock.Now
	s.App = &app.App{
		Table: o.Table, Queue: s.queues, Now: o.Clock.Now, Log: o.Log, Stage: app.Test, Secret: []byte(secret),
		Processors: o.Processors, HTTP: o.HTTP, Roots: o.Roots,
	}
	if err := s.App.Wire(); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	made := map[string]lambda.Handler{}
	for name, function := range functions {
		made[name] = access.Handler(name, function(s.App))
	}
	made["remind"] = access.Handler("remind", jobs.Remind(s.office(o.URL))(s.App))
	made["reminders"] = access.Handler("reminders", api.Reminders(s.office(o.URL))(s.App))
	s.gateway = newGateway(o.Clock.Now, o.Log)
	for _, r := range api.Routes() {
		if made[r.Function] == nil {
			return nil, fmt.Errorf("local: no function %q serves %s", r.Function, r.Pattern)
		}
		s.gateway.handle(r.Pattern, made[r.Function])
	}
	s.gateway.handle(api.DefaultRoute, made[api.DefaultFunction])
	s.queues.handle(jobs.ReassessQueue, made["reassess"])
	s.queues.handle(jobs.RemindQueue, made["remind"])
	s.scheduler = &scheduler{
		clock: o.Clock, queues: s.queues, log: o.Log,
		fired: o.Clock.Now(), moved: make(chan struct{}, 1),
	}
	for _, schedule := range Schedules() {
		minute, err := schedule.minute()
		if err != nil {
			return nil, err
		}
		s.scheduler.timers = append(s.scheduler.timers, timer{schedule.Function, minute, made[schedule.Function]})
	}
	s.clockMux = clockHandler{s, o.Moved}
	return s, nil
}

// office delivers through every channel to the outbox.
func (s *Stack) office(url string) func(*app.App) *notify.Office {
	return func(a *app.App) *notify.Office {
		o := &notify.Office{
			Senders: map[loyalty.Channel]notify.Sender{}, Words: wording.Words, Letter: wording.Letter,
			Links: notify.Links{Base: cmp.Or(url, "http://localhost"), Key: a.Derive("unsubscribe")},
		}
		for _, c := range loyalty.Channels() {
			o.Senders[c] = s.Outbox
		}
		return o
	}
}

// Run fires the schedules until ctx ends.
func (s *Stack) Run(ctx context.Context) { s.scheduler.run(ctx) }

// Advance moves the clock on. It returns once all that fell due on the way was done, which takes about a second
// for a year of nothing.
func (s *Stack) Advance(ctx context.Context, d time.Duration) error {
	if d <= 0 || d > maxAdvance {
		return errors.New("local: the clock moves forward only, and at most five years at once")
	}
	return s.scheduler.advance(ctx, d)
}

// Dead counts the messages that were given up, by queue.
func (s *Stack) Dead() map[string]int { return s.queues.dead() }

func (s *Stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case clockPath:
		s.clockMux.ServeHTTP(w, r)
		return
	case outboxPath:
		outboxHandler{s}.ServeHTTP(w, r)
		return
	case failuresPath:
		failuresHandler{s}.ServeHTTP(w, r)
		return
	}
	s.gateway.ServeHTTP(w, r)
}
