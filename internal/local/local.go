// Package local runs the whole stack on one machine. It replaces the AWS services around the functions: API Gateway,
// which converts requests to events; Scheduler, which runs schedules; and SQS, which delivers messages, retries them
// and finally moves them to a dead-letter queue.
//
// The functions run either in this process, with the same constructors as on Lambda, or as binaries (see Binaries). In
// both cases, they receive the same events, limits and deadlines, and return the same responses. Functions in this
// process have no policies, and a feed replaces the table's stream and the function relay; binaries have policies and
// a stream (see package deployment). The stack's clock can be
// frozen or advanced (POST /v1/test/clock). When it is advanced, every expiry and every schedule that has work until
// the new time is processed at its own instant.
//
// Deliberate limits: there is no throttling. A restart empties the queues, and the next schedule sends the lost
// messages again. The package serves one process and must not be reachable from a network.
package local

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/console"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/local/deployment"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
	"github.com/perennial-loyalty/perennial/internal/local/paypal"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// secret is the key from which identities and cursors in the local stack are derived. It needs no protection, because
// everyone who can run the stack can also read the table. It is constant, so that a data directory can be opened again
// and Seed always creates the same data.
const secret = "one-machine/3f9c1b7e52d84a60/nothing-is-protected-by-this"

// A Stack contains all functions and their environment. It is the http.Handler of the API. Close it after use.
type Stack struct {
	App    *app.App
	Outbox *notify.Outbox // the messages that members would have received

	clock      *Clock
	feed       *feed                  // nil if the functions run as binaries
	deployment *deployment.Deployment // nil if the functions run in this process
	gateway    *gateway.Gateway
	queues     *queues
	scheduler  *scheduler
	works      map[string]nextWork // the next work of each function; nil if the functions run as binaries
	clockMux   http.Handler
	console    http.Handler
	paypal     *paypal.Server // nil if PayPal is not emulated
	signIn     signInLink
}

// Options configures a Stack. The fields from the first one to Log are required.
type Options struct {
	Table table.Table
	Clock *Clock
	Log   *slog.Logger

	Processors app.Processors // the connections to payment processors
	HTTP       *http.Client   // the client for the APIs of payment processors
	Roots      *x509.CertPool // the root certificates for webhook signatures, as in app.App

	// PayPal emulates PayPal if it is not nil. The stack then trusts only its certificates, and reads from its API.
	PayPal *paypal.Server

	// Root is the key that wraps the keys of programs, as in app.App. If it is not set, it is derived from a constant.
	Root keyring.Root

	Random io.Reader // the source of randomness, as in app.App; nil selects crypto/rand

	// CheckpointSecret signs the checkpoints of transparency logs, as in app.App. If it is nil, a constant is used.
	CheckpointSecret []byte
	// Checkpoint is called with each new checkpoint of a program's log. It may be nil. It is not called if the
	// functions run as binaries, which write checkpoints to their output.
	Checkpoint func(program, text string) error

	// Moved is called with the clock's offset after a request has advanced the test clock. A caller whose data remains
	// after the process exits must store the offset. Otherwise, stored events could be in the future after a restart.
	Moved func(ahead time.Duration) error

	// Binaries runs the functions as binaries if it is not nil. Otherwise, they run in this process.
	Binaries *Binaries

	// URL is the address of the stack for links in messages. If it is empty, http://localhost is used.
	URL string
}

// New creates a stack. Schedules do not run before the first call of Run or Advance.
func New(o Options) (*Stack, error) {
	s := &Stack{clock: o.Clock, queues: newQueues(o.Log), Outbox: &notify.Outbox{}, paypal: o.PayPal}
	s.queues.now = o.Clock.Now
	if o.Binaries == nil {
		s.feed = newFeed(o)
		o.Table = s.feed
	}
	s.App = &app.App{
		Table: o.Table, Queue: s.queues, Now: o.Clock.Now, Wall: time.Now,
		Log: o.Log, Stage: app.Test, Secret: []byte(secret),
		Processors: o.Processors, HTTP: o.HTTP, Roots: o.Roots, Random: o.Random,
		Root: o.Root, RecordKeyUse: true,
	}
	if err := s.App.Wire(); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	s.App.Ledger.Turns = new(ledger.Turns)
	if o.PayPal != nil {
		client := *s.App.HTTP
		client.Transport = o.PayPal
		s.App.HTTP, s.App.Roots = &client, o.PayPal.Roots()
	}
	made, err := s.handlers(o)
	if err != nil {
		return nil, err
	}
	s.gateway = gateway.New(o.Clock.Now, o.Log)
	for _, r := range request.Routes() {
		if made[r.Function] == nil {
			return nil, fmt.Errorf("local: no function %q serves %s", r.Function, r.Pattern)
		}
		s.gateway.Handle(r.Pattern, made[r.Function])
	}
	s.gateway.Handle(request.DefaultRoute, made[request.DefaultFunction])
	for _, name := range []string{jobs.ReassessQueue, jobs.RemindQueue} { // each queue has the name of its function
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
		s.scheduler.timers = append(s.scheduler.timers, timer{
			schedule.Function, minute, made[schedule.Function], s.works[schedule.Function],
		})
	}
	s.clockMux = clockHandler{s, o.Moved}
	s.console = console.Handler(api.Spec)
	return s, nil
}

// Run runs the schedules and appends entries to the transparency logs until ctx ends.
func (s *Stack) Run(ctx context.Context) {
	var group sync.WaitGroup
	if s.feed != nil {
		group.Go(func() { s.feed.run(ctx) })
	}
	s.scheduler.run(ctx)
	group.Wait()
}

// Advance advances the clock. It returns when all work until the new time has been processed. If the functions run in
// this process, it skips runs of schedules that would have no effect.
func (s *Stack) Advance(ctx context.Context, d time.Duration) error {
	if d <= 0 || d > maxAdvance {
		return errors.New("local: the clock can only move forward, by at most five years at a time")
	}
	return s.scheduler.advance(ctx, d)
}

// Warm starts a process of each function if the functions run as binaries. It returns an error if a process cannot
// start.
func (s *Stack) Warm(ctx context.Context) error {
	if s.deployment == nil {
		return nil
	}
	return s.deployment.Warm(ctx)
}

// Wait waits until stream records and email feedback have been delivered. Only functions that run as binaries cause
// such events.
func (s *Stack) Wait() {
	if s.deployment != nil {
		s.deployment.Wait()
	}
}

// Close appends the last entries to the transparency logs and stops the functions' processes, if there are any.
func (s *Stack) Close() error {
	s.App.KeyUse.Wait()
	if s.deployment == nil {
		s.feed.close()
		return nil
	}
	return s.deployment.Close()
}

// Dead returns, for each queue, the number of messages that failed in all attempts.
func (s *Stack) Dead() map[string]int { return s.queues.dead() }
