package local

import "time"

// A Run describes the last run of a schedule.
type Run struct {
	Function string    `json:"function"`
	Due      time.Time `json:"due"` // the scheduled instant
	Lag      string    `json:"lag"` // the delay of the start, measured with the stack's clock
	// Took is the time until the queues were empty, measured with the machine's clock.
	Took   string `json:"took"`
	Failed string `json:"failed,omitzero"` // the error of a failed run
	// GivenUp is the number of messages in the function's queue that failed in all attempts.
	GivenUp int `json:"given_up,omitzero"`
}

// Runs returns the last run of each schedule, in the order of Schedules. It omits schedules that have not run yet.
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

// ran records a run of a schedule. The caller must hold s.mu.
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
