// Package boot starts one function on Lambda. It reads the environment that template.yaml sets, creates the clients and
// the App, and passes the function to Lambda's runtime.
//
// Starting must be fast, because customers of a storefront wait for a cold start. Clients are created from explicit
// options. The default search for a configuration in files and services would take a thousand times as long, and on
// Lambda the environment contains everything. The secret is read and the connection to DynamoDB is opened in parallel,
// while Lambda still provides a full processor. If a setting is missing, the function does not start, and the error
// names the setting.
//
// The package deliberately has no options: the differences between functions are in template.yaml. Code that most
// functions do not need is in separate packages, which a function's main package imports: sqsqueue for functions that
// send messages to queues, and senders for functions that send messages to members. Package local starts functions on
// one machine.
package boot

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// patience limits the time for the work before the first invocation. Lambda allows ten seconds.
const patience = 8 * time.Second

// Start serves a function until the process exits. If the environment is invalid, Start ends the process.
func Start(function func(*app.App) lambda.Handler) { start(function, connect) }

// StartWithoutTable is like Start, but opens no connection to the table before the first invocation, for a function
// that may not read the item that Start reads.
func StartWithoutTable(function func(*app.App) lambda.Handler) {
	start(function, func(context.Context, table.Table) error { return nil })
}

// A connector opens the connection to the table.
type connector func(context.Context, table.Table) error

func start(function func(*app.App) lambda.Handler, connect connector) {
	log := telemetry.NewLog(os.Stdout, slog.LevelInfo, os.Getenv("PERENNIAL_STACK"))
	h, err := handler(context.Background(), log, function, connect)
	if err != nil {
		log.Error("cannot start", "err", err)
		os.Exit(1)
	}
	lambda.Start(h)
}

func handler(
	ctx context.Context, log *slog.Logger, function func(*app.App) lambda.Handler, connect connector,
) (lambda.Handler, error) {
	env, err := readEnvironment()
	if err != nil {
		return nil, err
	}
	a, err := env.app(ctx, log, connect)
	if err != nil {
		return nil, err
	}
	if env.clock != nil {
		return clocked{env.clock, function(a)}, nil
	}
	return function(a), nil
}

// app creates a function's App from the environment.
func (env environment) app(ctx context.Context, log *slog.Logger, connect connector) (*app.App, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tab := env.table()
	a := &app.App{
		Table: tab, Backups: tab.PointInTimeRecovery, Now: time.Now,
		Log: log, Version: env.version, Stage: env.stage,
		Random: rand.Reader, Root: env.root(), RecordKeyUse: true, SignIn: env.signIn,
	}
	if env.clock != nil {
		a.Now = env.clock.Now
	}
	connected := make(chan error, 1)
	go func() { connected <- connect(ctx, tab) }()
	if err := env.readSecrets(ctx, a); err != nil {
		return nil, err
	}
	if err := <-connected; err != nil {
		// An error is not fatal here: the table may respond to the first request. If it does not, that request returns
		// the error.
		log.Warn("table did not respond during start", "err", err)
	}
	if err := a.Wire(); err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	return a, nil
}

// readSecrets reads the master secret once per process. Stored data depends on this secret, so it never changes for a
// table. For functions that need them, it also reads the secret that signs checkpoints and the connections to payment
// processors. The App reads the connections again regularly.
func (env environment) readSecrets(ctx context.Context, a *app.App) (err error) {
	client := Secrets(env.region, env.http)
	if a.Secret, err = (Secret{Client: client, ID: env.secretID, Now: a.Now}).Read(ctx); err != nil {
		return err
	}
	if env.checkpoint != "" {
		if a.CheckpointSecret, err = (Secret{Client: client, ID: env.checkpoint, Now: a.Now}).Read(ctx); err != nil {
			return err
		}
	}
	if env.webhooks == "" {
		return nil
	}
	s := Secret{Client: client, ID: env.webhooks, Now: a.Now}
	a.Reread = func(ctx context.Context) (app.Processors, error) { return readProcessors(ctx, s) }
	a.Processors, err = a.Reread(ctx)
	return err
}

// connect opens the connection to the table before the first request. For this, it reads an item that never exists: an
// item of the program with the empty name, which every function may read. This saves 6 ms of the first request with the
// share of a processor that Lambda provides at 512 MB, and 60 ms at 128 MB.
func connect(ctx context.Context, t table.Table) error {
	_, err := t.Get(ctx, table.Key{PK: "P##PROGRAM", SK: "BOOT"})
	return err
}
