package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// purseDoc is the state of a wallet other than the points wallet. The account's own fields store the points wallet, as
// in the first release.
type purseDoc struct {
	Lots        seriesDoc `json:"lots,omitempty"`
	Debt        int64     `json:"debt,omitzero"`
	Earned      int64     `json:"earned,omitzero"`
	Redeemed    int64     `json:"spent,omitzero"`
	Expired     int64     `json:"expired,omitzero"`
	ExpiredLots seriesDoc `json:"exp,omitempty"`
}

// walletDoc is the change of a wallet by an entry.
type walletDoc struct {
	Wallet   string `json:"w"`
	Points   int64  `json:"n"`
	Active   int64  `json:"ba,omitzero"` // the balance after the entry
	Pending  int64  `json:"bp,omitzero"`
	Reserved int64  `json:"br,omitzero"`
	Debt     int64  `json:"bd,omitzero"`
}

type convertedDoc struct {
	ID              string    `json:"id"`
	Rule            string    `json:"r"`
	From            string    `json:"f,omitzero"`
	To              string    `json:"t,omitzero"`
	Points          int64     `json:"n"`
	Received        int64     `json:"got"`
	Taken           seriesDoc `json:"l,omitempty"`
	Lot             int32     `json:"lot,omitzero"`
	At              int64     `json:"at"`
	ReversibleUntil int64     `json:"u,omitzero"`
	Reversed        int64     `json:"un,omitzero"`
	Returned        int64     `json:"b,omitzero"`
}

func storedPurses(all []loyalty.Purse) object[purseDoc] {
	out := each(all, func(x loyalty.Purse) member[purseDoc] {
		return member[purseDoc]{x.Wallet, purseDoc{
			storedLots(x.Lots), int64(x.Debt), int64(x.Earned), int64(x.Redeemed), int64(x.Expired),
			storedLots(x.ExpiredLots),
		}}
	})
	object[purseDoc](out).sort()
	return out
}

func readPurses(docs object[purseDoc]) (out []loyalty.Purse, err error) {
	for _, x := range docs {
		d := x.Value
		lots, err := readLots(d.Lots)
		if err != nil {
			return nil, err
		}
		expired, err := readLots(d.ExpiredLots)
		if err != nil {
			return nil, err
		}
		out = append(out, loyalty.Purse{
			Wallet: x.Name, Lots: lots, ExpiredLots: expired, Debt: loyalty.Points(d.Debt),
			Earned: loyalty.Points(d.Earned), Redeemed: loyalty.Points(d.Redeemed), Expired: loyalty.Points(d.Expired),
		})
	}
	return out, nil
}

func storedWallet(w loyalty.WalletChange) walletDoc {
	b := w.Balance
	return walletDoc{
		w.Wallet, int64(w.Points), int64(b.Active), int64(b.Pending), int64(b.Reserved), int64(b.Debt),
	}
}

func (d walletDoc) change() loyalty.WalletChange {
	return loyalty.WalletChange{
		Wallet: d.Wallet, Points: loyalty.Points(d.Points),
		Balance: loyalty.Balance{
			Active: loyalty.Points(d.Active), Pending: loyalty.Points(d.Pending),
			Reserved: loyalty.Points(d.Reserved), Debt: loyalty.Points(d.Debt),
		},
	}
}

type unconvertedDoc struct {
	ID     string `json:"id"`
	Points int64  `json:"n"`
	Worth  int64  `json:"w"`
}

func storedUnconverted(u loyalty.Unconverted) unconvertedDoc {
	return unconvertedDoc{u.ID, int64(u.Points), int64(u.Worth)}
}

func (d unconvertedDoc) unconverted() loyalty.Unconverted {
	return loyalty.Unconverted{
		ID: d.ID, Points: loyalty.Points(d.Points), Worth: loyalty.Points(d.Worth),
	}
}

type writeOffDoc struct {
	Wallet string `json:"w,omitzero"`
	Lot    int32  `json:"l"`
	Points int64  `json:"n"`
}

func storedWriteOff(w loyalty.WriteOff) writeOffDoc {
	return writeOffDoc{w.Wallet, int32(w.Lot), int64(w.Points)}
}

func (d writeOffDoc) writeOff() loyalty.WriteOff {
	return loyalty.WriteOff{
		Wallet: d.Wallet, Lot: calendar.Date(d.Lot), Points: loyalty.Points(d.Points),
	}
}

func storedConverted(x *loyalty.Converted) *convertedDoc {
	if x == nil {
		return nil
	}
	return &convertedDoc{
		x.ID, x.Rule, x.From, x.To, int64(x.Points), int64(x.Received), storedLots(x.Taken), int32(x.Lot),
		Millis(x.At), Millis(x.ReversibleUntil), int64(x.Reversed), int64(x.Returned),
	}
}

func (d *convertedDoc) converted() (*loyalty.Converted, error) {
	if d == nil {
		return nil, nil
	}
	taken, err := readLots(d.Taken)
	return &loyalty.Converted{
		ID: d.ID, Rule: d.Rule, From: d.From, To: d.To, Points: loyalty.Points(d.Points),
		Received: loyalty.Points(d.Received),
		Taken:    taken, Lot: calendar.Date(d.Lot), At: Instant(d.At), ReversibleUntil: Instant(d.ReversibleUntil),
		Reversed: loyalty.Points(d.Reversed), Returned: loyalty.Points(d.Returned),
	}, err
}
