package snapshot

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// Wallets, and the ways between them.
type (
	walletDoc struct {
		ID         string                       `json:"id"`
		Name       loyalty.Text                 `json:"name,omitzero"`
		Unit       unitDoc                      `json:"unit,omitzero"`
		Rates      map[loyalty.Currency]rateDoc `json:"rates,omitzero"`
		Pending    waitDoc                      `json:"pending,omitzero"`
		Expires    expiryDoc                    `json:"expires,omitzero"`
		TakeBack   takeBack                     `json:"take_back,omitzero"`
		DebtAtMost loyalty.Points               `json:"debt_at_most,omitzero"`
	}

	conversionDoc struct {
		ID     string         `json:"id"`
		From   string         `json:"from,omitzero"`
		To     string         `json:"to,omitzero"`
		Rate   ratio          `json:"rate,omitzero"`
		Min    loyalty.Points `json:"min,omitzero"`
		Step   loyalty.Points `json:"step,omitzero"`
		Back   periodDoc      `json:"back,omitzero"`
		Limits []limitDoc     `json:"limits,omitzero"`
	}
)

func walletOf(w loyalty.Wallet) walletDoc {
	return walletDoc{
		w.ID, w.Name, unitDoc(w.Unit), rates(w.Rates, rateOf),
		waitOf(w.Pending), expiryOf(w.Expires), takeBack(w.TakeBack), w.DebtAtMost,
	}
}

func (d walletDoc) wallet() loyalty.Wallet {
	return loyalty.Wallet{
		ID: d.ID, Name: d.Name, Unit: loyalty.Units(d.Unit),
		Rates:   rates(d.Rates, rateDoc.rate),
		Pending: d.Pending.wait(), Expires: d.Expires.expiry(), TakeBack: loyalty.TakeBack(d.TakeBack), DebtAtMost: d.DebtAtMost,
	}
}

func conversionOf(c loyalty.Conversion) conversionDoc {
	return conversionDoc{c.ID, c.From, c.To, ratio{c.Rate}, c.Min, c.Step, periodDoc(c.Back), each(c.Limits, limitOf)}
}

func (d conversionDoc) conversion() loyalty.Conversion {
	return loyalty.Conversion{
		ID: d.ID, From: d.From, To: d.To, Rate: d.Rate.number, Min: d.Min, Step: d.Step, Back: loyalty.Period(d.Back),
		Limits: each(d.Limits, limitDoc.limit),
	}
}
