// Package source selects the items of the table that belong in the transparency log of a program, and reads their
// hashes. It also finds the members whose list items must be refreshed after a change (package listing).
//
// These are the ledger entries and the records of the audit list. Entries of no account, such as parked orders, have no
// hash and are not logged. The package reads stored forms and deliberately does not check hashes; package verify does.
package source

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
)

// Record returns the program of an item and its record in the program's log. It reports false if the log does not
// contain such an item. It returns an error for an item with the keys of an entry that cannot be read.
func Record(it table.Item) (program string, rec translog.Record, ok bool, err error) {
	if program, r, ok, err := audit.Read(it); ok || err != nil {
		if err == nil {
			rec, err = Audited(r)
		}
		return program, rec, ok, err
	}
	program, ok, err = Program(it.Key)
	if err != nil || !ok {
		return "", rec, false, err
	}
	f, err := factsOf(it.Doc)
	if err != nil {
		return "", rec, false, fmt.Errorf("source: read the entry %s: %w", it.Key, err)
	}
	if f.Hash == "" {
		return "", rec, false, nil
	}
	rec = translog.Record{Recorded: stored.Instant(f.Recorded)}
	if rec.Hash, err = ParseHash(f.Hash); err != nil {
		return "", rec, false, fmt.Errorf("source: read the entry %s: %w", it.Key, err)
	}
	return program, rec, true, nil
}

// Audited returns the record of an audit record in the log.
func Audited(r audit.Record) (translog.Record, error) {
	hash, err := ParseHash(r.Hash)
	if err != nil {
		return translog.Record{}, fmt.Errorf("source: read audit record %d: %w", r.Sequence, err)
	}
	return translog.Record{Hash: hash, Recorded: r.At}, nil
}

// ParseHash parses the hash of an entry or an audit record.
func ParseHash(text string) (hash [32]byte, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != len(hash) {
		return hash, fmt.Errorf("%q is not a hash", text)
	}
	return [32]byte(b), nil
}

// entryFacts are the fields of a stored entry that this package reads.
type entryFacts struct {
	Hash     string         `json:"hash"`
	Recorded int64          `json:"rec"`
	Member   string         `json:"m"`
	Tier     jsontext.Value `json:"tier"` // nil unless the entry changes a level
	Status   string         `json:"st"`   // empty unless the entry changes the status of the member
	Packed   string         `json:"z"`
}

func factsOf(doc []byte) (f entryFacts, err error) {
	if err := json.Unmarshal(doc, &f); err != nil || f.Packed == "" {
		return f, err
	}
	d, err := stored.UnpackedEntry(doc)
	f = entryFacts{Hash: d.Hash, Recorded: d.Recorded, Member: d.Member, Status: d.Status}
	if d.Tier != nil {
		f.Tier = jsontext.Value("{}")
	}
	return f, err
}

// moved returns the member of an entry that changes a level or the status, and an empty ID for other entries.
func (f entryFacts) moved() loyalty.MemberID {
	if f.Tier == nil && f.Status == "" {
		return ""
	}
	return loyalty.MemberID(f.Member)
}

// Program returns the program of an entry from its key: P#<program>#E#<kind>#<id>, and a revision of six digits. It
// reports false for another sort key, and an error for a revision in another partition.
func Program(key table.Key) (program string, ok bool, err error) {
	if n, err := strconv.Atoi(key.SK); err != nil || len(key.SK) != 6 || n <= 0 {
		return "", false, nil
	}
	parts := strings.SplitN(key.PK, "#", 5)
	if len(parts) != 5 || parts[0] != "P" || parts[2] != "E" || parts[1] == "" || parts[3] == "" || parts[4] == "" {
		return "", false, fmt.Errorf("source: %s is not the key of a cause", key.PK)
	}
	return parts[1], true, nil
}
