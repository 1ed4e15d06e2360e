package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Redeem reserves a reward, or redeems it immediately. If it is repeated with the same ID and By.Input, it returns the
// first result, including a rejection because of insufficient points or stock. With a different input, it returns
// idempotency_key_reused.
func (l *Ledger) Redeem(
	ctx context.Context, p *loyalty.Program, in RedemptionRequest, by By,
) (RedemptionResult, error) {
	r := loyalty.Redemption{
		ID: in.ID, Reward: in.Reward, Wallet: in.Wallet, Order: in.Order, Cart: in.Cart, Total: in.Total,
		Points: in.Points, Date: in.Date,
	}
	cause := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: in.ID, Revision: 1}
	x := redemptionContext{Ledger: l, p: p, in: in}
	x.reward, _ = redeem.FindReward(p, in.Reward)
	for range attempts {
		c, err := l.redemptionCommand(ctx, &x, &r, by)
		if err != nil {
			return RedemptionResult{}, err
		}
		c.main, x.redemption = cause, r
		c.once = &loyalty.Entry{Member: in.Member, Redemption: &r, Cause: cause}
		got, err := l.Execute(ctx, c)
		if err := l.recordCalled(ctx, p, &x.reward, x.call); err != nil {
			return RedemptionResult{}, err
		}
		switch {
		case errors.As(err, &x.lapsed):
			if err := l.letLapse(ctx, p, x.lapsed); err != nil {
				return RedemptionResult{}, err
			}
			continue // retry with the stock that the expired reservations held
		case outrun(err):
			continue // another process took the code or changed the household or the waitlist entry
		case err != nil:
			return RedemptionResult{Member: in.Member, Replayed: got.Replayed}, err
		}
		done := redemptionResult(got.entry(), got.Replayed)
		done.Written = !got.Replayed
		return done, nil
	}
	return RedemptionResult{}, ErrTryAgain
}

// redemptionCommand returns the command of a redemption with its inputs. It reads them in one step: the account, the
// counter of the reward's stock, and the items that sideWrites reads. The accounts of a household are read later,
// after its item.
func (l *Ledger) redemptionCommand(
	ctx context.Context, x *redemptionContext, r *loyalty.Redemption, by By,
) (Command, error) {
	p, reward, in := x.p, &x.reward, x.in
	c := Command{
		p: p, member: in.Member, by: by, budgets: &budgets{ledger: l, program: p.ID}, decide: x.decide, load: x,
	}
	counters := slices.DeleteFunc(
		redeem.Counters(reward, l.now()), func(s posting.Spend) bool { return s.Rule != redeem.KeyOn(reward, in.Date) },
	)
	reads := append(c.budgets.reads(ctx, counters), func() (err error) {
		c.with, err = l.sideWrites(ctx, p, reward, r, in)
		return err
	})
	if !in.Household {
		reads = append(reads, func() error {
			it, err := l.Table.Get(ctx, stored.AccountKey(p.ID, in.Member))
			c.read = &it
			return retryable(err)
		})
	}
	err := parallel.Do(reads...)
	if err == nil && in.Household {
		x.household, err = l.drawOn(ctx, &c)
	}
	return c, err
}

// sideWrites returns the other writes of a redemption: the code that it takes, the fulfillment task, and the removal of
// the member's waitlist entry. It also sets the code of the redemption.
func (l *Ledger) sideWrites(
	ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption, in RedemptionRequest,
) ([]table.Op, error) {
	var code, leaving []table.Op
	err := parallel.Do(func() (err error) {
		code, err = l.code(ctx, p, reward, r)
		return err
	}, func() (err error) {
		leaving, err = l.leaving(ctx, p.ID, reward, in.Member)
		return err
	})
	return slices.Concat(code, l.toHandOver(p, reward, in), leaving), err
}

func redemptionResult(e loyalty.Entry, replayed bool) RedemptionResult {
	return RedemptionResult{
		Member: e.Member, Redemption: *e.Redemption, Entry: e, Balance: e.Balance, Replayed: replayed,
	}
}

// Redemption returns the current state of a redemption. A reservation whose time has passed has the status expired,
// even if the expiry was not recorded yet. Redemption returns not_found if the redemption does not exist.
func (l *Ledger) Redemption(ctx context.Context, program, id string) (RedemptionResult, error) {
	r, _, err := l.redemption(ctx, program, id, "")
	return r, err
}

// redemption does the same as Redemption. Unless m is empty, it also reads the account of m, in the same step.
func (l *Ledger) redemption(
	ctx context.Context, program, id string, m loyalty.MemberID,
) (RedemptionResult, prior, error) {
	from, err := l.latestWith(ctx, program, loyalty.Cause{Kind: loyalty.CauseRedemption, ID: id}, m)
	if err == nil && from.was == nil {
		err = notFound("redemption")
	}
	if err != nil {
		return RedemptionResult{}, from, err
	}
	r := redemptionResult(*from.was, false)
	if r.Redemption.Status == loyalty.Reserved && !l.now().Before(r.Redemption.Until) {
		r.Redemption.Status = loyalty.Expired
	}
	return r, from, nil
}

// Commit commits all points that a redemption reserves. It does the same as CommitPart with n = 0.
func (l *Ledger) Commit(ctx context.Context, p *loyalty.Program, id string, by By) (RedemptionResult, error) {
	return l.CommitPart(ctx, p, id, 0, by)
}

// CommitPart spends n of the points that a redemption reserves (0: all), returns the other points, and activates its
// code. The reward's terms are those of the program version under which it was reserved. CommitPart returns expired if
// the reservation has expired, and already_resolved if another request committed or canceled it.
func (l *Ledger) CommitPart(
	ctx context.Context, p *loyalty.Program, id string, n loyalty.Points, by By,
) (RedemptionResult, error) {
	commit := func(
		p, rules *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time,
	) ([]posting.Outcome, error) {
		return engine.CommitTogether(p, accs, r, rules, n, now)
	}
	return l.resolve(
		ctx, p, id, by,
		ending{commit, true, loyalty.AlreadyExpired, "The reservation expired before it was committed.", l.ordered},
	)
}

// Cancel returns the reserved points of a redemption to the lots that they came from. It returns already_resolved if
// another request committed or canceled the redemption, or if it has expired.
func (l *Ledger) Cancel(ctx context.Context, p *loyalty.Program, id string, by By) (RedemptionResult, error) {
	cancel := func(
		p, _ *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time,
	) ([]posting.Outcome, error) {
		return engine.CancelTogether(p, accs, r, now)
	}
	return l.resolve(
		ctx, p, id, by,
		ending{cancel, false, loyalty.AlreadyResolved, "The reservation expired, and its points were returned.", nil},
	)
}

// resolve ends a reservation by writing its second revision. There is only one such revision, so exactly one of commit,
// cancel and expire succeeds. resolve reads the redemption and, if the ID names the member, the account in one step.
func (l *Ledger) resolve(
	ctx context.Context, p *loyalty.Program, id string, by By, end ending,
) (RedemptionResult, error) {
	r, err := l.executePrepared(ctx, func(ctx context.Context) (Command, *Result, error) {
		return l.resolving(ctx, p, id, by, end)
	})
	if err != nil {
		return RedemptionResult{}, err
	}
	done := redemptionResult(r.entry(), r.Replayed)
	done.Written = !r.Replayed
	return done, nil
}

// resolving returns the command that ends a reservation, or the result if the same command has run before.
func (l *Ledger) resolving(
	ctx context.Context, p *loyalty.Program, id string, by By, end ending,
) (c Command, done *Result, err error) {
	was, from, err := l.redemption(ctx, p.ID, id, stored.Redeemer(id))
	if err != nil {
		return c, nil, err
	}
	if was.Entry.Cause.Revision > 2 { // the redemption was reversed since
		cause := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: id, Revision: 2}
		it, err := l.Table.Get(ctx, stored.CauseKey(p.ID, cause))
		if err != nil {
			return c, nil, retryable(err)
		}
		if was.Entry, err = stored.ReadEntry(it, cause); err != nil {
			return c, nil, err
		}
		was.Redemption = *was.Entry.Redemption
	}
	replay, err := resolved(was, by, end)
	if err != nil {
		return c, nil, err
	}
	if replay {
		return c, &Result{[]loyalty.Entry{was.Entry}, true}, nil
	}
	c = from.command(p, was.Member, by)
	c.ends, c.rules, c.others = true, p, contributors(was.Redemption)
	if end.with != nil {
		if c.with, err = end.with(ctx, p.ID, was); err != nil {
			return c, nil, err
		}
	}
	if end.gives {
		if c.rules, err = l.promised(ctx, p, was.Entry); err != nil {
			return c, nil, err
		}
	}
	rules := c.rules
	c.decide = func(x inputs) ([]posting.Outcome, error) {
		return end.decide(p, rules, x.accs, was.Redemption, x.now)
	}
	return c, nil, nil
}

// promised returns the program in the version under which a redemption was reserved. If that version is unknown, it
// returns the live version.
func (l *Ledger) promised(ctx context.Context, p *loyalty.Program, reserved loyalty.Entry) (*loyalty.Program, error) {
	if reserved.Program == 0 {
		return p, nil
	}
	rules, err := l.rules(ctx, p, reserved.Program)
	if errors.Is(err, loyalty.NotFound) {
		return p, nil
	}
	return rules, err
}

// An ending describes one way to resolve a reservation, and the error if the reservation has already expired.
type ending struct {
	decide func(
		p, rules *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time,
	) ([]posting.Outcome, error)
	gives  bool // whether it grants the reward, under the rules of the reservation
	late   loyalty.Code
	detail string
	with   func(context.Context, string, RedemptionResult) ([]table.Op, error) // returns further writes; may be nil
}

// resolved reports whether the second revision was written by the same command. It rejects the command if another one
// wrote it. An Input may end with a dot and a fingerprint of the other parameters: the same key with a different
// fingerprint is rejected.
func resolved(was RedemptionResult, by By, end ending) (replay bool, err error) {
	switch was.Redemption.Status {
	case loyalty.Reserved:
		return false, nil
	case loyalty.Rejected:
		return false, notFound("redemption")
	case loyalty.Expired:
		return false, &loyalty.Error{Code: end.late, Detail: end.detail}
	}
	if was.Entry.Cause.Revision == 2 && by.Input != "" {
		switch key, _, _ := strings.Cut(by.Input, "."); {
		case was.Entry.Input == by.Input:
			return true, nil
		case key == keyOf(was.Entry):
			return false, keyReused()
		}
	}
	return false, &loyalty.Error{
		Code:   loyalty.AlreadyResolved,
		Detail: "The redemption is " + string(was.Redemption.Status) + " already.",
	}
}
