package verifycmd

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// Reconcile is the command perennial reconcile.
type Reconcile struct {
	Data     string `xor:"store" required:"" type:"path" help:"Data directory of a perennial dev that is not running."`
	Table    string `xor:"store" required:"" env:"PERENNIAL_TABLE" help:"${store_table}"`
	Endpoint string `env:"AWS_ENDPOINT_URL_DYNAMODB" placeholder:"URL" help:"${verify_endpoint}"`
	anchors
}

// Run repairs the data and prints the repairs and the report. It returns an error if there are findings.
func (c *Reconcile) Run(ctx context.Context) error {
	repairs, report, err := c.repair(ctx)
	for _, r := range repairs {
		fmt.Println("repaired:", r)
	}
	if err != nil {
		return err
	}
	return printReport(report)
}

func (c *Reconcile) repair(ctx context.Context) (repairs []verify.Repair, report verify.Report, err error) {
	checkpoints, err := c.signed()
	if err != nil {
		return nil, report, err
	}
	s := source{Data: c.Data, Table: c.Table, Endpoint: c.Endpoint}
	secret, err := s.signingSecret()
	if err != nil {
		return nil, report, err
	}
	now, err := s.clock()
	if err != nil {
		return nil, report, err
	}
	err = s.with(ctx, func(t verify.Source) (err error) {
		programs := &app.Programs{Catalog: catalog.Catalog{Ledger: &ledger.Ledger{Table: t, Now: now}}, Now: now}
		r := verify.Reconciler{
			Source: t, Log: translog.Log{Table: t, Secret: secret}, Program: programs.Live,
			Lists: listing.List{Table: t, Now: now},
			Shard: "reconcile-" + time.Now().Format(time.RFC3339Nano),
		}
		repairs, report, err = r.Reconcile(ctx, checkpoints)
		return err
	})
	return repairs, report, err
}

// signingSecret returns the secret that signs checkpoints. It is nil for a DynamoDB table, because only the function
// relay reads the secret. The function signs the next checkpoint with its next batch.
func (s source) signingSecret() ([]byte, error) {
	if s.Data == "" {
		return nil, nil
	}
	return datadir.CheckpointSecret(s.Data)
}
