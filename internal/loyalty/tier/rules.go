package tier

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Rules are the sections of a program that decide levels.
type Rules struct {
	*loyalty.Levels
	AdvanceNotice *loyalty.AdvanceNotice
	Zone          *time.Location // the program's time zone
}

// Of returns the rules of a program.
func Of(p *loyalty.Program) Rules { return Rules{&p.Levels, &p.AdvanceNotice, p.Zone} }
