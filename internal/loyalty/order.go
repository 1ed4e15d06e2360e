package loyalty

import (
	"fmt"
	"strconv"
	"time"
)

// OrderStatus is how far an order is.
type OrderStatus string

const (
	OrderPlaced    OrderStatus = "placed" // not paid: worth nothing yet
	OrderPaid      OrderStatus = "paid"
	OrderCancelled OrderStatus = "cancelled" // worth nothing any more
)

// An Order is what a member bought, in full, as the merchant last told us. Amounts are minor units of
// Currency.
type Order struct {
	ID       string
	Member   MemberID
	PlacedAt time.Time
	Currency Currency
	Channel  string
	Store    string         // where it was placed; may be empty
	Clock    *time.Location // that of the store; nil if unknown
	Status   OrderStatus
	Lines    []Line
	Discount int64 // on the whole order, spread over its lines
	Shipping int64
	Tax      int64
	Tenders  []Tender
	Refunds  []Refund  // all that there ever were, by the ids that they were given; in any order
	Disputes []Dispute // likewise

	Shipped   time.Time // zero if it was not, or nobody said so
	Delivered time.Time
}

// A Line is one position; Amount is what is paid for all of its pieces, after its own discounts.
type Line struct {
	ID       string
	SKU      string
	Category string
	Brand    string
	Quantity int64
	Amount   int64
}

// A Tender is a means of payment and how much of the order it paid.
type Tender struct {
	Kind   TenderKind
	Name   string // which card or wallet, as the shop calls it; may be empty
	Amount int64
}

// TenderKind is a means of payment. What was paid by points, gift card or store credit earned already, or
// never did, so it earns nothing.
type TenderKind string

const (
	TenderCard        TenderKind = "card"
	TenderCash        TenderKind = "cash"
	TenderOther       TenderKind = "other"
	TenderPoints      TenderKind = "points"
	TenderGiftCard    TenderKind = "gift_card"
	TenderStoreCredit TenderKind = "store_credit"
)

// OrderState is all that is known of an order and what it is worth: the facts that its next revision starts
// from.
type OrderState struct {
	Order    Order
	Revision int
	Program  int       // the version whose rules it keeps for ever
	Level    string    // the member's level when it was placed, which it keeps too
	Worth    Points    // what all its revisions together have given
	ActiveAt time.Time // when its points become active
	Expires  Date      // the lot that they join

	Peak Points // the most that it was ever worth
	Cut  bool   // whether a cap of a period has cut it

	// What was taken back of it beyond its own points, so that it can be given back there.
	Taken  []Lot  // from other lots
	Owed   Points // as debt
	Lapsed Points // nowhere: the points had lapsed, or the program does not ask for more
}

// Windows for when an order was placed. Clocks of shops run ahead a little, and orders arrive late; what is
// outside is refused, for its rules and tiers are no longer, or not yet, those of today.
const (
	MaxOrderAge   = 90 * 24 * time.Hour // a first revision, or a guest's becoming a member's, at the latest so long after
	MaxOrderAhead = 5 * time.Minute     // and not from further in the future
	JoinGrace     = 24 * time.Hour      // enrolled at the till: the order may be so much older than the member
	MaxLines      = 10_000
	MaxPending    = 2_000 // orders of one member whose points are pending: a bound on the account's size
)

func (o Order) items() (sum int64) {
	for _, l := range o.Lines {
		sum += l.Amount
	}
	return sum
}

// total is what the customer pays.
func (o Order) total() int64 { return o.items() - o.Discount + o.Shipping + o.Tax }

func (o Order) unearning() (sum int64) {
	for _, t := range o.Tenders {
		switch t.Kind {
		case TenderPoints, TenderGiftCard, TenderStoreCredit:
			sum += t.Amount
		}
	}
	return sum
}

// check refuses an order that no program could read.
func (o Order) check() error {
	if _, ok := o.Currency.Exponent(); !ok {
		return refuse(CurrencyUnsupported, "/currency", fmt.Sprintf("%q is not a currency of ISO 4217, in capitals, like EUR.", o.Currency))
	}
	switch o.Status {
	case OrderPlaced, OrderPaid, OrderCancelled:
	default:
		return refuse(ValidationFailed, "/status", "An order is placed, paid or cancelled.")
	}
	if err := o.checkLines(); err != nil {
		return err
	}
	for _, part := range []struct {
		pointer string
		amount  int64
	}{{"/discount", o.Discount}, {"/shipping", o.Shipping}, {"/tax", o.Tax}} {
		if err := checkAmount(part.pointer, part.amount); err != nil {
			return err
		}
	}
	if o.Discount > o.items() {
		return refuse(ValidationFailed, "/discount", "The discount is larger than all lines together.")
	}
	if err := o.checkTenders(); err != nil {
		return err
	}
	return o.checkRefunds()
}

func (o Order) checkLines() error {
	if len(o.Lines) > MaxLines {
		return refuse(ValidationFailed, "/lines", fmt.Sprintf("An order has at most %d lines.", MaxLines))
	}
	sum := int64(0)
	for i, l := range o.Lines {
		at := "/lines/" + strconv.Itoa(i)
		if l.Quantity < 1 || l.Quantity > int64(MaxPoints) {
			return refuse(ValidationFailed, at+"/quantity", "The quantity is a whole number of at least 1. What came back is not a line of its own.")
		}
		if err := checkAmount(at+"/amount", l.Amount); err != nil {
			return err
		}
		if sum += l.Amount; sum > MaxAmount {
			return refuse(AmountOutOfRange, "/lines", "The lines add up to more than one order may have.")
		}
	}
	if id, ok := repeatedLine(o.Lines); ok {
		return refuse(ValidationFailed, "/lines", fmt.Sprintf("Two lines have the id %q.", id))
	}
	return nil
}

func repeatedLine(lines []Line) (string, bool) {
	if len(lines) < 16 {
		for i, l := range lines {
			for _, x := range lines[:i] {
				if x.ID == l.ID {
					return l.ID, true
				}
			}
		}
		return "", false
	}
	seen := make(map[string]bool, len(lines))
	for _, l := range lines {
		if seen[l.ID] {
			return l.ID, true
		}
		seen[l.ID] = true
	}
	return "", false
}

func (o Order) checkTenders() error {
	sum := int64(0)
	for i, t := range o.Tenders {
		at := "/tenders/" + strconv.Itoa(i)
		switch t.Kind {
		case TenderCard, TenderCash, TenderOther, TenderPoints, TenderGiftCard, TenderStoreCredit:
		default:
			return refuse(ValidationFailed, at+"/kind", "A tender is card, cash, points, gift_card, store_credit or other.")
		}
		if err := checkAmount(at+"/amount", t.Amount); err != nil {
			return err
		}
		if sum += t.Amount; sum > o.total() {
			return refuse(ValidationFailed, "/tenders", fmt.Sprintf("The tenders add up to more than the order's total of %s.", Money{o.total(), o.Currency}))
		}
	}
	return nil
}

func checkAmount(pointer string, n int64) error {
	if n < 0 || n > MaxAmount {
		return refuse(AmountOutOfRange, pointer, fmt.Sprintf("An amount is between 0 and %d minor units.", MaxAmount))
	}
	return nil
}

// PlaceOrder brings the points of an order up to what it is now: those of its worth that earlier revisions
// have not given are credited, those that they gave too much are taken back. The worth of a later revision is
// computed by the rules, and at the level, of the first one: rules is the version that prior names, and p
// itself where prior is nil. The account must have been advanced to now.
func (p *Program) PlaceOrder(acc Account, prior *OrderState, rules *Program, o Order, now time.Time) (Outcome, error) {
	if acc.Status != Active {
		return Outcome{}, refuse(AccountFrozen, "/member", "The account is frozen.")
	}
	if err := o.check(); err != nil {
		return Outcome{}, err
	}
	s, err := p.orderState(acc, prior, o, now)
	if err != nil {
		return Outcome{}, err
	}
	worth, because, err := rules.worth(o, s.Level)
	if err != nil {
		return Outcome{}, err
	}
	worth, because = rules.capped(acc, &s, worth, because)
	d := p.decide(acc, now)
	delta := worth - s.Worth
	if delta > 0 && s.ActiveAt.After(now) && len(acc.Pending) >= MaxPending {
		return Outcome{}, refuse(ValidationFailed, "", "The member has 2000 orders with pending points already.")
	}
	e := Entry{
		Kind: KindEarn, Cause: Cause{CauseOrder, o.ID, s.Revision}, Program: s.Program,
		Effective: o.PlacedAt, Order: &s, Because: because,
	}
	if prior != nil && prior.Order.Member != "" {
		e.Effective = now
		if s.Worth != 0 {
			e.Because = append(e.Because, Reason("revision", points(-s.Worth), WasGiven))
		}
	}
	switch {
	case delta > 0:
		e = d.giveBack(e, delta, &s)
	case delta < 0:
		e.Kind = KindClawback
		e = d.clawBack(e, -delta, &s)
	}
	s.Worth, e.Usage = worth, rules.usage(o, delta)
	if len(p.Tiers.Levels) > 0 {
		e.Metric, e.Window = orderMetric(p, prior, o, delta), p.Tiers.Months
	}
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	if err := d.climb(now); err != nil {
		return Outcome{}, err
	}
	return d.Outcome, nil
}

// orderState is the state that this revision starts from: with the worth still of the revision before.
func (p *Program) orderState(acc Account, prior *OrderState, o Order, now time.Time) (OrderState, error) {
	if prior != nil {
		s := *prior
		claimed := s.Order.Member == "" && o.Member != ""
		switch {
		case !claimed && s.Order.Member != o.Member:
			return s, refuse(ValidationFailed, "/member", "The order belongs to another member.")
		case s.Order.Currency != o.Currency:
			return s, refuse(CurrencyMismatch, "/currency", fmt.Sprintf("The order was placed in %s.", s.Order.Currency))
		case !s.Order.PlacedAt.Equal(o.PlacedAt):
			return s, refuse(ValidationFailed, "/placed_at", "When an order was placed cannot change.")
		case claimed && o.PlacedAt.Before(now.Add(-MaxOrderAge)):
			return s, refuse(ValidationFailed, "/member", "A guest's order becomes a member's within 90 days after it was placed.")
		}
		if claimed {
			s.Level = p.levelAt(acc, o.PlacedAt).ID
		}
		s.Order = o
		s.Revision++
		return s, nil
	}
	if err := p.checkPlaced(o, now); err != nil {
		return OrderState{}, err
	}
	if o.Member != "" && o.PlacedAt.Before(acc.Joined.Add(-JoinGrace)) {
		return OrderState{}, refuse(ValidationFailed, "/placed_at", "The order was placed more than a day before the member joined.")
	}
	at := p.Earn.Pending.Active(o.PlacedAt, time.Time{}, p.Zone)
	return OrderState{
		Order: o, Revision: 1, Program: p.Version, Level: p.levelAt(acc, o.PlacedAt).ID,
		ActiveAt: at, Expires: p.Earn.Expires.Date(at, acc.Joined, p.Zone),
	}, nil
}

// GuestOrder is the state of an order that no member is known for: it is checked and kept, with the rules of its
// first revision, and worth nothing until a later revision names the member, at most MaxOrderAge after it was
// placed. From then on it is the member's.
func (p *Program) GuestOrder(prior *OrderState, o Order, now time.Time) (OrderState, error) {
	if err := o.check(); err != nil {
		return OrderState{}, err
	}
	return p.orderState(Account{}, prior, o, now)
}

func (p *Program) checkPlaced(o Order, now time.Time) error {
	if _, ok := p.compiled.rates[o.Currency]; !ok {
		return refuse(CurrencyUnsupported, "/currency", fmt.Sprintf("The program has no rate for %s.", o.Currency))
	}
	switch {
	case o.PlacedAt.After(now.Add(MaxOrderAhead)):
		return refuse(ValidationFailed, "/placed_at", "The order was placed in the future.")
	case o.PlacedAt.Before(now.Add(-MaxOrderAge)):
		return refuse(ValidationFailed, "/placed_at", "The order was placed more than 90 days ago.")
	}
	return nil
}

func orderMetric(p *Program, prior *OrderState, o Order, delta Points) *Metric {
	m := Metric{Month: DateOf(o.PlacedAt, p.Zone).Month(), Points: delta}
	if o.Status == OrderPaid {
		m.Orders++
	}
	if prior != nil && prior.Order.Member != "" && prior.Order.Status == OrderPaid {
		m.Orders--
	}
	if m.Points == 0 && m.Orders == 0 {
		return nil
	}
	return &m
}
