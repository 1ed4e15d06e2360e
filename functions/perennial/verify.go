package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// A verified data directory is compared with checkpoints.
type verified struct {
	Data       string   `required:"" type:"path" help:"Data directory of a perennial dev that is not running."`
	Checkpoint []string `type:"existingfile" help:"${verify_checkpoint}"`
	Key        []string `help:"${verify_key}"`
}

type verifyCmd struct{ verified }

// Run checks the data directory. It returns an error if there are findings.
func (c *verifyCmd) Run(ctx context.Context) error {
	signed, err := c.checkpoints()
	if err != nil {
		return err
	}
	var checkpoints []translog.Checkpoint
	for _, s := range signed {
		checkpoints = append(checkpoints, s.Checkpoint)
	}
	t, err := openData(c.Data)
	if err != nil {
		return err
	}
	r, err := verify.Table(ctx, t, checkpoints)
	if err := errors.Join(err, t.Close()); err != nil {
		return err
	}
	return printReport(r)
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

// checkpoints reads the checkpoints, and checks their signatures if keys are given.
func (c *verified) checkpoints() (all []verify.SignedCheckpoint, err error) {
	for _, path := range c.Checkpoint {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		checkpoint, err := translog.ParseCheckpoint(string(text))
		if len(c.Key) > 0 {
			checkpoint, err = c.signed(string(text))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, verify.SignedCheckpoint{Checkpoint: checkpoint, Text: string(text)})
	}
	return all, nil
}

// signed opens a checkpoint with the key of its program.
func (c *verified) signed(text string) (translog.Checkpoint, error) {
	parsed, err := translog.ParseCheckpoint(text)
	if err != nil {
		return parsed, err
	}
	for _, key := range c.Key {
		if strings.HasPrefix(key, "perennial/"+parsed.Program+"+") {
			return translog.OpenCheckpoint(text, key)
		}
	}
	return parsed, fmt.Errorf("no --key is for the program %s", parsed.Program)
}
