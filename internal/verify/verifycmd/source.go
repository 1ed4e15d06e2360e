// Package verifycmd contains the commands of perennial that check, repair and restore whole tables: verify, reconcile
// and drill. They are for operators and run offline: the table must not change meanwhile.
//
// A DynamoDB table is scanned once, consistently, into a temporary directory (TMPDIR), which needs as much space as the
// table. A scan costs one read unit for each 4 KB. The commands print the units that they consumed. A check
// holds the hash, the key and the time of each entry in memory.
package verifycmd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/boot/operator"
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamoexport"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/localcopy"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// A source is the place of the data. Exactly one of Data, Table and Export is set.
type source struct {
	Data     string
	Table    string
	Export   string
	Endpoint string
}

// with opens the data, calls do, and closes the data.
func (s source) with(ctx context.Context, do func(verify.Source) error) error {
	switch {
	case s.Data != "":
		t, err := datadir.Open(s.Data)
		if err != nil {
			return err
		}
		return errors.Join(do(t), t.Close())
	case s.Export != "":
		return copied(ctx, dynamoexport.Items(ctx, s.Export), nil, do)
	}
	t, err := s.dynamoDB(ctx)
	if err != nil {
		return err
	}
	scan := &dynamotable.Scanner{Table: t}
	return copied(ctx, scan.Items(ctx), t, func(c verify.Source) error {
		fmt.Fprintf(os.Stderr, "The scan of the table consumed %.1f read units.\n", scan.Units())
		return do(c)
	})
}

// dynamoDB opens the table, at the endpoint if there is one.
func (s source) dynamoDB(ctx context.Context) (*dynamotable.Table, error) {
	if s.Endpoint == "" {
		return operator.Table(ctx, s.Table)
	}
	return &dynamotable.Table{
		Client: dynamotable.Local(s.Endpoint), Name: s.Table, Timeout: 10 * time.Second, Patience: 30 * time.Second,
	}, nil
}

// copied copies items to this machine, calls do with the copy, and removes the copy. Writes also change the original.
func copied(
	ctx context.Context, items iter.Seq2[table.Item, error], original table.Table, do func(verify.Source) error,
) error {
	c, err := localcopy.New(ctx, items, original)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close())
}

// clock returns the clock to which the data belong.
func (s source) clock() (func() time.Time, error) {
	if s.Data == "" {
		return time.Now, nil
	}
	return datadir.Clock(s.Data)
}

// anchors are the checkpoints from outside the data.
type anchors struct {
	Checkpoint []string `type:"existingfile" help:"${verify_checkpoint}"`
	Key        []string `help:"${verify_key}"`
}

// signed reads the checkpoints, and checks their signatures if keys are given.
func (a anchors) signed() (all []verify.SignedCheckpoint, err error) {
	for _, path := range a.Checkpoint {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		checkpoint, err := a.open(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, verify.SignedCheckpoint{Checkpoint: checkpoint, Text: string(text)})
	}
	return all, nil
}

// open parses a checkpoint, and checks its signature with the key of its program if keys are given.
func (a anchors) open(text string) (translog.Checkpoint, error) {
	c, err := translog.ParseCheckpoint(text)
	if err != nil || len(a.Key) == 0 {
		return c, err
	}
	for _, key := range a.Key {
		if translog.KeyOf(key, c.Program) {
			return translog.OpenCheckpoint(text, key)
		}
	}
	return c, fmt.Errorf("no --key is for the program %s", c.Program)
}
