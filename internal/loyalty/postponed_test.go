package loyalty

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestOrdersThatWaitToBeDecidedAgain(t *testing.T) {
	placed := func(i int) PlacedOrder { return PlacedOrder{noon.Add(time.Duration(i)), fmt.Sprint(i)} }
	asked := func(n int) Outcome {
		out := Outcome{Account: Account{Status: Active}, Entries: []Entry{{Cause: Cause{CauseOrder, "why", 1}}}}
		for i := range n {
			out.Needs.Orders = append(out.Needs.Orders, placed(i))
		}
		return out
	}
	for _, c := range []struct{ orders, now, waiting int }{{3, 3, 0}, {3, 4, 0}, {3, 2, 1}, {3, 0, 3}, {maxUndecided, 0, maxUndecided}} {
		out := asked(c.orders).Postpone(c.now)
		if len(out.Needs.Orders) != min(c.orders, c.now) || len(out.Account.Undecided) != c.waiting ||
			len(out.Entries[0].Undecided) != c.waiting ||
			out.Account.UndecidedFrom != (Again{}) ||
			out.Account.HasUndecided() != (c.waiting > 0) {
			t.Errorf("%d orders, %d at once: %+v", c.orders, c.now, out)
		}
		if c.waiting > 0 && out.Account.Undecided[0] != (Again{placed(c.now), "why"}) {
			t.Errorf("%+v waits first", out.Account.Undecided[0])
		}
	}
	out := asked(maxUndecided + 3).Postpone(0)
	if out.Account.UndecidedFrom != (Again{placed(maxUndecided), "why"}) ||
		*out.Entries[0].UndecidedFrom != out.Account.UndecidedFrom ||
		len(out.Account.Undecided) != maxUndecided {
		t.Errorf("from %+v on", out.Account.UndecidedFrom)
	}
	again := asked(maxUndecided + 3)
	again.Account = out.Account
	if again = again.Postpone(0); len(again.Entries[0].Undecided) != 0 || again.Entries[0].UndecidedFrom != nil ||
		again.Account.UndecidedFrom != out.Account.UndecidedFrom {
		t.Errorf("orders that wait are added again: %+v", again.Entries[0])
	}
	none := asked(2)
	none.Entries = nil
	if none = none.Postpone(1); len(none.Needs.Orders) != 1 || none.Account.HasUndecided() {
		t.Errorf("without an entry: %+v", none)
	}
	p := testProgram(t)
	acc := Account{Status: Active, Undecided: []Again{{placed(2), "why"}}}
	if got := p.Resume(acc, nil).Needs.Orders; !slices.Equal(got, []PlacedOrder{placed(2)}) {
		t.Errorf("%+v are resumed", got)
	}
	if got := p.Resume(acc, []PlacedOrder{placed(5)}).Needs.Orders; !slices.Equal(got, []PlacedOrder{placed(2)}) {
		t.Errorf("%+v are resumed before those that wait by their IDs", got)
	}
	acc.Undecided, acc.UndecidedFrom = nil, Again{placed(3), "why"}
	for _, n := range []int{1, maxUndecided, maxUndecided + 1} {
		got := p.Resume(acc, asked(n).Needs.Orders)
		if len(got.Needs.Orders) != min(n, maxUndecided) || (got.resumed.from != Again{}) != (n > maxUndecided) {
			t.Errorf("of %d orders %d are resumed, from %+v on", n, len(got.Needs.Orders), got.resumed.from)
		}
	}
	acc.Status = Frozen
	if got := p.Resume(acc, asked(3).Needs.Orders); !got.Needs.IsZero() || !p.NextRun(acc).IsZero() {
		t.Errorf("a frozen account: %+v", got.Needs)
	}
	acc.Status, acc.Seen = Active, noon
	if got := p.NextRun(acc); !got.Equal(noon) {
		t.Errorf("the next run is at %s", got)
	}
	order := func(id int) Entry {
		return Entry{Order: &OrderState{Order: Order{ID: fmt.Sprint(id), PlacedAt: placed(id).At}}}
	}
	got := PlacedFrom(placed(2), []Entry{order(4), {}, order(2), order(1), order(4), order(3)})
	if !slices.Equal(got, []PlacedOrder{placed(2), placed(3), placed(4)}) {
		t.Errorf("placed from the second on: %+v", got)
	}
}
