package share

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// giving returns a program in UTC with transfers from 10 to 100 points, and two active members of whom the first has
// 200 points.
func giving(edit func(*loyalty.Transfers)) (p *loyalty.Program, from, to loyalty.Account) {
	p = &loyalty.Program{Zone: time.UTC}
	p.Transfers.Min, p.Transfers.Max = 10, 100
	edit(&p.Transfers)
	from = loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
	from.Lots = []loyalty.Lot{{Expires: 20271231, Points: 200}}
	return p, from, loyalty.Account{Member: "mem_bob", Status: loyalty.Active}
}

func TestPointsThatAMemberMayGive(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*loyalty.Transfers)
		n    loyalty.Points
		code loyalty.Code
	}{
		{"the minimum", func(*loyalty.Transfers) {}, 10, ""},
		{"less", func(*loyalty.Transfers) {}, 9, loyalty.AmountOutOfRange},
		{"the maximum", func(*loyalty.Transfers) {}, 100, ""},
		{"more", func(*loyalty.Transfers) {}, 101, loyalty.AmountOutOfRange},
		{"without a maximum", func(t *loyalty.Transfers) { t.Max = 0 }, 101, ""},
		{"none", func(*loyalty.Transfers) {}, 0, loyalty.AmountNotPositive},
		{"a negative number", func(*loyalty.Transfers) {}, -1, loyalty.AmountNotPositive},
		{"a multiple", func(t *loyalty.Transfers) { t.Step = 5 }, 15, ""},
		{"no multiple", func(t *loyalty.Transfers) { t.Step = 5 }, 16, loyalty.AmountOutOfRange},
		{"single points", func(t *loyalty.Transfers) { t.Step = 1 }, 11, ""},
		{"no transfers", func(t *loyalty.Transfers) { t.Min = 0 }, 10, loyalty.ValidationFailed},
	} {
		p, from, to := giving(c.edit)
		err := mayGive(&p.Transfers, p.Zone, from, to, c.n, loyaltytest.Noon)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		pointer := "/points"
		if c.code == loyalty.ValidationFailed {
			pointer = ""
		}
		loyaltytest.WantRefusal(t, c.name, err, c.code, pointer)
	}
}

func TestTransferOfPoints(t *testing.T) {
	for _, c := range []struct {
		name string
		fee  loyalty.Points
		left loyalty.Points
	}{{"without a fee", 0, 150}, {"with a fee", 3, 147}} {
		p, from, to := giving(func(t *loyalty.Transfers) { t.Fee.Points = c.fee })
		out, err := Transfer(
			posting.Decide(p, from, loyaltytest.Noon), posting.Decide(p, to, loyaltytest.Noon),
			loyalty.Redemption{ID: "trf_1", Points: 50},
		)
		if err != nil {
			t.Fatal(err)
		}
		sent, got := out[0].Entries[0], out[1].Entries[0]
		if out[0].Account.Balance().Active != c.left || out[1].Account.Balance().Active != 50 {
			t.Errorf("%s: %+v, %+v", c.name, out[0].Account.Lots, out[1].Account.Lots)
		}
		if len(sent.Reasons) == 2 != (c.fee > 0) || sent.Redemption.By != "" || got.Redemption.By != "mem_ada" ||
			sent.Redemption.Status != loyalty.Accepted {
			t.Errorf("%s: %+v, %+v", c.name, sent, got)
		}
		for _, x := range sent.Postings {
			if x.Points == 0 {
				t.Errorf("%s: a posting of no points: %+v", c.name, sent.Postings)
			}
		}
	}
}

func TestAcceptanceOfAnOffer(t *testing.T) {
	p, from, to := giving(func(t *loyalty.Transfers) { t.Accept = calendar.Period{Days: 7} })
	out, err := Transfer(
		posting.Decide(p, from, loyaltytest.Noon), posting.Decide(p, to, loyaltytest.Noon),
		loyalty.Redemption{ID: "trf_1", Points: 50},
	)
	if err != nil || out[0].Account.Balance().Reserved != 50 || len(out[1].Entries) != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	offer := *out[0].Entries[0].Redemption
	for _, c := range []struct {
		name     string
		from, to loyalty.Status
		ok       bool
	}{
		{"both are active", loyalty.Active, loyalty.Active, true},
		{"the giver is frozen", loyalty.Frozen, loyalty.Active, false},
		{"the recipient is frozen", loyalty.Active, loyalty.Frozen, false},
	} {
		giver, recipient := out[0].Account, to
		giver.Status, recipient.Status = c.from, c.to
		both, err := AcceptTransfer(
			posting.Decide(p, giver, loyaltytest.Noon), posting.Decide(p, recipient, loyaltytest.Noon), offer,
		)
		if !c.ok {
			loyaltytest.WantRefusal(t, c.name, err, loyalty.AccountFrozen, "")
			continue
		}
		if err != nil || both[0].Account.Balance().Reserved != 0 || both[1].Account.Balance().Active != 50 ||
			both[0].Entries[0].Redemption.Status != loyalty.Accepted {
			t.Errorf("%s: %+v, %v", c.name, both, err)
		}
	}
}

func TestPointsOfAConversionThatCanBeReversed(t *testing.T) {
	for _, c := range []struct {
		name     string
		until    time.Time
		reversed loyalty.Points
		n        loyalty.Points
		ok       bool
	}{
		{"all", loyaltytest.Noon.Add(1), 0, 100, true},
		{"more", loyaltytest.Noon.Add(1), 0, 101, false},
		{"the rest", loyaltytest.Noon.Add(1), 40, 60, true},
		{"more than the rest", loyaltytest.Noon.Add(1), 40, 61, false},
		{"too late", loyaltytest.Noon, 0, 100, false},
		{"never", time.Time{}, 0, 100, false},
		{"nothing is left", loyaltytest.Noon.Add(1), 100, 0, false},
	} {
		p, acc, _ := giving(func(*loyalty.Transfers) {})
		x := loyalty.Converted{
			To: "miles", Points: 100, Received: 100, Reversed: c.reversed, Returned: c.reversed,
			ReversibleUntil: c.until,
		}
		rules := redeem.Of(&posting.Decision{P: p})
		if err := Undoable(rules, acc, x, c.n, 1000, loyaltytest.Noon); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
