package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/local/paypal"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

type dev struct {
	Addr     string    `default:"127.0.0.1:8080" help:"${dev_addr}"`
	Data     string    `type:"path" help:"${dev_data}"`
	Program  string    `type:"path" help:"${dev_program}"`
	Empty    bool      `help:"Start without demo members."`
	Clock    time.Time `format:"2006-01-02T15:04:05Z07:00" help:"${dev_clock}"`
	JSON     bool      `name:"json" help:"When ready, print only one line of JSON with url and key."`
	DynamoDB string    `name:"dynamodb" placeholder:"URL" help:"${dev_dynamo_db}"`

	Functions bool `help:"${dev_functions}"`

	Checkpoints string `type:"path" help:"${dev_checkpoints}"`

	Webhooks string `type:"path" help:"${dev_webhooks}"`
	Verbose  bool   `short:"v" help:"Log every request."`
}

// A running is a running stack, with the resources that must be released when it stops.
type running struct {
	*dev
	stack   *local.Stack
	program *loyalty.Program
	note    string // the reason why this start published no version; empty if it published one
	url     string
	key     string
	keyID   string

	tokenSecret string // the secret with which tokens of members are signed
	signIn      string // the path of a link that signs in the local owner
}

// Run starts the stack, prints instructions, and serves requests until ctx ends.
func (d *dev) Run(ctx context.Context) error {
	if d.Data != "" && d.DynamoDB != "" {
		return errors.New("--data and --dynamodb are two different places for the data; use only one")
	}
	var file *program.File
	var source []byte
	var err error
	if d.Program != "" {
		if file, source, err = readProgram(d.Program, os.Stderr); err != nil {
			return err
		}
	}
	listener, err := listen(d.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if os.Getenv("GOGC") == "" {
		// With a small heap, the garbage collector runs all the time. With 10 MB more memory, the stack processes 10 %
		// more orders per second.
		debug.SetGCPercent(400)
	}
	place, err := d.openPlace(ctx)
	if err != nil {
		return err
	}
	defer place.close()

	c, err := d.candidate(ctx, file, source, place.table)
	if err != nil {
		return err
	}
	r := &running{dev: d, url: "http://" + listener.Addr().String()}
	defer r.end()
	if err := r.start(ctx, place, c); err != nil {
		return err
	}
	return r.serve(ctx, listener)
}

// listen opens a listener. It rejects an address without a host, because the listener would then accept connections
// from every network of the machine.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %s: the address must be like 127.0.0.1:8080", addr)
	}
	if host == "" {
		return nil, fmt.Errorf(
			"--addr %s would listen on every network of this machine; use 127.0.0.1%s, or 0.0.0.0%s to allow that",
			addr, addr, addr,
		)
	}
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf(
			"another program listens on %s; stop it, or use another --addr (port 0 selects a free port)", addr,
		)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// devTable is the name of the table in a DynamoDB endpoint.
const devTable = "perennial-dev"

// A place states where perennial dev stores the data.
type place struct {
	table table.Table
	dir   string       // the data directory; empty if the data are in memory
	root  keyring.Root // the key that wraps the keys of programs; not set without a data directory
	close func()
}

func (d *dev) openPlace(ctx context.Context) (place, error) {
	if d.DynamoDB != "" {
		if u, err := url.Parse(d.DynamoDB); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return place{}, fmt.Errorf("--dynamodb %s: the value must be a URL like http://127.0.0.1:8000", d.DynamoDB)
		}
		t := &dynamotable.Table{Client: dynamotable.Local(d.DynamoDB), Name: devTable}
		return place{table: t, close: func() {}}, dynamotable.Create(ctx, t)
	}
	if d.Data != "" {
		t, err := datadir.Open(d.Data)
		if err != nil {
			return place{}, err
		}
		root, err := datadir.Root(d.Data)
		return place{table: t, dir: d.Data, root: root, close: func() { t.Close() }}, err
	}
	dir, err := os.MkdirTemp("", "perennial-")
	if err != nil {
		return place{}, fmt.Errorf("make a temporary data directory: %w", err)
	}
	t, err := datadir.Open(dir)
	if err != nil {
		return place{}, errors.Join(err, os.RemoveAll(dir))
	}
	return place{table: t, close: func() {
		t.Close()
		os.RemoveAll(dir)
	}}, nil
}

// start creates the stack, publishes the program, adds the demo members, and creates an API key.
func (r *running) start(ctx context.Context, in place, c candidate) (err error) {
	clock, moved, err := r.clock(in.dir)
	if err != nil {
		return err
	}
	processors, emulated, err := r.processors(c.id)
	if err != nil {
		return err
	}
	level := slog.LevelWarn
	if r.Verbose {
		level = slog.LevelInfo
	}
	shipped, err := r.shipped(ctx, c.id)
	if err != nil {
		return err
	}
	signing, err := datadir.CheckpointSecret(in.dir)
	if err != nil {
		return err
	}
	r.stack, err = local.New(local.Options{
		Table: in.table, Clock: clock, Moved: moved, Processors: processors, PayPal: emulated,
		URL: r.url, Binaries: shipped, CheckpointSecret: signing, Checkpoint: r.checkpoint,
		Root: in.root,
		Log:  slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	if err := r.stack.Warm(ctx); err != nil {
		return err
	}
	a := r.stack.App
	var fresh bool
	if r.program, fresh, r.note, err = c.publish(ctx, a.Programs); err != nil {
		return err
	}
	if fresh && !r.Empty {
		if err := local.Seed(ctx, a, r.program, clock.Now()); err != nil {
			return err
		}
	}
	key, who, err := a.Keys.Create(ctx, c.id, auth.Admin)
	r.key, r.keyID = key, who.ID
	if err != nil {
		return err
	}
	r.signIn = r.stack.SignInLink(c.id)
	r.tokenSecret, err = tokenSecret(ctx, a.Tokens, c.id)
	return err
}

// tokenSecret returns the secret of a key that signs the tokens of members. It creates a key unless the program has
// one.
func tokenSecret(ctx context.Context, tokens *auth.Tokens, program string) (string, error) {
	keys, err := tokens.Keys(ctx, program)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if k.Algorithm == auth.HS256 && k.RevokedAt.IsZero() {
			return tokens.SecretOf(program, k.ID), nil
		}
	}
	_, secret, err := tokens.CreateKey(ctx, program, nil)
	return secret, err
}

// clock returns the clock of the stack. If the data are persistent and no start time is set, the clock continues with
// the offset of the earlier run, and moved stores the new offset each time that the clock is advanced. Otherwise, moved
// is nil.
func (r *running) clock(dir string) (clock *local.Clock, moved func(time.Duration) error, err error) {
	clock = local.NewClock(r.Clock)
	if dir == "" || !r.Clock.IsZero() {
		return clock, nil, nil
	}
	ahead, err := datadir.ReadAhead(dir)
	if err != nil {
		return nil, nil, err
	}
	clock.Skip(ahead)
	return clock, func(ahead time.Duration) error { return datadir.WriteAhead(dir, ahead) }, nil
}

// processors returns the connections to payment processors. If no file states the connections and the default ones
// include PayPal, it also returns an emulated PayPal.
func (r *running) processors(programID string) (app.Processors, *paypal.Server, error) {
	processors, err := readProcessors(r.Webhooks, programID)
	if err != nil || r.Webhooks != "" {
		return processors, nil, err
	}
	if r.Functions {
		delete(processors[programID], app.PayPal) // the binaries do not trust the certificates of the emulated PayPal
		return processors, nil, nil
	}
	emulated, err := paypal.New()
	return processors, emulated, err
}

// serve handles requests until ctx ends. It then waits until the requests in progress are complete.
func (r *running) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           r.stack,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // larger than in API Gateway, because the stack itself checks the size of headers
		ErrorLog:          slog.NewLogLogger(r.stack.App.Log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	go r.stack.Run(ctx)
	if err := r.welcome(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return fmt.Errorf("some requests did not complete in time: %w", err)
	}
	return nil
}

// dataName returns a description of the place where the data are stored.
func (d *dev) dataName() string {
	switch {
	case d.DynamoDB != "":
		return "in DynamoDB at " + d.DynamoDB
	case d.Data != "":
		return "in " + filepath.Clean(d.Data)
	}
	return "in a temporary directory, which is deleted when the command ends"
}
