package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
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
	reward, _ := redeem.FindReward(p, in.Reward)
	var lapsed lapsedError // expired reservations of the reward that still count against its stock
	for range attempts {
		c, err := l.redemptionCommand(ctx, p, &reward, &r, in)
		if err != nil {
			return RedemptionResult{}, err
		}
		var call redeem.Call
		c.by, c.main, c.decide = by, cause, func(acc loyalty.Account, left earn.Budgets) (posting.Outcome, error) {
			return redeem.Redeem(p, acc, r, in.Commit, left, l.now())
		}
		if in.Household {
			if err := l.drawOn(ctx, &c, r, in.Commit); err != nil {
				return RedemptionResult{}, err
			}
		}
		decided := c.decision()
		c.decide, c.together = nil, func(accs []loyalty.Account, left earn.Budgets) ([]posting.Outcome, error) {
			if err := redeem.CheckAddress(&reward, in.Address != nil); err != nil && reward.ID != "" {
				return nil, err
			}
			outs, err := decided(accs, left)
			if n, known := left[reward.Key()]; err == nil && known && reward.HasWaitlist() &&
				redeem.ItemsTaken(&reward, outs[0]) > 0 {
				if call, err = l.called(p, &reward, l.line(ctx, p.ID, reward.ID, callsAtOnce), n); err == nil {
					err = call.Refuses(in.Member)
				}
			}
			return outs, l.otherDates(ctx, p, &reward, in.Date, l.unlessLapsed(ctx, p.ID, &reward, lapsed, err))
		}
		e, replayed, err := l.onceWith(ctx, c, loyalty.Entry{Member: in.Member, Redemption: &r, Cause: cause})
		if err := l.recordCalled(ctx, p, &reward, call); err != nil {
			return RedemptionResult{}, err
		}
		switch {
		case errors.As(err, &lapsed):
			if err := l.letLapse(ctx, p, lapsed); err != nil {
				return RedemptionResult{}, err
			}
			continue // retry with the stock that the expired reservations held
		case outrun(err):
			continue // another process took the code or changed the household or the waitlist entry
		case err != nil:
			return RedemptionResult{Member: in.Member, Replayed: replayed}, err
		}
		done := redemptionResult(e, replayed)
		done.Written = !replayed
		return done, nil
	}
	return RedemptionResult{}, ErrTryAgain
}

// redemptionCommand returns the command of a redemption with its inputs. It reads them in one step: the account, the
// counter of the reward's stock, and the items that sideWrites reads. For a household, do reads the accounts
// later.
func (l *Ledger) redemptionCommand(
	ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption, in RedemptionRequest,
) (command, error) {
	c := command{p: p, member: in.Member, budgets: &budgets{ledger: l, program: p.ID}}
	counters := slices.DeleteFunc(
		redeem.Counters(reward, l.now()), func(s posting.Spend) bool { return s.Rule != redeem.KeyOn(reward, in.Date) },
	)
	reads := append(c.budgets.reads(ctx, counters), func() (err error) {
		c.with, err = l.sideWrites(ctx, p, reward, r, in)
		return err
	})
	if !in.Household {
		reads = append(reads, func() error {
			it, err := l.Table.Get(ctx, accountKey(p.ID, in.Member))
			c.read = &it
			return retryable(err)
		})
	}
	err := parallel.Do(reads...)
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

// once runs a command that has no natural identity, under an ID that was derived for it. If it is repeated with the
// same input, it returns the first result, including a rejection because of insufficient points.
func (l *Ledger) once(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, kind, id string, by By,
	decide func(loyalty.Account) (posting.Outcome, error),
) (e loyalty.Entry, replayed bool, err error) {
	c := command{p: p, member: m, by: by, decide: func(
		acc loyalty.Account, _ earn.Budgets,
	) (posting.Outcome, error) {
		return decide(acc)
	}}
	return l.onceWith(ctx, c, loyalty.Entry{Member: m, Cause: loyalty.Cause{Kind: kind, ID: id, Revision: 1}})
}

// onceWith does the same as once for a command that also writes other items or concerns several members. A rejection is
// recorded as the entry like.
func (l *Ledger) onceWith(
	ctx context.Context, c command, like loyalty.Entry,
) (e loyalty.Entry, replayed bool, err error) {
	p, m, by, decide := c.p, c.member, c.by, c.decision()
	c.decide, c.together = nil, func(accs []loyalty.Account, left earn.Budgets) ([]posting.Outcome, error) {
		if slices.ContainsFunc(accs, func(acc loyalty.Account) bool { return acc.Sequence == 0 }) {
			return nil, notFound("member")
		}
		return decide(accs, left)
	}
	entries, err := l.do(ctx, c)
	if err == nil {
		return entries[0], false, nil
	}
	var refusal *loyalty.Error
	switch {
	case !errors.As(err, &refusal):
	case refusal.Code != loyalty.InsufficientPoints && refusal.Code != loyalty.RewardOutOfStock &&
		refusal.Code != loyalty.RewardUnavailable:
		// The rejection may be caused by the first run of the same command: points that were already extended cannot be
		// extended again.
		it, e := l.Table.Get(ctx, causeKey(p.ID, like.Cause))
		if e != nil {
			return like, false, retryable(e)
		}
		if it.Version > 0 {
			err = taken{it}
		}
	default:
		like.Kind, like.Refusal, like.Effective = loyalty.KindReject, refusal, l.now()
		if like.Redemption != nil {
			r := *like.Redemption
			r.Status, r.At = loyalty.Rejected, like.Effective
			r.Code, r.Pooled = "", false // the code of the failed attempt
			like.Redemption = &r
		}
		if _, e := l.record(ctx, p, like, by); e != nil {
			err = e
		}
	}
	var was taken
	if !errors.As(err, &was) {
		return e, false, err
	}
	if e, err = readEntry(was.item, like.Cause); err != nil {
		return e, false, err
	}
	switch {
	case e.Input != by.Input || e.Member != m:
		return e, false, keyReused()
	case e.Refusal != nil:
		return e, true, e.Refusal
	}
	return e, true, nil
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
	for range 2 {
		was, from, err := l.redemption(ctx, p.ID, id, redeemer(id))
		if err != nil {
			return RedemptionResult{}, err
		}
		if was.Entry.Cause.Revision > 2 { // the redemption was reversed since
			c := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: id, Revision: 2}
			it, err := l.Table.Get(ctx, causeKey(p.ID, c))
			if err != nil {
				return RedemptionResult{}, retryable(err)
			}
			if was.Entry, err = readEntry(it, c); err != nil {
				return RedemptionResult{}, err
			}
			was.Redemption, was.Balance = *was.Entry.Redemption, was.Entry.Balance
		}
		if r, err := resolved(was, by, end); r.Replayed || err != nil {
			return r, err
		}
		var with []table.Op
		if end.with != nil {
			if with, err = end.with(ctx, p.ID, was); err != nil {
				return RedemptionResult{}, err
			}
		}
		rules := p
		if end.gives {
			if rules, err = l.promised(ctx, p, was.Entry); err != nil {
				return RedemptionResult{}, err
			}
		}
		c := from.command(p, was.Member, by)
		c.rules, c.others, c.with = rules, contributors(was.Redemption), with
		c.together = func(accs []loyalty.Account, _ earn.Budgets) ([]posting.Outcome, error) {
			return end.decide(p, rules, accs, was.Redemption, l.now())
		}
		entries, err := l.do(ctx, c)
		if err == nil {
			done := redemptionResult(entries[0], false)
			done.Written = true
			return done, nil
		}
		// Another request resolved the redemption between the read and the decision. Return the result from its state.
		if !outrun(err) && !errors.Is(err, loyalty.AlreadyResolved) {
			return RedemptionResult{}, err
		}
	}
	return RedemptionResult{}, ErrTryAgain
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

// resolved returns the result if the second revision already exists: a replay of it, or a rejection of the later
// command. It returns zero values while the redemption is reserved. An Input may end with a dot and a fingerprint of
// the other parameters: the same key with a different fingerprint is rejected.
func resolved(was RedemptionResult, by By, end ending) (RedemptionResult, error) {
	switch was.Redemption.Status {
	case loyalty.Reserved:
		return RedemptionResult{}, nil
	case loyalty.Rejected:
		return RedemptionResult{}, notFound("redemption")
	case loyalty.Expired:
		return RedemptionResult{}, &loyalty.Error{Code: end.late, Detail: end.detail}
	}
	if was.Entry.Cause.Revision == 2 && by.Input != "" {
		switch key, _, _ := strings.Cut(by.Input, "."); {
		case was.Entry.Input == by.Input:
			was.Replayed = true
			return was, nil
		case key == keyOf(was.Entry):
			return RedemptionResult{}, keyReused()
		}
	}
	return RedemptionResult{}, &loyalty.Error{
		Code:   loyalty.AlreadyResolved,
		Detail: "The redemption is " + string(was.Redemption.Status) + " already.",
	}
}

// otherDates adds to an out-of-stock error for a date the dates that still have capacity.
func (l *Ledger) otherDates(
	ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, date string, err error,
) error {
	var refusal *loyalty.Error
	if date == "" || !errors.As(err, &refusal) || refusal.Code != loyalty.RewardOutOfStock ||
		refusal.Pointer != "/date" {
		return err
	}
	left, failed := l.Budgets(ctx, p.ID, redeem.Counters(reward, l.now()))
	if failed != nil {
		return failed
	}
	return redeem.NoCapacity(reward, date, left, l.now())
}
