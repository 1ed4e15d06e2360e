package stored

import (
	"time"

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

func storedInstants(all []time.Time) (out []int64) {
	for _, at := range all {
		out = append(out, Millis(at))
	}
	return out
}

func instants(stored []int64) (out []time.Time) {
	for _, ms := range stored {
		out = append(out, Instant(ms))
	}
	return out
}
