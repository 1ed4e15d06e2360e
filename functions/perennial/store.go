package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/boot/operator"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// A store selects the table that an operator's command uses.
type store struct {
	Table string `xor:"store" required:"" env:"PERENNIAL_TABLE" help:"${store_table}"`
	Data  string `xor:"store" required:"" type:"path" help:"Data directory of a perennial dev that is not running."`
}

// A maybeStore is like a store, but the selection is optional.
type maybeStore struct {
	Table string `xor:"store" env:"PERENNIAL_TABLE" help:"${store_table}"`
	Data  string `xor:"store" type:"path" help:"Data directory of a perennial dev that is not running."`
}

// programs opens the table, calls do with the programs in the table, and closes the table.
func (s *store) programs(ctx context.Context, do func(*app.Programs) error) error {
	return s.opened(ctx, func(t table.Table) error {
		now, err := s.clock()
		if err != nil {
			return err
		}
		return do(&app.Programs{Catalog: catalog.Catalog{Ledger: &ledger.Ledger{Table: t, Now: now}}, Now: now})
	})
}

// opened opens the table, calls do with the table, and closes the table.
func (s *store) opened(ctx context.Context, do func(table.Table) error) error {
	t, closeTable, err := s.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(t), closeTable())
}

// clock returns the clock to which the data belong. The clock of a data directory may have been advanced.
func (s *store) clock() (func() time.Time, error) {
	if s.Data == "" {
		return time.Now, nil
	}
	return datadir.Clock(s.Data)
}

// open opens the table. If the environment variable AWS_ENDPOINT_URL_DYNAMODB is set, it opens the table at this
// DynamoDB endpoint.
func (s *store) open(ctx context.Context) (t table.Table, closeTable func() error, err error) {
	if s.Data != "" {
		p, err := datadir.Open(s.Data)
		if err != nil {
			return nil, nil, err
		}
		return p, p.Close, nil
	}
	nothing := func() error { return nil }
	if endpoint := os.Getenv(endpointVariable); endpoint != "" {
		return &dynamotable.Table{Client: dynamotable.Local(endpoint), Name: s.Table}, nothing, nil
	}
	t, err = operator.Table(ctx, s.Table)
	return t, nothing, err
}

const endpointVariable = "AWS_ENDPOINT_URL_DYNAMODB"
