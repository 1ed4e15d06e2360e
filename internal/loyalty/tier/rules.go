package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Rules decide how long levels are valid, when they are reviewed and when members move between them.
type Rules struct {
	Qualification
	AdvanceNotice *loyalty.AdvanceNotice
}

// Qualification decides which amounts count and for which level an account qualifies.
type Qualification struct{ Windows }

// Windows computes the months or periods in which amounts are counted, and those that count at an instant.
type Windows struct {
	Tiers *loyalty.Tiers
	Zone  *time.Location // the program's time zone
}

// Of returns the rules of a program.
func Of(p *loyalty.Program) Rules {
	return Rules{Qualification{Windows{&p.Tiers, p.Zone}}, &p.AdvanceNotice}
}
