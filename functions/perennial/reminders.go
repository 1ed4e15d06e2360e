package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

type remindersCmd struct {
	Tomorrow bool   `help:"List the reminders that would be sent tomorrow."`
	Outbox   bool   `help:"List the messages in the outbox of a running perennial dev."`
	List     bool   `help:"With --tomorrow: also list every message."`
	URL      string `default:"http://127.0.0.1:8080" env:"PERENNIAL_URL" help:"Address of the API."`
	Key      string `env:"PERENNIAL_KEY" help:"API key with the scope members:read."`
}

// Run requests the list from the API and prints it.
func (r *remindersCmd) Run(ctx context.Context) error {
	switch {
	case r.Tomorrow == r.Outbox:
		return errors.New("specify either --tomorrow or --outbox")
	case r.Key == "":
		return errors.New("specify an API key with --key or PERENNIAL_KEY")
	case r.Outbox:
		return r.outbox(ctx)
	}
	return r.tomorrow(ctx)
}

// get sends a GET request to the API and decodes the response.
func (r *remindersCmd) get(ctx context.Context, path string, into any) error {
	status, answer, err := ask(ctx, http.MethodGet, r.URL, path, http.Header{"Authorization": {"Bearer " + r.Key}}, nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var problem struct{ Detail string }
		_ = json.Unmarshal(answer, &problem) // an error is ignored, because other responses have no detail
		return fmt.Errorf("%s returned status %d: %s", path, status, problem.Detail)
	}
	return json.Unmarshal(answer, into)
}

func (r *remindersCmd) tomorrow(ctx context.Context) error {
	evaluated, counts, suppressed, cursor := int64(0), map[string]int64{}, map[string]int64{}, ""
	for {
		path := "/v1/reminders/scheduled?page_size=100"
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		var page struct {
			Data []struct {
				Member, Reminder, Channel, At string
				Points                        int64
			}
			Evaluated          int64
			Counts, Suppressed map[string]int64
			NextCursor         *string `json:"next_cursor"`
		}
		if err := r.get(ctx, path, &page); err != nil {
			return err
		}
		for _, m := range page.Data {
			if r.List {
				fmt.Printf("%s  %-24s %-8s %s  %d points\n", m.At, m.Reminder, m.Channel, m.Member, m.Points)
			}
		}
		evaluated += page.Evaluated
		add(counts, page.Counts)
		add(suppressed, page.Suppressed)
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	fmt.Printf("members evaluated: %d\n", evaluated)
	show("would be sent", counts)
	show("would not be sent, by reason", suppressed)
	return nil
}

func add(sums, more map[string]int64) {
	for k, n := range more {
		sums[k] += n
	}
}

func show(what string, counts map[string]int64) {
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		fmt.Printf("%s: nothing\n", what)
		return
	}
	fmt.Printf("%s: %d\n", what, total)
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			fmt.Printf("  %6d  %s\n", counts[name], name)
		}
	}
}

func (r *remindersCmd) outbox(ctx context.Context) error {
	var out struct {
		Data []struct{ At, Channel, To, Member, Subject, Text string }
	}
	if err := r.get(ctx, "/v1/test/outbox", &out); err != nil {
		return err
	}
	for _, m := range out.Data {
		to := m.To
		if to == "" {
			to = m.Member
		}
		fmt.Printf("%s  %s to %s\n%s\n%s\n\n", m.At, m.Channel, to, m.Subject, m.Text)
	}
	fmt.Printf("messages: %d\n", len(out.Data))
	return nil
}
