package engine

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

func TestTheFirstOfAWaitingListHaveTheFirstCall(t *testing.T) {
	p := stocked(t, func(_ *loyalty.Program, r *loyalty.Reward) {
		r.StockBatches, r.FirstCall = []loyalty.StockBatch{{Quantity: 9}}, calendar.Period{Hours: 24}
	})
	r := &p.Rewards[0]
	called, over := noon.Add(-23*time.Hour), noon.Add(-24*time.Hour)
	line := []redeem.WaitlistEntry{
		{Member: "a", Called: over}, {Member: "b", Called: called}, {Member: "c"}, {Member: "d"},
	}
	for _, c := range []struct {
		left                 loyalty.Points
		may, called, forfeit string
	}{
		{0, "a b c d x", "", ""}, // that there are none is another's to say
		{1, "b", "", "a"},
		{2, "b c", "c", "a"},
		{3, "b c d", "c d", "a"},
		{4, "a b c d x", "c d", "a"},
	} {
		read := 0
		call := redeem.CallNext(p.Zone, r, func(yield func(redeem.WaitlistEntry) bool) {
			for _, w := range line {
				if read++; !yield(w) {
					return
				}
			}
		}, c.left, noon)
		var may []string
		for _, m := range []loyalty.MemberID{"a", "b", "c", "d", "x"} {
			err := call.Refuses(m)
			if err == nil {
				may = append(may, string(m))
			} else if !errors.Is(err, loyalty.RewardOutOfStock) {
				t.Error(err)
			}
		}
		names := func(list []redeem.WaitlistEntry) string {
			var out []string
			for _, w := range list {
				out = append(out, string(w.Member))
			}
			return strings.Join(out, " ")
		}
		if got := strings.Join(may, " "); got != c.may || names(call.Called) != c.called ||
			names(call.Lost) != c.forfeit {
			t.Errorf("%d left: %q may, %q are called, %q lost", c.left, got, names(call.Called), names(call.Lost))
		}
		if most := min(len(line), int(c.left)+1); read > most {
			t.Errorf("%d left: %d were read", c.left, read)
		}
	}
}

func TestWhoMayWait(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*loyalty.Program, *loyalty.Reward)
		want loyalty.Code
	}{
		"all": {func(_ *loyalty.Program, r *loyalty.Reward) {}, ""},
		"no list": {
			func(_ *loyalty.Program, r *loyalty.Reward) { r.FirstCall = calendar.Period{} }, loyalty.ValidationFailed,
		},
		"of a level": {
			func(_ *loyalty.Program, r *loyalty.Reward) { r.Tiers = []string{"gold"} }, loyalty.RewardUnavailable,
		},
		"of a segment": {
			func(_ *loyalty.Program, r *loyalty.Reward) { r.Segments = []string{"vip"} }, loyalty.RewardUnavailable,
		},
		"later": {func(_ *loyalty.Program, r *loyalty.Reward) { r.Active.From = noon.Add(time.Hour) }, ""},
	} {
		p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
			r.StockBatches, r.FirstCall = []loyalty.StockBatch{{Quantity: 1}}, calendar.Period{Hours: 24}
			c.edit(p, r)
		})
		err := RedeemRules(p).MayWait(saver(t, p), &p.Rewards[0], noon)
		if (err == nil) != (c.want == "") || err != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
