package loyalty

// HasWaitlist reports whether the reward has a waitlist.
func (r *Reward) HasWaitlist() bool { return !r.FirstCall.IsZero() }
