package snapshot

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types store the wallets and the conversions between them.
type (
	walletDoc struct {
		ID       string                       `json:"id"`
		Name     loyalty.Text                 `json:"name,omitzero"`
		Unit     unitDoc                      `json:"unit,omitzero"`
		Rates    map[loyalty.Currency]rateDoc `json:"rates,omitzero"`
		Pending  waitDoc                      `json:"pending,omitzero"`
		Expires  expiryDoc                    `json:"expires,omitzero"`
		Clawback takeBack                     `json:"clawback,omitzero"`
		MaxDebt  loyalty.Points               `json:"max_debt,omitzero"`
	}

	conversionDoc struct {
		ID               string         `json:"id"`
		From             string         `json:"from,omitzero"`
		To               string         `json:"to,omitzero"`
		Rate             ratio          `json:"rate,omitzero"`
		Min              loyalty.Points `json:"min,omitzero"`
		Step             loyalty.Points `json:"step,omitzero"`
		ReversibleWithin periodDoc      `json:"reversible_within,omitzero"`
		Limits           []limitDoc     `json:"limits,omitzero"`
	}
)

func walletOf(w loyalty.Wallet) walletDoc {
	return walletDoc{
		w.ID, w.Name, unitDoc(w.Unit), rates(w.Rates, rateOf),
		waitOf(w.Pending), expiryOf(w.Expires), takeBack(w.Clawback), w.MaxDebt,
	}
}

func (d walletDoc) wallet() loyalty.Wallet {
	return loyalty.Wallet{
		ID: d.ID, Name: d.Name, Unit: loyalty.Units(d.Unit),
		Rates:   rates(d.Rates, rateDoc.rate),
		Pending: d.Pending.wait(), Expires: d.Expires.expiry(), Clawback: loyalty.ClawbackPolicy(d.Clawback),
		MaxDebt: d.MaxDebt,
	}
}

func conversionOf(c loyalty.Conversion) conversionDoc {
	return conversionDoc{
		c.ID, c.From, c.To, ratio{c.Rate}, c.Min, c.Step, periodDoc(c.ReversibleWithin), each(c.Limits, limitOf),
	}
}

func (d conversionDoc) conversion() loyalty.Conversion {
	return loyalty.Conversion{
		ID: d.ID, From: d.From, To: d.To, Rate: d.Rate.number, Min: d.Min, Step: d.Step,
		ReversibleWithin: calendar.Period(d.ReversibleWithin),
		Limits:           each(d.Limits, limitDoc.limit),
	}
}

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
