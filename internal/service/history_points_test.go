package service_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func (h *history) redeem(m loyalty.MemberID) string {
	in := service.RedemptionRequest{
		ID: h.key("rd_"), Member: m, Reward: pick(h.rng, "sticker", "five-off", "mug", "mug", "voucher", "voucher"),
		Commit: h.rng.IntN(3) == 0,
	}
	switch h.rng.IntN(5) {
	case 0:
		in.Reward = "more-miles"
	case 1:
		in.Reward, in.Wallet = "lounge", pick(h.rng, "miles", "stars")
	}
	switch h.rng.IntN(4) {
	case 0, 1:
		in.Cart = fmt.Sprint("cart-", m)
	case 2:
		in.Wallet, in.Household, in.Reward, in.Total = "", true, redeem.PayReward, loyalty.Money{
			Amount: 1_000_000, Currency: "EUR",
		}
		in.Order = "order-" + string(m)
		in.Points = h.books.of(m).acc.Balance().Active + loyalty.Points(1+h.rng.Int64N(60))
	}
	var r service.RedemptionResult
	err := h.until(fmt.Sprintf("redeem %+v", in), func(l *ledger.Ledger) (err error) {
		r, err = service.Redemptions{Ledger: l}.Redeem(h.t.Context(), h.P, in, by(in.ID))
		return err
	})
	if err == nil && len(r.Redemption.Contributions) > 0 {
		h.drawn++
	}
	switch {
	case h.refused(
		err, loyalty.InsufficientPoints, loyalty.ValidationFailed, loyalty.RewardOutOfStock, loyalty.RewardUnavailable,
		loyalty.AmountOutOfRange,
	):
		return "refused"
	case in.Commit:
		h.done = append(h.done, in.ID)
		return "redeemed"
	}
	h.open = append(h.open, in.ID)
	return "reserved"
}

func (h *history) commit(loyalty.MemberID) string {
	part := loyalty.Points(max(0, h.rng.Int64N(60)-20)) // zero: all
	return h.end("committed", func(
		rs service.Redemptions, ctx context.Context, p *loyalty.Program, id string, who ledger.By,
	) (service.RedemptionResult, error) {
		return rs.CommitPart(ctx, p, id, part, who)
	})
}

func (h *history) cancel(loyalty.MemberID) string {
	return h.end("canceled", service.Redemptions.Cancel)
}

func (h *history) end(
	as string,
	do func(
		service.Redemptions, context.Context, *loyalty.Program, string, ledger.By,
	) (service.RedemptionResult, error),
) string {
	if len(h.open) == 0 {
		return "nothing"
	}
	at := max(0, len(h.open)-1-h.rng.IntN(4))
	id, key := h.open[at], by(h.key("end"))
	var r service.RedemptionResult
	err := h.until(as+" "+id, func(l *ledger.Ledger) (err error) {
		r, err = do(service.Redemptions{Ledger: l}, h.t.Context(), h.P, id, key)
		return err
	})
	switch {
	case errors.Is(err, loyalty.AmountOutOfRange) && as == "committed":
		return "refused" // the reservation has fewer points
	case errors.Is(err, loyalty.AlreadyResolved), errors.Is(err, loyalty.AlreadyExpired):
		h.open = slices.Delete(h.open, at, at+1)
		return "late"
	case err != nil || string(r.Redemption.Status) != as:
		h.t.Errorf("%s %s: %+v, %v", as, id, r.Redemption, err)
	}
	if as == "committed" {
		h.done = append(h.done, id)
	}
	return as
}

func (h *history) adjust(m loyalty.MemberID) string {
	in := service.Adjustment{
		ID: h.key("adj_"), Member: m, Wallet: pick(h.rng, "", "", "", "miles", "stars"),
		Points: loyalty.Points(h.rng.Int64N(400) - 300), Reason: "history",
	}
	err := h.until(fmt.Sprintf("adjust %+v", in), func(l *ledger.Ledger) error {
		_, err := service.Adjustments{Ledger: l}.Adjust(h.t.Context(), h.P, in, by(in.ID))
		return err
	})
	h.refused(err, loyalty.InsufficientPoints, loyalty.AmountNotPositive)
	return "adjusted"
}

func (h *history) extend(m loyalty.MemberID) string {
	until := calendar.DateOf(h.Now().AddDate(0, 0, h.rng.IntN(400)), h.P.Zone)
	in := service.Extension{ID: h.key("ext_"), Member: m, Until: until, Reason: "history"}
	err := h.until(fmt.Sprintf("extend %+v", in), func(l *ledger.Ledger) error {
		_, err := service.Adjustments{Ledger: l}.Extend(h.t.Context(), h.P, in, by(in.ID))
		return err
	})
	if h.refused(err, loyalty.ValidationFailed) {
		return "refused"
	}
	return "extended"
}

// reinstate restores the points of one of the latest expiries, sometimes a second time with another day.
func (h *history) reinstate(m loyalty.MemberID) string {
	lapsed := h.books.of(m).lapsed
	if len(lapsed) == 0 {
		return "nothing"
	}
	in := service.Reinstatement{
		Member: m, Entry: lapsed[max(0, len(lapsed)-1-h.rng.IntN(3))], Reason: "history",
		Until: calendar.DateOf(h.Now().AddDate(0, 0, h.rng.IntN(200)), h.P.Zone),
	}
	var r ledger.Result
	err := h.until(fmt.Sprintf("reinstate %+v", in), func(l *ledger.Ledger) (err error) {
		r, err = service.Adjustments{Ledger: l}.Reinstate(
			h.t.Context(), h.P, in, by(""),
		) // the entry of the expiry identifies the command
		return err
	})
	if h.refused(err, loyalty.ValidationFailed) {
		return "refused"
	}
	if r.Entry().Kind != loyalty.KindReinstate {
		h.t.Errorf("%+v wrote %+v", in, r.Entry())
	}
	return "reinstated"
}

// pass advances the clock by days, and sometimes by months or a year. It then writes the due changes, as the schedule
// does.
func (h *history) pass(m loyalty.MemberID) string {
	d := time.Duration(h.rng.Int64N(int64(5 * 24 * time.Hour)))
	switch h.rng.IntN(80) {
	case 0:
		d *= 80
	case 1, 2:
		d *= 20
	}
	h.Wait(d)
	err := h.until(fmt.Sprintf("time %s for %s", d, m), func(l *ledger.Ledger) error {
		_, err := l.Advance(h.t.Context(), h.P, m)
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
	return "time"
}
