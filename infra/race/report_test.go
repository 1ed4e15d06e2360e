package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/program"
)

// sampleRows has three rounds per row. Their ratios are 2, 3 and 2.5.
func sampleRows() (rows []row) {
	for _, clients := range clientCounts {
		r := row{scenario: &scenarios[0], clients: clients}
		for i, rate := range []float64{2000, 3000, 2500} {
			r.rounds = append(r.rounds, round{
				perennial:   sample{rate, 1, 4 + float64(i), 180},
				handwritten: sample{1000, 2, 8, 250},
				constant:    sample{10_000, 0.5, 1, 25},
				pgbench:     1250,
			})
		}
		rows = append(rows, r)
	}
	return rows
}

func TestLineHasMediansOfRounds(t *testing.T) {
	for i, want := range []string{
		"earn 1 2.50 2500 1.00 5.00 180 1000 2.00 8.00 250 25 25 % -",
		"earn 8 2.50 2500 1.00 5.00 180 1000 2.00 8.00 250 25 25 % -",
		"earn 32 2.50 2500 1.00 5.00 180 1000 2.00 8.00 250 25 25 % 80 %",
	} {
		if got := strings.Join(strings.Fields(sampleRows()[i].line()), " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTableHasRatiosOfAllClientCounts(t *testing.T) {
	want := tableHeader + "| earn | 2.50, 2.50, 2.50 | 1.0 / 5.0; 2.0 / 8.0 | 180; 250 | 25 % |\n"
	if got := table(sampleRows()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestReplaceTable(t *testing.T) {
	got, err := replaceTable([]byte("a\n"+startMarker+"old\n"+endMarker+"b\n"), "new\n")
	if want := "a\n" + startMarker + "new\n" + endMarker + "b\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, readme := range []string{"", startMarker, endMarker, endMarker + startMarker} {
		if got, err := replaceTable([]byte(readme), "new\n"); err == nil {
			t.Errorf("%q became %q without an error", readme, got)
		}
	}
}

// TestReadmeHasTableOfEveryScenario checks the form of the README's table, if it has been written. Its numbers depend
// on the machine.
func TestReadmeHasTableOfEveryScenario(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaceTable(readme, ""); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), startMarker)
	text, _, _ := strings.Cut(rest, endMarker)
	if text == "`make race` writes its results here.\n" {
		t.Skip("the README has no results yet")
	}
	_, body, found := strings.Cut(text, tableHeader)
	if !found {
		t.Fatalf("the README's table does not begin with\n%s", tableHeader)
	}
	var want, got []string
	for _, s := range scenarios {
		want = append(want, s.name)
	}
	form := regexp.MustCompile(`(?m)^\| ([^|]+) \|( \d+\.\d\d,?){3} \| [\d./; ]+ \| \d+; \d+ \| \d+ % \|$`)
	for _, m := range form.FindAllStringSubmatch(body, -1) {
		got = append(got, m[1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("the README's table has rows for %q, want %q", got, want)
	}
}

func TestParsePgbench(t *testing.T) {
	out := "latency average = 1.5 ms\ninitial connection time = 5.2 ms\n" +
		"tps = 4697.25 (without initial connection time)\n"
	if rate, err := parsePgbench(out); err != nil || rate != 4697.25 {
		t.Errorf("parsePgbench = %v, %v", rate, err)
	}
	for _, bad := range []string{
		"", "tps = x (without initial connection time)\n", "tps = 0 (without initial connection time)\n",
	} {
		if rate, err := parsePgbench(bad); err == nil {
			t.Errorf("parsePgbench(%q) = %v without an error", bad, rate)
		}
	}
}

// TestRaceProgramCanBePublished also checks that the changes still fit the demo program.
func TestRaceProgramCanBePublished(t *testing.T) {
	source, err := raceProgram(program.Demo())
	if err != nil {
		t.Fatal(err)
	}
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(p.Earn.Caps) > 0 {
		t.Errorf("the program has caps: %+v", p.Earn.Caps)
	}
	if _, err := raceProgram(source); err == nil {
		t.Error("a program that the changes do not fit is accepted")
	}
}
