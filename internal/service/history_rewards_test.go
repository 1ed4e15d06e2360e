package service_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

const historyCodes = 40

// historyRewards adds a reward with limited stock and generated codes, and one with codes from a pool.
func historyRewards(p *loyalty.Program, rng *rand.Rand) {
	p.Rewards = append(p.Rewards,
		loyalty.Reward{
			ID: "mug", Type: "free_product", Cost: 60, Codes: loyalty.Codes{From: loyalty.GeneratedCode},
			StockBatches: []loyalty.StockBatch{{Quantity: 6}, {At: servicetest.Start.AddDate(0, 2, 0), Quantity: 9}},
			Limits:       []loyalty.Limit{{Times: 3, Per: loyalty.PerMonth}},
		},
		loyalty.Reward{
			ID: "voucher", Type: "gift_card", Cost: 40, Value: loyalty.Money{Amount: 500, Currency: "EUR"},
			Codes: loyalty.Codes{From: loyalty.UploadedCode},
		})
	p.Redemption = loyalty.RedemptionTerms{
		OnRefund: pick(rng, loyalty.AllBack, loyalty.ShareBack),
		Grace:    pick(rng, calendar.Period{}, calendar.Period{Days: 7}),
	}
	p.Redemption.Pay.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(3, 1), Per: 2}}
}

// fill uploads codes to the pool, and repeats the upload until it succeeds.
func (h *history) fill() {
	err := h.until("fill the pool", func(l *ledger.Ledger) error {
		_, err := inventory.Codes{Ledger: l}.Add(
			h.t.Context(), h.P.ID, "voucher", servicetest.Vouchers(0, historyCodes),
		)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// reverse reverses one of the latest redemptions or a part of it, sometimes again.
func (h *history) reverse(loyalty.MemberID) string {
	if len(h.done) == 0 {
		return "nothing"
	}
	id, share := h.done[max(0, len(h.done)-1-h.rng.IntN(6))], big.NewRat(1+h.rng.Int64N(4), 4)
	key := by(h.key("reverse"))
	err := h.until(fmt.Sprintf("reverse %s of %s", share, id), func(l *ledger.Ledger) error {
		_, err := service.Redemptions{Ledger: l}.Reverse(h.t.Context(), h.P, id, share, key)
		return err
	})
	if h.refused(err, loyalty.ValidationFailed, loyalty.AlreadyResolved, loyalty.CodeUsed) {
		return "refused"
	}
	return "reversed"
}

// use uses the code of one of the latest redemptions, or a part of it.
func (h *history) use(loyalty.MemberID) string {
	if len(h.done) == 0 {
		return "nothing"
	}
	was, err := service.Redemptions{Ledger: h.quiet()}.Get(
		h.t.Context(), h.P.ID, h.done[max(0, len(h.done)-1-h.rng.IntN(6))],
	)
	if r := was.Redemption; err != nil || r.Code == "" {
		return "nothing"
	}
	in := inventory.CodeUse{ID: h.key("use_"), Code: was.Redemption.Code}
	if was.Redemption.Reward == "voucher" {
		in.Amount = loyalty.Money{Amount: 1 + h.rng.Int64N(300), Currency: "EUR"}
	}
	err = h.until(fmt.Sprintf("use %+v", in), func(l *ledger.Ledger) error {
		r, err := inventory.Codes{Ledger: l}.Use(h.t.Context(), h.P.ID, in, by(in.ID))
		if err == nil && (r.Redemption != was.Redemption.ID || r.Left.Amount < 0) {
			h.t.Errorf("%+v is of %+v", r, was.Redemption)
		}
		return err
	})
	outcome := "used"
	if h.refused(err, loyalty.CodeUsed, loyalty.CodeVoid, loyalty.AmountOutOfRange) {
		outcome = "refused"
	}
	if h.rng.IntN(3) == 0 && h.reverseUse(in.Code) {
		outcome = "use reversed"
	}
	h.checkCard(in.Code)
	return outcome
}

// reverseUse reverses one of the uses of a code, sometimes again. It returns false if there is none, or if it was
// already reversed.
func (h *history) reverseUse(code string) bool {
	was, err := inventory.Codes{Ledger: h.quiet()}.Get(h.t.Context(), h.P.ID, code)
	if err != nil || len(was.Uses) == 0 {
		return false
	}
	in := inventory.UseReversal{Code: code, Use: pick(h.rng, was.Uses...).ID, Reason: "order returned"}
	key := by(h.key("reverse_use"))
	err = h.until(fmt.Sprintf("reverse %+v", in), func(l *ledger.Ledger) error {
		_, err := inventory.Codes{Ledger: l}.ReverseUse(h.t.Context(), h.P.ID, in, key)
		return err
	})
	return !h.refused(err, loyalty.AlreadyResolved)
}

// checkCard compares the original value of a gift card with the sum of its remaining value, its uses, and the value
// that reversals of its redemption removed.
func (h *history) checkCard(code string) {
	h.t.Helper()
	c, err := inventory.Codes{Ledger: h.quiet()}.Get(h.t.Context(), h.P.ID, code)
	if err != nil || c.Worth == 0 {
		return
	}
	value := c.Left.Amount + c.Taken
	for _, u := range c.Uses {
		if u.Reversed.IsZero() {
			value += u.Amount.Amount
		}
	}
	if len(c.Uses) < 50 && value != c.Worth {
		h.t.Errorf("the gift card %+v has %d in all", c, value)
	}
}

// useReward records the units, limits and codes of an entry.
func (b *books) useReward(s *book, e loyalty.Entry) {
	r, sign := e.Redemption, int64(0)
	b.credited(e)
	switch {
	case e.Cause.Revision == 1:
		sign = 1
	case e.Kind == loyalty.KindRelease, r.Status == loyalty.Reversed:
		sign = -1
	}
	if e.Cause.Revision == 1 && strings.HasPrefix(r.ID, "rd_auto_") {
		s.usage[loyalty.Usage{
			Rule: "redemption.auto", Times: true, Per: loyalty.PerDay, Ends: calendar.DateOf(r.At, b.h.P.Zone),
		}]++
	}
	if r.Order != "" {
		paid := loyalty.Usage{
			Rule: "redemption.pay:EUR:order:" + r.Order, Per: "use", Ends: calendar.DateOf(r.At, b.h.P.Zone),
		}
		switch {
		case e.Kind == loyalty.KindRedeem:
			s.usage[paid] += r.Value.Amount
		case r.Status == loyalty.Reversed:
			s.usage[paid] -= r.Value.Amount
		}
	}
	if r.Stocked {
		b.spent["rewards."+r.Reward] += sign
	}
	if r.Reward == "mug" {
		s.usage[loyalty.Usage{
			Rule: "rewards.mug", Times: true, Per: loyalty.PerMonth,
			Ends: ends(loyalty.PerMonth, calendar.DateOf(r.At, b.h.P.Zone)),
		}] += sign
	}
	if r.Code != "" && r.Status != loyalty.Reversed { // a reversed redemption retains its code, which is void
		b.codes[r.Code] += sign
	}
}

// rewards compares the units and codes that members have with the counters and the pool.
func (b *books) rewards() {
	t := b.h.t
	b.budget("rewards.mug", 15)
	b.listed()
	all := map[string]int64{}
	for _, code := range (&bench{&servicetest.Bench{Ledger: b.h.quiet(), P: b.h.P}}).Pool(t, "voucher") {
		all[code]++
	}
	free := len(all)
	uploaded := 0
	for code, n := range b.codes {
		if all[code] += n; n > 0 && code[:4] == "VOUC" {
			uploaded++
		}
		if all[code] < 0 || all[code] > 1 {
			t.Errorf("%d have the code %s", all[code], code)
		}
	}
	if free+uploaded != historyCodes {
		t.Errorf(
			"of %d codes %d are free, and members have %d, at %s", historyCodes, free, uploaded,
			b.h.Now().Format(time.RFC3339),
		)
	}
}

// listed compares the lists of open reservations with those of the accounts.
func (b *books) listed() {
	t := b.h.t
	var want, got []string
	for _, s := range b.members {
		for _, h := range s.acc.Holds {
			if r := h.Redemption; r.By == "" && (r.Reward == "mug" || r.Reward == "voucher") {
				want = append(want, r.ID)
			}
		}
	}
	for _, reward := range []string{"mug", "voucher"} {
		got = append(got, (&bench{&servicetest.Bench{Ledger: b.h.quiet(), P: b.h.P}}).Listed(t, reward)...)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("open are %v, and listed %v", want, got)
	}
}
