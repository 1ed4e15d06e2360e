package loyalty

import "time"

// Join is the beginning of an account: a first entry that moves nothing, from which its chain grows, with the
// lowest level if the program has levels.
func (p *Program) Join(m MemberID, now time.Time) (Outcome, error) {
	d := p.decide(Account{Member: m}, now)
	e := Entry{Kind: KindJoin, Cause: Cause{CauseJoin, string(m), 1}, Effective: now}
	if len(p.Tiers.Levels) > 0 {
		e.Standing = &Standing{Level: p.Tiers.Levels[0].ID, Since: now}
	}
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}
