package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

func TestStatusChangesOnce(t *testing.T) {
	p := testProgram(t)
	acc := joined(t, p, noon)
	held := acc
	held.Traits.HeldUntil = noon.Add(time.Hour)
	frozenAndHeld := held
	frozenAndHeld.Status = loyalty.Frozen
	for _, c := range []struct {
		name   string
		acc    loyalty.Account
		status loyalty.Status
		now    time.Time
		kind   loyalty.ReasonKind // empty: no entry
		until  time.Time
	}{
		{"an active account", acc, loyalty.Active, noon, "", time.Time{}},
		{"freeze", acc, loyalty.Frozen, noon, loyalty.WasFrozen, time.Time{}},
		{"freeze during a hold", held, loyalty.Frozen, noon, loyalty.WasFrozen, held.Traits.HeldUntil},
		{"freeze again", frozenAndHeld, loyalty.Frozen, noon, "", held.Traits.HeldUntil},
		{"unfreeze", frozenAndHeld, loyalty.Active, noon, loyalty.WasUnfrozen, time.Time{}},
		{"release", held, loyalty.Active, noon.Add(time.Hour - 1), loyalty.WasReleased, time.Time{}},
		{"a hold that ended", held, loyalty.Active, noon.Add(time.Hour), "", held.Traits.HeldUntil},
	} {
		out, err := SetStatus(p, c.acc, c.status, "a test", c.now)
		var kind loyalty.ReasonKind
		if len(out.Entries) > 0 {
			kind = out.Entries[0].Reasons[0].Kind
		}
		if err != nil || kind != c.kind || out.Account.Status != c.status ||
			!out.Account.Traits.HeldUntil.Equal(c.until) {
			t.Errorf("%s: %q, %s until %s, %v", c.name, kind, out.Account.Status, out.Account.Traits.HeldUntil, err)
		}
	}
}

func TestChangeOfEmailHoldsPoints(t *testing.T) {
	p := testProgram(t)
	p.Transfers = loyalty.Transfers{Min: 1}
	acc := joined(t, p, noon)
	acc.Lots = []loyalty.Lot{{Expires: 20271231, Points: 10_000}}
	traits := acc.Traits
	traits.HeldUntil = noon.Add(24 * time.Hour)
	out, err := SetTraits(p, acc, traits, noon)
	if err != nil || len(out.Entries) != 1 || out.Entries[0].Reasons[0].Args[0] != "email" {
		t.Fatalf("%+v, %v", out.Entries, err)
	}
	again, err := SetTraits(p, out.Account, loyalty.Traits{HeldUntil: noon.Add(time.Hour)}, noon)
	if err != nil || len(again.Entries) != 0 || again.Account.Traits.HeldUntil != traits.HeldUntil {
		t.Errorf("an earlier end shortened the hold: %+v, %v", again.Account.Traits, err)
	}
	other := joined(t, p, noon)
	other.Member = "mem_bob"
	in := loyalty.Redemption{ID: "rd_1", Reward: "mug"}
	uses := map[string]func(*posting.Decision) error{
		"redeem": func(d *posting.Decision) error {
			_, err := redeem.Redeem(d, in, true, nil)
			return err
		},
		"transfer": func(d *posting.Decision) error {
			_, err := share.Transfer(
				d, Begin(p, other, d.Now), loyalty.Redemption{ID: "tr_1", To: "mem_bob", Points: 10},
			)
			return err
		},
		"convert": func(d *posting.Decision) error {
			_, err := share.Convert(d, "cv_1", "", "miles", 10)
			return err
		},
	}
	for name, use := range uses {
		if err := use(Begin(p, out.Account, traits.HeldUntil.Add(-1))); !errors.Is(err, loyalty.AccountOnHold) {
			t.Errorf("%s during the hold: %v", name, err)
		}
		if err := use(Begin(p, out.Account, traits.HeldUntil)); errors.Is(err, loyalty.AccountOnHold) {
			t.Errorf("%s after the hold: %v", name, err)
		}
	}
}

func TestHouseholdUsesNoPointsOnHold(t *testing.T) {
	p := testProgram(t)
	p.Households.Size = 2
	giver, taker := joined(t, p, noon), joined(t, p, noon)
	taker.Member = "mem_bob"
	giver.Lots = []loyalty.Lot{{Expires: 20271231, Points: 10_000}}
	giver.Traits.HeldUntil = noon.Add(time.Hour)
	for now, want := range map[time.Time]loyalty.Code{
		noon.Add(time.Hour - 1): loyalty.InsufficientPoints,
		noon.Add(time.Hour):     "",
	} {
		ds := []*posting.Decision{Begin(p, taker, now), Begin(p, giver, now)}
		_, err := redeem.RedeemFrom(ds, loyalty.Redemption{ID: "rd_1", Reward: "mug"}, true, nil)
		if want == "" && err != nil || want != "" && !errors.Is(err, want) {
			t.Errorf("at %s: %v", now, err)
		}
	}
}

func TestPeriodOfHoldAfterChangeOfEmail(t *testing.T) {
	for _, c := range []struct {
		fraud loyalty.Fraud
		want  calendar.Period
	}{
		{loyalty.Fraud{}, calendar.Period{Hours: 24}},
		{loyalty.Fraud{EmailChangeHold: calendar.Period{Days: 2}}, calendar.Period{Days: 2}},
		{loyalty.Fraud{NoEmailChangeHold: true}, calendar.Period{}},
	} {
		if got := c.fraud.HoldAfterEmailChange(); got != c.want {
			t.Errorf("%+v: %+v", c.fraud, got)
		}
	}
}
