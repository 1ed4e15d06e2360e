package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// options contains the values of the flags.
type options struct {
	rounds  int
	seconds int
	members int
	only    *regexp.Regexp
	parent  string
	readme  string
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run starts one of the servers if the arguments request it. Otherwise, it runs the comparison.
func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "serve-handwritten":
		return serveHandwritten(ctx, args[1], args[2])
	case len(args) == 1 && args[0] == "serve-constant":
		return serveConstant(ctx)
	}
	var o options
	flags := flag.NewFlagSet("race", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 7, "number of rounds")
	flags.IntVar(&o.seconds, "seconds", 2, "duration of the load on each service in each round")
	flags.IntVar(&o.members, "members", 20_000, "number of members")
	only := flags.String("only", "", "regular expression for the names of the requests to measure")
	flags.StringVar(&o.parent, "dir", "/var/tmp", "parent of the temporary directory for all data, on a disk")
	flags.StringVar(&o.readme, "readme", "", "file whose table is replaced")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || o.rounds < 1 || o.seconds < 1 || o.members < 1 {
		return errors.New("race: all numbers must be positive, and there are no arguments")
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("race: -only: %w", err)
	}
	if *only != "" && o.readme != "" {
		return errors.New("race: -readme needs the results of all requests; remove -only")
	}
	return (&race{options: o}).all(ctx)
}

// all starts the servers, measures them, and prints the results.
func (r *race) all(ctx context.Context) error {
	began := time.Now()
	defer r.stop()
	fmt.Fprintln(os.Stderr, "race: starting the servers and creating members")
	if err := r.start(ctx); err != nil {
		return err
	}
	fmt.Println(header)
	rows, err := r.rows(ctx, func(row row) { fmt.Println(row.line()) })
	if err != nil {
		return err
	}
	fmt.Printf("\n%s The run took %s.\n", r.conditions(rows), time.Since(began).Round(time.Second))
	if r.readme == "" {
		return nil
	}
	return r.writeTable(r.readme, rows)
}
