package main

import (
	"bufio"
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

// Run adds the codes. What is known already is left out, so a run that was cut off can be repeated.
func (c *codesUpload) Run(ctx context.Context) error {
	in := io.NopCloser(io.Reader(os.Stdin))
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		in = f
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
		lines := codeLines{name: c.File, in: bufio.NewScanner(in)}
		up, err := p.Ledger.AddCodes(ctx, live.ID, reward.ID, lines.codes())
		fmt.Printf("%d codes added, %d known before\n", up.Added, len(up.Duplicate))
		if err != nil {
			return fmt.Errorf("%w; repeat it to add the others", refused(err))
		}
		return lines.err
	})
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
				l.err = fmt.Errorf("%s:%d: a code is 4 to 64 letters, digits and hyphens, at least 4 of them no hyphens; what stands before it is added", l.name, n)
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
