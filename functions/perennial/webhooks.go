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
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type webhooksCmd struct {
	List     webhooksList     `cmd:"" help:"List the events of a day, or the quarantined events."`
	Show     webhooksShow     `cmd:"" help:"Show an event as received, and its outcome."`
	Replay   webhooksReplay   `cmd:"" help:"${webhooks_cmd_replay}"`
	Backfill webhooksBackfill `cmd:"" name:"backfill" help:"${webhooks_cmd_backfill}"`
}

// A webhookStore selects a table. It also has the settings that are necessary to read and process stored events.
type webhookStore struct {
	store
	Program  string     `required:"" help:"ID of the program."`
	Stage    auth.Stage `enum:"test,live" default:"test" help:"Stage of the stack: ${enum}."`
	Secret   string     `env:"PERENNIAL_SECRET" help:"${webhook_store_secret}"`
	Webhooks string     `env:"PERENNIAL_WEBHOOKS" help:"${webhook_store_webhooks}"`
}

// with opens the table, creates a receiver for its events, and calls do with both.
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

// agreed returns an App that uses the same secrets as the deployed stack.
func (s *webhookStore) agreed(ctx context.Context) (*app.App, error) {
	a := &app.App{
		Log:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1})),
		Stage: s.Stage,
	}
	var err error
	if s.Data != "" {
		a.Secret = local.Secret()
		if a.Root, err = datadir.Root(s.Data); err != nil {
			return nil, err
		}
		a.Processors, err = readProcessors(s.Webhooks, s.Program)
		return a, err
	}
	if s.Secret == "" || s.Webhooks == "" {
		return nil, errors.New(
			"--table requires --secret and --webhooks, " +
				"the two secrets of the stack (its resources Secret and WebhooksSecret)",
		)
	}
	if a.Root, err = operator.Root(ctx); err != nil {
		return nil, err
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
	Day         time.Time `format:"2006-01-02" help:"Day to list, in UTC. The default is today."`
	Quarantined bool      `help:"List the quarantined events of all days, which require a review."`
}

// Run prints one line for each event.
func (c *webhooksList) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App, _ *payments.Receiver) error {
		day := c.Day
		if day.IsZero() {
			day = a.Now()
		}
		events := a.Deliveries.Arrived(ctx, c.Program, day)
		if c.Quarantined {
			events = a.Deliveries.InQuarantine(ctx, c.Program)
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "RECEIVED\tPROVIDER\tEVENT\tTYPE\tOUTCOME\tORDER\tMEMBER\tWHY")
		for k, err := range events {
			if err != nil {
				return err
			}
			fmt.Fprintf(
				w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Received.Format(time.RFC3339), k.Provider, k.Event, k.Type,
				k.Outcome, k.Order, k.Member, k.Code,
			)
		}
		return w.Flush()
	})
}

// A webhookName identifies one event.
type webhookName struct {
	webhookStore
	Provider string `arg:"" help:"Payment processor."`
	Event    string `arg:"" help:"ID of the event, as listed."`
}

// each calls do for every stored event that has the given provider and ID.
func (c *webhookName) each(ctx context.Context, a *app.App, do func(service.StoredDelivery) error) error {
	// The list must be complete before the first call of do, because do may store events that would also be listed.
	var all []service.StoredDelivery
	for k, err := range a.Deliveries.List(ctx, c.Program, c.Provider, c.Event) {
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

// Run prints the outcome of the event, and the body of the event as it was received.
func (c *webhooksShow) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App, r *payments.Receiver) error {
		return c.each(ctx, a, func(k service.StoredDelivery) error {
			body := []byte("(The body is not stored.)")
			if len(k.Body) > 0 {
				var err error
				if body, err = r.Body(c.Program, k); err != nil {
					return err
				}
			}
			for _, line := range [][2]string{
				{"type", k.Type},
				{"received", k.Received.Format(time.RFC3339)},
				{"outcome", string(k.Outcome)},
				{"why", strings.TrimSpace(string(k.Code) + " " + k.Detail)},
				{"payment", k.Payment},
				{"order", k.Order},
				{"member", string(k.Member)},
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

// Run processes the event again and prints the outcome.
func (c *webhooksReplay) Run(ctx context.Context) error {
	return c.with(ctx, func(a *app.App, r *payments.Receiver) error {
		return c.each(ctx, a, func(k service.StoredDelivery) error {
			one, err := r.Replay(ctx, c.Program, k)
			if err != nil {
				return refused(err)
			}
			fmt.Println(strings.TrimSpace(fmt.Sprintf("%s %s %s", one.Event, one.Outcome, one.Code)))
			return nil
		})
	})
}

type webhooksBackfill struct {
	webhookStore
	Provider string    `required:"" enum:"stripe,paypal,square,shopify" help:"Payment processor: ${enum}. ${resent}"`
	Since    time.Time `required:"" format:"2006-01-02T15:04:05Z07:00" help:"${webhooks_backfill_since}"`
}

// Run prints the number of events for each outcome. It can be repeated.
func (c *webhooksBackfill) Run(ctx context.Context) error {
	return c.with(ctx, func(_ *app.App, r *payments.Receiver) error {
		counts, err := r.Backfill(ctx, c.Program, c.Provider, c.Since)
		for _, outcome := range slices.Sorted(maps.Keys(counts)) {
			fmt.Printf("%d %s\n", counts[outcome], outcome)
		}
		if err != nil {
			return refused(err)
		}
		if len(counts) == 0 {
			fmt.Println("the processor reported no events")
		}
		return nil
	})
}
