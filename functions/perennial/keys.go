package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type keys struct {
	Create keysCreate `cmd:"" help:"Create a key and print it. It is not shown again."`
	Revoke keysRevoke `cmd:"" help:"Revoke a key. It stops working everywhere within a minute."`
}

type keyStore struct {
	store
	Program string     `required:"" help:"ID of the key's program."`
	Stage   auth.Stage `enum:"test,live" default:"test" help:"Stage of the stack: ${enum}."`
}

func (s *keyStore) with(ctx context.Context, do func(*auth.Keys) error) error {
	return s.opened(ctx, func(t table.Table) error {
		return do(&auth.Keys{Table: t, Now: time.Now, Stage: s.Stage})
	})
}

type keysCreate struct {
	keyStore
	DailyPoints int64 `help:"${keys_daily_points}"`

	Scope []auth.Scope `required:"" help:"Scopes, separated by commas: members:read, orders:write … or admin for all."`
}

// Run prints the new key. Standard output contains nothing else.
func (c *keysCreate) Run(ctx context.Context) error {
	return c.with(ctx, func(k *auth.Keys) error {
		full, who, err := k.CreateKey(ctx, auth.NewKey{
			Program: c.Program, Scopes: c.Scope, DailyPoints: c.DailyPoints,
		})
		if err != nil {
			return err
		}
		fmt.Println(full)
		fmt.Fprintf(os.Stderr, "Store the key now; it is not shown again. Its ID is %s.\n", who.ID)
		return nil
	})
}

type keysRevoke struct {
	keyStore
	ID string `arg:"" help:"ID of the key: the 12 characters after sk_test_ or sk_live_."`
}

// Run revokes the key. If the key is already revoked, nothing changes.
func (c *keysRevoke) Run(ctx context.Context) error {
	return c.with(ctx, func(k *auth.Keys) error {
		err := k.Revoke(ctx, c.Program, c.ID)
		if errors.Is(err, auth.TokenInvalid) {
			return fmt.Errorf("program %s has no key %s", c.Program, c.ID)
		}
		return err
	})
}
