package loyalty

import "time"

type compiled struct{}

// Compile checks the exported fields and derives what decisions need. It is called once, before any other method.
func (p *Program) Compile() error { return nil }

// Quote decides what PlaceOrder would, and changes nothing. The account may be the zero Account for a guest.
func (p *Program) Quote(acc Account, o Order, now time.Time) (Quote, error) { panic("soon") }
