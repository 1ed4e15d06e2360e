package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// ErrNotPublished says that a program has no live version, so nothing can be decided by it.
var ErrNotPublished = errors.New("app: the program has no published version")

// How long the number of the live version counts before it is read again, and how many compiled versions are
// kept. A published version never changes, so what is kept needs no other care.
const (
	liveFor      = 30 * time.Second
	keptVersions = 256
)

// Programs finds the rules: by program, the live version; by number, any. Its methods are safe for concurrent
// use.
type Programs struct {
	Ledger *ledger.Ledger
	Now    func() time.Time

	mu       sync.Mutex
	live     map[string]live
	compiled map[versionKey]*loyalty.Program
}

// live is what was read of a program: which versions are in force when, and from when until when that counts.
type live struct {
	schedule   ledger.Schedule
	read, till time.Time
}

type versionKey struct {
	id      string
	version int
}

// Live is the program in its live version; ErrNotPublished if there is none. A publication is seen at most 30 seconds
// late, and so is one that takes effect later; it then takes over at its instant.
func (s *Programs) Live(ctx context.Context, id string) (*loyalty.Program, error) {
	schedule, _, err := s.Schedule(ctx, id)
	if err != nil {
		return nil, err
	}
	if schedule.Live == 0 {
		return nil, ErrNotPublished
	}
	return s.Version(ctx, id, schedule.Live)
}

// Schedule is which versions of a program are in force when, and when that was read: at most 30 seconds ago.
func (s *Programs) Schedule(ctx context.Context, id string) (ledger.Schedule, time.Time, error) {
	now := s.Now()
	s.mu.Lock()
	at, ok := s.live[id]
	s.mu.Unlock()
	if ok && !now.Before(at.read) && now.Before(at.till) {
		return at.schedule, at.read, nil
	}
	schedule, err := s.schedule(ctx, id, !ok)
	if err != nil {
		return schedule, now, err
	}
	at = live{schedule, now, now.Add(liveFor)}
	if len(schedule.Next) > 0 && schedule.Next[0].At.Before(at.till) {
		at.till = schedule.Next[0].At
	}
	s.remember(id, at)
	return schedule, now, nil
}

// schedule reads which version of a program is live. The first time, which is in a cold process, it reads the newest
// snapshot as well, at the same time: most often that is the live one. Where a newer version is scheduled, or a newer one
// was withdrawn, the snapshot of the live one is read after that.
func (s *Programs) schedule(ctx context.Context, id string, first bool) (schedule ledger.Schedule, err error) {
	if !first {
		return s.Ledger.Schedule(ctx, id)
	}
	version, stored := 0, []byte(nil)
	err = parallel.Do(func() (err error) {
		schedule, err = s.Ledger.Schedule(ctx, id)
		return err
	}, func() (err error) {
		version, stored, err = s.Ledger.NewestSnapshot(ctx, id)
		return err
	})
	if key := (versionKey{id, version}); err == nil && version > 0 && version == schedule.Live && s.kept(key) == nil {
		_, err = s.compile(key, stored)
	}
	return schedule, err
}

// kept is a version that was read before; nil if there is none.
func (s *Programs) kept(key versionKey) *loyalty.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compiled[key]
}

func (s *Programs) remember(id string, at live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || len(s.live) >= keptVersions {
		s.live = map[string]live{}
	}
	if at.schedule.Live == 0 {
		delete(s.live, id) // so that a first publication is seen at once
		return
	}
	s.live[id] = at
}

// Forget drops the number of the live version, so that it is read again: a version was just published here.
func (s *Programs) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, id)
}

// Version is one published version, from its snapshot. The error has the code not_found if there is none.
func (s *Programs) Version(ctx context.Context, id string, version int) (*loyalty.Program, error) {
	key := versionKey{id, version}
	if p := s.kept(key); p != nil {
		return p, nil
	}
	stored, err := s.Ledger.Snapshot(ctx, id, version)
	if err != nil {
		return nil, err
	}
	return s.compile(key, stored)
}

// compile reads a snapshot and keeps the program.
func (s *Programs) compile(key versionKey, stored []byte) (*loyalty.Program, error) {
	p, err := snapshot.Decode(stored)
	if err != nil {
		return nil, fmt.Errorf("app: program %s version %d: %w", key.id, key.version, err)
	}
	p.ID, p.Version = key.id, key.version
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiled == nil || len(s.compiled) >= keptVersions {
		s.compiled = map[versionKey]*loyalty.Program{}
	}
	s.compiled[key] = p
	return p, nil
}
