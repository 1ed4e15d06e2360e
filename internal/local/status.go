package local

import "time"

// A Run is the last time that a schedule fired.
type Run struct {
	Function string    `json:"function"`
	Due      time.Time `json:"due"`               // the instant that it was meant for
	Lag      string    `json:"lag"`               // how much later it began, by the clock of the stack
	Took     string    `json:"took"`              // until its queues were empty again, by that of the machine
	Failed   string    `json:"failed,omitzero"`   // why it failed, if it did
	GivenUp  int       `json:"given_up,omitzero"` // messages that its queue has given up, since the stack began
}

// Runs is the last run of each schedule that has fired, in the order of Schedules.
func (s *Stack) Runs() []Run {
	dead := s.Dead()
	s.scheduler.mu.Lock()
	defer s.scheduler.mu.Unlock()
	var out []Run
	for _, tm := range s.scheduler.timers {
		if r, ok := s.scheduler.last[tm.function]; ok {
			r.GivenUp = dead[tm.function]
			out = append(out, r)
		}
	}
	return out
}

// ran notes a run of a schedule. The caller holds s.mu.
func (s *scheduler) ran(function string, due, began time.Time, took time.Duration, err error) {
	r := Run{Function: function, Due: due, Lag: began.Sub(due).Round(time.Millisecond).String(), Took: took.Round(time.Millisecond).String()}
	if err != nil {
		r.Failed = err.Error()
	}
	if s.last == nil {
		s.last = map[string]Run{}
	}
	s.last[function] = r
}
