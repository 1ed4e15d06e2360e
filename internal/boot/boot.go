// Package boot starts one function on Lambda: it reads the environment that template.yaml sets, makes the
// clients, puts the App together and hands the function to the runtime.
//
// It promises to be quick, because a storefront waits for a cold start: clients are made from plain options
// (finding a configuration through files and services takes a thousand times as long, and on Lambda everything
// is in the environment), the secret is fetched and the connection to DynamoDB opened side by side, and both
// while Lambda still lends a whole processor. What is missing is named, and nothing starts without it.
//
// It deliberately has no options: where a function differs from another is its template. Only what most functions
// would link for nothing is apart and named in a function's main: sqsqueue, for those that send to queues, and
// postroom, for those that write to members. Package local does the same for one machine.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// patience bounds what is done before the function can be called. Lambda itself allows ten seconds.
const patience = 8 * time.Second

// Start serves a function for as long as the process lives. It ends the process if the environment will not do.
func Start(function func(*app.App) lambda.Handler) { start(function, connect) }

// StartWithoutTable is Start for a function that does not use the table: it opens no connection to it, for which such a
// function has no permission.
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

// app makes the parts of a function from the environment.
func (env environment) app(ctx context.Context, log *slog.Logger, connect connector) (*app.App, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tab := env.table()
	a := &app.App{
		Table: tab, Backups: tab.PointInTimeRecovery, Now: time.Now, Log: log, Version: env.version, Stage: env.stage,
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
		// Not a reason to refuse: the table may be back for the first request, which says so itself if not.
		log.Warn("the table did not answer during start", "err", err)
	}
	if err := a.Wire(); err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	return a, nil
}

// readSecrets reads the master secret, once in a process's life: what is keyed with it is stored, so it stays the same
// for as long as the table does. It also reads what is agreed with payment processors, where the function asks for it,
// and lets the App read that again.
func (env environment) readSecrets(ctx context.Context, a *app.App) (err error) {
	client := Secrets(env.region, env.http)
	if a.Secret, err = (Secret{Client: client, ID: env.secretID, Now: a.Now}).Read(ctx); err != nil {
		return err
	}
	if env.webhooks == "" {
		return nil
	}
	s := Secret{Client: client, ID: env.webhooks, Now: a.Now}
	a.Reread = func(ctx context.Context) (app.Processors, error) { return readProcessors(ctx, s) }
	a.Processors, err = a.Reread(ctx)
	return err
}

// connect opens the connection that the first request will use, by reading an item that never exists: the program
// without a name, which every function may read. Measured at Lambda's share of a processor, this takes 6 ms off the first
// request at 512 MB, and 60 ms at 128 MB.
func connect(ctx context.Context, t table.Table) error {
	_, err := t.Get(ctx, table.Key{PK: "P##PROGRAM", SK: "BOOT"})
	return err
}
