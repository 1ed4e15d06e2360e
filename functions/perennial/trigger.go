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
	Provider string `arg:"" enum:"${providers}" help:"Payment processor: ${enum}. ${paypal}"`
	Type     string `arg:"" help:"${trigger_type}"`

	Program  string    `default:"bluebird" help:"ID of the program."`
	ID       string    `help:"ID of the event."`
	At       time.Time `help:"${trigger_at}"`
	Payment  string    `help:"Processor's ID of the payment."`
	Object   string    `help:"Processor's ID of the refund or the dispute."`
	Status   string    `help:"Status of the object, as the processor names it."`
	Amount   int64     `help:"Amount of the refund or the dispute in minor units. The default is the whole payment."`
	Total    int64     `default:"4999" help:"Amount of the payment in minor units."`
	Refunded int64     `help:"Total amount refunded so far in minor units."`
	Currency string    `default:"EUR" help:"ISO 4217."`
	Order    string    `help:"Your ID of the order. For Shopify, it equals the payment's ID, a number."`
	Member   string    `help:"ID of the member, or external: and your own ID. Shopify events contain no member."`
	Customer string    `help:"Processor's ID of the customer."`
	Email    string    `help:"Email address of the customer."`

	Webhooks string `type:"path" help:"File that perennial dev uses for --webhooks, if any."`
	URL      string `default:"http://127.0.0.1:8080" env:"PERENNIAL_URL" help:"Address of perennial dev."`
}

// Run signs the event with the time of the stack, sends the event and prints the response.
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
		Provider: c.Provider, Type: c.Type, ID: c.ID, Payment: c.Payment, Object: c.Object, Status: c.Status,
		Amount: c.Amount, Total: c.Total,
		Back: c.Refunded, Currency: c.Currency, Order: c.Order, Member: c.Member, Customer: c.Customer, Email: c.Email,
		At: now,
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

// signed returns the body of the event, and the headers that contain its signature.
func (c *trigger) signed(
	ctx context.Context, e sample.Event, agreed app.Processor, now time.Time,
) ([]byte, http.Header, error) {
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
	isJSON := http.Header{"Content-Type": {"application/json"}}
	status, answer, err := ask(ctx, http.MethodPost, c.URL, "/v1/test/paypal", isJSON, body)
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

// now returns the time of the stack. The stack's clock may have been advanced.
func (c *trigger) now(ctx context.Context) (time.Time, error) {
	_, answer, err := ask(ctx, http.MethodGet, c.URL, "/v1/test/clock", nil, nil)
	if err != nil {
		return time.Time{}, err
	}
	var out struct {
		Now time.Time `json:"now"`
	}
	if err := json.Unmarshal(answer, &out); err != nil || out.Now.IsZero() {
		return out.Now, fmt.Errorf("%s is not a perennial dev; sample events can only be sent to one", c.URL)
	}
	return out.Now, nil
}

// readProcessors reads the connections to payment processors from a file. If file is empty, it returns the default
// connections of the local stack.
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
