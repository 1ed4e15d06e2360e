package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/perennial-loyalty/perennial/internal/program"
)

// perennial runs a command and prints its output.
func perennial(args ...string) {
	var c commands
	parser := kong.Must(
		&c, kong.Name("perennial"), helpTexts, kong.BindTo(context.Background(), (*context.Context)(nil)),
	)
	parsed, err := parser.Parse(args)
	if err == nil {
		err = parsed.Run()
	}
	if err != nil {
		fmt.Println("perennial:", err)
	}
}

// perennialFolded runs a command and prints its output, with lines of more than 100 columns folded.
func perennialFolded(args ...string) {
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	os.Stdout = w
	perennial(args...)
	os.Stdout = stdout
	w.Close()
	end := regexp.MustCompile("(.{80,100}) ")
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := lines.Text()
		if utf8.RuneCountInString(line) > 100 {
			line = end.ReplaceAllString(line, "$1\n    ")
		}
		fmt.Println(line)
	}
}

// An operator compares a changed program file with the live version, publishes it, and rolls it back.
func Example_publish() {
	dir, err := os.MkdirTemp("", "perennial-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	data, mine := "--data="+filepath.Join(dir, "data"), filepath.Join(dir, "mine.yaml")
	source := bytes.Replace(program.Demo(), []byte("pending: 14 days"), []byte("pending: 7 days"), 1)
	if err := os.WriteFile(mine, source, 0o600); err != nil {
		panic(err)
	}

	perennial("program", "publish", data, "../../internal/program/bluebird.yaml")
	perennial("program", "diff", data, mine)
	perennial("program", "publish", data, mine)
	perennial("program", "rollback", data, "bluebird", "1")

	// Output:
	// version 1 of bluebird is live
	// line 14: earn.purchase.pending: 14 days becomes 7 days
	// version 2 of bluebird is live
	// version 3 of bluebird is live, with the file of version 1
}

// An invalid program file is rejected with all problems, each with its line.
func Example_validate() {
	perennialFolded("program", "validate", "../../internal/program/testdata/wrong/05-stacking-mode.yaml")

	// Output:
	// ../../internal/program/testdata/wrong/05-stacking-mode.yaml: line 12: stacking.seasonal.mode: "bset"
	//     is not one of best, sum, first, exclusive; did you mean "best"?
	//     stacking: [ { id: seasonal, mode: bset }, { id: seasonal, mode: sum } ]
	//                                       ^^^^
	// ../../internal/program/testdata/wrong/05-stacking-mode.yaml: line 12: stacking.seasonal.id:
	//     "seasonal" is already the id of the entry on line 12
	//     stacking: [ { id: seasonal, mode: bset }, { id: seasonal, mode: sum } ]
	//                                                     ^^^^^^^^
	// perennial: the program file has problems; nothing was changed
}

// The command estimates the duration and the cost of a night in which a million members are due.
func Example_estimateNight() {
	perennialFolded("estimate", "night", "--members", "1e6")

	// Output:
	// 1000000 members take 2m7s: 7874 per second, limited by the index's keys
	// 48 invocations of 16 workers on 16 shards
	// 7000000 write units and 1100000 read units; the table must be warmed up to 32000 write units per
	//     second, and its index to three quarters of that
	// about 5 dollars
}
