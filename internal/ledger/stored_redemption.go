package ledger

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
		At:    millis(r.At),
		Until: millis(r.Until), Cart: r.Cart, Amount: r.Total.Amount, Money: string(r.Total.Currency), Piece: r.Piece,
		Value: r.Value.Amount, Worth: string(r.Value.Currency),
		Lots: storedLots(r.Lots), Restored: int64(r.Restored), Code: r.Code, From: millis(r.CodeFrom),
		To: millis(r.CodeUntil), Pool: r.Pooled, Listed: r.Listed,
		Whom: string(r.To), Who: string(r.By), Fee: int64(r.Fee), Note: r.Note,
		Manual: r.Manual, Date: r.Date, When: millis(r.DateAt), Asked: int64(r.Requested),
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
		Status: loyalty.RedemptionStatus(d.Status), At: instant(d.At), Until: instant(d.Until),
		Cart: d.Cart, Total: loyalty.Money{Amount: d.Amount, Currency: loyalty.Currency(d.Money)}, Piece: d.Piece,
		Lots: lots, Restored: loyalty.Points(d.Restored), Code: d.Code, CodeFrom: instant(d.From),
		CodeUntil: instant(d.To), Pooled: d.Pool, Listed: d.Listed,
		To: loyalty.MemberID(d.Whom), By: loyalty.MemberID(d.Who), Fee: loyalty.Points(d.Fee), Note: d.Note,
		Manual: d.Manual, Date: d.Date, DateAt: instant(d.When), Requested: loyalty.Points(d.Asked),
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
		Available: int64(r.Available),
	}
	for _, l := range r.Unmet {
		d.Unmet = append(d.Unmet, unmetDoc{
			string(l.Requirement), l.Required, l.Available, int64(l.Missing), millis(l.From),
		})
	}
	return d
}

func (d *rejectionDoc) refusal() *loyalty.Error {
	e := &loyalty.Error{
		Code: loyalty.Code(d.Code), Detail: d.Detail, Pointer: d.Pointer,
		Required: loyalty.Points(d.Required), Available: loyalty.Points(d.Available),
	}
	for _, l := range d.Unmet {
		e.Unmet = append(e.Unmet, loyalty.UnmetRequirement{
			Requirement: loyalty.Requirement(l.Requirement), Required: l.Required, Available: l.Available,
			Missing: loyalty.Points(l.Missing), From: instant(l.From),
		})
	}
	return e
}
