package main

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type originsCmd struct {
	Add    originsAdd    `cmd:"" help:"Allow the pages of an origin, such as https://shop.example."`
	List   originsList   `cmd:"" help:"List the allowed origins of a program."`
	Remove originsRemove `cmd:"" help:"No longer allow an origin."`
}

// An originStore selects a table and a program.
type originStore struct {
	store
	Program string `required:"" help:"ID of the program."`
}

func (s *originStore) with(ctx context.Context, do func(*auth.Tokens) error) error {
	return s.opened(ctx, func(t table.Table) error { return do(&auth.Tokens{Table: t, Now: time.Now}) })
}

type originsAdd struct {
	originStore
	Origin string `arg:"" help:"Origin, such as https://shop.example."`
}

// Run allows the origin.
func (c *originsAdd) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error { return t.AddOrigin(ctx, c.Program, c.Origin) })
}

type originsList struct{ originStore }

// Run prints one origin per line.
func (c *originsList) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error {
		origins, err := t.Origins(ctx, c.Program)
		for _, o := range origins {
			fmt.Println(o)
		}
		return err
	})
}

type originsRemove struct {
	originStore
	Origin string `arg:"" help:"Origin, such as https://shop.example."`
}

// Run removes the origin from the list.
func (c *originsRemove) Run(ctx context.Context) error {
	return c.with(ctx, func(t *auth.Tokens) error { return t.RemoveOrigin(ctx, c.Program, c.Origin) })
}
