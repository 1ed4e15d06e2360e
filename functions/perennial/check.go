package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/perennial-loyalty/perennial/internal/program"
)

type check struct {
	File string `arg:"" help:"The program file."`
}

// Run prints every problem with its line, and fails if there is one.
func (c *check) Run() error {
	f, _, err := readProgram(c.File, os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("%s: program %s can be published\n", c.File, f.Program.ID)
	return nil
}

var errProblems = errors.New("the program file has problems; nothing was changed")

// readProgram reads and checks a program file and prints what is wrong with it.
func readProgram(path string, out io.Writer) (*program.File, []byte, error) {
	source, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no program file %s", path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the program file: %w", err)
	}
	f, problems := program.Parse(source)
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s\n", path, p)
	}
	if len(problems) > 0 {
		return nil, nil, errProblems
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(out, "%s: warning: %s\n", path, w)
	}
	return f, source, nil
}
