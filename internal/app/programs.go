package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// ErrNotPublished reports that a program has no live version. Commands of such a program cannot be processed.
var ErrNotPublished = errors.New("app: the program has no published version")

// These constants limit the caches. The number of the live version is cached for liveFor. At most maxVersions compiled
// versions are cached; they never change, so they do not expire.
const (
	liveFor     = 30 * time.Second
	maxVersions = 256
)

// Programs loads compiled programs: the live version of a program, or a version by its number. Its methods are safe
// for concurrent use.
type Programs struct {
	Catalog catalog.Catalog
	Now     func() time.Time

	mu       sync.Mutex
	live     map[string]live
	compiled map[versionKey]*loyalty.Program
}

// A live is a cached schedule of a program's versions, with the time at which it was read and the time until which it
// can be used.
type live struct {
	schedule   ledger.Schedule
	read, till time.Time
}

type versionKey struct {
	id      string
	version int
}

// Live returns the live version of a program, or ErrNotPublished if there is none. A new publication becomes visible
// after at most 30 seconds. A scheduled version becomes live at its exact instant.
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

// Schedule returns which versions of a program are in force and when. It also returns the time at which the schedule
// was read, which is at most 30 seconds ago.
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

// schedule reads the schedule of a program's versions. On the first read of a process, it also reads the newest
// snapshot in parallel, because that is usually the live version. If the newest version is scheduled or was withdrawn,
// the live snapshot is read later.
func (s *Programs) schedule(ctx context.Context, id string, first bool) (schedule ledger.Schedule, err error) {
	if !first {
		return s.Catalog.Schedule(ctx, id)
	}
	version, stored := 0, []byte(nil)
	err = parallel.Do(func() (err error) {
		schedule, err = s.Catalog.Schedule(ctx, id)
		return err
	}, func() (err error) {
		version, stored, err = s.Catalog.NewestSnapshot(ctx, id)
		return err
	})
	if key := (versionKey{id, version}); err == nil && version > 0 && version == schedule.Live && s.cached(key) == nil {
		_, err = s.compile(key, stored)
	}
	return schedule, err
}

// cached returns a version that was loaded earlier, or nil.
func (s *Programs) cached(key versionKey) *loyalty.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compiled[key]
}

func (s *Programs) remember(id string, at live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || len(s.live) >= maxVersions {
		s.live = map[string]live{}
	}
	if at.schedule.Live == 0 {
		delete(s.live, id) // otherwise the first publication would not be visible at once
		return
	}
	s.live[id] = at
}

// Forget removes the cached schedule of a program after a publication in this process.
func (s *Programs) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, id)
}

// Version returns one published version. The error has the code not_found if it does not exist.
func (s *Programs) Version(ctx context.Context, id string, version int) (*loyalty.Program, error) {
	key := versionKey{id, version}
	if p := s.cached(key); p != nil {
		return p, nil
	}
	stored, err := s.Catalog.Snapshot(ctx, id, version)
	if err != nil {
		return nil, err
	}
	return s.compile(key, stored)
}

// compile decodes a snapshot and caches the program.
func (s *Programs) compile(key versionKey, stored []byte) (*loyalty.Program, error) {
	p, err := snapshot.Decode(stored)
	if err != nil {
		return nil, fmt.Errorf("app: program %s version %d: %w", key.id, key.version, err)
	}
	p.ID, p.Version = key.id, key.version
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiled == nil || len(s.compiled) >= maxVersions {
		s.compiled = map[versionKey]*loyalty.Program{}
	}
	s.compiled[key] = p
	return p, nil
}
