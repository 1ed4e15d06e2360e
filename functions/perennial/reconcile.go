package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

type reconcileCmd struct{ verified }

// Run repairs the data directory and prints the repairs and the report. It returns an error if there are findings.
func (c *reconcileCmd) Run(ctx context.Context) error {
	checkpoints, err := c.checkpoints()
	if err != nil {
		return err
	}
	secret, err := checkpointSecret(c.Data)
	if err != nil {
		return err
	}
	t, err := openData(c.Data)
	if err != nil {
		return err
	}
	programs := &app.Programs{Catalog: catalog.Catalog{Ledger: &ledger.Ledger{Table: t, Now: time.Now}}, Now: time.Now}
	r := verify.Reconciler{
		Source: t, Log: translog.Log{Table: t, Secret: secret}, Program: programs.Live,
		Shard: "reconcile-" + time.Now().Format(time.RFC3339Nano),
	}
	repairs, report, err := r.Reconcile(ctx, checkpoints)
	for _, repair := range repairs {
		fmt.Println("repaired:", repair)
	}
	if err := errors.Join(err, t.Close()); err != nil {
		return err
	}
	return printReport(report)
}
