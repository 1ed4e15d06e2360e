package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type codesCmd struct {
	Upload codesUpload `cmd:"" help:"Add codes to the pool of a reward whose codes are uploaded."`
}

type codesUpload struct {
	store
	Program string `arg:"" help:"The program's id."`
	Reward  string `arg:"" help:"The reward's id."`
	File    string `arg:"" help:"The codes, one on each line; - is standard input. A file of any size."`
}

// Run adds the codes. Codes that are known already are left out, so an interrupted run can be repeated. If a line is no
// code, or the codes are too easy to guess, none is added.
func (c *codesUpload) Run(ctx context.Context) error {
	in, err := c.open()
	if err != nil {
		return err
	}
	defer in.Close()
	return c.programs(ctx, func(p *app.Programs) error {
		live, err := p.Live(ctx, c.Program)
		if err != nil {
			return refused(err)
		}
		reward, ok := live.Reward(c.Reward)
		switch {
		case !ok:
			return fmt.Errorf("program %s has no reward %s", c.Program, c.Reward)
		case reward.Codes.From != loyalty.UploadedCode:
			return fmt.Errorf("the codes of the reward %s are not uploaded: its program file says no codes: uploaded", c.Reward)
		}
		if err := c.check(in); err != nil {
			return err
		}
		lines := codeLines{name: c.File, in: bufio.NewScanner(in)}
		up, err := p.Ledger.AddCodes(ctx, live.ID, reward.ID, lines.codes())
		fmt.Printf("%d codes added, %d known before\n", up.Added, len(up.Duplicate))
		if err != nil {
			return fmt.Errorf("%w; repeat it to add the others", refused(err))
		}
		return lines.err
	})
}

// open opens the file, or reads all of standard input, so that the codes can be read twice.
func (c *codesUpload) open() (io.ReadSeekCloser, error) {
	if c.File != "-" {
		return os.Open(c.File)
	}
	all, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return inMemory{bytes.NewReader(all)}, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// check reads all codes once, rejects those that are no codes or too easy to guess, and returns to the beginning.
func (c *codesUpload) check(in io.ReadSeeker) error {
	lines := codeLines{name: c.File, in: bufio.NewScanner(in)}
	var pool loyalty.CodePool
	for code := range lines.codes() {
		pool.Add(code)
	}
	if lines.err != nil {
		return lines.err
	}
	if err := pool.Check(); err != nil {
		return refused(err)
	}
	_, err := in.Seek(0, io.SeekStart)
	return err
}

// codeLines reads codes until the first line that is none, which is its error.
type codeLines struct {
	name string
	in   *bufio.Scanner
	err  error
}

func (l *codeLines) codes() iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := 1; l.in.Scan(); n++ {
			code := strings.TrimSpace(strings.TrimPrefix(l.in.Text(), "\ufeff"))
			if code == "" {
				continue
			}
			if !loyalty.ValidCode(code) {
				l.err = fmt.Errorf("%s:%d: a code is 4 to 64 letters, digits and hyphens, at least 4 of them no hyphens", l.name, n)
				return
			}
			if !yield(code) {
				return
			}
		}
		if err := l.in.Err(); err != nil {
			l.err = fmt.Errorf("read %s: %w", l.name, err)
		}
	}
}
