package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/boot/operator"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type tokenKeys struct {
	Create tokenKeysCreate `cmd:"" help:"${token_keys_create}"`
	List   tokenKeysList   `cmd:"" help:"List the token keys of a program."`
	Revoke tokenKeysRevoke `cmd:"" help:"Revoke a token key. Its tokens stop working everywhere within a minute."`
}

// A tokenStore selects a table, and the master secret from which the secrets of token keys are derived.
type tokenStore struct {
	store
	Program string `required:"" help:"ID of the program."`
	Secret  string `env:"PERENNIAL_SECRET" help:"${token_store_secret}"`
}

func (s *tokenStore) with(ctx context.Context, do func(*auth.Tokens) error) error {
	secret, err := s.master(ctx)
	if err != nil {
		return err
	}
	return s.opened(ctx, func(t table.Table) error {
		a := &app.App{Secret: secret}
		return do(a.NewTokens(t, time.Now))
	})
}

// master returns the master secret of the stack.
func (s *tokenStore) master(ctx context.Context) ([]byte, error) {
	if s.Data != "" {
		return local.Secret(), nil
	}
	if s.Secret == "" {
		return nil, errors.New("--table requires --secret, the master secret of the stack (its resource Secret)")
	}
	return operator.Secret(ctx, s.Secret)
}

type tokenKeysCreate struct {
	tokenStore
	PublicKey string `type:"existingfile" help:"${token_keys_public}"`
}

// Run prints the secret of the new key. Standard output contains nothing else.
func (c *tokenKeysCreate) Run(ctx context.Context) error {
	var public []byte
	if c.PublicKey != "" {
		var err error
		if public, err = os.ReadFile(c.PublicKey); err != nil {
			return err
		}
	}
	return c.with(ctx, func(t *auth.Tokens) error {
		k, secret, err := t.CreateKey(ctx, c.Program, public)
		if err != nil {
			return err
		}
		if secret == "" {
			fmt.Println(k.ID)
			return nil
		}
		fmt.Println(secret)
		fmt.Fprintf(os.Stderr, "Store the secret now; it is not shown again. The ID of the key is %s.\n", k.ID)
		return nil
	})
}

type tokenKeysList struct{ tokenStore }

// Run prints one line for each key.
func (c *tokenKeysList) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error {
		keys, err := t.Keys(ctx, c.Program)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tALGORITHM\tCREATED\tREVOKED")
		for _, k := range keys {
			revoked := ""
			if !k.RevokedAt.IsZero() {
				revoked = k.RevokedAt.Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.CreatedAt.Format(time.RFC3339), revoked)
		}
		return w.Flush()
	})
}

type tokenKeysRevoke struct {
	tokenStore
	ID string `arg:"" help:"ID of the token key."`
}

// Run revokes the key. If the key is already revoked, nothing changes.
func (c *tokenKeysRevoke) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error {
		err := t.RevokeKey(ctx, c.Program, c.ID)
		if errors.Is(err, auth.TokenInvalid) {
			return fmt.Errorf("program %s has no token key %s", c.Program, c.ID)
		}
		return err
	})
}
