package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func storedRedemption(r *loyalty.Redemption) *redemptionDoc {
	if r == nil {
		return nil
	}
	d := &redemptionDoc{
		Wallet: r.Wallet,
		ID:     r.ID, Reward: r.Reward, Points: int64(r.Points), Order: r.Order, Status: string(r.Status),
		At:    Millis(r.At),
		Until: Millis(r.Until), Cart: r.Cart, Amount: r.Total.Amount, Money: string(r.Total.Currency), Piece: r.Stocked,
		Value: r.Value.Amount, Worth: string(r.Value.Currency),
		Lots: storedLots(r.Lots), Restored: int64(r.Restored), Code: r.Code, From: Millis(r.CodeFrom),
		To: Millis(r.CodeUntil), Pool: r.Pooled, Listed: r.Listed,
		Whom: string(r.To), Who: string(r.By), Fee: int64(r.Fee), Note: r.Note,
		Manual: r.Manual, Date: r.Date, When: Millis(r.DateAt), Asked: int64(r.Requested),
	}
	if r.Credit != nil {
		g := storedGrant(*r.Credit)
		d.Credit = &g
	}
	for _, x := range r.Contributions {
		d.Contributions = append(d.Contributions, contributionDoc{string(x.Member), int64(x.Points)})
	}
	return d
}

func (d *redemptionDoc) redemption() (*loyalty.Redemption, error) {
	if d == nil {
		return nil, nil
	}
	lots, err := readLots(d.Lots)
	r := &loyalty.Redemption{
		ID: d.ID, Reward: d.Reward, Points: loyalty.Points(d.Points), Order: d.Order,
		Status: loyalty.RedemptionStatus(d.Status), At: Instant(d.At), Until: Instant(d.Until),
		Cart: d.Cart, Total: loyalty.Money{Amount: d.Amount, Currency: loyalty.Currency(d.Money)}, Stocked: d.Piece,
		Lots: lots, Restored: loyalty.Points(d.Restored), Code: d.Code, CodeFrom: Instant(d.From),
		CodeUntil: Instant(d.To), Pooled: d.Pool, Listed: d.Listed,
		To: loyalty.MemberID(d.Whom), By: loyalty.MemberID(d.Who), Fee: loyalty.Points(d.Fee), Note: d.Note,
		Manual: d.Manual, Date: d.Date, DateAt: Instant(d.When), Requested: loyalty.Points(d.Asked),
	}
	for _, x := range d.Contributions {
		r.Contributions = append(r.Contributions, loyalty.Contribution{
			Member: loyalty.MemberID(x.Member), Points: loyalty.Points(x.Points),
		})
	}
	r.Value, r.Wallet = loyalty.Money{Amount: d.Value, Currency: loyalty.Currency(d.Worth)}, d.Wallet
	if err != nil || d.Credit == nil {
		return r, err
	}
	g, err := d.Credit.grant()
	r.Credit = &g
	return r, err
}

func storedRefusal(r *loyalty.Error) *rejectionDoc {
	d := &rejectionDoc{
		Code: string(r.Code), Detail: r.Detail, Pointer: r.Pointer, Required: int64(r.Required),
		Available: int64(r.Available), Member: string(r.Member),
	}
	for _, l := range r.Unmet {
		d.Unmet = append(d.Unmet, unmetDoc{
			string(l.Requirement), l.Required, l.Available, int64(l.Missing), Millis(l.From),
		})
	}
	return d
}

func (d *rejectionDoc) refusal() *loyalty.Error {
	if d == nil {
		return nil
	}
	e := &loyalty.Error{
		Code: loyalty.Code(d.Code), Detail: d.Detail, Pointer: d.Pointer,
		Required: loyalty.Points(d.Required), Available: loyalty.Points(d.Available),
		Member: loyalty.MemberID(d.Member),
	}
	for _, l := range d.Unmet {
		e.Unmet = append(e.Unmet, loyalty.UnmetRequirement{
			Requirement: loyalty.Requirement(l.Requirement), Required: l.Required, Available: l.Available,
			Missing: loyalty.Points(l.Missing), From: Instant(l.From),
		})
	}
	return e
}

type redemptionDoc struct {
	ID     string `json:"id"`
	Reward string `json:"r"`
	Points int64  `json:"n,omitzero"`
	Order  string `json:"o,omitzero"`
	Status string `json:"st,omitzero"` // omitted while the redemption is reserved
	At     int64  `json:"at"`
	Until  int64  `json:"u,omitzero"`
	Cart   string `json:"c,omitzero"`
	Amount int64  `json:"a,omitzero"` // the order's total in minor units
	Money  string `json:"cur,omitzero"`
	Piece  bool   `json:"pc,omitzero"`
	Value  int64  `json:"v,omitzero"`  // the value of a payment with points, in minor units
	Worth  string `json:"vc,omitzero"` // the currency of Value

	Lots     seriesDoc `json:"l,omitempty"` // set once the redemption is committed
	Restored int64     `json:"b,omitzero"`
	Code     string    `json:"code,omitzero"`
	From     int64     `json:"cf,omitzero"`
	To       int64     `json:"cu,omitzero"`
	Pool     bool      `json:"pool,omitzero"` // the code comes from a pool

	Wallet string    `json:"w,omitzero"`
	Credit *grantDoc `json:"cr,omitempty"`

	Whom string `json:"to,omitzero"` // the recipient of a transfer
	Who  string `json:"by,omitzero"` // in another member's account: whose transfer or redemption it is
	Fee  int64  `json:"fee,omitzero"`
	Note string `json:"msg,omitzero"`

	Contributions []contributionDoc `json:"dr,omitempty"`

	Manual bool   `json:"hand,omitzero"` // requires manual fulfillment
	Date   string `json:"d,omitzero"`
	When   int64  `json:"dat,omitzero"` // the instant at which what the date is for takes place

	Asked  int64 `json:"ask,omitzero"` // the maximum points that a payment was requested to use
	Listed bool  `json:"ls,omitzero"`  // listed by expiry; false for reservations from before the list existed
}

type contributionDoc struct {
	Member string `json:"m"`
	Points int64  `json:"n"`
}

type unmetDoc struct {
	Requirement string `json:"w"`
	Required    string `json:"r,omitzero"`
	Available   string `json:"a,omitzero"`
	Missing     int64  `json:"m,omitzero"`
	From        int64  `json:"f,omitzero"`
}

type rejectionDoc struct {
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	Pointer   string `json:"at,omitzero"`
	Required  int64  `json:"required,omitzero"`
	Available int64  `json:"has,omitzero"`

	Unmet  []unmetDoc `json:"unmet,omitempty"`
	Member string     `json:"m,omitzero"`
}
