package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/boot/operator"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
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
	ahead, err := readAhead(s.Data)
	return func() time.Time { return time.Now().Add(ahead) }, err
}

// open opens the table. If the environment variable AWS_ENDPOINT_URL_DYNAMODB is set, it opens the table at this
// DynamoDB endpoint.
func (s *store) open(ctx context.Context) (t table.Table, closeTable func() error, err error) {
	if s.Data != "" {
		p, err := openData(s.Data)
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

// openData opens a data directory. The directory contains the table and a file with the offset of the test clock. The
// offset is necessary after a restart, because stored events would otherwise be in the future.
func openData(dir string) (*pebbletable.Table, error) {
	t, err := pebbletable.Open(filepath.Join(dir, "table"))
	if err != nil {
		return nil, fmt.Errorf("open the data directory %s: %w", dir, err)
	}
	return t, nil
}

// dataKey returns the root key of a data directory. It is in a file beside the directory, so that a copy of the
// directory alone does not reveal personal data.
func dataKey(dir string) (keyring.Root, error) {
	return keyring.FileRoot(strings.TrimRight(dir, string(filepath.Separator)) + ".key")
}

func readAhead(dir string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(dir, "clock"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the offset of the clock: %w", err)
	}
	ahead, err := time.ParseDuration(string(text))
	if err != nil {
		return 0, fmt.Errorf("read the offset of the clock: %w", err)
	}
	return ahead, nil
}

func writeAhead(dir string, ahead time.Duration) error {
	beside := filepath.Join(dir, "clock.new")
	if err := os.WriteFile(beside, []byte(ahead.String()), 0o600); err != nil {
		return fmt.Errorf("store the offset of the clock: %w", err)
	}
	return os.Rename(beside, filepath.Join(dir, "clock"))
}
