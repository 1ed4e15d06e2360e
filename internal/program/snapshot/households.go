package snapshot

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type householdsDoc struct {
	Size       int       `json:"size,omitzero"` // zero if the program has no households
	Share      ratio     `json:"share,omitzero"`
	CoolingOff periodDoc `json:"cooling_off,omitzero"`
}

func householdsOf(h loyalty.Households) householdsDoc {
	return householdsDoc{h.Size, ratio{h.Share}, periodDoc(h.CoolingOff)}
}

func (d householdsDoc) households() loyalty.Households {
	return loyalty.Households{Size: d.Size, Share: d.Share.number, CoolingOff: calendar.Period(d.CoolingOff)}
}
