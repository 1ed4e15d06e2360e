package stored

import (
	"cmp"
	"fmt"
	"time"
	_ "time/tzdata" // makes time zones available and equal on every machine; AWS Lambda has no database of them

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type orderDoc struct {
	Placed         int64        `json:"at"`
	Currency       string       `json:"cur"`
	Channel        string       `json:"ch,omitzero"`
	Store          string       `json:"store,omitzero"`
	Clock          string       `json:"tz,omitzero"` // the store's time zone
	Status         string       `json:"st"`
	Lines          []LineDoc    `json:"li,omitempty"`
	Discount       int64        `json:"dis,omitzero"`
	Shipping       int64        `json:"shi,omitzero"`
	Tax            int64        `json:"tax,omitzero"`
	Included       int64        `json:"itax,omitzero"` // the tax that is included in the other amounts
	Tenders        []tenderDoc  `json:"te,omitempty"`
	Refunds        []RefundDoc  `json:"re,omitempty"`
	Disputes       []disputeDoc `json:"dp,omitempty"`
	Updated        int64        `json:"up,omitzero"`
	Counted        bool         `json:"cnt,omitzero"`
	Shipped        int64        `json:"sent,omitzero"`
	Arrived        int64        `json:"got,omitzero"`
	Receipts       []ReceiptDoc `json:"pay,omitempty"`
	ReportedStatus string       `json:"rst,omitzero"`
	Program        int          `json:"v,omitzero"` // the version whose rules the order uses
	Level          string       `json:"lev,omitzero"`
	Worth          int64        `json:"n,omitzero"`
	ActiveAt       int64        `json:"act,omitzero"`
	Lot            int32        `json:"lot,omitzero"`

	Orders          int64        `json:"nth,omitzero"` // the buyer's number of earlier orders
	Segments        []string     `json:"seg,omitempty"`
	OptIns          []string     `json:"opt,omitempty"`
	Birthday        int          `json:"bd,omitzero"`
	Zone            string       `json:"bz,omitzero"`
	Rate            string       `json:"fx,omitzero"`
	Carried         string       `json:"frac,omitzero"`
	Rest            string       `json:"rest,omitzero"`
	Spend           int64        `json:"spend,omitzero"`
	QualifyingItems int64        `json:"qi,omitzero"`
	Brands          []string     `json:"brs,omitempty"` // the brands that count toward levels by brands
	Bucket          int          `json:"bk,omitzero"`   // the bucket that counts the order, if not the order's month
	ActiveBefore    int64        `json:"ab,omitzero"`
	SlidTo          int32        `json:"sl,omitzero"`
	TierGroups      []countedDoc `json:"tgs,omitempty"`
	More            []grantDoc   `json:"more,omitempty"` // the other grants; the base grant is Worth minus these
	Shares          []shareDoc   `json:"sh,omitempty"`

	Used      int64            `json:"used,omitzero"` // usage of the program's caps; omitted if it equals Worth
	Peak      int64            `json:"peak,omitzero"` // omitted if it equals Worth
	Cut       bool             `json:"cut,omitzero"`
	Taken     seriesDoc        `json:"taken,omitempty"`
	Owed      int64            `json:"owed,omitzero"`
	ExpiredOn int64            `json:"exo,omitzero"`
	Expired   int64            `json:"exp,omitzero"`
	Converted []unconvertedDoc `json:"cv,omitempty"`

	Missing []string `json:"miss,omitempty"`

	Converts []string          `json:"conv,omitempty"` // referral actions whose conditions the order meets
	Limits   object[seriesDoc] `json:"cuts,omitempty"` // caps and limits that cut its points; see AccountDoc.Usage

	LinesAt   int `json:"lia,omitzero"` // if the line items are stored separately: the revision that stores them
	RefundsAt int `json:"rea,omitzero"` // if the refunds are stored separately: the revision that stores them
}

type LineDoc struct {
	ID       string `json:"i"`
	SKU      string `json:"s,omitzero"`
	Category string `json:"c,omitzero"`
	Brand    string `json:"b,omitzero"`
	Quantity int64  `json:"q"`
	Amount   int64  `json:"a"`
}

type RefundDoc struct {
	ID       string          `json:"id"`
	At       int64           `json:"at"`
	Status   string          `json:"st,omitzero"` // omitted if the refund succeeded
	Amount   int64           `json:"a"`
	Shipping int64           `json:"shi,omitzero"`
	Tax      int64           `json:"tax,omitzero"`
	Included int64           `json:"itax,omitzero"`
	Tender   string          `json:"ten,omitzero"`
	Tendered bool            `json:"tend,omitzero"`
	ToCards  int64           `json:"gift,omitzero"`
	Goods    int64           `json:"g,omitzero"`
	Lines    []refundLineDoc `json:"li,omitempty"`
}

type refundLineDoc struct {
	ID       string `json:"i"`
	Quantity int64  `json:"q,omitzero"`
	Amount   int64  `json:"a"`
}

type tenderDoc struct {
	Kind     string `json:"k"`
	Name     string `json:"nm,omitzero"`
	Amount   int64  `json:"a"`
	Reported bool   `json:"rep,omitzero"`
}

type disputeDoc struct {
	ID     string `json:"id"`
	At     int64  `json:"at"`
	Status string `json:"st"`
	Amount int64  `json:"a"`
}

// Line decodes a line item.
func (d LineDoc) Line() loyalty.Line { return loyalty.Line(d) }

// StoredOrder encodes an order's state. It omits what the entry contains: the order's ID, the member and the revision.
func StoredOrder(s loyalty.OrderState) orderDoc {
	o := s.Order
	d := orderDoc{
		Placed: Millis(o.PlacedAt), Currency: string(o.Currency), Channel: o.Channel, Status: string(o.Status),
		Store: o.Store, Discount: o.Discount, Shipping: o.Shipping, Tax: o.Tax, Included: o.Included,
		Updated: Millis(o.UpdatedAt), Shipped: Millis(o.Shipped), Arrived: Millis(o.Delivered),
		Program: s.Program, Level: s.Buyer.Level, Orders: s.Buyer.Orders, Segments: s.Buyer.Segments,
		OptIns:   s.Buyer.OptIns,
		Birthday: s.Buyer.Birthday, Zone: s.Buyer.Zone, Rate: s.Rate, Worth: int64(s.Worth),
		Carried: s.Carried, Rest: s.Rest, Counted: s.Counted, Spend: s.Spend, QualifyingItems: s.QualifyingItems,
		Brands: s.Brands, Bucket: s.Bucket,
		SlidTo: int32(s.SlidTo), ActiveBefore: Millis(s.ActiveBefore),
		TierGroups: each(s.TierGroups, storedCounted), Limits: storedUsage(s.Cut), LinesAt: s.LinesSince,
		RefundsAt: s.RefundsSince,
		Missing:   s.Missing, Converts: s.Converts,
	}
	if o.Clock != nil {
		d.Clock = o.Clock.String()
	}
	if len(s.Grants) > 0 {
		base := storedGrant(s.Grants[0])
		d.ActiveAt, d.Lot, d.Taken, d.Owed, d.ExpiredOn = base.ActiveAt, base.Lot, base.Taken, base.Owed, base.ExpiredOn
		d.Expired, d.Converted = base.Expired, base.Converted
		d.More = each(s.Grants[1:], storedGrant)
	}
	for _, x := range s.Shares {
		if x.Rule != "" {
			d.Shares = append(d.Shares, storedShare(x))
			continue
		}
		d.Cut = x.Cut
		if x.Used != s.Worth {
			d.Used = int64(x.Used)
		}
		if x.Peak != s.Worth {
			d.Peak = int64(x.Peak)
		}
	}
	d.goods(o)
	return d
}

// goods sets the fields that store the contents of an order.
func (d *orderDoc) goods(o loyalty.Order) {
	d.Lines = each(o.Lines, func(l loyalty.Line) LineDoc { return LineDoc(l) })
	for _, t := range o.Tenders {
		d.Tenders = append(d.Tenders, tenderDoc{string(t.Kind), t.Name, t.Amount, t.Reported})
	}
	d.Refunds = each(o.Refunds, storedRefund)
	for _, x := range o.Disputes {
		d.Disputes = append(d.Disputes, disputeDoc{x.ID, Millis(x.At), string(x.Status), x.Amount})
	}
	d.Receipts = each(o.Receipts, StoredReceipt)
	d.ReportedStatus = string(o.ReportedStatus)
}

func storedRefund(r loyalty.Refund) RefundDoc {
	d := RefundDoc{
		ID: r.ID, At: Millis(r.At), Amount: r.Amount, Shipping: r.Shipping, Tax: r.Tax, Goods: r.Goods,
		Included: r.Included, Tender: r.Tender, Tendered: r.Tendered, ToCards: r.ToGiftCards,
	}
	if r.Status != loyalty.RefundSucceeded {
		d.Status = string(r.Status)
	}
	for _, l := range r.Lines {
		d.Lines = append(d.Lines, refundLineDoc(l))
	}
	return d
}

func (d RefundDoc) Refund() loyalty.Refund {
	r := loyalty.Refund{
		ID: d.ID, At: Instant(d.At), Status: cmp.Or(loyalty.RefundStatus(d.Status), loyalty.RefundSucceeded),
		Amount: d.Amount, Shipping: d.Shipping, Tax: d.Tax, Goods: d.Goods, Included: d.Included, Tender: d.Tender,
		Tendered: d.Tendered, ToGiftCards: d.ToCards,
	}
	for _, l := range d.Lines {
		r.Lines = append(r.Lines, loyalty.RefundLine(l))
	}
	return r
}

// state decodes an order's state. It returns nil if the entry has none.
func (d *orderDoc) state(id string, m loyalty.MemberID, revision int) (*loyalty.OrderState, error) {
	if d == nil {
		return nil, nil
	}
	s := &loyalty.OrderState{
		Revision: revision, Program: d.Program, Rate: d.Rate, Worth: loyalty.Points(d.Worth),
		Buyer: loyalty.Buyer{
			Level: d.Level, Orders: d.Orders, Segments: d.Segments, OptIns: d.OptIns, Birthday: d.Birthday,
			Zone: d.Zone,
		},
		Carried: d.Carried, Rest: d.Rest, Counted: d.Counted, Spend: d.Spend, QualifyingItems: d.QualifyingItems,
		Brands: d.Brands, Bucket: d.Bucket,
		SlidTo: calendar.Date(d.SlidTo), ActiveBefore: Instant(d.ActiveBefore),
		TierGroups: each(d.TierGroups, countedDoc.counted), LinesSince: d.LinesAt, RefundsSince: d.RefundsAt,
		Missing: d.Missing, Converts: d.Converts,
	}
	var err error
	if s.Order, err = d.order(id, m); err != nil {
		return nil, err
	}
	if s.Cut, err = readUsage(d.Limits); err != nil {
		return nil, err
	}
	more, err := readEach(d.More, grantDoc.grant)
	if err != nil {
		return nil, err
	}
	base, err := grantDoc{
		ActiveAt: d.ActiveAt, Lot: d.Lot, Taken: d.Taken, Owed: d.Owed, ExpiredOn: d.ExpiredOn, Expired: d.Expired,
		Converted: d.Converted,
		Worth:     d.Worth,
	}.grant()
	if err != nil {
		return nil, err
	}
	for _, g := range more {
		if g.Wallet == "" {
			base.Worth -= g.Worth
		}
	}
	s.Grants = append([]loyalty.Grant{base}, more...)
	if d.Worth != 0 || d.Peak != 0 || d.Used != 0 || d.Cut {
		s.Shares = append(s.Shares, loyalty.Share{
			Used: loyalty.Points(cmp.Or(d.Used, d.Worth)), Peak: loyalty.Points(cmp.Or(d.Peak, d.Worth)),
			Cut: d.Cut,
		})
	}
	s.Shares = append(s.Shares, each(d.Shares, shareDoc.share)...)
	return s, nil
}

func (d *orderDoc) order(id string, m loyalty.MemberID) (loyalty.Order, error) {
	o := loyalty.Order{
		ID: id, Member: m, PlacedAt: Instant(d.Placed), Currency: loyalty.Currency(d.Currency), Channel: d.Channel,
		Store:  d.Store,
		Status: loyalty.OrderStatus(d.Status), Discount: d.Discount, Shipping: d.Shipping, Tax: d.Tax,
		Included:  d.Included,
		UpdatedAt: Instant(d.Updated), Shipped: Instant(d.Shipped), Delivered: Instant(d.Arrived),
	}
	if d.Clock != "" {
		clock, err := time.LoadLocation(d.Clock)
		if err != nil {
			return o, fmt.Errorf("the store's time zone: %w", err)
		}
		o.Clock = clock
	}
	o.Lines = each(d.Lines, LineDoc.Line)
	for _, t := range d.Tenders {
		o.Tenders = append(o.Tenders, loyalty.Tender{
			Kind: loyalty.TenderKind(t.Kind), Name: t.Name, Amount: t.Amount, Reported: t.Reported,
		})
	}
	o.Refunds = each(d.Refunds, RefundDoc.Refund)
	for _, x := range d.Disputes {
		o.Disputes = append(o.Disputes, loyalty.Dispute{
			ID: x.ID, At: Instant(x.At), Status: loyalty.DisputeStatus(x.Status), Amount: x.Amount,
		})
	}
	o.Receipts = each(d.Receipts, ReceiptDoc.Receipt)
	o.ReportedStatus = loyalty.OrderStatus(d.ReportedStatus)
	return o, nil
}
