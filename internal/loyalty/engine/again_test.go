package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A rule that lost in its group has not used its limit. If a later refund or change of the order lets it win, its limit
// and caps apply.
func TestALoserThatWinsLaterIsStillLimited(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Groups = []loyalty.Group{{ID: "best", Mode: loyalty.Best}}
		p.Earn.Rules = []loyalty.Rule{
			{
				ID: "a", Group: "best", Give: loyalty.Fixed{Points: 10},
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
				Caps:   []loyalty.Cap{{Points: 10, Per: loyalty.PerEver, Reject: false}},
			},
			{ID: "b", Group: "best", Give: loyalty.Fixed{Points: 20}, Match: loyalty.Match{MinSpend: euros(50)}},
		}
	}))
	one := s.buy("1", 60, noon) // b
	s.buy("2", 10, noon)        // a, for the one time that there is
	one.Refunds = []loyalty.Refund{back("1", 5_000)}
	s.submit(one, noon)
	s.want(t, "1", 20) // of what is left, a and not b: it was placed first
	s.want(t, "2", 10)
	for _, u := range s.acc.Usage {
		if u.Times && u.N > 1 || !u.Times && u.N > 10 {
			t.Errorf("used %+v", u)
		}
	}
}

// If the first order is canceled, another order becomes the first. If the first one is paid again, it is the first
// again.
func TestOneOrderAloneIsTheFirst(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) { p.Earn.Rules = seven(loyalty.Match{FirstOrder: true}) }))
	a := s.buy("1", 10, noon)
	a.Status = loyalty.OrderCanceled
	s.submit(a, noon)
	s.buy("2", 10, noon)
	a.Status = loyalty.OrderPaid
	s.submit(a, noon)
	s.want(t, "1", 17)
	s.want(t, "2", 10)
}

// An order that was paid in full with points or a gift card earns nothing, under any kind of rule.
func TestAnOrderThatPointsPaidInFullEarnsNothing(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) { p.Earn.Rules = seven(loyalty.Match{}) }))
	o := bought("EUR", loyalty.Line{Amount: 1000})
	o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderPoints, Amount: 1000}}
	s.submit(o, noon)
	s.want(t, o.ID, 0)
}

func TestARefundTakesBackWhatWasExtendedBehindItsFirstDay(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	o := s.buy("1", 100, noon)
	if err := s.extend(20281031, noon); err != nil {
		t.Fatal(err)
	}
	o.Status = loyalty.OrderCanceled
	s.submit(o, noon.AddDate(1, 2, 0))
	if b := s.acc.Balance(); b != (loyalty.Balance{}) {
		t.Errorf("the order was canceled, and there are %+v", b)
	}
}

func TestARefundTakesBackWhatWasReinstated(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	o, lapsed := expire(t, s)
	now := noon.AddDate(1, 1, 0)
	out, err := Reinstate(s.p, s.acc, lapsed, 20281231, "sorry", now)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	o.Status = loyalty.OrderCanceled
	s.submit(o, now)
	if b := s.acc.Balance(); b != (loyalty.Balance{}) {
		t.Errorf("the order was canceled, and there are %+v", b)
	}
}
