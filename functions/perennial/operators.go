package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

type operatorsCmd struct {
	Add    operatorsAdd    `cmd:"" help:"Add an operator, who can sign in with an account that has the email address."`
	List   operatorsList   `cmd:"" help:"List the operators of a program."`
	Update operatorsUpdate `cmd:"" help:"Change the role and the limits of an operator, within a minute."`
	Remove operatorsRemove `cmd:"" help:"Remove an operator. The operator's sessions end within a minute."`
}

type operatorStore struct {
	store
	Program string `required:"" help:"ID of the program."`
}

func (s *operatorStore) with(ctx context.Context, do func(*auth.Operators) error) error {
	return s.opened(ctx, func(t table.Table) error { return do(&auth.Operators{Table: t, Now: time.Now}) })
}

type operatorRole struct {
	Role          auth.Role `required:"" help:"owner, admin, marketer, finance, support, clerk or auditor."`
	MaxAdjustment int64     `help:"Points that one adjustment by support adds or removes; 1,000 if omitted."`
	DailyPoints   int64     `help:"Points added manually in 24 hours; 5,000 for support if omitted."`
}

func (r operatorRole) limits() auth.Limits {
	return auth.Limits{MaxAdjustment: r.MaxAdjustment, DailyPoints: r.DailyPoints}
}

type operatorsAdd struct {
	operatorStore
	operatorRole
	Email string `arg:"" help:"Email address of the operator's account at the OIDC issuer."`
}

// Run prints the ID of the operator.
func (c *operatorsAdd) Run(ctx context.Context) error {
	return c.with(ctx, func(o *auth.Operators) error {
		in := auth.NewOperator{Email: c.Email, Role: c.Role, Limits: c.limits()}
		who, err := o.Add(ctx, c.Program, in, commandLine)
		if err == nil {
			fmt.Println(who.ID)
		}
		return err
	})
}

type operatorsList struct{ operatorStore }

// Run prints one line for each operator.
func (c *operatorsList) Run(ctx context.Context) error {
	return c.with(ctx, func(o *auth.Operators) error {
		all, err := o.List(ctx, c.Program)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tEMAIL\tROLE\tSTATUS\tADDED")
		for _, a := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.ID, a.Email, a.Role, a.Status, a.CreatedAt.Format(time.RFC3339))
		}
		return w.Flush()
	})
}

type operatorsUpdate struct {
	operatorStore
	operatorRole
	ID string `arg:"" help:"ID of the operator: op_…"`
}

// Run changes the operator.
func (c *operatorsUpdate) Run(ctx context.Context) error {
	return c.with(ctx, func(o *auth.Operators) error {
		_, err := o.Update(ctx, c.Program, c.ID, c.Role, c.limits(), commandLine)
		return err
	})
}

type operatorsRemove struct {
	operatorStore
	ID string `arg:"" help:"ID of the operator: op_…"`
}

// Run removes the operator. If the operator was removed before, nothing changes.
func (c *operatorsRemove) Run(ctx context.Context) error {
	return c.with(ctx, func(o *auth.Operators) error { return o.Remove(ctx, c.Program, c.ID, commandLine) })
}
