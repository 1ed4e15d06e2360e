package snapshot

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type transfersDoc struct {
	Min      loyalty.Points `json:"min,omitzero"` // zero if members cannot transfer points
	Max      loyalty.Points `json:"max,omitzero"`
	Step     loyalty.Points `json:"step,omitzero"`
	Limits   []limitDoc     `json:"limits,omitzero"`
	AtMost   []capDoc       `json:"at_most,omitzero"`
	Fee      loyalty.Points `json:"fee,omitzero"`
	FeeShare ratio          `json:"fee_share,omitzero"` // the fee as a share of the points; alternative to Fee
	Accept   periodDoc      `json:"accept,omitzero"`
}

func transfersOf(t loyalty.Transfers) transfersDoc {
	return transfersDoc{
		t.Min, t.Max, t.Step, each(t.Limits, limitOf), each(t.AtMost,
			capOf), t.Fee.Points, ratio{t.Fee.Share}, periodDoc(t.Accept),
	}
}

func (d transfersDoc) transfers() loyalty.Transfers {
	return loyalty.Transfers{
		Min: d.Min, Max: d.Max, Step: d.Step, Limits: each(d.Limits, limitDoc.limit),
		AtMost: each(d.AtMost, capDoc.cap),
		Fee:    loyalty.Fee{Points: d.Fee, Share: d.FeeShare.number}, Accept: calendar.Period(d.Accept),
	}
}
