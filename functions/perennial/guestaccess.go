package main

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

type guestAccess struct {
	Enable  guestAccessEnable  `cmd:"" help:"Let anyone list the rewards, or create quotes, without a key."`
	Disable guestAccessDisable `cmd:"" help:"End this within a minute."`
	List    guestAccessList    `cmd:"" help:"List what a program lets anyone do."`
}

// A guestPart selects a part of the API of a program.
type guestPart struct {
	originStore
	Part auth.GuestAccess `arg:"" enum:"rewards,quotes" help:"Part of the API: ${enum}."`
}

func (c *guestPart) set(ctx context.Context, open bool) error {
	return c.with(ctx, func(t *auth.Tokens) error { return t.SetGuestAccess(ctx, c.Program, c.Part, open) })
}

type guestAccessEnable struct{ guestPart }

// Run lets anyone call a part of the API without a key.
func (c *guestAccessEnable) Run(ctx context.Context) error { return c.set(ctx, true) }

type guestAccessDisable struct{ guestPart }

// Run stops anyone without a key from calling a part of the API.
func (c *guestAccessDisable) Run(ctx context.Context) error { return c.set(ctx, false) }

type guestAccessList struct{ originStore }

// Run prints one part per line.
func (c *guestAccessList) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error {
		parts, err := t.GuestAccess(ctx, c.Program)
		for _, p := range parts {
			fmt.Println(p)
		}
		return err
	})
}
