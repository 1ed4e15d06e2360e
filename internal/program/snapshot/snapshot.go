// Package snapshot encodes and decodes the stored form of a compiled program. When a program is published, its snapshot
// is stored for the functions, so that a cold start does not need the YAML parser and the schema.
//
// The package guarantees that
//
//   - a snapshot contains all fields of a loyalty.Program (a test fails for a missing field);
//   - numbers stay exact;
//   - the same program always has the same bytes;
//   - every snapshot since the first release can be read, because the form is only extended.
//
// A snapshot with fields that this release does not know is rejected. It is not read partly, because points that were
// awarded with incomplete rules cannot be taken back. An older release can still read a program that does not use the
// new fields.
//
// The package checks little, because package program has checked every published program. It uses the words of the
// program file.
package snapshot

import (
	"errors"
	"fmt"
	"time"
	// The package embeds the time zone database, because Lambda has none. Time zones are then the same on every
	// machine.
	_ "time/tzdata"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

// MaxBytes is the maximum size of a snapshot. It bounds the memory and time of the functions that load it. Package
// program rejects files whose snapshot would be larger, which is possible only with aliases of long texts.
const MaxBytes = 4 << 20

// Encode returns the program as a JSON object. It panics if the program has a value that no program file can produce.
func Encode(p *loyalty.Program) []byte {
	b, err := json.Marshal(programOf(p), json.Deterministic(true))
	if err != nil {
		panic("snapshot: " + err.Error()) // words.go lacks a value, which is a bug in this package
	}
	return b
}

// Decode returns the compiled program of a snapshot that Encode created. The program is immutable and safe to share.
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

// read returns the program of a snapshot before it is compiled.
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
