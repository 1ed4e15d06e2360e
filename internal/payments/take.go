package payments

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// A Receiver processes events of payment processors. It is safe for concurrent use.
type Receiver struct {
	app         *app.App
	email       func(program, email string) ledger.Identity
	seal        seal
	connections *app.Refreshed[connections]
	activity    activity
}

// connections contains the processors with valid settings, by program and provider.
type connections map[string]map[string]*connection

// A connection is the connection of a program to a processor.
type connection struct {
	program, provider string
	verifier          verifier // for Stripe, Shopify, Square and the merchant's own systems
	adyen             adyen
	paypal            *paypal
	api               *paypalAPI
	agreed            app.Processor
}

// New returns a receiver for the App's connections with valid settings, and logs the other connections. If the App
// can read the settings again, a rotated secret is accepted within minutes.
func New(a *app.App) *Receiver {
	r := &Receiver{app: a, email: a.EmailName(), seal: newSeal(a.Derive("webhooks"), a.Random)}
	connected := connect(a, a.Processors, nil)
	var reread func(context.Context) (connections, error)
	if a.Reread != nil {
		reread = func(ctx context.Context) (connections, error) {
			agreed, err := a.Reread(ctx)
			if err != nil {
				return nil, err
			}
			connected = connect(a, agreed, connected) // only one caller at a time runs this function
			return connected, nil
		}
	}
	r.connections = app.NewRefreshed(a, "webhooks", connected, reread)
	return r
}

// connect creates the connections. It reuses a previous connection whose settings have not changed, with its cached
// tokens and certificates.
func connect(a *app.App, agreed app.Processors, before connections) connections {
	all := connections{}
	for program, providers := range agreed {
		all[program] = map[string]*connection{}
		for provider, c := range providers {
			if was := before[program][provider]; was != nil && reflect.DeepEqual(was.agreed, c) {
				all[program][provider] = was
				continue
			}
			if err := c.Check(provider); err != nil {
				a.Log.Error("a payment processor is not connected", "program", program, "provider", provider, "err", err)
				continue
			}
			all[program][provider] = newConnection(a, program, provider, c)
		}
	}
	return all
}

// connection returns the connection of a program to a provider, or nil if there is none.
func (r *Receiver) connection(ctx context.Context, program, provider string) *connection {
	return r.connections.Get(ctx)[program][provider]
}

func newConnection(a *app.App, program, provider string, c app.Processor) *connection {
	con := &connection{program: program, provider: provider, agreed: c}
	switch provider {
	case app.Stripe:
		con.verifier = stripe{plain(c.Secrets)}
	case app.Shopify:
		con.verifier = shopify{plain(c.Secrets)}
	case app.Square:
		con.verifier = square{plain(c.Secrets), c.URL}
	case app.Standard:
		con.verifier = standard{keysOf(c.Secrets, app.StandardKey)}
	case app.Adyen:
		con.adyen = adyen{keysOf(c.Secrets, hex.DecodeString)}
	case app.PayPal:
		con.paypal, con.api = newPayPal(c, a), newPayPalAPI(c, a)
	}
	return con
}

// receive verifies a request and processes its events.
func (r *Receiver) receive(ctx context.Context, con *connection, topic string, h headers, body []byte) ([]Received, error) {
	received, err := r.verified(ctx, con, topic, h, body)
	if err == nil {
		r.recordActivity(ctx, con)
	}
	return received, err
}

func (r *Receiver) verified(ctx context.Context, con *connection, topic string, h headers, body []byte) ([]Received, error) {
	now := r.app.Now()
	switch con.provider {
	case app.Adyen:
		return r.receiveAdyen(ctx, con, h, body)
	case app.PayPal:
		if err := con.paypal.verify(ctx, h, body, now); err != nil {
			return nil, err
		}
	default:
		if err := con.verifier.verify(h, body, now); err != nil {
			return nil, err
		}
	}
	one, err := r.take(ctx, con,
		arrival{path: topic, event: h["webhook-id"], transmission: h["paypal-transmission-id"], body: body, at: now})
	if err != nil {
		return nil, err
	}
	return []Received{one}, nil
}

// An arrival is a verified body.
type arrival struct {
	path         string // for Shopify: the topic of the address
	event        string // the event's ID, if a signed header contains it
	transmission string // for PayPal: the transmission ID
	body         []byte
	at           time.Time
	again        bool
	clock        int64 // of an object that was read back; otherwise zero
}

// take reads a verified event and passes it to the ledger.
func (r *Receiver) take(ctx context.Context, con *connection, in arrival) (Received, error) {
	e, err := r.read(ctx, con, in)
	var strange *oddity
	if errors.As(err, &strange) {
		e.odd, err = strange, nil
	}
	if err != nil {
		return Received{}, err
	}
	return r.settle(ctx, con, in, e)
}

// read reads an event. A PayPal event is compared with PayPal's API, so read can fail temporarily.
func (r *Receiver) read(ctx context.Context, con *connection, in arrival) (event, error) {
	switch con.provider {
	case app.Stripe:
		return readStripe(in.body)
	case app.Shopify:
		return readShopify(in.path, in.body)
	case app.Square:
		return readSquare(in.body)
	case app.Standard:
		return readStandard(in.event, in.body)
	case app.PayPal:
		claim, err := readPayPal(in.body)
		if err != nil {
			return claim.event, err
		}
		return claim.confirmed(ctx, con.api)
	}
	return r.readAdyen(con, in.body)
}

// settle passes a verified event to the ledger or to quarantine.
func (r *Receiver) settle(ctx context.Context, con *connection, in arrival, e event) (Received, error) {
	p, err := r.app.Programs.Live(ctx, con.program)
	if err != nil {
		return Received{}, err
	}
	d := ledger.Delivery{Provider: con.provider, Event: e.id, Type: e.kind, Path: in.path, At: e.at, Received: in.at, Again: in.again}
	report := r.report(con, &d, in, e)
	if d.Body = r.seal.close(in.body, con.bound(d.Event)); len(d.Body) > maxKept {
		d.Body = nil
	}
	var k ledger.Kept
	var strange *oddity
	switch live := r.app.Stage == app.Live; {
	case errors.As(e.odd, &strange):
		k, err = r.app.Ledger.Quarantine(ctx, p.ID, d, strange.code, strange.detail)
	case e.live != nil && *e.live != live:
		k, err = r.app.Ledger.Quarantine(ctx, p.ID, d, ledger.StageMismatch,
			"It is of play money at a live stack, or of real money at a test stack.")
	default:
		k, err = r.app.Ledger.Receive(ctx, p, d, report)
	}
	if err != nil {
		return Received{}, err
	}
	if k.Outcome == ledger.Quarantined {
		telemetry.Count(ctx, telemetry.Quarantined, 1)
		r.app.Log.ErrorContext(ctx, "a webhook was quarantined",
			"program", con.program, "provider", con.provider, "event", d.Event, "code", k.Code)
	}
	if in.clock == 0 {
		r.readBack(ctx, con, k.Unclear)
	}
	return Received{Event: d.Event, Outcome: k.Outcome, Code: k.Code}, nil
}

// report converts an event to the ledger's form. It completes the delivery with an ID, if the event has none, and
// with the mark that detects whether two events have the same content.
func (r *Receiver) report(con *connection, d *ledger.Delivery, in arrival, e event) *ledger.Report {
	raw := digest(in.body)
	if d.Event == "" {
		d.Event = "body-" + raw
	}
	var report *ledger.Report
	if e.report != nil {
		one := e.report.Report
		if e.report.email != "" {
			one.Email = r.email(con.program, e.report.email).Value
		}
		report = &one
	}
	if con.provider == app.PayPal {
		// The API's data can change, so the mark covers the webhook.
		d.Transmission, d.Mark = in.transmission, paypalMark(in.body)
		return report
	}
	said, err := json.Marshal(report, json.Deterministic(true))
	if err != nil || e.odd != nil {
		said = in.body
	}
	d.Mark = digest(append([]byte(e.kind+"\n"), said...))
	if report != nil {
		for i := range report.Facts {
			if report.Facts[i].At.IsZero() {
				report.Facts[i].At = in.at // no signed field contains a time
			}
			if in.clock > 0 {
				report.Facts[i].Clock = in.clock
			}
		}
	}
	return report
}

// maxKept is the maximum size of a sealed body, so that it fits into one item of the table. Compression usually
// reduces 1 MiB of JSON to a fraction of this size. An event with a larger sealed body is processed, but its body is
// not stored.
const maxKept = 240 << 10

// bound returns the additional authenticated data that binds a stored body to its event.
func (con *connection) bound(event string) string {
	return con.program + "\n" + con.provider + "\n" + event
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}

// receiveAdyen processes each item of a batch separately, so that an invalid item does not affect the others. If no
// item is valid, it rejects the request.
func (r *Receiver) receiveAdyen(ctx context.Context, con *connection, h headers, body []byte) ([]Received, error) {
	now := r.app.Now()
	if signature := h["hmacsignature"]; signature != "" { // of another Adyen product, whose events do not count
		if err := con.adyen.verifyPayload(signature, body); err != nil {
			return nil, err
		}
		one, err := r.settle(ctx, con, arrival{body: body, at: now}, event{kind: "payload"})
		return []Received{one}, err
	}
	var batch adyenBatch
	if decode(body, &batch) != nil || len(batch.Items) == 0 {
		return nil, errMissing // the batch contains nothing that could be signed
	}
	bad := make([]error, len(batch.Items))
	good := 0
	for i, x := range batch.Items {
		it, err := readAdyenItem(x.Item)
		if bad[i] = err; err != nil {
			bad[i] = errSignature
		} else if bad[i] = con.adyen.verify(it); bad[i] == nil {
			good++
		}
	}
	if good == 0 {
		return nil, bad[0]
	}
	var all []Received
	for i, x := range batch.Items {
		in := arrival{body: adyenAlone(batch.Live, x.Item), at: now}
		var one Received
		var err error
		if bad[i] != nil {
			one, err = r.settle(ctx, con, in,
				event{kind: "unsigned", odd: odd(signatureInvalid, "An item of a batch was not signed by Adyen.")})
		} else {
			one, err = r.take(ctx, con, in)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// adyenAlone returns the body of a batch with a single item, which is the form in which items are stored.
func adyenAlone(live, item jsontext.Value) []byte {
	if len(live) == 0 {
		live = jsontext.Value("null")
	}
	return fmt.Appendf(nil, `{"live":%s,"notificationItems":[{"NotificationRequestItem":%s}]}`, live, item)
}

// readAdyen reads a batch with a single item. It verifies the signature again, so that replaying an item that was
// stored without a valid signature does not accept it.
func (r *Receiver) readAdyen(con *connection, body []byte) (event, error) {
	var batch adyenBatch
	if err := decode(body, &batch); err != nil || len(batch.Items) != 1 {
		return event{}, odd("malformed_json", "The batch has not one item.")
	}
	it, err := readAdyenItem(batch.Items[0].Item)
	if err != nil {
		return event{}, odd("malformed_json", "The item is not what Adyen sends.")
	}
	if err := con.adyen.verify(it); err != nil {
		return event{kind: "unsigned"}, odd(signatureInvalid, "The item was not signed by Adyen.")
	}
	return readAdyenItemEvent(it, batch.Live, con.agreed.CapturesManually(it.Account))
}

// errUnreachable means that a processor's API could not be reached.
var errUnreachable = errors.New("payments: a processor's API could not be reached")

// Replay processes a stored event again. Its content still counts only once.
func (r *Receiver) Replay(ctx context.Context, program string, k ledger.Kept) (Received, error) {
	con := r.connection(ctx, program, k.Provider)
	if con == nil {
		return Received{}, fmt.Errorf("payments: program %s is not connected to %s", program, k.Provider)
	}
	body, err := r.Body(program, k)
	if err != nil {
		return Received{}, err
	}
	one, err := r.take(ctx, con, arrival{path: k.Path, event: k.Event, body: body, at: k.Received, again: true})
	if err == nil && (one.Outcome != ledger.Quarantined || k.Counted()) {
		err = r.app.Ledger.Redriven(ctx, program, k)
	}
	return one, err
}

// Body returns a stored event as it was received.
func (r *Receiver) Body(program string, k ledger.Kept) ([]byte, error) {
	return r.seal.open(k.Body, (&connection{program: program, provider: k.Provider}).bound(k.Event))
}
