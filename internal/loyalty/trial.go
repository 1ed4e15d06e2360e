package loyalty

import "time"

// A trial decides only about levels, to determine what they would be. It posts nothing.
type trial struct {
	whole   *decision // the decision about the account, whose level determines how long points live
	bonuses []bonus   // the bonuses of the levels that were reached, in order
}

// stand sets the standing of the account in a trial.
func (d *decision) stand(s Standing) {
	acc := &d.Account
	acc.Past, acc.Tier = stand(acc.Past, acc.Tier, s, time.Time{}), s
	acc.Seen = later(acc.Seen, d.now)
}
