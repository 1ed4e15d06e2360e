package switches

import (
	"errors"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		stopped []Switch
		obeyed  Switch
		want    Switch // the switch that stops the command; empty if it is not stopped
	}{
		{nil, Earn, ""},
		{nil, "", ""},
		{[]Switch{Earn}, Earn, Earn},
		{[]Switch{Earn}, Redeem, ""},
		{[]Switch{Earn, Redeem}, "", ""},
		{[]Switch{Earn}, Exempt, ""},
		{[]Switch{ReadOnly}, Earn, ReadOnly},
		{[]Switch{ReadOnly}, "", ReadOnly},
		{[]Switch{ReadOnly}, Exempt, ""},
	} {
		got := Switch("")
		if stopped, ok := errors.AsType[*StoppedError](State{Stopped: c.stopped}.Check(c.obeyed)); ok {
			got = stopped.Switch
		}
		if got != c.want {
			t.Errorf("with %v set, a command that obeys %q is stopped by %q, want %q", c.stopped, c.obeyed, got, c.want)
		}
	}
}

func TestSetRecordsWhenProgramWasReadOnly(t *testing.T) {
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	s, changed := State{}.Set([]Switch{ReadOnly}, "incident", "key", at)
	if !changed || !s.Held.Equal(at) || !s.Released.IsZero() {
		t.Errorf("set: %+v", s)
	}
	if _, changed := s.Set([]Switch{ReadOnly}, "incident", "other", at.Add(time.Hour)); changed {
		t.Error("a repetition is a change")
	}
	s, _ = s.Set([]Switch{ReadOnly, Earn}, "incident", "key", at.Add(time.Minute))
	if !s.Held.Equal(at) || !s.Released.IsZero() || s.Stopped[0] != Earn {
		t.Errorf("earn also set: %+v", s)
	}
	s, changed = s.Set(nil, "solved", "key", at.Add(time.Hour))
	if !changed || !s.Released.Equal(at.Add(time.Hour)) || len(s.Stopped) > 0 || s.Changes != 3 {
		t.Errorf("released: %+v", s)
	}
}
