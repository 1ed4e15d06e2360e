// Package switches defines the kill switches of a program. An operator sets them in an incident, to stop a part of the
// program: earning, redeeming, or all changes of members (read-only).
//
// The state is part of the item that states the live version of the program. Functions cache this item for 30 seconds,
// so a switch takes effect within 30 seconds and costs no further read. Routes check their switch before they start,
// and the ledger checks it again before it commits.
//
// The package deliberately contains no storage (see catalog) and no HTTP (see api/request).
package switches

import (
	"slices"
	"time"
)

// A Switch is a part of a program that can be stopped. A command obeys one switch; it also obeys ReadOnly, unless it is
// Exempt. The zero value obeys only ReadOnly.
type Switch string

const (
	Earn     Switch = "earn"      // points for orders, events and payments
	Redeem   Switch = "redeem"    // redemptions, uses of codes, transfers and conversions
	ReadOnly Switch = "read_only" // all changes of members, their messages, and scheduled changes

	// Exempt is not a switch: commands with this value obey none.
	Exempt Switch = "exempt"
)

// All returns the switches, in the order of the API.
func All() []Switch { return []Switch{Earn, Redeem, ReadOnly} }

// Wait is the time after which clients may repeat a rejected request. It is also the time until a change of switches
// has reached every function.
const Wait = 30 * time.Second

// A State is stored. Fields may only be added. It states which switches of a program are set, and the last change.
type State struct {
	Stopped  []Switch  `json:"stopped,omitzero"`
	Reason   string    `json:"reason,omitzero"`
	At       time.Time `json:"at,omitzero"`
	By       string    `json:"by,omitzero"`
	Held     time.Time `json:"held,omitzero"`     // when ReadOnly was last set
	Released time.Time `json:"released,omitzero"` // when ReadOnly was last cleared
	Changes  int       `json:"changes,omitzero"`  // the number of stored changes
}

// Has reports whether a switch is set.
func (s State) Has(w Switch) bool { return slices.Contains(s.Stopped, w) }

// Check returns a *StoppedError if commands that obey the given switch are stopped.
func (s State) Check(obeyed Switch) error {
	switch {
	case len(s.Stopped) == 0 || obeyed == Exempt:
		return nil
	case s.Has(ReadOnly):
		return &StoppedError{ReadOnly}
	case s.Has(obeyed):
		return &StoppedError{obeyed}
	}
	return nil
}

// Set returns the state after a change. It reports false if the change is a repetition.
func (s State) Set(stopped []Switch, reason, by string, at time.Time) (State, bool) {
	var set []Switch
	for _, w := range All() {
		if slices.Contains(stopped, w) {
			set = append(set, w)
		}
	}
	if slices.Equal(set, s.Stopped) && s.Reason == reason && s.Changes > 0 {
		return s, false
	}
	next := State{
		Stopped: set, Reason: reason, At: at, By: by, Held: s.Held, Released: s.Released, Changes: s.Changes + 1,
	}
	switch was, is := s.Has(ReadOnly), next.Has(ReadOnly); {
	case is && !was:
		next.Held = at
	case was && !is:
		next.Released = at
	}
	return next, true
}

// A StoppedError reports that a switch stops a command. The command changed nothing and can be repeated later.
type StoppedError struct{ Switch Switch }

func (e *StoppedError) Error() string { return "switches: the program is stopped: " + string(e.Switch) }

// A Change is stored, and the audit list is made from it. Fields may only be added.
type Change struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Before []Switch  `json:"before,omitzero"`
	After  []Switch  `json:"after,omitzero"`
}
