package engine

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"pgregory.net/rapid"
)

// applies reports whether a rule with this match gives points for an order placed at an instant.
func applies(t testing.TB, p *loyalty.Program, birthday int, placed time.Time) bool {
	s := newShop(t, p)
	s.acc.Joined, s.acc.Traits.Birthday = placed.AddDate(-1, 0, 0), birthday
	o := bought("EUR", loyalty.Line{ID: "1", Quantity: 1, Amount: 1000})
	o.PlacedAt = placed
	out, err := award.PlaceOrder(Begin(p, s.acc, placed), nil, EarnRules(p), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out.Entries[0].Points > 10
}

func fiveIf(t testing.TB, m loyalty.Match) *loyalty.Program {
	return made(t, func(p *loyalty.Program) {
		p.Earn.Rules = []loyalty.Rule{{ID: "five", Give: loyalty.Fixed{Points: 5}, Match: m}}
	})
}

func TestHoursAcrossMidnightBelongToTheDayOnWhichTheyBegin(t *testing.T) {
	saturday := fiveIf(
		t, loyalty.Match{Weekdays: []time.Weekday{time.Saturday}, HoursFrom: 22 * 60, HoursUntil: 2 * 60},
	)
	monday := time.Date(2026, 12, 7, 0, 0, 0, 0, berlin(t))
	var in []string
	for at := monday; at.Before(monday.AddDate(0, 0, 7)); at = at.Add(30 * time.Minute) {
		if applies(t, saturday, 0, at) {
			in = append(in, at.Format("Mon 15:04"))
		}
	}
	want := "[Sat 22:00 Sat 22:30 Sat 23:00 Sat 23:30 Sun 00:00 Sun 00:30 Sun 01:00 Sun 01:30]"
	if got := fmt.Sprint(in); got != want {
		t.Errorf("the rule applies at %s, want %s", got, want)
	}
}

func TestBirthdayWindowCoversDaysBeforeAndAfter(t *testing.T) {
	week := fiveIf(t, loyalty.Match{BirthdayDays: 7})
	for _, c := range []struct {
		birthday int
		placed   string
		want     bool
	}{
		{1201, "2026-11-23", false},
		{1201, "2026-11-24", true},
		{1201, "2026-12-01", true},
		{1201, "2026-12-08", true},
		{1201, "2026-12-09", false},
		{102, "2026-12-26", true}, // the window reaches into the old year
		{102, "2026-12-25", false},
		{1230, "2027-01-06", true}, // and into the new one
		{1230, "2027-01-07", false},
		{229, "2027-02-28", true}, // 29 February is celebrated in every year
		{0, "2026-12-01", false},  // an unknown birthday
	} {
		day, err := time.ParseInLocation(time.DateOnly, c.placed, berlin(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, hour := range []time.Duration{0, 23 * time.Hour} {
			if got := applies(t, week, c.birthday, day.Add(hour)); got != c.want {
				t.Errorf("birthday %04d, order on %s at %s: %t", c.birthday, c.placed, hour, got)
			}
		}
	}
}

// A rate per full step gives the same for every amount within a step, at most the linear rate, and follows refunds.
func TestFullStepsCountWholeStepsOnly(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(5, 1), Per: 250, Full: true}}
		p.Earn.Categories = []loyalty.CategoryRule{{ID: "beans", Category: "beans", Multiply: big.NewRat(2, 1)}}
	})
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(0, 5000), 1, 4).Draw(t, "amounts")
		o := loyalty.Order{ID: "1", Member: "mem_1", Currency: "EUR", PlacedAt: noon, Status: loyalty.OrderPaid}
		total := int64(0)
		for i, a := range amounts {
			o.Lines = append(o.Lines, loyalty.Line{ID: fmt.Sprint(i), Category: "mugs", Quantity: 1, Amount: a})
			total += a
		}
		s := newShop(t, p)
		put := func() loyalty.Points {
			out, err := award.PlaceOrder(Begin(p, s.acc, noon), s.states[o.ID], EarnRules(p), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.acc, s.states[o.ID] = out.Account, out.Entries[0].Order
			return out.Entries[0].Order.Worth
		}
		if got, want := put(), loyalty.Points(total/250*5); got != want {
			t.Fatalf("%v earn %d, want %d", amounts, got, want)
		}
		if total == 0 {
			return
		}
		back := rapid.Int64Range(1, total).Draw(t, "refunded")
		o.Refunds = []loyalty.Refund{{ID: "r", At: noon, Status: loyalty.RefundSucceeded, Amount: back}}
		if got, want := put(), loyalty.Points((total-back)/250*5); got != want {
			t.Fatalf("after a refund of %d, %v earn %d, want %d", back, amounts, got, want)
		}
		for i := range o.Lines {
			o.Lines[i].Category = "beans"
		}
		s, o.Refunds = newShop(t, p), nil
		if got, want := put(), loyalty.Points(total/250*10); got != want {
			t.Fatalf("in a category that counts double, %v earn %d, want %d", amounts, got, want)
		}
	})
}
