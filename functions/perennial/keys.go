package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type keys struct {
	Create keysCreate `cmd:"" help:"Create a key and print it. It is not shown again."`
	List   keysList   `cmd:"" help:"List the keys of a program with scopes, IP ranges and last use."`
	Rotate keysRotate `cmd:"" help:"${keys_rotate}"`
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

	IPRange []string `help:"${keys_ip_range}"`

	Scope []auth.Scope `required:"" help:"Scopes, separated by commas: members:read, orders:write … or admin for all."`
}

// Run prints the new key. Standard output contains nothing else.
func (c *keysCreate) Run(ctx context.Context) error {
	return c.with(ctx, func(k *auth.Keys) error {
		full, who, err := k.CreateKey(ctx, auth.NewKey{
			Program: c.Program, Scopes: c.Scope, DailyPoints: c.DailyPoints, IPRanges: c.IPRange,
		})
		if err != nil {
			return err
		}
		printKey(full, who)
		return nil
	})
}

// printKey prints a new key, and its ID to standard error.
func printKey(full string, who auth.Principal) {
	fmt.Println(full)
	fmt.Fprintf(os.Stderr, "Store the key now; it is not shown again. Its ID is %s.\n", who.ID)
}

type keysList struct{ keyStore }

// Run prints one line for each key, oldest first.
func (c *keysList) Run(ctx context.Context) error {
	return c.with(ctx, func(k *auth.Keys) error {
		list, err := k.List(ctx, c.Program)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tSCOPES\tIP RANGES\tCREATED\tLAST USED\tSTATUS")
		for _, key := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, joined(key.Scopes), cmp.Or(joined(key.IPRanges), "any"),
				instant(key.CreatedAt), cmp.Or(instant(key.LastUsedAt), "never"), status(key, k.Now()))
		}
		return w.Flush()
	})
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ",")
}

// instant returns a time as text. It is empty if the time is zero.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func status(key auth.KeyInfo, now time.Time) string {
	switch {
	case !key.RevokedAt.IsZero():
		return "revoked " + instant(key.RevokedAt)
	case key.ExpiresAt.IsZero():
		return "active"
	case now.Before(key.ExpiresAt):
		return "expires " + instant(key.ExpiresAt)
	}
	return "expired " + instant(key.ExpiresAt)
}

type keysRotate struct {
	keyStore
	ExpireAfter time.Duration `help:"${keys_expire_after}"`

	ID string `arg:"" help:"ID of the key: the 12 characters after sk_test_ or sk_live_."`
}

// Run prints the successor of the key. Standard output contains nothing else.
func (c *keysRotate) Run(ctx context.Context) error {
	return c.with(ctx, func(k *auth.Keys) error {
		full, who, err := k.Rotate(ctx, c.Program, c.ID, c.ExpireAfter)
		if errors.Is(err, auth.TokenInvalid) {
			return fmt.Errorf("program %s has no valid key %s", c.Program, c.ID)
		}
		if err != nil {
			return err
		}
		printKey(full, who)
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
