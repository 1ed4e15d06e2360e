package snapshot_test

import (
	"bytes"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// alike compares exported fields, and conditions by their sources.
var alike = cmp.Options{
	cmpopts.IgnoreFields(loyalty.Program{}, "Compiled"),
	cmpopts.IgnoreFields(loyalty.Tiers{}, "Group"),
	cmp.Comparer(func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b loyalty.Condition) bool {
		return a == nil && b == nil || a != nil && b != nil && a.String() == b.String()
	}),
}

func TestAProgramFileGivesTheSameProgramByWayOfItsSnapshot(t *testing.T) {
	demo := string(program.Demo())
	everything, err := os.ReadFile("../testdata/whole/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]string{
		"the demo":  demo,
		"every key": string(everything),
		"other words": strings.NewReplacer("rounding: down", "rounding: nearest", "end_of_month", "end_of_quarter",
			"by: points_earned", "by: orders", "one_step",
			"to_qualified").Replace(demo[:strings.Index(demo, "\nexamples:")]),
	} {
		want, problems := program.Compile([]byte(source))
		if err := problems.Err(); err != nil {
			t.Fatal(name, err)
		}
		stored := snapshot.Encode(want)
		got, err := snapshot.Decode(stored)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, got, alike); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if again, _ := program.Compile([]byte(source)); !bytes.Equal(stored, snapshot.Encode(again)) {
			t.Errorf("%s: the same program gives other bytes", name)
		}
	}
}

// This is the snapshot of a program with rules in the form of the first release. Every later release must read it: add
// similar files, and never change this one.
func TestTheFormOfRulesIsRead(t *testing.T) {
	stored, err := os.ReadFile("testdata/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := snapshot.Decode(stored)
	if err != nil {
		t.Fatal(err)
	}
	if again := snapshot.Encode(p); !bytes.Equal(again, stored) {
		t.Errorf("written as\n%s\nand was\n%s", again, stored)
	}
}

func BenchmarkDecode(b *testing.B) {
	everything, err := os.ReadFile("../testdata/whole/everything.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for name, source := range map[string][]byte{"demo": program.Demo(), "everything": everything} {
		p, problems := program.Compile(source)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		stored := snapshot.Encode(p)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := snapshot.Decode(stored); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(stored)), "bytes")
		})
	}
}
