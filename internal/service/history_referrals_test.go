package service_test

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// referred compares each referral with its two events and its order (invariant I25): the referrer is another member,
// both events name the converting order, the order is paid, and the events of all other orders are reversed.
func (b *books) referred() {
	for _, m := range b.h.members {
		r := b.of(m).acc.Traits.Referral
		if r.By == "" {
			continue
		}
		friends, referrers := award.ReferralEvents(r, m, r.Order)
		own, theirs := b.of(m).events[award.EventCause(friends)], b.of(r.By).events[award.EventCause(referrers)]
		for id := range b.of(m).orders {
			if friends, referrers := award.ReferralEvents(r, m, id); id != r.Order {
				b.nothing(b.of(m).events[award.EventCause(friends)])
				b.nothing(b.of(r.By).events[award.EventCause(referrers)])
			}
		}
		if r.By == m || r.Order != "" && own == nil {
			b.h.t.Errorf("%s came through %+v, with %+v", m, r, own)
		}
		if r.Order == "" {
			continue
		}
		for _, ev := range []*loyalty.EventState{own, theirs} {
			if ev != nil && (ev.Event.Type != posting.EventConverted || ev.Event.Data["order"] != r.Order) {
				b.h.t.Errorf("%s was brought by order %s, and an event says %+v", m, r.Order, ev.Event)
			}
		}
		if s := b.of(m).orders[r.Order]; s == nil || s.Order.Status != loyalty.OrderPaid ||
			s.Grants[0].ActiveAt.IsZero() {
			b.h.t.Errorf("%s was brought by an order that does not stand: %+v", m, s)
		}
	}
}

// nothing checks that an event of an order that does not convert the referral is reversed and earns nothing.
func (b *books) nothing(ev *loyalty.EventState) {
	if ev == nil {
		return
	}
	if ev.Event.Type != posting.EventReversed || ev.Worth != 0 {
		b.h.t.Errorf("a referral that does not stand is worth %d: %+v", ev.Worth, ev.Event)
	}
}
