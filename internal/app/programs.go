package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
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

// live is what was read of a program: which version is in force, and from when until when that counts.
type live struct {
	version    int
	read, till time.Time
}

type versionKey struct {
	id      string
	version int
}

// Live is the program in its live version; ErrNotPublished if there is none. A publication is seen at most 30 seconds
// late, and so is one that takes effect later; it then takes over at its instant.
func (s *Programs) Live(ctx context.Context, id string) (*loyalty.Program, error) {
	now := s.Now()
	s.mu.Lock()
	at, ok := s.live[id]
	s.mu.Unlock()
	if !ok || now.Before(at.read) || !now.Before(at.till) {
		schedule, err := s.Ledger.Schedule(ctx, id)
		if err != nil {
			return nil, err
		}
		at = live{schedule.Live, now, now.Add(liveFor)}
		if len(schedule.Next) > 0 && schedule.Next[0].At.Before(at.till) {
			at.till = schedule.Next[0].At
		}
		s.remember(id, at)
	}
	if at.version == 0 {
		return nil, ErrNotPublished
	}
	return s.Version(ctx, id, at.version)
}

func (s *Programs) remember(id string, at live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil || len(s.live) >= keptVersions {
		s.live = map[string]live{}
	}
	if at.version == 0 {
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
	s.mu.Lock()
	p := s.compiled[key]
	s.mu.Unlock()
	if p != nil {
		return p, nil
	}
	stored, err := s.Ledger.Snapshot(ctx, id, version)
	if err != nil {
		return nil, err
	}
	if p, err = snapshot.Decode(stored); err != nil {
		return nil, fmt.Errorf("app: program %s version %d: %w", id, version, err)
	}
	p.ID, p.Version = id, version
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiled == nil || len(s.compiled) >= keptVersions {
		s.compiled = map[versionKey]*loyalty.Program{}
	}
	s.compiled[key] = p
	return p, nil
}
