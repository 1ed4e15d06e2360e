package loyalty

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTheFirstOfAWaitingListHaveTheFirstCall(t *testing.T) {
	p := stocked(t, func(_ *Program, r *Reward) {
		r.StockBatches, r.FirstCall = []StockBatch{{Quantity: 9}}, Period{Hours: 24}
	})
	r := &p.Rewards[0]
	called, over := noon.Add(-23*time.Hour), noon.Add(-24*time.Hour)
	line := []WaitlistEntry{{Member: "a", Called: over}, {Member: "b", Called: called}, {Member: "c"}, {Member: "d"}}
	for _, c := range []struct {
		left               Points
		may, told, forfeit string
	}{
		{0, "a b c d x", "", ""}, // that there are none is another's to say
		{1, "b", "", "a"},
		{2, "b c", "c", "a"},
		{3, "b c d", "c d", "a"},
		{4, "a b c d x", "c d", "a"},
	} {
		read := 0
		call := p.Call(r, func(yield func(WaitlistEntry) bool) {
			for _, w := range line {
				if read++; !yield(w) {
					return
				}
			}
		}, c.left, noon)
		var may []string
		for _, m := range []MemberID{"a", "b", "c", "d", "x"} {
			err := call.Refuses(m)
			if err == nil {
				may = append(may, string(m))
			} else if !errors.Is(err, RewardOutOfStock) {
				t.Error(err)
			}
		}
		names := func(list []WaitlistEntry) string {
			var out []string
			for _, w := range list {
				out = append(out, string(w.Member))
			}
			return strings.Join(out, " ")
		}
		if got := strings.Join(may, " "); got != c.may || names(call.Called) != c.told || names(call.Lost) != c.forfeit {
			t.Errorf("%d left: %q may, %q are called, %q lost", c.left, got, names(call.Called), names(call.Lost))
		}
		if most := min(len(line), int(c.left)+1); read > most {
			t.Errorf("%d left: %d were read", c.left, read)
		}
	}
}

func TestWhoMayWait(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Program, *Reward)
		want Code
	}{
		"all":          {func(_ *Program, r *Reward) {}, ""},
		"no list":      {func(_ *Program, r *Reward) { r.FirstCall = Period{} }, ValidationFailed},
		"of a level":   {func(_ *Program, r *Reward) { r.Tiers = []string{"gold"} }, RewardUnavailable},
		"of a segment": {func(_ *Program, r *Reward) { r.Segments = []string{"vip"} }, RewardUnavailable},
		"later":        {func(_ *Program, r *Reward) { r.Active.From = noon.Add(time.Hour) }, ""},
	} {
		p := stocked(t, func(p *Program, r *Reward) {
			r.StockBatches, r.FirstCall = []StockBatch{{Quantity: 1}}, Period{Hours: 24}
			c.edit(p, r)
		})
		err := p.MayWait(saver(t, p), &p.Rewards[0], noon)
		if (err == nil) != (c.want == "") || err != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
