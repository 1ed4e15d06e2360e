package loyalty

import "testing"

// A rule that lost in its group has not had its time: if a refund or an amendment later lets it win, its limit and
// its caps hold.
func TestALoserThatWinsLaterIsStillLimited(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) {
		p.Groups = []Group{{"best", Best}}
		p.Earn.Rules = []Rule{
			{ID: "a", Group: "best", Give: Fixed{10}, Limits: []Limit{{1, PerEver}}, Caps: []Cap{{10, PerEver, false}}},
			{ID: "b", Group: "best", Give: Fixed{20}, Match: Match{MinSpend: euros(50)}},
		}
	}))
	one := s.buy("1", 60, noon) // b
	s.buy("2", 10, noon)        // a, for the one time that there is
	one.Refunds = []Refund{back("1", 5_000)}
	s.tell(one, noon)
	s.want(t, "1", 20) // of what is left, a and not b: it was placed first
	s.want(t, "2", 10)
	for _, u := range s.acc.Usage {
		if u.Times && u.N > 1 || !u.Times && u.N > 10 {
			t.Errorf("used %+v", u)
		}
	}
}

// An order that was the first, is canceled, and is paid again after another became the first, is the first again.
func TestOneOrderAloneIsTheFirst(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) { p.Earn.Rules = seven(Match{FirstOrder: true}) }))
	a := s.buy("1", 10, noon)
	a.Status = OrderCanceled
	s.tell(a, noon)
	s.buy("2", 10, noon)
	a.Status = OrderPaid
	s.tell(a, noon)
	s.want(t, "1", 17)
	s.want(t, "2", 10)
}

// What points or a gift card paid in full earns nothing, by amount or otherwise.
func TestAnOrderThatPointsPaidInFullEarnsNothing(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) { p.Earn.Rules = seven(Match{}) }))
	o := bought("EUR", Line{Amount: 1000})
	o.Tenders = []Tender{{Kind: TenderPoints, Amount: 1000}}
	s.tell(o, noon)
	s.want(t, o.ID, 0)
}

func TestARefundTakesBackWhatWasExtendedBehindItsFirstDay(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	o := s.buy("1", 100, noon)
	if err := s.extend(20281031, noon); err != nil {
		t.Fatal(err)
	}
	o.Status = OrderCanceled
	s.tell(o, noon.AddDate(1, 2, 0))
	if b := s.acc.Balance(); b != (Balance{}) {
		t.Errorf("the order was canceled, and there are %+v", b)
	}
}

func TestARefundTakesBackWhatWasReinstated(t *testing.T) {
	s := newShop(t, kind(t, asItIs))
	o, lapsed := lapse(t, s)
	now := noon.AddDate(1, 1, 0)
	out, err := s.p.Reinstate(s.acc, lapsed, 20281231, "sorry", now)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
	o.Status = OrderCanceled
	s.tell(o, now)
	if b := s.acc.Balance(); b != (Balance{}) {
		t.Errorf("the order was canceled, and there are %+v", b)
	}
}
