package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Published is one version of a program's file. Nothing of it changes any more, but that one which is to take
// effect later may be withdrawn before.
type Published struct {
	Program   string
	Version   int // from 1
	Source    []byte
	Snapshot  []byte // the compiled form, a JSON object; to be published, and read by Snapshot alone
	At        time.Time
	By        string
	Effective time.Time // when it became or becomes the live one
	Withdrawn time.Time // zero if it was not
	Recall    []int     // to be published: versions in force before it that price nothing any more that was not accepted
}

type publishedDoc struct {
	Source    string `json:"source"`
	At        int64  `json:"at"`
	By        string `json:"by"`
	Effective int64  `json:"effective,omitzero"` // left out: at once
	Withdrawn int64  `json:"withdrawn,omitzero"`
}

type draftDoc struct {
	Source string `json:"source"`
}

const (
	programPrefix  = "PROGRAM#"
	snapshotPrefix = "SNAPSHOT#" // an item of its own: together with the source it might be too large for one
)

// ProgramIDs yields the IDs of all programs that were ever published in the table, in ascending order.
func (l *Ledger) ProgramIDs(ctx context.Context) iter.Seq2[string, error] {
	return list(ctx, l.Table, table.Query{PK: programsPartition}, func(it table.Item) (string, error) {
		return it.Key.SK, nil
	})
}

// Snapshot reads the compiled form of one version; not_found if there is none.
func (l *Ledger) Snapshot(ctx context.Context, program string, version int) ([]byte, error) {
	it, err := l.Table.Get(ctx, snapshotKey(program, version))
	if err != nil {
		return nil, retryable(err)
	}
	if it.Version == 0 {
		return nil, notFound("version of the program")
	}
	return it.Doc, nil
}

// NewestSnapshot reads the compiled form of the newest version, which most often is the live one; version 0 if there is
// none.
func (l *Ledger) NewestSnapshot(ctx context.Context, program string) (version int, snapshot []byte, err error) {
	q := table.Query{PK: programPartition(program), From: snapshotPrefix, To: snapshotPrefix + "~", Reverse: true, Limit: 1}
	for it, err := range l.Table.Query(ctx, q) {
		if err != nil {
			return 0, nil, retryable(err)
		}
		version, err = strconv.Atoi(strings.TrimPrefix(it.Key.SK, snapshotPrefix))
		if err != nil {
			return 0, nil, fmt.Errorf("ledger: %s is no snapshot: %w", it.Key, err)
		}
		snapshot = it.Doc
	}
	return version, snapshot, nil
}

// Published reads one version without its snapshot; not_found if there is none.
func (l *Ledger) Published(ctx context.Context, program string, version int) (Published, error) {
	it, err := l.Table.Get(ctx, versionKey(program, version))
	if err != nil {
		return Published{}, retryable(err)
	}
	if it.Version == 0 {
		return Published{}, notFound("version of the program")
	}
	return readPublished(program, it)
}

// PublishedVersions yields the versions without their snapshots, newest first: those before a version (zero: all), at
// most limit of them (zero: all).
func (l *Ledger) PublishedVersions(ctx context.Context, program string, before, limit int) iter.Seq2[Published, error] {
	q := table.Query{PK: programPartition(program), From: programPrefix, To: programPrefix + "~", Reverse: true, Limit: limit}
	if before > 0 {
		q.To = versionKey(program, before-1).SK
	}
	return list(ctx, l.Table, q, func(it table.Item) (Published, error) { return readPublished(program, it) })
}

func readPublished(program string, it table.Item) (Published, error) {
	var d publishedDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return Published{}, fmt.Errorf("ledger: read program %s: %w", it.Key, err)
	}
	n, err := strconv.Atoi(strings.TrimPrefix(it.Key.SK, programPrefix))
	if err != nil {
		return Published{}, fmt.Errorf("ledger: read program %s: %w", it.Key, err)
	}
	return Published{
		Program: program, Version: n, Source: []byte(d.Source), At: instant(d.At), By: d.By,
		Effective: instant(cmp.Or(d.Effective, d.At)), Withdrawn: instant(d.Withdrawn),
	}, nil
}

// Draft reads the draft's source and its version, both zero if there is none.
func (l *Ledger) Draft(ctx context.Context, program string) ([]byte, int64, error) {
	it, err := l.Table.Get(ctx, programKey(program, "DRAFT"))
	if err != nil || it.Version == 0 {
		return nil, 0, retryable(err)
	}
	var d draftDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return nil, 0, fmt.Errorf("ledger: read draft of %s: %w", program, err)
	}
	return []byte(d.Source), it.Version, nil
}

// SaveDraft stores source as the version of the draft behind the one that was read. already_exists if somebody
// else saved one meanwhile.
func (l *Ledger) SaveDraft(ctx context.Context, program string, source []byte, version int64) error {
	it := table.Item{Key: programKey(program, "DRAFT"), Version: version, Doc: encode(draftDoc{string(source)})}
	err := l.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return &loyalty.Error{Code: loyalty.AlreadyExists, Detail: "Someone else stored a draft meanwhile. Read it, then store yours again."}
	}
	return retryable(err)
}
