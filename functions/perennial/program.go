package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/perennial-loyalty/perennial/internal/program"
)

type programCmd struct {
	Check    check    `cmd:"" help:"Check a program file, run its examples, and print what is wrong with it."`
	Explain  explain  `cmd:"" help:"Say in plain English what a program file does."`
	Diff     diff     `cmd:"" help:"Print what differs between two program files, or between the live version and a file."`
	Draft    draft    `cmd:"" help:"Store or print the draft, from which the API publishes."`
	Publish  publish  `cmd:"" help:"Check a program file and make it a version of its program, live now or from an instant on."`
	Rollback rollback `cmd:"" help:"Publish an earlier version again, and withdraw what is scheduled."`
	Versions versions `cmd:"" help:"List the versions of a program, newest first."`
}

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

type explain struct {
	File string `arg:"" help:"The program file."`
}

// Run prints a sentence a line, and fails if the file has a problem.
func (c *explain) Run() error {
	f, _, err := readProgram(c.File, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Print(program.Explain(f.Program))
	return nil
}

var errProblems = errors.New("the program file has problems; nothing was changed")

// readProgram reads and checks a program file and prints what is wrong with it.
func readProgram(path string, out io.Writer) (*program.File, []byte, error) {
	source, err := readSource(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := parse(path, source, out)
	return f, source, err
}

// parse checks the source of a program, which has a name, and prints what is wrong with it.
func parse(name string, source []byte, out io.Writer) (*program.File, error) {
	f, problems := program.Parse(source)
	if len(problems) > 0 {
		return nil, tell(name, problems, out)
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(out, "%s: warning: %s\n", name, w)
	}
	return f, nil
}

func tell(name string, problems program.Problems, out io.Writer) error {
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s\n", name, p)
	}
	return errProblems
}

func readSource(path string) ([]byte, error) {
	source, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no program file %s", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the program file: %w", err)
	}
	return source, nil
}
