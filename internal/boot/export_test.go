package boot

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Handler creates a function as Start or StartWithoutTable does, for tests of packages that import this one.
func Handler(
	ctx context.Context, log *slog.Logger, function func(*app.App) lambda.Handler, withTable bool,
) (lambda.Handler, error) {
	if withTable {
		return handler(ctx, log, function, connect)
	}
	return handler(ctx, log, function, func(context.Context, table.Table) error { return nil })
}

// FunctionRoot returns the root key of the function whose environment is set.
func FunctionRoot() (keyring.Root, error) {
	env, err := readEnvironment()
	return env.root(), err
}
