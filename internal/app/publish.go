package app

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// A Publication is a request to publish a version of a program. Program was compiled from Source, and no other code may
// use it.
type Publication struct {
	Program *loyalty.Program
	Source  []byte
	By      string
	At      *time.Time // when the version takes effect; nil for now
	// After is the newest version that the publisher knows, or 0 if the publisher knows none. If it is nil, it is not
	// checked.
	After  *int
	Levels loyalty.RefreshMode // how a changed tier structure applies to members; required if it has changed
	// Back is true for a rollback to the file of an earlier version, which also withdraws all scheduled versions.
	Back bool

	// If Recall is set, the publication recalls the version that it replaces. A rollback to the file of Version recalls
	// every version that was in force after Version.
	Recall  bool
	Version int
}

// Publish creates a version of the program, which takes effect now or at the requested instant, at most a year ahead.
// It returns the version that contains the file, and reports whether this call created it. If the version in force at
// the requested instant already has the same file, no version is created. Repeating a publication is therefore
// harmless.
//
// A publication cancels no other version. A scheduled version takes effect at its instant, even if a newer version was
// published with an earlier instant. A rollback withdraws all scheduled versions. A rollback to the live version has no
// other effect.
//
// Publish returns validation_failed with the pointer /effective_at if the instant is invalid, and with the pointer
// /tier_changes if the requirements of levels change and in.Levels is empty. It returns already_exists if in.After is
// set and is not the newest version.
func (s *Programs) Publish(ctx context.Context, in Publication) (version int, fresh bool, err error) {
	now := s.Now().UTC().Truncate(time.Millisecond) // the precision of the ledger's clock
	schedule, err := s.Catalog.Schedule(ctx, in.Program.ID)
	if err != nil {
		return 0, false, err
	}
	at, err := effective(in, now)
	if err != nil {
		return 0, false, err
	}
	if err := in.checkRecall(schedule); err != nil {
		return 0, false, err
	}
	defer s.Forget(in.Program.ID)
	replaced := schedule.At(at)
	same, err := s.holds(ctx, in, replaced)
	if err == nil && same {
		err = s.republish(ctx, in, schedule)
	}
	if err != nil || same {
		return replaced, false, err
	}
	if err := in.checkNew(schedule); err != nil {
		return 0, false, err
	}
	return schedule.Last + 1, true, s.publish(ctx, in, at, schedule)
}

// republish handles the publication of a file that is already in force. A rollback withdraws the scheduled versions. A
// recall recalls the version that was in force before the current one.
func (s *Programs) republish(ctx context.Context, in Publication, schedule ledger.Schedule) error {
	switch {
	case in.Back:
		return s.Catalog.Withdraw(ctx, in.Program.ID)
	case in.Recall && len(schedule.Past) > 0:
		return s.Catalog.Recall(ctx, in.Program.ID, []int{schedule.Past[len(schedule.Past)-1].Version})
	}
	return nil
}

func (in Publication) checkRecall(schedule ledger.Schedule) error {
	if !in.Recall || in.At == nil && schedule.Live > 0 {
		return nil
	}
	return &loyalty.Error{
		Code: loyalty.ValidationFailed, Pointer: "/recall",
		Detail: "Only a live version that is replaced at once can be recalled. Leave effective_at out.",
	}
}

// checkNew returns an error if the publication must not create a version.
func (in Publication) checkNew(schedule ledger.Schedule) error {
	if in.After != nil && *in.After != schedule.Last {
		return &loyalty.Error{
			Code:   loyalty.AlreadyExists,
			Detail: fmt.Sprintf("The newest version is %d, not %d.", schedule.Last, *in.After),
		}
	}
	if in.At != nil && len(schedule.Next) >= ledger.MaxUpcoming {
		return invalidEffectiveAt(
			"%d versions are scheduled, which is the limit. Roll back to the live version to withdraw them.",
			len(schedule.Next),
		)
	}
	return nil
}

func (s *Programs) publish(ctx context.Context, in Publication, at time.Time, schedule ledger.Schedule) error {
	var before *loyalty.Program
	if replaced := schedule.At(at); replaced > 0 {
		var err error
		if before, err = s.Version(ctx, in.Program.ID, replaced); err != nil {
			return err
		}
	}
	if before != nil && tier.Retiers(&in.Program.Tiers, &before.Tiers) && in.Levels == "" {
		return &loyalty.Error{
			Code: loyalty.ValidationFailed, Pointer: "/tier_changes",
			Detail: "The requirements of levels have changed. " +
				"Set tier_changes to upgrade_only (members only move up) or full (members also move down).",
		}
	}
	engine.Supersede(in.Program, before, at, in.Levels)
	out := catalog.Published{
		Program: in.Program.ID, Source: in.Source, Snapshot: snapshot.Encode(in.Program), By: in.By, Effective: at,
	}
	if in.Recall {
		out.Recall = in.recalls(schedule)
	}
	if in.Back {
		return s.Catalog.PublishAlone(ctx, out, schedule.Last)
	}
	return s.Catalog.Publish(ctx, out, schedule.Last)
}

// recalls returns the versions that a publication recalls.
func (in Publication) recalls(schedule ledger.Schedule) []int {
	versions := []int{schedule.Live}
	if !in.Back {
		return versions
	}
	for _, v := range slices.Backward(schedule.Past) {
		if v.Version == in.Version {
			return versions
		}
		versions = append(versions, v.Version)
	}
	return versions[:1]
}

// effective returns the instant at which a publication takes effect, or an error if it is invalid.
func effective(in Publication, now time.Time) (time.Time, error) {
	if in.At == nil {
		return now, nil
	}
	at := in.At.UTC().Truncate(time.Millisecond)
	if !at.After(now) {
		return at, invalidEffectiveAt(
			"The instant must be in the future; it is %s now. Omit it to publish at once.", now.Format(time.RFC3339),
		)
	}
	if at.After(now.AddDate(1, 0, 0)) {
		return at, invalidEffectiveAt("The instant must be at most a year ahead.")
	}
	return at, nil
}

func invalidEffectiveAt(format string, args ...any) error {
	return &loyalty.Error{
		Code: loyalty.ValidationFailed, Pointer: "/effective_at", Detail: fmt.Sprintf(format, args...),
	}
}

// holds reports whether a version has the same file as the publication.
func (s *Programs) holds(ctx context.Context, in Publication, version int) (bool, error) {
	if version == 0 {
		return false, nil
	}
	was, err := s.Catalog.Published(ctx, in.Program.ID, version)
	return err == nil && bytes.Equal(was.Source, in.Source), err
}
