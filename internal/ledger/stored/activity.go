package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type activityChangeDoc struct {
	At        int64 `json:"at"`
	Withdrawn bool  `json:"w,omitzero"`
}

func storedActivityChange(c *loyalty.ActivityChange) *activityChangeDoc {
	if c == nil {
		return nil
	}
	return &activityChangeDoc{Millis(c.At), c.Withdrawn}
}

func (d *activityChangeDoc) change() *loyalty.ActivityChange {
	if d == nil {
		return nil
	}
	return &loyalty.ActivityChange{At: Instant(d.At), Withdrawn: d.Withdrawn}
}
