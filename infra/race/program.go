package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// demoProgram is the path of the program that Perennial runs, with the changes of raceProgram.
const demoProgram = "internal/program/bluebird.yaml"

// programChanges are replacements in the demo program. With them, every order earns points that are active immediately,
// as in the hand-written service. The number of orders of a member per day has no effect. Each member joins with the
// opening balance.
var programChanges = []struct{ old, new string }{
	{"\n    pending: 14 days ", "\n    pending: 0 days "},
	{"event: member.joined, points: 50,", "event: member.joined, points: " + strconv.Itoa(opening) + ","},
	{"\n  caps: [1000 per order, 3000 per day, 20000 per month]\n", "\n"},
}

// raceProgram returns the demo program with the changes. It returns an error if the text of a change is not found in
// the demo program.
func raceProgram(demo []byte) ([]byte, error) {
	for _, change := range programChanges {
		if n := bytes.Count(demo, []byte(change.old)); n != 1 {
			return nil, fmt.Errorf("race: %s has the text %q %d times, want once", demoProgram, change.old, n)
		}
		demo = bytes.Replace(demo, []byte(change.old), []byte(change.new), 1)
	}
	return demo, nil
}

// writeProgram writes the program to a file.
func writeProgram(file string) error {
	demo, err := os.ReadFile(demoProgram)
	if err != nil {
		return fmt.Errorf("race: %w", err)
	}
	source, err := raceProgram(demo)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, source, 0o644); err != nil {
		return fmt.Errorf("race: %w", err)
	}
	return nil
}
