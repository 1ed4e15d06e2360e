package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/boot/operator"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type webhooksCmd struct {
	List    webhooksList    `cmd:"" help:"List the events of a day, or those in quarantine."`
	Show    webhooksShow    `cmd:"" help:"Show an event as it came, and what became of it."`
	Replay  webhooksReplay  `cmd:"" help:"Take an event again, also out of quarantine. What it says counts once all the same."`
	CatchUp webhooksCatchUp `cmd:"" name:"catch-up" help:"Ask a processor for what it has reported, and take what was missed."`
}

// A webhookStore is a table with what is needed to read and take events.
type webhookStore struct {
	store
	Program  string     `required:"" help:"The program's id."`
	Stage    auth.Stage `enum:"test,live" default:"test" help:"The stage of the stack: ${enum}."`
	Secret   string     `env:"PERENNIAL_SECRET" help:"With --table: the stack's secret in Secrets Manager, by name or ARN."`
	Webhooks string     `env:"PERENNIAL_WEBHOOKS" help:"What is agreed with payment processors: with --table the secret in Secrets Manager, with --data the file that perennial dev was given, if it was."`
}

// with opens the table and makes a receiver over it.
func (s *webhookStore) with(ctx context.Context, do func(*app.App, *payments.Receiver) error) error {
	a, err := s.agreed(ctx)
	if err != nil {
		return err
	}
	return s.opened(ctx, func(t table.Table) error {
		a.Table = t
		if a.Now, err = s.clock(); err != nil {
			return err
		}
		if err := a.Wire(); err != nil {
			return err
		}
		return do(a, payments.New(a))
	})
}

// agreed is the stack's secrets.
func (s *webhookStore) agreed(ctx context.Context) (*app.App, error) {
	a := &app.App{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1})), Stage: s.Stage}
	var err error
	if s.Data != "" {
		a.Secret = local.Secret()
		a.Processors, err = readProcessors(s.Webhooks, s.Program)
		return a, err
	}
	if s.Secret == "" || s.Webhooks == "" {
		return nil, errors.New("--table wants --secret and --webhooks, the two secrets of the stack (Secret and WebhooksSecret among its resources)")
	}
	if a.Secret, err = operator.Secret(ctx, s.Secret); err != nil {
		return nil, err
	}
	document, err := operator.Secret(ctx, s.Webhooks)
	if err != nil {
		return nil, err
	}
	a.Processors, err = app.ReadProcessors(document)
	return a, err
}

type webhooksList struct {
	webhookStore
	Day         time.Time `format:"2006-01-02" help:"Which day, in UTC; today unless given."`
	Quarantined bool      `help:"Those that somebody must look at, of all days."`
}

// Run prints a line for each event.
func (c *webhooksList) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App, _ *payments.Receiver) error {
		day := c.Day
		if day.IsZero() {
			day = a.Now()
		}
		events := a.Ledger.Arrived(ctx, c.Program, day)
		if c.Quarantined {
			events = a.Ledger.InQuarantine(ctx, c.Program)
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "RECEIVED\tPROVIDER\tEVENT\tTYPE\tOUTCOME\tORDER\tWHY")
		for k, err := range events {
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Received.Format(time.RFC3339), k.Provider, k.Event, k.Type, k.Outcome, k.Order, k.Code)
		}
		return w.Flush()
	})
}

// A webhookName names one event.
type webhookName struct {
	webhookStore
	Provider string `arg:"" help:"The processor."`
	Event    string `arg:"" help:"The event's id, as the list shows it."`
}

// each calls do with everything that is kept under the name.
func (c *webhookName) each(ctx context.Context, a *app.App, do func(ledger.Kept) error) error {
	var all []ledger.Kept // before do writes anything that could be on the list
	for k, err := range a.Ledger.Deliveries(ctx, c.Program, c.Provider, c.Event) {
		if err != nil {
			return err
		}
		all = append(all, k)
	}
	if len(all) == 0 {
		return fmt.Errorf("program %s has no event %s of %s", c.Program, c.Event, c.Provider)
	}
	for _, k := range all {
		if err := do(k); err != nil {
			return err
		}
	}
	return nil
}

type webhooksShow struct{ webhookName }

// Run prints what became of the event, and its body as it came.
func (c *webhooksShow) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App, r *payments.Receiver) error {
		return c.each(ctx, a, func(k ledger.Kept) error {
			body, err := r.Body(c.Program, k)
			if err != nil {
				return err
			}
			for _, line := range [][2]string{
				{"type", k.Type},
				{"received", k.Received.Format(time.RFC3339)},
				{"outcome", string(k.Outcome)},
				{"why", strings.TrimSpace(string(k.Code) + " " + k.Detail)},
				{"payment", k.Payment},
				{"order", k.Order},
			} {
				if line[1] != "" {
					fmt.Printf("%-9s %s\n", line[0], line[1])
				}
			}
			if !k.Redriven.IsZero() {
				fmt.Printf("%-9s %s\n", "redriven", k.Redriven.Format(time.RFC3339))
			}
			fmt.Printf("\n%s\n", body)
			return nil
		})
	})
}

type webhooksReplay struct{ webhookName }

// Run takes the event again and prints the outcome.
func (c *webhooksReplay) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App, r *payments.Receiver) error {
		return c.each(ctx, a, func(k ledger.Kept) error {
			one, err := r.Replay(ctx, c.Program, k)
			if err != nil {
				return refused(err)
			}
			fmt.Println(strings.TrimSpace(fmt.Sprintf("%s %s %s", one.Event, one.Outcome, one.Code)))
			return nil
		})
	})
}

type webhooksCatchUp struct {
	webhookStore
	Provider string    `required:"" enum:"stripe,paypal,square,shopify" help:"${enum}. The others repeat what was not taken by themselves."`
	Since    time.Time `required:"" format:"2006-01-02T15:04:05Z07:00" help:"From which instant on, such as 2026-12-01T10:00:00Z."`
}

// Run prints how many events there were of each outcome. It may be repeated.
func (c *webhooksCatchUp) Run(ctx context.Context) error {
	return c.with(ctx, func(_ *app.App, r *payments.Receiver) error {
		counts, err := r.CatchUp(ctx, c.Program, c.Provider, c.Since)
		for _, outcome := range slices.Sorted(maps.Keys(counts)) {
			fmt.Printf("%d %s\n", counts[outcome], outcome)
		}
		if err != nil {
			return refused(err)
		}
		if len(counts) == 0 {
			fmt.Println("nothing was reported")
		}
		return nil
	})
}
