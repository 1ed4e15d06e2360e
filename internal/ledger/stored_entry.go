package ledger

import (
	"cmp"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func storedEntry(e loyalty.Entry) entryDoc {
	d := entryDoc{
		Sequence: e.Sequence, Member: string(e.Member), Kind: string(e.Kind), Points: int64(e.Points),
		Program: e.Program, Effective: millis(e.Effective), Recorded: millis(e.Recorded), Actor: e.Actor, Input: e.Input,
		Redemption: storedRedemption(e.Redemption), Tier: storedTier(e.Standing), Usage: storedUsage(e.Usage),
		Active: int64(e.Balance.Active), Pending: int64(e.Balance.Pending),
		Reserved: int64(e.Balance.Reserved), Debt: int64(e.Balance.Debt),
		Previous: e.Previous, Hash: e.Hash,
	}
	if len(e.Postings) > 0 {
		d.Postings = make([]postingDoc, len(e.Postings))
	}
	for i, p := range e.Postings {
		d.Postings[i] = postingDoc{string(p.Bucket), int32(p.Lot), millis(p.ActiveAt), p.Cause.Kind, p.Cause.ID, int64(p.Points)}
	}
	if len(e.Because) > 0 {
		d.Because = make([]becauseDoc, len(e.Because))
	}
	for i, b := range e.Because {
		d.Because[i] = storedBecause(b)
	}
	if e.Metric != nil {
		d.Metric = &metricDoc{e.Metric.Month, int64(e.Metric.Points), e.Metric.Orders, e.Window}
	}
	if e.Order != nil {
		d.Order = storedOrder(*e.Order)
	}
	if r := e.Refusal; r != nil {
		d.Refusal = &refusalDoc{string(r.Code), r.Detail, r.Pointer, int64(r.Needed), int64(r.Available)}
	}
	return d
}

func storedBecause(b loyalty.Because) becauseDoc {
	return becauseDoc{Rule: b.Rule, What: string(b.What), Args: b.Args, Points: b.Points}
}

func (d becauseDoc) because() loyalty.Because {
	b := loyalty.Because{Rule: d.Rule, What: loyalty.What(d.What), Args: d.Args, Points: d.Points}
	if d.Effect != "" {
		b.Args = []string{d.Effect}
	}
	return b
}

func storedRedemption(r *loyalty.Redemption) *redemptionDoc {
	if r == nil {
		return nil
	}
	return &redemptionDoc{r.ID, r.Reward, int64(r.Points), r.Order, string(r.Status), millis(r.At), millis(r.Until)}
}

func (d *redemptionDoc) redemption() *loyalty.Redemption {
	if d == nil {
		return nil
	}
	return &loyalty.Redemption{
		ID: d.ID, Reward: d.Reward, Points: loyalty.Points(d.Points), Order: d.Order,
		Status: loyalty.RedemptionStatus(d.Status), At: instant(d.At), Until: instant(d.Until),
	}
}

// storedOrder leaves out what the entry says already: the order's id, the member, the revision.
func storedOrder(s loyalty.OrderState) *orderDoc {
	o := s.Order
	d := &orderDoc{
		Placed: millis(o.PlacedAt), Currency: string(o.Currency), Channel: o.Channel, Status: string(o.Status),
		Discount: o.Discount, Shipping: o.Shipping, Tax: o.Tax,
		Program: s.Program, Level: s.Level, Worth: int64(s.Worth), ActiveAt: millis(s.ActiveAt), Lot: int32(s.Expires),
		Cut: s.Cut, Taken: storedLots(s.Taken), Owed: int64(s.Owed), Lapsed: int64(s.Lapsed),
	}
	if s.Peak != s.Worth {
		d.Peak = int64(s.Peak)
	}
	if len(o.Lines) > 0 {
		d.Lines = make([]lineDoc, len(o.Lines))
	}
	for i, l := range o.Lines {
		d.Lines[i] = lineDoc(l)
	}
	for _, t := range o.Tenders {
		d.Tenders = append(d.Tenders, tenderDoc{string(t.Kind), t.Name, t.Amount})
	}
	for _, r := range o.Refunds {
		d.Refunds = append(d.Refunds, storedRefund(r))
	}
	return d
}

func storedRefund(r loyalty.Refund) refundDoc {
	d := refundDoc{ID: r.ID, At: millis(r.At), Amount: r.Amount, Shipping: r.Shipping, Tax: r.Tax}
	if r.Status != loyalty.RefundSucceeded {
		d.Status = string(r.Status)
	}
	for _, l := range r.Lines {
		d.Lines = append(d.Lines, refundLineDoc(l))
	}
	return d
}

func (d refundDoc) refund() loyalty.Refund {
	r := loyalty.Refund{
		ID: d.ID, At: instant(d.At), Status: cmp.Or(loyalty.RefundStatus(d.Status), loyalty.RefundSucceeded),
		Amount: d.Amount, Shipping: d.Shipping, Tax: d.Tax,
	}
	for _, l := range d.Lines {
		r.Lines = append(r.Lines, loyalty.RefundLine(l))
	}
	return r
}

// state reads an order's state; nil if the entry has none.
func (d *orderDoc) state(id string, m loyalty.MemberID, revision int) (*loyalty.OrderState, error) {
	if d == nil {
		return nil, nil
	}
	o := loyalty.Order{
		ID: id, Member: m, PlacedAt: instant(d.Placed), Currency: loyalty.Currency(d.Currency), Channel: d.Channel,
		Status: loyalty.OrderStatus(d.Status), Discount: d.Discount, Shipping: d.Shipping, Tax: d.Tax,
	}
	for _, l := range d.Lines {
		o.Lines = append(o.Lines, loyalty.Line(l))
	}
	for _, t := range d.Tenders {
		o.Tenders = append(o.Tenders, loyalty.Tender{Kind: loyalty.TenderKind(t.Kind), Name: t.Name, Amount: t.Amount})
	}
	for _, r := range d.Refunds {
		o.Refunds = append(o.Refunds, r.refund())
	}
	taken, err := readLots(d.Taken)
	return &loyalty.OrderState{
		Order: o, Revision: revision, Program: d.Program, Level: d.Level,
		Worth: loyalty.Points(d.Worth), ActiveAt: instant(d.ActiveAt), Expires: loyalty.Date(d.Lot),
		Peak: loyalty.Points(cmp.Or(d.Peak, d.Worth)), Cut: d.Cut, Taken: taken, Owed: loyalty.Points(d.Owed), Lapsed: loyalty.Points(d.Lapsed),
	}, err
}

// readEntry reads an entry as it was stored under its cause.
func readEntry(it table.Item, c loyalty.Cause) (loyalty.Entry, error) {
	var d entryDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	e := loyalty.Entry{
		Sequence: d.Sequence, Member: loyalty.MemberID(d.Member), Cause: c, Kind: loyalty.Kind(d.Kind),
		Points: loyalty.Points(d.Points), Program: d.Program, Effective: instant(d.Effective), Recorded: instant(d.Recorded),
		Actor: d.Actor, Input: d.Input,
		Redemption: d.Redemption.redemption(),
		Balance: loyalty.Balance{
			Active: loyalty.Points(d.Active), Pending: loyalty.Points(d.Pending),
			Reserved: loyalty.Points(d.Reserved), Debt: loyalty.Points(d.Debt),
		},
		Previous: d.Previous, Hash: d.Hash,
	}
	var err error
	if e.Order, err = d.Order.state(c.ID, loyalty.MemberID(d.Member), c.Revision); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Usage, err = readUsage(d.Usage); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	for _, p := range d.Postings {
		e.Postings = append(e.Postings, loyalty.Posting{
			Bucket: loyalty.Bucket(p.Bucket), Lot: loyalty.Date(p.Lot), ActiveAt: instant(p.At),
			Cause: loyalty.Cause{Kind: p.Kind, ID: p.ID}, Points: loyalty.Points(p.Points),
		})
	}
	for _, b := range d.Because {
		e.Because = append(e.Because, b.because())
	}
	if d.Tier != nil {
		s := d.Tier.standing()
		e.Standing = &s
	}
	if d.Metric != nil {
		e.Metric = &loyalty.Metric{Month: d.Metric.Month, Points: loyalty.Points(d.Metric.Points), Orders: d.Metric.Orders}
		e.Window = d.Metric.Window
	}
	if n := d.Refusal; n != nil {
		e.Refusal = &loyalty.Error{
			Code: loyalty.Code(n.Code), Detail: n.Detail, Pointer: n.Pointer,
			Needed: loyalty.Points(n.Needed), Available: loyalty.Points(n.Available),
		}
	}
	return e, nil
}
