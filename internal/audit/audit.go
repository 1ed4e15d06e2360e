// Package audit stores the audit list of each program: who changed what, when and why, with the values before and
// after.
//
// The list contains the manual changes of accounts (adjustments, levels, extensions, reinstatements and the status),
// publications and kill switches of the program, created and revoked API keys and token keys, added and removed issuers
// and origins, changes of operators, their sessions, and requested and decided approvals. Other requests, such as
// orders, are not in the list, because their ledger entries record them.
//
// Records are made from the changed items themselves, after they were committed: on AWS by the function relay, which
// reads the table's stream, and on one machine by the feed of package local. A command therefore writes nothing more
// than before, and cannot change something without a record. A list is append-only. Each record contains the hash of
// the record before it, and the transparency log of the program (package translog) contains the hashes of all records.
//
// The actor of a change that the command line makes is "command_line". Of a change in a wallet, the values are those of
// the main wallet.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Record describes an action.
type Record struct {
	Sequence int64 // from 1, without gaps
	At       time.Time
	Actor    string // see auth.ParseActor
	Action   string // such as "create_adjustment"
	Resource string // the member, the version of the program, or the API key
	Reason   string // as the actor stated it; empty if the action has none
	Before   jsontext.Value
	After    jsontext.Value
	Previous string // the hash of the previous record; empty for the first
	Hash     string

	source string // identifies the change, so that it is recorded once
}

// recordDoc is stored. Fields may only be added.
type recordDoc struct {
	Sequence int64          `json:"seq"`
	At       int64          `json:"rec"`
	Actor    string         `json:"by"`
	Action   string         `json:"act"`
	Resource string         `json:"of"`
	Reason   string         `json:"why,omitzero"`
	Before   jsontext.Value `json:"before,omitzero"`
	After    jsontext.Value `json:"after,omitzero"`
	Previous string         `json:"prev,omitzero"`
	Hash     string         `json:"hash,omitzero"`
}

// headDoc is stored. Fields may only be added. It states the last record.
type headDoc struct {
	Sequence int64  `json:"seq"`
	Hash     string `json:"hash"`
}

// A List reads and writes the audit lists of programs.
type List struct{ Table table.Table }

const (
	recordPrefix = "RECORD#"
	headItem     = "HEAD"
	attempts     = 10
)

func partition(program string) string { return "P#" + program + "#AUDIT" }

// Append appends a record unless it was appended before. It returns the record with its place in the list.
func (l List) Append(ctx context.Context, program string, r Record) (Record, error) {
	key := table.Key{PK: partition(program), SK: recordPrefix + r.source}
	for range attempts {
		it, err := l.Table.Get(ctx, key)
		if err != nil {
			return r, fmt.Errorf("audit: read %s: %w", key, err)
		}
		if it.Version > 0 {
			return readRecord(it)
		}
		r, err = l.append(ctx, program, it, r)
		if !errors.As(err, new(*table.ConflictError)) {
			return r, err
		}
	}
	return r, fmt.Errorf("audit: append to the list of %s: %w", program, table.ErrBusy)
}

func (l List) append(ctx context.Context, program string, it table.Item, r Record) (Record, error) {
	head, h, err := l.head(ctx, program)
	if err != nil {
		return r, err
	}
	r.Sequence, r.Previous = h.Sequence+1, h.Hash
	r.Hash = r.hash(program)
	it.Index = table.Key{PK: partition(program), SK: fmt.Sprintf("%012d", r.Sequence)}
	it.Doc, head.Doc = encode(r.stored()), encode(headDoc{r.Sequence, r.Hash})
	return r, l.Table.Transact(ctx, table.Put(it), table.Put(head))
}

// head reads the item that states the last record.
func (l List) head(ctx context.Context, program string) (it table.Item, h headDoc, err error) {
	it, err = l.Table.Get(ctx, table.Key{PK: partition(program), SK: headItem})
	if err == nil && it.Version > 0 {
		err = json.Unmarshal(it.Doc, &h)
	}
	if err != nil {
		return it, h, fmt.Errorf("audit: read the list of %s: %w", program, err)
	}
	return it, h, nil
}

// Last returns the sequence number of the last record, or 0 if the list is empty.
func (l List) Last(ctx context.Context, program string) (int64, error) {
	_, h, err := l.head(ctx, program)
	return h.Sequence, err
}

// SetLast stores that a record is the last one of the list, or that the list is empty if the record is zero. It reports
// whether this was not stored before. It repairs a restored table whose records and last sequence are from different
// instants.
func (l List) SetLast(ctx context.Context, program string, last Record) (changed bool, err error) {
	head, h, err := l.head(ctx, program)
	if err != nil {
		return false, err
	}
	if h.Sequence == last.Sequence && h.Hash == last.Hash {
		return false, nil
	}
	head.Doc = encode(headDoc{last.Sequence, last.Hash})
	if err := l.Table.Transact(ctx, table.Put(head)); err != nil {
		return false, fmt.Errorf("audit: repair the list of %s: %w", program, err)
	}
	return true, nil
}

// Records yields the records of a program, newest first. It yields only records before the given sequence number, or
// all if that is 0, and at most limit records. It reads the index, so that a record that was just written may be
// missing.
func (l List) Records(ctx context.Context, program string, before int64, limit int) iter.Seq2[Record, error] {
	q := table.Query{PK: partition(program), Index: true, Reverse: true, Limit: limit}
	if before > 0 {
		q.To = fmt.Sprintf("%012d", before-1)
	}
	return func(yield func(Record, error) bool) {
		for it, err := range l.Table.Query(ctx, q) {
			var r Record
			if err == nil {
				r, err = readRecord(it)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Read returns the program and the record of an item. It reports false if the item is not a record.
func Read(it table.Item) (program string, r Record, ok bool, err error) {
	program, ok = strings.CutSuffix(strings.TrimPrefix(it.Key.PK, "P#"), "#AUDIT")
	if !ok || !strings.HasPrefix(it.Key.SK, recordPrefix) {
		return "", r, false, nil
	}
	r, err = readRecord(it)
	return program, r, true, err
}

// Check returns an error if the record is not the successor of the record before it, which is zero for the first.
func (r Record) Check(program string, before Record) error {
	if r.Sequence > before.Sequence+1 {
		return fmt.Errorf("audit: record %d is missing", before.Sequence+1)
	}
	if r.Sequence != before.Sequence+1 || r.Previous != before.Hash || r.Hash != r.hash(program) {
		return fmt.Errorf("audit: record %d breaks the chain", r.Sequence)
	}
	return nil
}

func readRecord(it table.Item) (Record, error) {
	var d recordDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return Record{}, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	return Record{
		Sequence: d.Sequence, At: time.UnixMilli(d.At).UTC(), Actor: d.Actor, Action: d.Action, Resource: d.Resource,
		Reason: d.Reason, Before: d.Before, After: d.After, Previous: d.Previous, Hash: d.Hash,
		source: strings.TrimPrefix(it.Key.SK, recordPrefix),
	}, nil
}

func (r Record) stored() recordDoc {
	return recordDoc{
		Sequence: r.Sequence, At: r.At.UnixMilli(), Actor: r.Actor, Action: r.Action, Resource: r.Resource,
		Reason: r.Reason, Before: canonical(r.Before), After: canonical(r.After), Previous: r.Previous, Hash: r.Hash,
	}
}

// hash returns the hash of the record: SHA-256 over the program and the stored form without the hash.
func (r Record) hash(program string) string {
	r.Hash = ""
	sum := sha256.Sum256(append([]byte(program+"\n"+strconv.Quote(r.source)+"\n"), encode(r.stored())...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// canonical sorts the names of a value, because a table does not keep their order.
func canonical(v jsontext.Value) jsontext.Value {
	if v == nil {
		return nil
	}
	c := v.Clone()
	if err := c.Canonicalize(); err != nil {
		panic("audit: " + err.Error()) // a bug: the package encodes all values itself
	}
	return c
}

func encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("audit: " + err.Error()) // a bug: stored forms have only plain fields
	}
	return b
}
