// Package local runs the whole stack on one machine. It replaces the AWS services around the functions: API Gateway turns
// requests into events, Scheduler fires on a clock, and SQS delivers messages, repeats them and gives them up.
//
// The functions run in this process, as the values that boot starts, or as the binaries that ship (Binaries). Both get the
// same events, limits and deadlines, and answer alike. In one process there are no policies and no table stream; the
// binaries have both, see package deployment. The clock of the stack can be moved or stand still (POST /v1/test/clock).
// When it is moved, everything that falls due on the way happens at its own instant.
//
// Deliberate limits: there are no throttles, and a restart empties the queues (the next schedule fills them again). The
// package serves one process, and must not face a network.
package local

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/local/deployment"
	"github.com/perennial-loyalty/perennial/internal/local/paypal"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// secret keys the identities and cursors of the local stack. It is no secret: whoever runs the stack has the
// table. It is fixed so that a data directory can be opened again, and the same seed gives the same bytes.
const secret = "one-machine/3f9c1b7e52d84a60/nothing-is-protected-by-this"

// A Stack is all functions and what is around them. It is an http.Handler, the API's. Close it after use.
type Stack struct {
	App    *app.App
	Outbox *notify.Outbox // what would have gone out to members

	clock      *Clock
	deployment *deployment.Deployment // nil if the functions run in this process
	gateway    *gateway
	queues     *queues
	scheduler  *scheduler
	clockMux   http.Handler
	paypal     *paypal.Server // nil if there is none
}

// Options is what a Stack is made of. All fields are required down to Log.
type Options struct {
	Table table.Table
	Clock *Clock
	Log   *slog.Logger

	Processors app.Processors // what is agreed with payment processors
	HTTP       *http.Client   // for their APIs, and
	Roots      *x509.CertPool // whom their certificates come from; as in an App

	// PayPal, if not nil, stands in for PayPal: the stack trusts its certificates alone, and reads from its API.
	PayPal *paypal.Server

	// Moved is called after a request has moved the test clock, with how far it is now ahead. It is for those who keep data
	// longer than a process: what happened later must not lie in the future again.
	Moved func(ahead time.Duration) error

	// Binaries, if not nil, run the functions, instead of this process.
	Binaries *Binaries

	// URL is where the stack answers, for the links in messages; empty: http://localhost.
	URL string
}

// New puts a stack together. Nothing fires before Run or Advance.
func New(o Options) (*Stack, error) {
	s := &Stack{clock: o.Clock, queues: newQueues(o.Log), Outbox: &notify.Outbox{}, paypal: o.PayPal}
	s.queues.now = o.Clock.Now
	s.App = &app.App{
		Table: o.Table, Queue: s.queues, Now: o.Clock.Now, Log: o.Log, Stage: app.Test, Secret: []byte(secret),
		Processors: o.Processors, HTTP: o.HTTP, Roots: o.Roots,
	}
	if err := s.App.Wire(); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	if o.PayPal != nil {
		client := *s.App.HTTP
		client.Transport = o.PayPal
		s.App.HTTP, s.App.Roots = &client, o.PayPal.Roots()
	}
	made, err := s.handlers(o)
	if err != nil {
		return nil, err
	}
	s.gateway = newGateway(o.Clock.Now, o.Log)
	for _, r := range api.Routes() {
		if made[r.Function] == nil {
			return nil, fmt.Errorf("local: no function %q serves %s", r.Function, r.Pattern)
		}
		s.gateway.handle(r.Pattern, made[r.Function])
	}
	s.gateway.handle(api.DefaultRoute, made[api.DefaultFunction])
	for _, name := range []string{jobs.ReassessQueue, jobs.RemindQueue} { // each feeds the function of its name
		if made[name] == nil {
			return nil, fmt.Errorf("local: no function %q takes messages", name)
		}
		s.queues.handle(name, made[name])
	}
	s.scheduler = &scheduler{
		clock: o.Clock, queues: s.queues, log: o.Log,
		fired: o.Clock.Now(), moved: make(chan struct{}, 1), settle: s.Wait,
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

// Warm starts a process of each function, if they are binaries, and returns why one cannot start.
func (s *Stack) Warm(ctx context.Context) error {
	if s.deployment == nil {
		return nil
	}
	return s.deployment.Warm(ctx)
}

// Wait returns when the events that the functions caused past the queues have been delivered: those of the table's stream
// and those that report what became of emails. Only binaries cause any.
func (s *Stack) Wait() {
	if s.deployment != nil {
		s.deployment.Wait()
	}
}

// Close ends the functions' processes, if there are any.
func (s *Stack) Close() error {
	if s.deployment == nil {
		return nil
	}
	return s.deployment.Close()
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
	case paypalPath:
		paypalHandler{s}.ServeHTTP(w, r)
		return
	case failuresPath:
		failuresHandler{s}.ServeHTTP(w, r)
		return
	}
	s.gateway.ServeHTTP(w, r)
}
