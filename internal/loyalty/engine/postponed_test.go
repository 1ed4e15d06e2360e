package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

func TestOrdersThatWaitToBeDecidedAgain(t *testing.T) {
	placed := func(i int) loyalty.PlacedOrder {
		return loyalty.PlacedOrder{At: noon.Add(time.Duration(i)), ID: fmt.Sprint(i)}
	}
	asked := func(n int) posting.Outcome {
		out := posting.Outcome{
			Account: loyalty.Account{Status: loyalty.Active},
			Entries: []loyalty.Entry{{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "why", Revision: 1}}},
		}
		for i := range n {
			out.Needs.Orders = append(out.Needs.Orders, placed(i))
		}
		return out
	}
	for _, c := range []struct{ orders, now, waiting int }{
		{3, 3, 0}, {3, 4, 0}, {3, 2, 1}, {3, 0, 3}, {award.MaxUndecided, 0, award.MaxUndecided},
	} {
		out := award.Postpone(asked(c.orders), c.now)
		if len(out.Needs.Orders) != min(c.orders, c.now) || len(out.Account.Undecided) != c.waiting ||
			len(out.Entries[0].Undecided) != c.waiting ||
			out.Account.UndecidedFrom != (loyalty.Again{}) ||
			award.HasUndecided(&out.Account) != (c.waiting > 0) {
			t.Errorf("%d orders, %d at once: %+v", c.orders, c.now, out)
		}
		if c.waiting > 0 && out.Account.Undecided[0] != (loyalty.Again{Order: placed(c.now), Reasons: "why"}) {
			t.Errorf("%+v waits first", out.Account.Undecided[0])
		}
	}
	out := award.Postpone(asked(award.MaxUndecided+3), 0)
	if out.Account.UndecidedFrom != (loyalty.Again{Order: placed(award.MaxUndecided), Reasons: "why"}) ||
		*out.Entries[0].UndecidedFrom != out.Account.UndecidedFrom ||
		len(out.Account.Undecided) != award.MaxUndecided {
		t.Errorf("from %+v on", out.Account.UndecidedFrom)
	}
	again := asked(award.MaxUndecided + 3)
	again.Account = out.Account
	if again = award.Postpone(again, 0); len(again.Entries[0].Undecided) != 0 ||
		again.Entries[0].UndecidedFrom != nil ||
		again.Account.UndecidedFrom != out.Account.UndecidedFrom {
		t.Errorf("orders that wait are added again: %+v", again.Entries[0])
	}
	none := asked(2)
	none.Entries = nil
	if none = award.Postpone(none, 1); len(none.Needs.Orders) != 1 || award.HasUndecided(&none.Account) {
		t.Errorf("without an entry: %+v", none)
	}
	p := testProgram(t)
	acc := loyalty.Account{Status: loyalty.Active, Undecided: []loyalty.Again{{Order: placed(2), Reasons: "why"}}}
	if got := award.Resume(acc, nil).Needs.Orders; !slices.Equal(got, []loyalty.PlacedOrder{placed(2)}) {
		t.Errorf("%+v are resumed", got)
	}
	orders := award.Resume(acc, []loyalty.PlacedOrder{placed(5)}).Needs.Orders
	if !slices.Equal(orders, []loyalty.PlacedOrder{placed(2)}) {
		t.Errorf("%+v are resumed before those that wait by their IDs", orders)
	}
	acc.Undecided, acc.UndecidedFrom = nil, loyalty.Again{Order: placed(3), Reasons: "why"}
	for _, n := range []int{1, award.MaxUndecided, award.MaxUndecided + 1} {
		got := award.Resume(acc, asked(n).Needs.Orders)
		if len(got.Needs.Orders) != min(n, award.MaxUndecided) ||
			(got.Resumed.From != loyalty.Again{}) != (n > award.MaxUndecided) {
			t.Errorf("of %d orders %d are resumed, from %+v on", n, len(got.Needs.Orders), got.Resumed.From)
		}
	}
	acc.Status = "closed"
	if got := award.Resume(acc, asked(3).Needs.Orders); !tier.NeedsNothing(got.Needs) || !NextRun(p, acc).IsZero() {
		t.Errorf("an account that does not earn: %+v", got.Needs)
	}
	for _, status := range []loyalty.Status{loyalty.Active, loyalty.Frozen} {
		acc.Status, acc.Seen = status, noon
		if got := NextRun(p, acc); !got.Equal(noon) {
			t.Errorf("the next run of an account that is %s is at %s", status, got)
		}
	}
	order := func(id int) loyalty.Entry {
		return loyalty.Entry{
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{
					Order: &loyalty.OrderState{Order: loyalty.Order{ID: fmt.Sprint(id), PlacedAt: placed(id).At}},
				},
			},
		}
	}
	got := award.PlacedFrom(placed(2), []loyalty.Entry{order(4), {}, order(2), order(1), order(4), order(3)})
	if !slices.Equal(got, []loyalty.PlacedOrder{placed(2), placed(3), placed(4)}) {
		t.Errorf("placed from the second on: %+v", got)
	}
}
