package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/boot/failurequeues"
	"github.com/perennial-loyalty/perennial/internal/failures"
)

type failuresCmd struct {
	List    failuresList    `cmd:"" help:"List permanently failed work, oldest first."`
	Show    failuresShow    `cmd:"" help:"Show a failed message, without email addresses."`
	Redrive failuresRedrive `cmd:"" help:"Restart failed work. Work that fails again remains in the list."`
}

// A failureStore selects the source of failed work: the queues of a stack, or a running perennial dev.
type failureStore struct {
	Stack  string `xor:"failures" required:"" env:"PERENNIAL_STACK" placeholder:"NAME" help:"Name or ARN of the stack."`
	Queues string `xor:"failures" required:"" env:"PERENNIAL_FAILURE_QUEUES" placeholder:"NAME=URL,…" help:"${queues}"`
	Dev    string `xor:"failures" required:"" placeholder:"URL" help:"${failure_store_dev}"`
}

type worker interface {
	List(ctx context.Context) ([]failures.Failure, error)
	Redrive(ctx context.Context, want func(failures.Failure) bool, done func(failures.Failure, error)) error
}

func (s *failureStore) open(ctx context.Context) (worker, error) {
	if s.Dev != "" {
		return devFailures(s.Dev), nil
	}
	return failurequeues.Open(ctx, s.Stack, s.Queues)
}

type failuresList struct {
	failureStore
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints one line for each failure.
func (c *failuresList) Run(ctx context.Context) error {
	q, err := c.open(ctx)
	if err != nil {
		return err
	}
	list, err := q.List(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"data": slices.Concat([]failures.Failure{}, list)})
	}
	if len(list) == 0 {
		fmt.Println("no work has failed")
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tQUEUE\tSOURCE\tAGE\tATTEMPTS\tERROR")
	for _, f := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", f.ID, f.Queue, f.Source, f.Age(time.Now()), attempts(f), errorOf(f))
	}
	return w.Flush()
}

func attempts(f failures.Failure) string {
	if f.Attempts == 0 {
		return "unknown"
	}
	return fmt.Sprint(f.Attempts)
}

// errorOf returns the error of a failure on one line. Queues do not store errors. For a failure without an error, it
// returns a text that refers to the function's log.
func errorOf(f failures.Failure) string {
	if f.Error == "" {
		return "see the function's log"
	}
	return strings.Join(strings.Fields(f.Error), " ")
}

type failuresShow struct {
	failureStore
	ID string `arg:"" help:"ID of the message."`
}

// Run prints one complete failure.
func (c *failuresShow) Run(ctx context.Context) error {
	q, err := c.open(ctx)
	if err != nil {
		return err
	}
	list, err := q.List(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(f failures.Failure) bool { return f.ID == c.ID })
	if i < 0 {
		return fmt.Errorf("no failed message has the ID %s; run perennial failures list to list the messages", c.ID)
	}
	f := list[i]
	fmt.Printf("id        %s\nqueue     %s\nsource    %s\nsent      %s\nattempts  %s\nerror     %s\n\n%s\n",
		f.ID, f.Queue, f.Source, f.SentAt.Format(time.RFC3339), attempts(f), errorOf(f), f.Body)
	return nil
}

type failuresRedrive struct {
	failureStore
	IDs   []string `arg:"" optional:"" name:"id" help:"IDs of the messages."`
	All   bool     `help:"Restart all failed messages."`
	Queue string   `help:"With --all: restart only messages of this queue, such as reassess."`
}

// Run restarts the selected failed work. It returns an error if a part of the work was not accepted.
func (c *failuresRedrive) Run(ctx context.Context) error {
	if c.All == (len(c.IDs) > 0) || c.Queue != "" && !c.All {
		return errors.New("specify message IDs or --all; --queue requires --all")
	}
	q, err := c.open(ctx)
	if err != nil {
		return err
	}
	started, failed, missing := 0, 0, slices.Clone(c.IDs)
	want := func(f failures.Failure) bool {
		return c.All && (c.Queue == "" || c.Queue == f.Queue) || slices.Contains(c.IDs, f.ID)
	}
	err = q.Redrive(ctx, want, func(f failures.Failure, err error) {
		missing = slices.DeleteFunc(missing, func(id string) bool { return id == f.ID })
		if err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "%s  %s: %v\n", f.ID, f.Source, err)
			return
		}
		started++
		fmt.Printf("%s  %s: restarted\n", f.ID, f.Source)
	})
	if err != nil {
		return err
	}
	fmt.Printf("messages: %d restarted\n", started)
	if len(missing) > 0 {
		return fmt.Errorf("no failed message has the ID %s", strings.Join(missing, ", "))
	}
	if failed > 0 {
		return fmt.Errorf("%d messages were not accepted and remain in the list", failed)
	}
	return nil
}

// devFailures is the address of a running perennial dev. It gives access to the failures there.
type devFailures string

const failuresPath = "/v1/test/failures"

// List implements worker.
func (d devFailures) List(ctx context.Context) ([]failures.Failure, error) {
	var out struct {
		Data []failures.Failure `json:"data"`
	}
	err := d.ask(ctx, http.MethodGet, nil, &out)
	return out.Data, err
}

// Redrive implements worker. The stack processes the messages before it responds. If a message fails again, it is in
// the list of failures again.
func (d devFailures) Redrive(
	ctx context.Context, want func(failures.Failure) bool, done func(failures.Failure, error),
) error {
	list, err := d.List(ctx)
	if err != nil {
		return err
	}
	var ids []string
	list = slices.DeleteFunc(list, func(f failures.Failure) bool { return !want(f) })
	for _, f := range list {
		ids = append(ids, f.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	body, err := json.Marshal(map[string][]string{"redrive": ids})
	if err != nil {
		return err
	}
	var left struct {
		Data []failures.Failure `json:"data"`
	}
	if err := d.ask(ctx, http.MethodPost, body, &left); err != nil {
		return err
	}
	for _, f := range list {
		var err error
		if slices.ContainsFunc(left.Data, func(x failures.Failure) bool { return x.ID == f.ID }) {
			err = errors.New("the work failed again")
		}
		done(f, err)
	}
	return nil
}

func (d devFailures) ask(ctx context.Context, method string, body []byte, out any) error {
	status, answer, err := ask(
		ctx, method, string(d), failuresPath, http.Header{"Content-Type": {"application/json"}}, body,
	)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s is not a perennial dev: %d %s", string(d), status, answer)
	}
	return json.Unmarshal(answer, out)
}
