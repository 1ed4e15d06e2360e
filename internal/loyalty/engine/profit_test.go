package engine

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"pgregory.net/rapid"
)

// books record everything that happens to a member, and check the accounts after each step.
type books struct {
	*till
	now      time.Time
	adjusted loyalty.Points            // what adjustments brought, beside what rules issued
	given    map[string]loyalty.Points // up, by order, since it was last reported: its points waited too long
	reserved []loyalty.Redemption
	count    int
}

// take applies an outcome, and checks that all issued points are accounted for.
func (b *books) take(t *rapid.T, out posting.Outcome) {
	for _, e := range out.Entries {
		for _, p := range e.Postings {
			if p.Points == 0 {
				t.Fatalf("%s posts no points: %+v", e.Cause, e.Postings)
			}
			switch {
			case p.Wallet != "":
			case p.Bucket == loyalty.BucketAdjusted:
				b.adjusted -= p.Points
			case e.Kind == loyalty.KindForfeit && p.Bucket == loyalty.BucketPending:
				id, _, _ := strings.Cut(p.Cause.ID, "~")
				b.given[id] -= p.Points
				b.issued[id] += p.Points
			}
		}
	}
	b.acc, b.entries = out.Account, append(b.entries, out.Entries...)
	b.check(t)
}

// check compares totals. The points that rules issued are active, pending, reserved, redeemed or expired, less the
// debt. The points that were issued for an order are its worth and the points that clawbacks wrote off.
func (b *books) check(t *rapid.T) {
	bal, a := b.acc.Balance(), b.acc
	if got := bal.Active + bal.Pending + bal.Reserved - bal.Debt + a.Redeemed +
		a.Expired - b.adjusted; got != a.Earned {
		t.Fatalf(
			"%d points were issued and %d adjusted, and there are %+v, %d redeemed and %d expired", a.Earned,
			b.adjusted, bal, a.Redeemed, a.Expired,
		)
	}
	worth := loyalty.Points(0)
	for id, s := range b.states {
		if got := b.issued[id] + b.given[id] - expiredPoints(s); got != s.Worth {
			t.Fatalf(
				"for order %s %d were issued, of which %d were written off, and it is worth %d", id, b.issued[id],
				expiredPoints(s), s.Worth,
			)
		}
		worth += s.Worth - b.given[id] + expiredPoints(s)
	}
	for _, r := range a.Reached {
		worth += r.Grant.Worth + r.Grant.ExpiredOn
	}
	if worth != a.Earned {
		t.Fatalf(
			"%d points were issued, and orders and milestones are worth %d with what was written off", a.Earned, worth,
		)
	}
	switch b.p.Clawback {
	case loyalty.ClawbackWithinBalance, loyalty.ClawbackPendingOnly:
		if bal.Debt != 0 {
			t.Fatalf("there is a debt of %d", bal.Debt)
		}
	case loyalty.ClawbackDebt:
		if most := b.p.MaxDebt; most > 0 && bal.Debt > most {
			t.Fatalf("there is a debt of %d, and at most %d are allowed", bal.Debt, most)
		}
	}
}

func (b *books) order(t *rapid.T, o loyalty.Order) {
	n := len(b.entries)
	b.put(t, o, b.now)
	for _, e := range b.entries[n:] {
		if e.Order != nil {
			delete(b.given, e.Order.Order.ID)
		}
	}
	b.check(t)
}

func (b *books) wait(t *rapid.T) {
	b.now = b.now.Add(time.Duration(rapid.Int64Range(0, int64(90*24*time.Hour)).Draw(t, "later")))
	out, err := Advance(b.p, b.acc, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.take(t, out)
}

// some returns one of the existing orders.
func (b *books) some(t *rapid.T) loyalty.Order {
	return b.states[fmt.Sprint(rapid.IntRange(1, b.count).Draw(t, "order"))].Order
}

// step runs one random command of a member or a shop.
func (b *books) step(t *rapid.T) {
	what := rapid.IntRange(0, 7).Draw(t, "step")
	if b.count == 0 {
		what = 0
	}
	switch what {
	case 0:
		b.count++
		o := randomOrder(t, fmt.Sprint(b.count))
		o.PlacedAt = b.now
		b.order(t, o)
	case 1: // the facts become others: refunds come, fail or are taken back, disputes are opened, won and lost
		o := b.some(t)
		o.Refunds, o.Disputes = randomFacts(t, o)
		for i := range o.Refunds {
			o.Refunds[i].Status = rapid.SampledFrom(
				[]loyalty.RefundStatus{
					loyalty.RefundSucceeded, loyalty.RefundSucceeded, loyalty.RefundPending, loyalty.RefundFailed,
				},
			).Draw(t, "refund is")
		}
		for i := range o.Disputes {
			o.Disputes[i].Status = rapid.SampledFrom(
				[]loyalty.DisputeStatus{loyalty.DisputeOpen, loyalty.DisputeWon, loyalty.DisputeLost},
			).Draw(t, "dispute is")
		}
		b.order(t, o)
	case 2:
		o := b.some(t)
		o.Status = rapid.SampledFrom(
			[]loyalty.OrderStatus{loyalty.OrderPaid, loyalty.OrderPlaced, loyalty.OrderCanceled},
		).Draw(t, "status")
		b.order(t, o)
	case 3, 4:
		b.redeem(t, rapid.Bool().Draw(t, "at once"))
	case 5:
		b.resolve(t, rapid.Bool().Draw(t, "commit"))
	case 6:
		b.activate(t)
	case 7:
		b.wait(t)
	}
}

func (b *books) redeem(t *rapid.T, atOnce bool) {
	in := loyalty.Redemption{
		ID: fmt.Sprint("rd_", b.acc.Sequence), Reward: rapid.SampledFrom([]string{"small", "large"}).Draw(t, "reward"),
	}
	out, err := redeem.Redeem(Begin(b.p, b.acc, b.now), in, atOnce, nil)
	if err != nil {
		return // not enough
	}
	b.take(t, out)
	if !atOnce {
		b.reserved = append(b.reserved, *out.Entries[0].Redemption)
	}
}

func (b *books) resolve(t *rapid.T, commit bool) {
	if len(b.reserved) == 0 {
		return
	}
	r := b.reserved[0]
	b.reserved = b.reserved[1:]
	out, err := Cancel(b.p, b.acc, r, b.now)
	if commit {
		out, err = Commit(b.p, b.acc, r, 0, b.now)
	}
	if err == nil { // or it has expired
		b.take(t, out)
	}
}

func (b *books) activate(t *rapid.T) {
	o := b.some(t)
	out, err := ActivateOrder(b.p, b.acc, *b.states[o.ID], b.p, b.now)
	if err == nil { // or nothing is pending
		b.states[o.ID] = out.Entries[0].Order
		delete(b.given, o.ID) // its state says now what was given up
		b.take(t, out)
	}
}

func openBooks(t *rapid.T, p *loyalty.Program) *books {
	p.Rewards = []loyalty.Reward{{ID: "small", Cost: 7}, {ID: "large", Cost: 150}}
	return &books{till: newTill(t, p), now: noon, given: map[string]loyalty.Points{}}
}

// A member who orders, redeems, gets refunds and cancels in any order gains no more than the program wrote off: after
// all orders are canceled, the spent, expired and remaining points, less the debt, equal the points that were written
// off.
func TestEarnRedeemAndRefundNeverMakeAProfit(t *testing.T) {
	checks(t, 6_000)
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		p.Clawback = rapid.SampledFrom(
			[]loyalty.ClawbackPolicy{
				loyalty.ClawbackDebt, loyalty.ClawbackUnlimited, loyalty.ClawbackWithinBalance,
				loyalty.ClawbackPendingOnly,
			},
		).Draw(t, "reach")
		p.MaxDebt = rapid.SampledFrom([]loyalty.Points{0, 25, 100}).Draw(t, "debt at most")
		if rapid.Bool().Draw(t, "milestones") {
			p.Milestones = []loyalty.Milestone{
				{ID: "second", Target: 2, Points: 40}, {ID: "third", Target: 3, Points: 15},
			}
		}
		b := openBooks(t, p)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			b.step(t)
		}
		written := loyalty.Points(0)
		for i := range b.count {
			o := b.states[fmt.Sprint(i+1)].Order
			o.Status = loyalty.OrderCanceled
			b.order(t, o)
			written += expiredPoints(b.states[o.ID])
		}
		for _, r := range b.acc.Reached {
			if written += r.Grant.ExpiredOn; r.Grant.Worth != 0 {
				t.Fatalf("no order is left, and %+v", r)
			}
		}
		bal := b.acc.Balance()
		if got := bal.Active + bal.Pending + bal.Reserved - bal.Debt + b.acc.Redeemed + b.acc.Expired; got != written {
			t.Fatalf(
				"all is canceled, and %+v, %d redeemed and %d expired are left, of which %d were written off", bal,
				b.acc.Redeemed, b.acc.Expired, written,
			)
		}
		if len(b.spent) > 0 || len(b.acc.Usage) > 0 && b.now.Before(noon.Add(loyalty.MaxOrderAge)) {
			t.Fatalf("all is canceled, and of budgets %v are used, and of caps %v", b.spent, b.acc.Usage)
		}
		unlimited := p.Clawback == loyalty.ClawbackUnlimited || p.Clawback == loyalty.ClawbackDebt && p.MaxDebt == 0
		if unlimited && p.Earn.Expires.Never() && !lives(p) && written != 0 {
			t.Fatalf("nothing expires and debts have no bound, and %d were written off", written)
		}
	})
}

func lives(p *loyalty.Program) bool {
	for _, r := range p.Compiled.Rules {
		if r.Owned {
			return true
		}
	}
	return false
}

// An order that is refunded in twenty equal parts is worth nothing in the end, under any program, regardless of
// rounding, caps and budgets.
func TestSlicesOfARefundLeaveNothing(t *testing.T) {
	checks(t, 2_000)
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		p.Earn.Counts = loyalty.Counts{Items: true}
		b := openBooks(t, p)
		o := randomOrder(t, "1")
		o.Currency = "EUR"
		o.Lines = []loyalty.Line{
			{
				ID: "1", Category: rapid.SampledFrom([]string{"beans", "mugs"}).Draw(t, "category"),
				Quantity: rapid.Int64Range(1, 30).Draw(t, "pieces"), Amount: 10_000,
			},
		}
		o.Discount, o.Tenders = 0, nil
		byLine := rapid.Bool().Draw(t, "by line")
		b.order(t, o)
		before := b.states["1"].Worth
		for i := range 20 {
			slice := func(of int64) int64 { return of*int64(i+1)/20 - of*int64(i)/20 }
			r := back(fmt.Sprint(i), slice(receipt.OrderTotal(o)))
			if byLine {
				r = back(fmt.Sprint(i), 500, loyalty.RefundLine{ID: "1", Amount: 500})
			}
			o.Refunds = append(o.Refunds, r)
			b.order(t, o)
			if worth := b.states["1"].Worth; worth > before {
				t.Fatalf("after %d refunds the order is worth %d", i+1, worth)
			}
		}
		if bal := b.acc.Balance(); bal != (loyalty.Balance{}) || b.acc.Earned != 0 || b.acc.Carried != "" ||
			len(b.spent) > 0 || len(b.acc.Usage) > 0 {
			t.Fatalf(
				"twenty slices of a twentieth leave %+v, carried %q, %v of budgets and %v of caps, because %v", bal,
				b.acc.Carried, b.spent, b.acc.Usage, b.because,
			)
		}
	})
}

// Points that are pending until a delivery are forfeited if the delivery is late. No points are given twice or lost, in
// any order of the reports.
func TestDeliveriesAndRefundsInAnyOrderAreAccountedFor(t *testing.T) {
	checks(t, 3_000)
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		p.Clawback = rapid.SampledFrom(
			[]loyalty.ClawbackPolicy{loyalty.ClawbackDebt, loyalty.ClawbackWithinBalance, loyalty.ClawbackPendingOnly},
		).Draw(t, "reach")
		p.Earn.Pending = calendar.Wait{
			Until:  calendar.WhenDelivered,
			For:    calendar.Period{Days: rapid.SampledFrom([]int{0, 14}).Draw(t, "and then")},
			Within: calendar.Period{Days: rapid.SampledFrom([]int{0, 45}).Draw(t, "within")},
		}
		for i := range p.Earn.Rules {
			if r := &p.Earn.Rules[i]; r.Life.Pending != nil && rapid.Bool().Draw(t, "shipped") {
				r.Life.Pending = &calendar.Wait{Until: calendar.WhenShipped}
			}
		}
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		b := openBooks(t, p)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			if b.count > 0 && rapid.Bool().Draw(t, "on its way") {
				o := b.some(t)
				o.Shipped, o.Delivered = b.now, rapid.SampledFrom([]time.Time{{}, b.now}).Draw(t, "delivered")
				if rapid.Bool().Draw(t, "and refunded") {
					o.Refunds, o.Disputes = randomFacts(t, o)
				}
				b.order(t, o)
			}
			b.step(t)
		}
	})
}

// Rounding a sum that was reported in parts can never give more than one report.
func TestSmallOrdersEarnNoMoreThanALargeOneIfFractionsAreCarried(t *testing.T) {
	checks(t, 500)
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		p.Earn.Rules, p.Campaigns, p.Earn.Caps = nil, nil, nil
		r := p.Earn.Rates["EUR"]
		r.Full = false // a part of a step is never carried
		p.Earn.Rates["EUR"] = r
		p.Earn.Carry, p.Earn.Rounding = true, rapid.SampledFrom(
			[]loyalty.Rounding{loyalty.Down, loyalty.Nearest, loyalty.Up, loyalty.HalfEven},
		).Draw(t, "rounding")
		if err := Compile(p); err != nil {
			t.Fatal(err)
		}
		b := openBooks(t, p)
		exact, total := new(big.Rat), loyalty.Points(0)
		for i := range rapid.IntRange(1, 30).Draw(t, "orders") {
			o := bought("EUR", loyalty.Line{Amount: rapid.Int64Range(0, 300).Draw(t, "amount")})
			o.ID = fmt.Sprint(i + 1)
			b.order(t, o)
			total += b.states[o.ID].Worth
			exact.Add(exact, new(big.Rat).Mul(r.Points, big.NewRat(receipt.ItemTotal(o), r.Per)))
		}
		off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(int64(total)))
		if off.Abs(off).Cmp(big.NewRat(1001, 1000)) > 0 {
			t.Fatalf("orders worth %s together gave %d", exact.FloatString(4), total)
		}
	})
}
