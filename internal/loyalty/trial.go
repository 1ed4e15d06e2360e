package loyalty

import "time"

// A trial decides about levels alone, to find out what they would be: it posts nothing.
type trial struct {
	whole   *decision // the decision about the account, whose level says how long points live
	bonuses []bonus   // of the levels that were reached, in their order
}

// stand makes a standing that of the account on trial.
func (d *decision) stand(s Standing) {
	acc := &d.Account
	acc.Past, acc.Tier = stand(acc.Past, acc.Tier, s, time.Time{}), s
	acc.Seen = later(acc.Seen, d.now)
}
