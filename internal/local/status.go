package local

import "time"

// A Run describes the last run of a schedule.
type Run struct {
	Function string    `json:"function"`
	Due      time.Time `json:"due"`               // the scheduled instant
	Lag      string    `json:"lag"`               // the delay of the start, by the stack's clock
	Took     string    `json:"took"`              // the time until its queues were empty, by the machine's clock
	Failed   string    `json:"failed,omitzero"`   // the error of a failed run
	GivenUp  int       `json:"given_up,omitzero"` // messages of its queue that failed too often
}

// Runs returns the last run of each schedule that has run, in the order of Schedules.
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

// ran records a run of a schedule. The caller holds s.mu.
func (s *scheduler) ran(function string, due, began time.Time, took time.Duration, err error) {
	r := Run{
		Function: function, Due: due, Lag: began.Sub(due).Round(time.Millisecond).String(),
		Took: took.Round(time.Millisecond).String(),
	}
	if err != nil {
		r.Failed = err.Error()
	}
	if s.last == nil {
		s.last = map[string]Run{}
	}
	s.last[function] = r
}
