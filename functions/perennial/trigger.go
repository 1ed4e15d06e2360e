package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

type trigger struct {
	Provider string `arg:"" enum:"stripe,shopify,square,paypal,adyen,standard" help:"${enum}. The stand-in for PayPal in perennial dev signs for PayPal."`
	Type     string `arg:"" help:"As the processor calls it: charge.refunded, orders/paid, payment.updated, CAPTURE, payment.captured. Another word lists those that there are."`

	Program  string    `default:"bluebird" help:"The program's id."`
	ID       string    `help:"The event's id."`
	At       time.Time `help:"When it came to pass, as 2026-12-01T10:00:00Z; the stack's now unless given. The same id at the same time is the same event sent again."`
	Payment  string    `help:"The processor's id of the payment."`
	Object   string    `help:"The processor's id of the refund or the dispute."`
	Status   string    `help:"How far the object is, in the processor's word."`
	Amount   int64     `help:"Of the refund or the dispute, in minor units; the whole payment unless given."`
	Total    int64     `default:"4999" help:"Of the payment, in minor units."`
	Refunded int64     `help:"What went back of the payment so far, in minor units."`
	Currency string    `default:"EUR" help:"ISO 4217."`
	Order    string    `help:"Your id of the order; at Shopify the same as the payment, a number."`
	Member   string    `help:"A member's id, or external: and your own; Shopify tells of none."`
	Customer string    `help:"The processor's id of the customer."`
	Email    string    `help:"The customer's address."`

	Webhooks string `type:"path" help:"The file that perennial dev was given, if it was."`
	URL      string `default:"http://127.0.0.1:8080" env:"PERENNIAL_URL" help:"Where perennial dev answers."`
}

// Run signs the event by the stack's own clock, sends it and prints the answer.
func (c *trigger) Run(ctx context.Context) error {
	processors, err := readProcessors(c.Webhooks, c.Program)
	if err != nil {
		return err
	}
	agreed := processors[c.Program][c.Provider]
	if len(agreed.Secrets) == 0 && c.Provider != app.PayPal {
		return fmt.Errorf("program %s is not connected to %s", c.Program, c.Provider)
	}
	now, err := c.now(ctx)
	if err != nil {
		return err
	}
	e := sample.Event{
		Provider: c.Provider, Type: c.Type, ID: c.ID, Payment: c.Payment, Object: c.Object, Status: c.Status, Amount: c.Amount, Total: c.Total,
		Back: c.Refunded, Currency: c.Currency, Order: c.Order, Member: c.Member, Customer: c.Customer, Email: c.Email, At: now,
	}
	if !c.At.IsZero() {
		e.At = c.At
	}
	body, headers, err := c.signed(ctx, e, agreed, now)
	if err != nil {
		return err
	}
	return c.send(ctx, e.Path(c.Program), headers, body)
}

// signed returns the event's body, and the headers that sign it.
func (c *trigger) signed(ctx context.Context, e sample.Event, agreed app.Processor, now time.Time) ([]byte, http.Header, error) {
	secret := ""
	if len(agreed.Secrets) > 0 {
		secret = agreed.Secrets[0]
	}
	body, err := e.Body(secret)
	if err != nil {
		return nil, nil, err
	}
	if c.Provider != app.PayPal {
		headers, err := e.Headers(agreed, body, now)
		return body, headers, err
	}
	status, answer, err := ask(ctx, http.MethodPost, c.URL, "/v1/test/paypal", http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return nil, nil, err
	}
	var signed struct {
		Headers http.Header `json:"headers"`
		Detail  string      `json:"detail"`
	}
	if err := json.Unmarshal(answer, &signed); err != nil || status != http.StatusOK {
		return nil, nil, fmt.Errorf("the event was not signed: %d %s", status, signed.Detail)
	}
	return body, signed.Headers, nil
}

func (c *trigger) send(ctx context.Context, path string, headers http.Header, body []byte) error {
	status, answer, err := ask(ctx, http.MethodPost, c.URL, path, headers, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%d %s: %s", status, http.StatusText(status), answer)
	}
	fmt.Printf("%s\n", answer)
	return nil
}

// now is the clock of the stack, which may have been moved.
func (c *trigger) now(ctx context.Context) (time.Time, error) {
	_, answer, err := ask(ctx, http.MethodGet, c.URL, "/v1/test/clock", nil, nil)
	if err != nil {
		return time.Time{}, err
	}
	var out struct {
		Now time.Time `json:"now"`
	}
	if err := json.Unmarshal(answer, &out); err != nil || out.Now.IsZero() {
		return out.Now, fmt.Errorf("%s is no perennial dev, and samples are for nothing else", c.URL)
	}
	return out.Now, nil
}

// readProcessors is what is agreed with payment processors: in a file, or by the local stack itself.
func readProcessors(file, program string) (app.Processors, error) {
	if file == "" {
		return local.Processors(program), nil
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return app.ReadProcessors(document)
}
