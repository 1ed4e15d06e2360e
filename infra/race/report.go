package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// header is printed before the rows that the method line returns. P is Perennial, H the hand-written service, and C the
// server with the constant response.
const header = "P: Perennial, H: hand-written, C: constant response; operations per second, milliseconds, " +
	"microseconds of CPU time per operation\n\n" +
	"request               clients    P/H      P op/s     p50     p99     CPU   H op/s     p50     p99     CPU" +
	"    C CPU    P/C  H/pgbench"

// line returns a row of the table that is printed at the terminal.
func (r row) line() string {
	p, h := r.of(perennial), r.of(handwrittenService)
	pgbench := "-"
	if r.hasPgbench() {
		pgbench = percent(r.median(round.ofPgbench))
	}
	return fmt.Sprintf("%-20s  %7d  %5.2f  %10.0f %7.2f %7.2f %7.0f  %7.0f %7.2f %7.2f %7.0f  %7.0f %6s  %9s",
		r.scenario.name, r.clients, r.median(round.ratio), p.rate, p.p50, p.p99, p.cpu, h.rate, h.p50, h.p99, h.cpu,
		r.of(constant).cpu, percent(r.median(round.ofConstant)), pgbench)
}

func perennial(r round) sample          { return r.perennial }
func handwrittenService(r round) sample { return r.handwritten }
func constant(r round) sample           { return r.constant }

// of returns, for each value of one server, the median over the rounds.
func (r row) of(server func(round) sample) sample {
	return sample{
		rate: r.median(func(r round) float64 { return server(r).rate }),
		p50:  r.median(func(r round) float64 { return server(r).p50 }),
		p99:  r.median(func(r round) float64 { return server(r).p99 }),
		cpu:  r.median(func(r round) float64 { return server(r).cpu }),
	}
}

func (r round) ratio() float64      { return r.perennial.rate / r.handwritten.rate }
func (r round) ofConstant() float64 { return r.perennial.rate / r.constant.rate }
func (r round) ofPgbench() float64  { return r.handwritten.rate / r.pgbench }

func percent(ratio float64) string { return fmt.Sprintf("%.0f %%", 100*ratio) }

const tableHeader = "| Request | Perennial / hand-written: 1, 8, 32 clients | p50 / p99, ms | CPU, µs | Constant |\n" +
	"|---|---|---|---|---|\n"

// table returns the table for the README. The columns after the ratios are for the largest number of clients.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString(tableHeader)
	for group := range slices.Chunk(rows, len(clientCounts)) {
		var ratios []string
		for _, r := range group {
			ratios = append(ratios, fmt.Sprintf("%.2f", r.median(round.ratio)))
		}
		last := group[len(group)-1]
		p, h := last.of(perennial), last.of(handwrittenService)
		fmt.Fprintf(&b, "| %s | %s | %.1f / %.1f; %.1f / %.1f | %.0f; %.0f | %s |\n", last.scenario.name,
			strings.Join(ratios, ", "), p.p50, p.p99, h.p50, h.p99, p.cpu, h.cpu,
			percent(last.median(round.ofConstant)))
	}
	return b.String()
}

// conditions returns a sentence about the conditions of the measurement.
func (r *race) conditions(rows []row) string {
	var shares []float64
	for _, row := range rows {
		if row.hasPgbench() {
			shares = append(shares, row.median(round.ofPgbench))
		}
	}
	text := fmt.Sprintf("The conditions: %d cores, %s, PostgreSQL %s, rounds of %d s, medians over the rounds (%d).",
		runtime.NumCPU(), strings.Replace(runtime.Version(), "go", "Go ", 1), r.database.Version, r.seconds, r.rounds)
	if len(shares) == 0 {
		return text
	}
	return text + fmt.Sprintf(" With %d clients, the hand-written service reaches %s to %s of pgbench's result for "+
		"its SQL.", slices.Max(clientCounts), percent(slices.Min(shares)), percent(slices.Max(shares)))
}

// columns explains the columns of the table.
const columns = "The ratios are those of the requests per second; above 1, Perennial is faster. The other columns " +
	"are for 32 clients, with Perennial first: latencies, the CPU time of the server per request, and Perennial's " +
	"share of the requests per second of a constant response of `net/http`.\n\n"

const (
	startMarker = "<!-- written by make race -->\n"
	endMarker   = "<!-- end of make race -->\n"
)

// replaceTable replaces the text between the two markers of the README.
func replaceTable(readme []byte, text string) ([]byte, error) {
	before, rest, found := bytes.Cut(readme, []byte(startMarker))
	_, after, ends := bytes.Cut(rest, []byte(endMarker))
	if !found || !ends {
		return nil, fmt.Errorf("race: the file must have the lines %q and %q", startMarker, endMarker)
	}
	return slices.Concat(before, []byte(startMarker), []byte(text), []byte(endMarker), after), nil
}

// writeTable writes the table to a file that contains the markers.
func (r *race) writeTable(file string, rows []row) error {
	readme, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("race: %w", err)
	}
	readme, err = replaceTable(readme, columns+table(rows)+"\n"+r.conditions(rows)+"\n")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, readme, 0o644); err != nil {
		return fmt.Errorf("race: %w", err)
	}
	return nil
}
