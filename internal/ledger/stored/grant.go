package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type grantDoc struct {
	Rule      string    `json:"r,omitzero"`
	Wallet    string    `json:"w,omitzero"`
	Worth     int64     `json:"n,omitzero"`
	ActiveAt  int64     `json:"act,omitzero"`
	Lot       int32     `json:"lot,omitzero"`
	Taken     seriesDoc `json:"taken,omitempty"`
	Owed      int64     `json:"owed,omitzero"`
	ExpiredOn int64     `json:"exo,omitzero"`
	Expired   int64     `json:"exp,omitzero"`

	Converted []unconvertedDoc `json:"cv,omitempty"`
}

func storedGrant(g loyalty.Grant) grantDoc {
	return grantDoc{
		g.Rule, g.Wallet, int64(g.Worth), Millis(g.ActiveAt), int32(g.Expires), storedLots(g.Taken), int64(g.Owed),
		int64(g.ExpiredOn), int64(g.Expired), each(g.Converted, storedUnconverted),
	}
}

func (d grantDoc) grant() (loyalty.Grant, error) {
	taken, err := readLots(d.Taken)
	return loyalty.Grant{
		Rule: d.Rule, Wallet: d.Wallet, Worth: loyalty.Points(d.Worth), ActiveAt: Instant(d.ActiveAt),
		Expires: calendar.Date(d.Lot),
		Taken:   taken, Owed: loyalty.Points(d.Owed), ExpiredOn: loyalty.Points(d.ExpiredOn),
		Expired: loyalty.Points(d.Expired), Converted: each(d.Converted, unconvertedDoc.unconverted),
	}, err
}

type shareDoc struct {
	Rule string `json:"r"`
	Used int64  `json:"u,omitzero"`
	Peak int64  `json:"p,omitzero"`
	Cut  bool   `json:"c,omitzero"`

	Charged int64 `json:"b,omitzero"`
	Granted int64 `json:"g,omitzero"`
}

func storedShare(x loyalty.Share) shareDoc {
	return shareDoc{x.Rule, int64(x.Used), int64(x.Peak), x.Cut, int64(x.Charged), int64(x.Granted)}
}

func (d shareDoc) share() loyalty.Share {
	return loyalty.Share{
		Rule: d.Rule, Used: loyalty.Points(d.Used), Peak: loyalty.Points(d.Peak), Cut: d.Cut,
		Charged: loyalty.Points(d.Charged), Granted: loyalty.Points(d.Granted),
	}
}
