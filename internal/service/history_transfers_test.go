package service_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// historyTransfers lets members transfer points, immediately or after the recipient accepts.
func historyTransfers(p *loyalty.Program, rng *rand.Rand) {
	p.Transfers = loyalty.Transfers{
		Min: 5, Max: 90, Step: pick[loyalty.Points](rng, 0, 5),
		Limits: []loyalty.Limit{{Times: 9, Per: loyalty.PerWeek}},
		AtMost: []loyalty.Cap{{Points: 400, Per: loyalty.PerMonth}},
		Fee:    pick(rng, loyalty.Fee{}, loyalty.Fee{Points: 2}, loyalty.Fee{Share: big.NewRat(1, 7)}),
		Accept: pick(rng, calendar.Period{}, calendar.Period{Hours: 1}, calendar.Period{Days: 9}),
	}
}

// give transfers points from one member to another, who may be the same member.
func (h *history) give(m loyalty.MemberID) string {
	in := service.TransferRequest{
		ID: h.key("tr_"), From: m, To: h.member(), Points: loyalty.Points(5 * (1 + h.rng.Int64N(14))),
	}
	var r service.TransferResult
	err := h.until(fmt.Sprintf("give %+v", in), func(l *ledger.Ledger) (err error) {
		r, err = service.Transfers{Ledger: l}.Create(h.t.Context(), h.P, in, by(in.ID))
		return err
	})
	if h.refused(err, loyalty.InsufficientPoints, loyalty.ValidationFailed, loyalty.AmountOutOfRange) {
		return "not given"
	}
	if r.Transfer.Status == loyalty.Accepted {
		return "given"
	}
	h.offers = append(h.offers, in.ID)
	return "offered"
}

// answer accepts, declines or cancels one of the latest offers.
func (h *history) answer(loyalty.MemberID) string {
	if len(h.offers) == 0 {
		return "nothing"
	}
	at := max(0, len(h.offers)-1-h.rng.IntN(3))
	id, key := h.offers[at], by(h.key("answer"))
	as := pick(h.rng, loyalty.Accepted, loyalty.Accepted, loyalty.Declined, loyalty.Canceled)
	var r service.TransferResult
	err := h.until(string(as)+" "+id, func(l *ledger.Ledger) (err error) {
		r, err = endTransfer(h.t.Context(), l, h.P, id, as, key)
		return err
	})
	if errors.Is(err, loyalty.InsufficientPoints) && as == loyalty.Accepted {
		return "owed" // the sender has a debt since the offer
	}
	h.offers = slices.Delete(h.offers, at, at+1)
	switch {
	case errors.Is(err, loyalty.AlreadyResolved), errors.Is(err, loyalty.AlreadyExpired):
		return "unanswered"
	case err != nil || r.Transfer.Status != as:
		h.t.Errorf("%s %s: %+v, %v", as, id, r.Transfer, err)
	}
	return string(as)
}

// A gift is one transfer according to the entries of both members.
type gift struct {
	onTheWay  loyalty.Points
	sent, got []loyalty.Lot // with fixed expiry days
}

// useTransfer adds an entry of a transfer to the books.
func (b *books) useTransfer(s *book, e loyalty.Entry) {
	r, sign := e.Redemption, int64(0)
	switch {
	case e.Cause.Kind == loyalty.CauseReceipt:
	case e.Cause.Revision == 1:
		sign = 1
	case e.Kind == loyalty.KindRelease:
		sign = -1
	}
	day := calendar.DateOf(r.At, b.h.P.Zone)
	s.usage[loyalty.Usage{
		Rule: "transfers", Times: true, Per: loyalty.PerWeek, Ends: ends(loyalty.PerWeek, day),
	}] += sign
	s.usage[loyalty.Usage{
		Rule: "transfers", Per: loyalty.PerMonth, Ends: ends(loyalty.PerMonth, day),
	}] += sign * int64(r.Points)
	if e.Kind != loyalty.KindTransfer {
		return
	}
	g := b.gifts[r.ID]
	for _, p := range e.Postings {
		lot := loyalty.Lot{Expires: p.Lot.Day(), Points: p.Points}
		switch {
		case p.Bucket == loyalty.BucketTransferred:
			g.onTheWay += p.Points
		case p.Points < 0:
			if p.Lot.Slides() {
				lot.Expires = max(lot.Expires, s.acc.Slides.Day())
			}
			if lot.Expires == 9999_12_31 {
				lot.Expires = 0 // the points no longer expire, due to the sender's new level
			}
			g.sent = append(g.sent, lot)
		case p.Lot.Slides():
			b.h.t.Errorf("%s of %s arrived in a lot that slides", e.Cause, e.Member)
		case p.Bucket == loyalty.BucketActive:
			g.got = append(g.got, lot)
		}
	}
	b.gifts[r.ID] = g
}

// given compares both sides of the new transfers. No points may be created or lost, and none may expire later than
// before.
func (b *books) given() {
	for id, g := range b.gifts {
		if g.onTheWay != 0 {
			b.h.t.Errorf("of transfer %s %d points belong to no member", id, g.onTheWay)
		}
		for _, l := range g.got {
			if beyond(g.got, l.Expires) > -beyond(g.sent, l.Expires) {
				b.h.t.Errorf("transfer %s took %v and gave %v, which live longer", id, g.sent, g.got)
			}
		}
	}
	clear(b.gifts)
}

// beyond returns the number of points that do not expire before a day.
func beyond(lots []loyalty.Lot, day calendar.Date) (n loyalty.Points) {
	for _, l := range lots {
		if l.Expires.Compare(day) >= 0 {
			n += l.Points
		}
	}
	return n
}
