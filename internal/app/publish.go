package app

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// A Publication asks for a version of a program. Program was compiled of Source, and nobody else has it.
type Publication struct {
	Program *loyalty.Program
	Source  []byte
	By      string
	At      *time.Time          // when it is to take effect; nil: now
	After   *int                // the newest version that the publisher knows, zero for none; nil: whichever it is
	Levels  loyalty.RefreshMode // what becomes of members' levels, if what those take has changed
	Back    bool                // to an earlier version's file: what is scheduled is withdrawn, so that it stays
}

// Publish makes a version of the program, which takes over at the instant asked for: in the future, and at most a
// year ahead. It says which version has that file now, and whether it was made now: what would be in force then anyway
// is not published twice, so that repeating a publication is harmless.
//
// A publication cancels nothing: what is scheduled takes over at its time, even over a version that is newer but was
// to take effect earlier. Going back withdraws all that is scheduled; to the version that is live, that is all it does.
//
// It refuses with validation_failed at /effective_at, and at /levels if what levels take changes and nobody said what is
// to become of those who have them; and with already_exists if somebody else published meanwhile.
func (s *Programs) Publish(ctx context.Context, in Publication) (version int, fresh bool, err error) {
	now := s.Now().UTC().Truncate(time.Millisecond) // as the ledger's clock has it
	schedule, err := s.Ledger.Schedule(ctx, in.Program.ID)
	if err != nil {
		return 0, false, err
	}
	at, err := effective(in, now)
	if err != nil {
		return 0, false, err
	}
	defer s.Forget(in.Program.ID)
	replaced := schedule.At(at)
	if same, err := s.holds(ctx, in, replaced); same || err != nil {
		if in.Back && err == nil {
			err = s.Ledger.Withdraw(ctx, in.Program.ID)
		}
		return replaced, false, err
	}
	if in.After != nil && *in.After != schedule.Last {
		return 0, false, &loyalty.Error{
			Code: loyalty.AlreadyExists, Detail: fmt.Sprintf("Version %d is the newest, not %d.", schedule.Last, *in.After),
		}
	}
	if in.At != nil && len(schedule.Next) >= ledger.MaxUpcoming {
		return 0, false, notThen("%d versions are scheduled, which is the most. Go back to the live one to withdraw them.", len(schedule.Next))
	}
	return schedule.Last + 1, true, s.publish(ctx, in, at, schedule)
}

func (s *Programs) publish(ctx context.Context, in Publication, at time.Time, schedule ledger.Schedule) error {
	var before *loyalty.Program
	if replaced := schedule.At(at); replaced > 0 {
		var err error
		if before, err = s.Version(ctx, in.Program.ID, replaced); err != nil {
			return err
		}
	}
	if in.Program.Retiers(before) && in.Levels == "" {
		return &loyalty.Error{
			Code: loyalty.ValidationFailed, Pointer: "/levels",
			Detail: "What levels take has changed. Say whether members only move up by it (upgrade_only) or also down (full).",
		}
	}
	in.Program.Supersede(before, at, in.Levels)
	out := ledger.Published{
		Program: in.Program.ID, Source: in.Source, Snapshot: snapshot.Encode(in.Program), By: in.By, Effective: at,
	}
	if in.Back {
		return s.Ledger.PublishAlone(ctx, out, schedule.Last)
	}
	return s.Ledger.Publish(ctx, out, schedule.Last)
}

// effective is the instant at which a publication takes effect, if it may.
func effective(in Publication, now time.Time) (time.Time, error) {
	if in.At == nil {
		return now, nil
	}
	at := in.At.UTC().Truncate(time.Millisecond)
	if !at.After(now) {
		return at, notThen("This must be in the future; it is %s now. Leave it out to publish at once.", now.Format(time.RFC3339))
	}
	if at.After(now.AddDate(1, 0, 0)) {
		return at, notThen("This must be at most a year ahead.")
	}
	return at, nil
}

func notThen(format string, args ...any) error {
	return &loyalty.Error{Code: loyalty.ValidationFailed, Pointer: "/effective_at", Detail: fmt.Sprintf(format, args...)}
}

// holds reports whether a version is that very file.
func (s *Programs) holds(ctx context.Context, in Publication, version int) (bool, error) {
	if version == 0 {
		return false, nil
	}
	was, err := s.Ledger.Published(ctx, in.Program.ID, version)
	return err == nil && bytes.Equal(was.Source, in.Source), err
}
