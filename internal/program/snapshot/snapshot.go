// Package snapshot writes and reads the stored form of a compiled program: what publishing leaves behind for the
// functions, so that a cold start parses no YAML and knows no schema.
//
// It promises that nothing of a loyalty.Program is lost (a test fails as soon as a field is), that numbers stay
// exact, that the same program gives the same bytes, and that every snapshot ever written can be read: the form
// is changed only by addition. What a newer release wrote and this one does not know is refused rather than
// passed over, because points that were given by half of the rules cannot be asked back; a program that does not
// use what is new can be read by both.
//
// It deliberately checks little: what is published has passed package program, whose words it uses.
package snapshot

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // so that a time zone means the same on every machine; Lambda's has none

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// MaxBytes is how large a snapshot may be, so that it fits into one item of the table. Package program refuses
// files that would take more, which only aliases of long texts can.
const MaxBytes = 300 << 10

// Encode is the program as a JSON object. It panics on a value that no program file can give.
func Encode(p *loyalty.Program) []byte {
	b, err := json.Marshal(programOf(p), json.Deterministic(true))
	if err != nil {
		panic("snapshot: " + err.Error()) // a word that is not in words.go: a bug here
	}
	return b
}

// Decode is the program of which Encode made b, compiled: it must not be changed any more and may be shared.
func Decode(b []byte) (*loyalty.Program, error) {
	p, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("snapshot: read: %w", err)
	}
	if err := p.Compile(); err != nil {
		return nil, fmt.Errorf("snapshot: compile: %w", err)
	}
	return p, nil
}

// read is the program before it is compiled.
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
