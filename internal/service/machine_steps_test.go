package service_test

import (
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"pgregory.net/rapid"
)

// time advances the clock, often to the next due change or to just before it.
func (m *machine) time(r *rapid.T) {
	to := m.model.now.Add(rapid.SampledFrom([]time.Duration{
		time.Millisecond, 10 * time.Minute, 29 * time.Minute, time.Hour, 24 * time.Hour, 72 * time.Hour,
		200 * time.Hour,
	}).Draw(r, "later"))
	if next := m.model.next(); !next.IsZero() && rapid.Bool().Draw(r, "to what happens next") {
		to = next.Add(rapid.SampledFrom([]time.Duration{-time.Millisecond, 0, time.Millisecond}).Draw(r, "or"))
	}
	if to.Before(m.model.now) {
		to = m.model.now
	}
	m.Wait(to.Sub(m.model.now))
	m.model.pass(to)
	m.compare(r)
	if rapid.Bool().Draw(r, "written down") {
		m.writeDown(r)
	}
}

// writeDown records expired points, as a schedule does.
func (m *machine) writeDown(r *rapid.T) {
	for id := range m.model.members {
		if err := untilDone(func() (int, error) { return m.Advance(r.Context(), m.P, id) }); err != nil {
			r.Fatal(err)
		}
	}
}

func (m *machine) adjust(r *rapid.T) {
	who, id := m.who(r), m.id("adj_")
	n := rapid.SampledFrom([]int{-8, -4, -1, 1, 3, 5, 9}).Draw(r, "points")
	in := service.Adjustment{ID: id, Member: who, Points: loyalty.Points(n), Reason: "for the test"}
	m.want(r, "adjust", func() error {
		return untilDone(
			func() (ledger.Result, error) {
				return service.Adjustments{Ledger: m.Bench.Ledger}.Adjust(r.Context(), m.P, in, ledger.By{Input: id})
			},
		)
	}, m.model.adjust(who, n))
}

func (m *machine) buy(r *rapid.T) {
	who, id := m.who(r), m.id("o")
	o := m.Order(id, who, int64(rapid.IntRange(1, 9).Draw(r, "euros")*100))
	m.model.buy(who, id, int(o.Lines[0].Amount/100))
	if err := m.report(r, o); err != nil {
		r.Fatal(err)
	}
	m.asked = append(m.asked, answered{func() error { return m.report(r, m.reported(r, id)) }, ""})
}

// reported returns the last accepted state of an order.
func (m *machine) reported(r *rapid.T, id string) loyalty.Order {
	got, err := servicetest.Until(func() (service.OrderResult, error) {
		return service.Orders{Ledger: m.Bench.Ledger}.Get(r.Context(), m.P.ID, id)
	})
	if err != nil {
		r.Fatal(err)
	}
	return got.State.Order
}

func (m *machine) report(r *rapid.T, o loyalty.Order) error {
	return untilDone(func() (service.OrderResult, error) {
		return service.Orders{Ledger: m.Bench.Ledger}.Put(r.Context(), m.P, o, ledger.By{})
	})
}

// refund sends an order with one more refund.
func (m *machine) refund(r *rapid.T) {
	who := m.who(r)
	id := some(r, "order", m.model.members[who].Bought)
	o := m.reported(r, id)
	left := o.Lines[0].Amount / 100
	for _, x := range o.Refunds {
		left -= x.Amount / 100
	}
	if left == 0 {
		r.Skip("all of it was refunded")
	}
	// An account remembers the latest expired lots only, and the model all of them.
	if m.Now().After(m.model.members[who].Bought[id].Lapses.AddDate(0, 0, 10)) {
		r.Skip("its points expired too long ago")
	}
	n := rapid.Int64Range(1, left).Draw(r, "euros")
	o.Refunds = append(
		slices.Clone(o.Refunds),
		loyalty.Refund{ID: m.id("re_"), At: m.Now(), Amount: n * 100, Status: loyalty.RefundSucceeded},
	)
	m.model.refund(who, id, int(n))
	if err := m.report(r, o); err != nil {
		r.Fatal(err)
	}
}

func some[T any](r *rapid.T, what string, from map[string]T) string {
	if len(from) == 0 {
		r.Skip("there is none")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(r, what)
}

func (m *machine) reserve(r *rapid.T) { m.redeem(r, false) }

func (m *machine) take(r *rapid.T) { m.redeem(r, true) }

func (m *machine) redeem(r *rapid.T, commit bool) {
	in := service.RedemptionRequest{
		ID: m.id("rd_"), Member: m.who(r), Reward: some(r, "reward", m.model.offers),
		Cart: rapid.SampledFrom([]string{"", "", "c", "d"}).Draw(r, "cart"), Commit: commit,
	}
	m.writeDown(r) // otherwise units of expired reservations remain held
	open := len(m.model.members[in.Member].held())
	codes := m.model.redeem(in.Member, in.ID, in.Reward, in.Cart, commit)
	do := func() error {
		return untilDone(func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: m.Bench.Ledger}.Redeem(r.Context(), m.P, in, ledger.By{Input: in.ID})
		})
	}
	m.want(r, "redeem", do, codes...)
	if now := len(m.model.members[in.Member].held()); len(codes) == 0 && (now < open || !commit && now == open) {
		m.tally["replaced"]++
	}
	if len(codes) > 0 && !slices.Contains(codes, loyalty.ValidationFailed) {
		m.asked = append(m.asked, answered{do, codeOf(r, do())}) // a recorded rejection is repeated
	}
}

// claimed returns a random redemption. It selects open reservations three times as often as others.
func (m *machine) claimed(r *rapid.T) (loyalty.MemberID, string, claim) {
	who := m.who(r)
	claims := m.model.members[who].Claims
	if open := m.model.members[who].held(); len(open) > 0 && rapid.IntRange(0, 3).Draw(r, "open") > 0 {
		claims = open
	}
	id := some(r, "redemption", claims)
	return who, id, claims[id]
}

// held returns the open reservations.
func (p *person) held() map[string]claim {
	open := maps.Clone(p.Claims)
	maps.DeleteFunc(open, func(_ string, c claim) bool { return c.Status != loyalty.Reserved })
	return open
}

func (m *machine) commit(r *rapid.T) {
	who, id, c := m.claimed(r)
	n, key := rapid.SampledFrom([]int{0, 0, 1, c.Points - 1, c.Points, c.Points + 1}).Draw(r, "points"), m.id("commit ")
	what := "commit"
	if n > 0 && n < c.Points {
		what = "commit of a part"
	}
	m.want(r, what, func() error {
		return untilDone(func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: m.Bench.Ledger}.CommitPart(
				r.Context(), m.P, id, loyalty.Points(n), ledger.By{Input: key},
			)
		})
	}, m.model.commit(who, id, n))
}

func (m *machine) cancel(r *rapid.T) {
	who, id, _ := m.claimed(r)
	key := m.id("cancel ")
	m.want(r, "cancel", func() error {
		return untilDone(
			func() (service.RedemptionResult, error) {
				return service.Redemptions{Ledger: m.Bench.Ledger}.Cancel(r.Context(), m.P, id, ledger.By{Input: key})
			},
		)
	}, m.model.cancel(who, id))
}

func (m *machine) reverse(r *rapid.T) {
	who := m.who(r)
	id, key := some(r, "redemption", m.model.members[who].Claims), m.id("reverse ")
	of := rapid.IntRange(1, 4).Draw(r, "of")
	part := rapid.IntRange(1, of).Draw(r, "part")
	m.want(r, "reverse", func() error {
		return untilDone(func() (service.RedemptionResult, error) {
			return service.Redemptions{Ledger: m.Bench.Ledger}.Reverse(
				r.Context(), m.P, id, big.NewRat(int64(part), int64(of)), ledger.By{Input: key},
			)
		})
	}, m.model.reverse(who, id, part, of))
}

func (m *machine) extend(r *rapid.T) {
	who, id := m.who(r), m.id("ext_")
	if m.extended[who] == 10 {
		r.Skip("an account remembers no more")
	}
	days := rapid.SampledFrom([]int{0, 5, 9, 12, extendBy, extendBy + 1}).Draw(r, "days")
	until := calendar.DateOf(m.model.midnight(m.model.now, days).Add(-time.Second), m.model.zone)
	in := service.Extension{ID: id, Member: who, Until: until, Reason: "for the test"}
	code := m.model.extend(who, days)
	m.want(r, "extend", func() error {
		return untilDone(
			func() (ledger.Result, error) {
				return service.Adjustments{Ledger: m.Bench.Ledger}.Extend(r.Context(), m.P, in, ledger.By{Input: id})
			},
		)
	}, code)
	if code == "" {
		m.extended[who]++
	}
}
