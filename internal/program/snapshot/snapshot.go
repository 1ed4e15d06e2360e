// Package snapshot encodes and decodes the stored form of a compiled program. Publishing writes a snapshot for the
// functions, so that a cold start does not need the YAML parser and the schema.
//
// The package guarantees that
//
//   - a snapshot contains all fields of a loyalty.Program (a test fails for a missing field);
//   - numbers stay exact;
//   - the same program always has the same bytes;
//   - every snapshot since the first release can be read, because the form is only extended.
//
// A snapshot with fields that this release does not know is rejected instead of being read partly, because points that
// were awarded by incomplete rules cannot be taken back. A program that does not use the new fields can still be read
// by an older release.
//
// The package checks little, because package program has checked every published program. It uses the words of the
// program file.
package snapshot

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // so that time zones are the same on every machine; Lambda has no time zone data

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

// MaxBytes is the maximum size of a snapshot, so that it fits into one item of the table. Package program rejects
// files whose snapshot would be larger, which is possible only with aliases of long texts.
const MaxBytes = 300 << 10

// Encode returns the program as a JSON object. It panics on a value that no program file can produce.
func Encode(p *loyalty.Program) []byte {
	b, err := json.Marshal(programOf(p), json.Deterministic(true))
	if err != nil {
		panic("snapshot: " + err.Error()) // a value that is missing in words.go, which is a bug in this package
	}
	return b
}

// Decode returns the compiled program that Encode encoded as b. It is immutable and safe to share.
func Decode(b []byte) (*loyalty.Program, error) {
	p, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("snapshot: read: %w", err)
	}
	if err := engine.Compile(p); err != nil {
		return nil, fmt.Errorf("snapshot: compile: %w", err)
	}
	return p, nil
}

// read returns the program before it is compiled.
func read(b []byte) (*loyalty.Program, error) {
	var d programDoc
	if err := json.Unmarshal(b, &d, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	if d.Zone == "" {
		return nil, errors.New("a time zone is wanted")
	}
	zone, err := time.LoadLocation(d.Zone)
	if err != nil {
		return nil, err
	}
	p := d.program(zone)
	return p, d.conditions(p)
}
