// Package catalog stores the versions of programs, their drafts and the schedule of versions.
//
// A published version never changes. The schedule is one item, so that versions change atomically. The ledger reads the
// schedule to find the version whose rules apply to an order or event (ledger.Schedule).
package catalog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Catalog stores the versions of programs, their drafts and their schedule.
type Catalog struct{ *ledger.Ledger }

// A Published is one version of a program file. It never changes, except that a scheduled version may be withdrawn
// before it takes effect.
type Published struct {
	Program   string
	Version   int    // the version number, from 1
	Source    []byte // not set in the versions that Catalog.Versions yields; see Catalog.Source
	Snapshot  []byte // the compiled form, a JSON object; required by Publish, returned only by Catalog.Snapshot
	At        time.Time
	By        string
	Effective time.Time // when the version takes or took effect
	Withdrawn time.Time // when the version was withdrawn; zero if it was not
	Recall    []int     // for Publish only: the earlier versions to recall; see Catalog.Recall

	inline string    // the source, as stored; empty if it is stored in parts
	parts  *partsDoc // the parts of the source; nil if it is stored inline
}

type publishedDoc struct {
	Source    string `json:"source"` // empty if it is stored in parts
	At        int64  `json:"at"`
	By        string `json:"by"`
	Effective int64  `json:"effective,omitzero"` // when the version takes effect; omitted if at once
	Withdrawn int64  `json:"withdrawn,omitzero"`

	Parts *partsDoc `json:"parts,omitempty"`
}

type draftDoc struct {
	Source string    `json:"source"` // empty if it is stored in parts
	Parts  *partsDoc `json:"parts,omitempty"`
}

// ProgramIDs yields the IDs of all programs that were ever published in the table, in ascending order.
func (cs Catalog) ProgramIDs(ctx context.Context) iter.Seq2[string, error] {
	return ledger.List(ctx, cs.Table, table.Query{PK: ProgramsPartition}, func(it table.Item) (string, error) {
		return it.Key.SK, nil
	})
}

// Snapshot returns the compiled form of one version. It returns not_found if the version does not exist.
func (cs Catalog) Snapshot(ctx context.Context, program string, version int) ([]byte, error) {
	it, err := cs.Table.Get(ctx, SnapshotKey(program, version))
	if err != nil {
		return nil, ledger.Retryable(err)
	}
	if it.Version == 0 {
		return nil, ledger.NotFound("version of the program")
	}
	return cs.wholeSnapshot(ctx, program, it)
}

// NewestSnapshot returns the compiled form of the newest version, which is usually the live one. The version is 0 if
// none was published.
func (cs Catalog) NewestSnapshot(ctx context.Context, program string) (version int, snapshot []byte, err error) {
	q := table.Query{
		PK: stored.ProgramPartition(program), From: stored.SnapshotPrefix, To: stored.SnapshotPrefix + "~",
		Reverse: true, Limit: 1,
	}
	for it, err := range cs.Table.Query(ctx, q) {
		if err != nil {
			return 0, nil, ledger.Retryable(err)
		}
		version, err = strconv.Atoi(strings.TrimPrefix(it.Key.SK, stored.SnapshotPrefix))
		if err != nil {
			return 0, nil, fmt.Errorf("catalog: invalid snapshot %s: %w", it.Key, err)
		}
		if snapshot, err = cs.wholeSnapshot(ctx, program, it); err != nil {
			return 0, nil, err
		}
	}
	return version, snapshot, nil
}

// Published returns one version without its snapshot. It returns not_found if the version does not exist.
func (cs Catalog) Published(ctx context.Context, program string, version int) (Published, error) {
	it, err := cs.Table.Get(ctx, VersionKey(program, version))
	if err != nil {
		return Published{}, ledger.Retryable(err)
	}
	if it.Version == 0 {
		return Published{}, ledger.NotFound("version of the program")
	}
	v, err := readPublished(program, it)
	if err == nil {
		v.Source, err = cs.Source(ctx, v)
	}
	return v, err
}

// Source returns the source of a version that Published or Versions returned. It reads the parts of the source if it is
// stored in parts.
func (cs Catalog) Source(ctx context.Context, v Published) ([]byte, error) {
	if v.parts != nil {
		return cs.join(ctx, v.Program, v.parts.Hash, v.parts)
	}
	return []byte(v.inline), nil
}

// Versions yields versions without their sources and snapshots, newest first. Source returns the source of a version.
// If the parameter before is not 0, Versions yields only versions with a smaller number. If limit is not 0, it yields
// at most limit versions.
func (cs Catalog) Versions(ctx context.Context, program string, before, limit int) iter.Seq2[Published, error] {
	q := table.Query{
		PK: stored.ProgramPartition(program), From: stored.ProgramPrefix, To: stored.ProgramPrefix + "~", Reverse: true,
		Limit: limit,
	}
	if before > 0 {
		q.To = VersionKey(program, before-1).SK
	}
	return ledger.List(ctx, cs.Table, q, func(it table.Item) (Published, error) {
		return readPublished(program, it)
	})
}

// readPublished decodes a version without its source.
func readPublished(program string, it table.Item) (Published, error) {
	var d publishedDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return Published{}, fmt.Errorf("catalog: read program %s: %w", it.Key, err)
	}
	n, err := strconv.Atoi(strings.TrimPrefix(it.Key.SK, stored.ProgramPrefix))
	if err != nil {
		return Published{}, fmt.Errorf("catalog: read program %s: %w", it.Key, err)
	}
	return Published{
		Program: program, Version: n, At: stored.Instant(d.At), By: d.By,
		Effective: stored.Instant(cmp.Or(d.Effective, d.At)), Withdrawn: stored.Instant(d.Withdrawn),
		inline: d.Source, parts: d.Parts,
	}, nil
}

// Draft returns the draft's source and its version. Both are zero if there is no draft.
func (cs Catalog) Draft(ctx context.Context, program string) ([]byte, int64, error) {
	for range ledger.Attempts {
		it, err := cs.Table.Get(ctx, stored.ProgramKey(program, "DRAFT"))
		if err != nil || it.Version == 0 {
			return nil, 0, ledger.Retryable(err)
		}
		var d draftDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, 0, fmt.Errorf("catalog: read draft of %s: %w", program, err)
		}
		if d.Parts == nil {
			return []byte(d.Source), it.Version, nil
		}
		source, err := cs.join(ctx, program, draftParts, d.Parts)
		if !errors.Is(err, errOtherParts) { // otherwise the draft was replaced meanwhile
			return source, it.Version, err
		}
	}
	return nil, 0, ledger.ErrTryAgain
}

// SaveDraft stores source as the next version of the draft and returns that version. The parameter after is the version
// that the caller read, or nil to replace the current one. If the draft already has this source, SaveDraft changes
// nothing: a repeated call returns the same version. It returns already_exists if another draft was stored after the
// version that the caller read.
func (cs Catalog) SaveDraft(ctx context.Context, program string, source []byte, after *int64) (int64, error) {
	for range ledger.Attempts {
		existing, version, err := cs.Draft(ctx, program)
		switch {
		case err != nil:
			return 0, err
		case bytes.Equal(existing, source) && version > 0 && (after == nil || *after == version || *after == version-1):
			return version, nil
		case after != nil && *after != version:
			return 0, &loyalty.Error{
				Code:   loyalty.AlreadyExists,
				Detail: "Another request stored a draft after this version. Read the draft, then store yours again.",
			}
		}
		ops, err := cs.draftOps(ctx, program, source, version)
		if err != nil {
			return 0, err
		}
		err = cs.Table.Transact(ctx, ops...)
		if !ledger.IsConflict(err) {
			return version + 1, ledger.Retryable(err)
		}
	}
	return 0, ledger.ErrTryAgain
}

// draftOps returns the operations that replace a draft and its parts. A draft has at most 2 MiB, so its parts fit into
// one transaction.
func (cs Catalog) draftOps(ctx context.Context, program string, source []byte, version int64) ([]table.Op, error) {
	it := table.Item{
		Key: stored.ProgramKey(program, "DRAFT"), Version: version,
		Doc: stored.Encode(draftDoc{Source: string(source)}),
	}
	var ops []table.Op
	if len(it.Doc) > inlineBytes {
		parts, writes, err := cs.overwriteDraftParts(ctx, program, source)
		if err != nil {
			return nil, err
		}
		it.Doc, ops = stored.Encode(draftDoc{Parts: parts}), writes
	}
	return append(ops, table.Put(it)), nil
}

const ProgramsPartition = "PROGRAMS"

// ProgramIDKey returns the key of the item that lists a program among the table's programs. The first publication of
// the program creates the item.
func ProgramIDKey(program string) table.Key { return table.Key{PK: ProgramsPartition, SK: program} }

func VersionKey(program string, n int) table.Key {
	return stored.ProgramKey(program, stored.ProgramPrefix+stored.Padded(int64(n), 6))
}

func SnapshotKey(program string, n int) table.Key {
	return stored.ProgramKey(program, stored.SnapshotPrefix+stored.Padded(int64(n), 6))
}
