package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// A Receiver processes events of payment providers. It is safe for concurrent use.
type Receiver struct {
	app         *app.App
	email       func(program, email string) stored.Identity
	fingerprint func(program string, content []byte) string
	seal        seal
	connections *app.Refreshed[connections]
	activity    recorder
}

// New returns a receiver for the connections of the App that have valid settings. It logs the other connections. If the
// App can read the settings again, a rotated secret is accepted within minutes.
func New(a *app.App) *Receiver {
	r := &Receiver{app: a, email: a.EmailName(), seal: newSeal(a.Derive("webhooks"), a.Random)}
	r.fingerprint = a.Ledger.Keyring.Fingerprint
	connected := connect(a, a.Processors, nil)
	var reread func(context.Context) (connections, error)
	if a.Reread != nil {
		reread = func(ctx context.Context) (connections, error) {
			settings, err := a.Reread(ctx)
			if err != nil {
				return nil, err
			}
			// The variable connected needs no lock, because only one caller at a time runs this function.
			connected = connect(a, settings, connected)
			return connected, nil
		}
	}
	r.connections = app.NewRefreshed(a, "webhooks", connected, reread)
	return r
}

// connection returns the connection of a program to a provider, or nil if there is none.
func (r *Receiver) connection(ctx context.Context, program, provider string) *connection {
	return r.connections.Get(ctx)[program][provider]
}

// receive verifies a request and processes the events in it.
func (r *Receiver) receive(ctx context.Context, con *connection, request webhook.Request) ([]Received, error) {
	messages, err := con.Verify(ctx, request)
	if err != nil {
		return nil, err
	}
	var all []Received
	for _, m := range messages {
		one, err := r.process(ctx, con, arrival{Message: m, at: request.At})
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	r.recordActivity(ctx, con)
	return all, nil
}

// An arrival is a verified message that must be processed, with the time at which it arrived.
type arrival struct {
	webhook.Message
	at    time.Time
	again bool
	clock int64 // the clock of an object that was read from the provider's API; otherwise zero
}

// process reads a verified event and passes it to the ledger or to quarantine.
func (r *Receiver) process(ctx context.Context, con *connection, in arrival) (Received, error) {
	schedule, _, err := r.app.Programs.Schedule(ctx, con.program)
	if err == nil {
		err = schedule.Switches.Check(switches.Earn)
	}
	if err != nil {
		return Received{}, err
	}
	e, err := con.Read(ctx, in.Message)
	var unusable *webhook.UnusableError
	if err != nil && !errors.As(err, &unusable) {
		return Received{}, err
	}
	p, err := r.app.Programs.Live(ctx, con.program)
	if err != nil {
		return Received{}, err
	}
	d, report := r.delivery(con, in, e, unusable == nil)
	if d.Body = r.seal.close(in.Body, bound(con.program, con.provider, d.Event)); len(d.Body) > maxSealed {
		d.Body = nil
	}
	var k service.StoredDelivery
	switch live := r.app.Stage == app.Live; {
	case unusable == nil && e.Privacy != nil:
		k, err = r.handlePrivacy(ctx, p, d, *e.Privacy)
	case unusable != nil:
		k, err = r.app.Deliveries.Quarantine(ctx, p.ID, d, unusable.Code, unusable.Detail)
	case e.Live != nil && *e.Live != live:
		k, err = r.app.Deliveries.Quarantine(ctx, p.ID, d, service.StageMismatch,
			"The event has test mode at a live stack, or live mode at a test stack.")
	default:
		k, err = r.app.Payments.Receive(ctx, p, d, report)
	}
	if err != nil {
		return Received{}, err
	}
	if k.Outcome == service.Quarantined {
		telemetry.Count(ctx, telemetry.Quarantined, 1)
		r.app.Log.ErrorContext(ctx, "a webhook was quarantined",
			"program", con.program, "provider", con.provider, "event", d.Event, "code", k.Code)
	}
	if in.clock == 0 {
		r.readBack(ctx, con, k.Unclear)
	}
	return Received{Event: d.Event, Outcome: k.Outcome, Code: k.Code}, nil
}

// delivery converts an event to the form that the ledger stores. The mark of a delivery shows whether two events have
// the same content. It is a keyed hash, so that no one can confirm a guess of the content without the key. An event
// without an ID is identified by a keyed hash of its body.
func (r *Receiver) delivery(
	con *connection, in arrival, e webhook.Event, usable bool,
) (d service.Delivery, report *service.Report) {
	d = service.Delivery{
		Provider: con.provider, Event: e.ID, Type: e.Type, Path: in.Topic, At: e.At, Received: in.at, Again: in.again,
		Transmission: in.Transmission,
	}
	if d.Event == "" {
		d.Event = "body-" + r.fingerprint(con.program, in.Body)
	}
	if e.Report != nil {
		one := e.Report.Report
		if e.Report.Address != "" {
			one.Email = r.email(con.program, e.Report.Address).Value
		}
		report = &one
	}
	if e.Mark != "" {
		d.Mark = r.fingerprint(con.program, []byte(e.Mark))
		return d, report // the clocks and times in the report come from the provider's API
	}
	content, err := json.Marshal(report, json.Deterministic(true))
	if err != nil || !usable {
		content = in.Body
	}
	d.Mark = r.fingerprint(con.program, append([]byte(e.Type+"\n"), content...))
	if report != nil {
		for i := range report.Facts {
			if report.Facts[i].At.IsZero() {
				report.Facts[i].At = in.at // the signed fields contain no time
			}
			if in.clock > 0 {
				report.Facts[i].Clock = in.clock
			}
		}
	}
	return d, report
}

// maxSealed is the maximum size of a sealed body, so that the body fits into one item of the table. Compression usually
// reduces 1 MiB of JSON to a fraction of this size. If the sealed body of an event is larger, the event is processed,
// but its body is not stored.
const maxSealed = 240 << 10

// bound returns additional authenticated data. It binds a stored body to its event: the body cannot be decrypted as the
// body of another event.
func bound(program, provider, event string) string { return program + "\n" + provider + "\n" + event }

// Replay processes a stored event again. The content of the event still counts only once.
func (r *Receiver) Replay(ctx context.Context, program string, k service.StoredDelivery) (Received, error) {
	con := r.connection(ctx, program, k.Provider)
	if con == nil {
		return Received{}, errNotConnected(program, k.Provider)
	}
	body, err := r.Body(program, k)
	if err != nil {
		return Received{}, err
	}
	m := webhook.Message{Topic: k.Path, ID: k.Event, Body: body}
	one, err := r.process(ctx, con, arrival{Message: m, at: k.Received, again: true})
	if err == nil && (one.Outcome != service.Quarantined || k.Counted()) {
		err = r.app.Deliveries.Redriven(ctx, program, k)
	}
	return one, err
}

// Body returns the body of a stored event as it was received.
func (r *Receiver) Body(program string, k service.StoredDelivery) ([]byte, error) {
	return r.seal.open(k.Body, bound(program, k.Provider, k.Event))
}

func errNotConnected(program, provider string) error {
	return fmt.Errorf("payments: program %s is not connected to %s", program, provider)
}
