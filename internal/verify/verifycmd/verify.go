package verifycmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// Verify is the command perennial verify.
type Verify struct {
	Data     string `xor:"store" required:"" type:"path" help:"Data directory of a perennial dev that is not running."`
	Table    string `xor:"store" required:"" env:"PERENNIAL_TABLE" help:"${store_table}"`
	Export   string `xor:"store" required:"" type:"existingdir" help:"${verify_export}"`
	Endpoint string `env:"AWS_ENDPOINT_URL_DYNAMODB" placeholder:"URL" help:"${verify_endpoint}"`
	anchors
}

// Run checks the data and prints the report. It returns an error if there are findings.
func (c *Verify) Run(ctx context.Context) error {
	r, err := c.check(ctx)
	if err != nil {
		return err
	}
	return printReport(r)
}

func (c *Verify) check(ctx context.Context) (r verify.Report, err error) {
	signed, err := c.signed()
	if err != nil {
		return r, err
	}
	var checkpoints []translog.Checkpoint
	for _, s := range signed {
		checkpoints = append(checkpoints, s.Checkpoint)
	}
	s := source{Data: c.Data, Table: c.Table, Export: c.Export, Endpoint: c.Endpoint}
	err = s.with(ctx, func(t verify.Source) (err error) {
		r, err = verify.Table(ctx, t, checkpoints)
		return err
	})
	return r, err
}

// printReport prints a report. It returns an error if there are findings.
func printReport(r verify.Report) error {
	for _, f := range r.Findings {
		fmt.Println(f)
	}
	for _, program := range r.NotAnchored {
		fmt.Printf("%s: not anchored: no checkpoint from outside the table was given\n", program)
	}
	fmt.Printf("programs %d, members %d, entries %d, not in the log yet %d, violations %d\n",
		r.Programs, r.Members, r.Entries, r.Unlogged, len(r.Findings))
	if len(r.Findings) > 0 {
		return errors.New("the data violate the rules of the ledger; the first violation is listed first")
	}
	return nil
}
