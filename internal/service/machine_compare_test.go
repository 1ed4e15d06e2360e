package service_test

import (
	"reflect"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"pgregory.net/rapid"
)

// seen is the state of a member that the ledger and the model must agree on: the points of each kind, and the instants
// at which they expire.
type seen struct {
	Balance           loyalty.Balance
	Redeemed, Expired loyalty.Points
	Active            map[time.Time]int
	Held              map[string]map[time.Time]int
}

func (m *machine) compare(r *rapid.T) {
	for id, p := range m.model.members {
		got, err := servicetest.Until(func() (members.Member, error) {
			return members.Members{Ledger: m.Bench.Ledger}.Get(r.Context(), m.P, id)
		})
		if err != nil {
			r.Fatal(err)
		}
		m.tally["in debt"] += min(p.Debt, 1)
		for _, x := range p.Points {
			if m.tally["graced"] += x.graced; x.graced > 1 {
				r.Fatalf("grace put a point of %s off %d times", id, x.graced)
			}
		}
		if have, want := m.account(got.Account), m.person(p); !reflect.DeepEqual(have, want) {
			r.Fatalf("%s at %s is %+v\nand should be    %+v", id, m.model.now, have, want)
		}
	}
}

func (m *machine) account(a loyalty.Account) seen {
	s := seen{a.Balance(), a.Redeemed, a.Expired, map[time.Time]int{}, map[string]map[time.Time]int{}}
	for _, l := range a.Lots {
		s.Active[l.Expires.End(m.P.Zone).UTC()] += int(l.Points)
	}
	for _, h := range a.Holds {
		s.Held[h.Redemption.ID] = map[time.Time]int{}
		for _, l := range h.Lots {
			s.Held[h.Redemption.ID][l.Expires.End(m.P.Zone).UTC()] += int(l.Points)
		}
	}
	return s
}

func (m *machine) person(p *person) seen {
	s := seen{Active: map[time.Time]int{}, Held: map[string]map[time.Time]int{}}
	s.Balance = loyalty.Balance{
		Active: p.count("active"), Pending: p.count("pending"), Reserved: p.count("held"),
		Debt: loyalty.Points(p.Debt),
	}
	s.Redeemed, s.Expired = p.count("spent"), p.count("expired")+p.count("written off")
	for _, x := range p.Points {
		switch {
		case x.state == "active":
			s.Active[x.lapses.UTC()]++
		case x.state == "held" && s.Held[x.of] == nil:
			s.Held[x.of] = map[time.Time]int{}
			fallthrough
		case x.state == "held":
			s.Held[x.of][x.lapses.UTC()]++
		}
	}
	return s
}

// end checks the state that is not checked after each step: the result of every redemption, the used stock, and the
// audit of each account.
func (m *machine) end(r *rapid.T) {
	m.writeDown(r)
	m.Table = m.clean
	taken := map[string]int64{}
	for id, p := range m.model.members {
		for rd, c := range p.Claims {
			got, err := service.Redemptions{Ledger: m.Bench.Ledger}.Get(r.Context(), m.P.ID, rd)
			if x := got.Redemption; err != nil || x.Status != c.Status || x.Points != loyalty.Points(c.Points) ||
				x.Restored != loyalty.Points(c.Back) {
				r.Errorf("%s is %+v, %v, and should be %+v", rd, x, err, c)
			}
			if c.counts() {
				taken[c.Reward]++
			}
		}
		if err := (ledger.Statements{Ledger: m.Bench.Ledger}).Audit(r.Context(), m.P.ID, id); err != nil {
			r.Error(err)
		}
	}
	for _, reward := range []string{"mug", "print"} {
		left, err := ledger.Budgets{Ledger: m.Bench.Ledger}.Use(r.Context(), m.P.ID, "rewards."+reward, 100)
		if err != nil || 100-int64(left) != taken[reward] {
			r.Errorf("%d units of %s are left of 100, %v, and %d are taken", left, reward, err, taken[reward])
		}
	}
}
