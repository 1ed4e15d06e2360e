package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

type programCmd struct {
	Validate validate `cmd:"" help:"Validate a program file, run its examples and print its problems."`
	Explain  explain  `cmd:"" help:"Explain a program file in plain English."`
	Diff     diff     `cmd:"" help:"Compare two program files, or a file with the live version."`
	Draft    draft    `cmd:"" help:"Store or print the draft that the API publishes."`
	Publish  publish  `cmd:"" help:"Validate a program file and publish it, now or at an instant."`
	Rollback rollback `cmd:"" help:"Publish an earlier version again, and withdraw scheduled versions."`
	Versions versions `cmd:"" help:"List the versions of a program, newest first."`
}

type validate struct {
	File string `arg:"" help:"Program file."`
}

// Run prints every problem with its line. It returns an error if there is a problem.
func (c *validate) Run() error {
	f, _, err := readProgram(c.File, os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("%s: program %s can be published\n", c.File, f.Program.ID)
	return nil
}

type explain struct {
	File string `arg:"" help:"Program file."`
}

// Run prints the description of the program, one sentence per line. It returns an error if the file has a problem.
func (c *explain) Run() error {
	f, _, err := readProgram(c.File, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Print(describe.Explain(f.Program))
	return nil
}

var errProblems = errors.New("the program file has problems; nothing was changed")

// readProgram reads a program file, checks it and prints its problems.
func readProgram(path string, out io.Writer) (*program.File, []byte, error) {
	source, err := readSource(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := parse(path, source, out)
	return f, source, err
}

// parse checks the source of a program. It prints the problems, and uses name as the name of the file.
func parse(name string, source []byte, out io.Writer) (*program.File, error) {
	f, problems := program.Parse(source)
	if len(problems) > 0 {
		return nil, printProblems(name, problems, out)
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(out, "%s: warning: %s\n", name, w)
	}
	return f, nil
}

func printProblems(name string, problems document.Problems, out io.Writer) error {
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s\n", name, p)
	}
	return errProblems
}

func readSource(path string) ([]byte, error) {
	source, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the program file %s does not exist", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the program file: %w", err)
	}
	return source, nil
}
