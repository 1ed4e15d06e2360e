package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Redeem reserves a reward, or takes it at once. Repeated under the same id and By.Input it answers as the
// first time, also where that was a refusal for want of points or pieces; with another input, idempotency_key_reused.
func (l *Ledger) Redeem(ctx context.Context, p *loyalty.Program, in RedemptionRequest, by By) (RedemptionResult, error) {
	r := loyalty.Redemption{ID: in.ID, Reward: in.Reward, Wallet: in.Wallet, Order: in.Order, Cart: in.Cart, Total: in.Total, Points: in.Points, Date: in.Date}
	cause := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: in.ID, Revision: 1}
	reward, _ := p.Reward(in.Reward)
	var lapsed lapsedError // what others held of it until their time passed
	for range attempts {
		c, err := l.redemptionCommand(ctx, p, &reward, &r, in)
		if err != nil {
			return RedemptionResult{}, err
		}
		var call loyalty.Call
		c.by, c.main, c.decide = by, cause, func(acc loyalty.Account, left loyalty.Budgets) (loyalty.Outcome, error) {
			return p.Redeem(acc, r, in.Commit, left, l.now())
		}
		if in.Household {
			if err := l.drawOn(ctx, &c, r, in.Commit); err != nil {
				return RedemptionResult{}, err
			}
		}
		decided := c.decision()
		c.decide, c.together = nil, func(accs []loyalty.Account, left loyalty.Budgets) ([]loyalty.Outcome, error) {
			if err := reward.CheckAddress(in.Address != nil); err != nil && reward.ID != "" {
				return nil, err
			}
			outs, err := decided(accs, left)
			if n, known := left[reward.Key()]; err == nil && known && reward.HasWaitlist() && reward.Takes(outs[0]) > 0 {
				if call, err = l.called(p, &reward, l.line(ctx, p.ID, reward.ID, callsAtOnce), n); err == nil {
					err = call.Refuses(in.Member)
				}
			}
			return outs, l.otherDates(ctx, p, &reward, in.Date, l.unlessLapsed(ctx, p.ID, &reward, lapsed, err))
		}
		e, replayed, err := l.onceWith(ctx, c, loyalty.Entry{Member: in.Member, Redemption: &r, Cause: cause})
		if err := l.tell(ctx, p, &reward, call); err != nil {
			return RedemptionResult{}, err
		}
		switch {
		case errors.As(err, &lapsed):
			if err := l.letLapse(ctx, p, lapsed); err != nil {
				return RedemptionResult{}, err
			}
			continue // with what they held
		case outrun(err):
			continue // somebody else took that code, changed the household, or the member's place on the waitlist
		case err != nil:
			return RedemptionResult{Member: in.Member, Replayed: replayed}, err
		}
		done := redemptionResult(e, replayed)
		done.Written = !replayed
		return done, nil
	}
	return RedemptionResult{}, ErrTryAgain
}

// redemptionCommand returns the command of a redemption with its inputs, which it reads in one step: the account, the
// counter of the reward's stock, and the items that the method besides reads. do reads a household's accounts later.
func (l *Ledger) redemptionCommand(ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption, in RedemptionRequest) (command, error) {
	c := command{p: p, member: in.Member, budgets: &budgets{ledger: l, program: p.ID}}
	counters := slices.DeleteFunc(reward.Counters(l.now()), func(s loyalty.Spend) bool { return s.Rule != reward.KeyOn(in.Date) })
	reads := append(c.budgets.reads(ctx, counters), func() (err error) {
		c.with, err = l.besides(ctx, p, reward, r, in)
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

// besides is what a redemption writes beside the ledger: the code that it takes, what is to be handed over, the place on
// the waitlist that it gives up. It prepares the code.
func (l *Ledger) besides(ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption, in RedemptionRequest) ([]table.Op, error) {
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

// once runs a command that has no natural identity, under the one that was derived for it: repeated with the
// same input it answers from the first result, also where that was a refusal for want of points.
func (l *Ledger) once(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, kind, id string, by By,
	decide func(loyalty.Account) (loyalty.Outcome, error),
) (e loyalty.Entry, replayed bool, err error) {
	c := command{p: p, member: m, by: by, decide: func(acc loyalty.Account, _ loyalty.Budgets) (loyalty.Outcome, error) {
		return decide(acc)
	}}
	return l.onceWith(ctx, c, loyalty.Entry{Member: m, Cause: loyalty.Cause{Kind: kind, ID: id, Revision: 1}})
}

// onceWith is once for a command that brings more along, or concerns several members. like is what a refusal is
// recorded as.
func (l *Ledger) onceWith(ctx context.Context, c command, like loyalty.Entry) (e loyalty.Entry, replayed bool, err error) {
	p, m, by, decide := c.p, c.member, c.by, c.decision()
	c.decide, c.together = nil, func(accs []loyalty.Account, left loyalty.Budgets) ([]loyalty.Outcome, error) {
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
	case refusal.Code != loyalty.InsufficientPoints && refusal.Code != loyalty.RewardOutOfStock && refusal.Code != loyalty.RewardUnavailable:
		// What is refused as new may have happened already: an account that was extended has nothing to extend.
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
			r.Code, r.Pooled = "", false // of an attempt that was none
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
	return RedemptionResult{Member: e.Member, Redemption: *e.Redemption, Entry: e, Balance: e.Balance, Replayed: replayed}
}

// Redemption reads a redemption as it is now: a hold whose time has passed has expired, whether or not that was
// written down yet. not_found if there is none.
func (l *Ledger) Redemption(ctx context.Context, program, id string) (RedemptionResult, error) {
	r, _, err := l.redemption(ctx, program, id, "")
	return r, err
}

// redemption is Redemption, and reads the account of m at the same time if m is not empty.
func (l *Ledger) redemption(ctx context.Context, program, id string, m loyalty.MemberID) (RedemptionResult, prior, error) {
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

// Commit is CommitPart for all that a redemption holds.
func (l *Ledger) Commit(ctx context.Context, p *loyalty.Program, id string, by By) (RedemptionResult, error) {
	return l.CommitPart(ctx, p, id, 0, by)
}

// CommitPart spends so many of the points that a redemption holds (zero: all), gives the others back, and makes its
// code usable. The reward is what it was when it was reserved. expired once its time has passed,
// already_resolved if it was committed or canceled by another request.
func (l *Ledger) CommitPart(ctx context.Context, p *loyalty.Program, id string, n loyalty.Points, by By) (RedemptionResult, error) {
	commit := func(p, rules *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time) ([]loyalty.Outcome, error) {
		return p.CommitTogether(accs, r, rules, n, now)
	}
	return l.resolve(ctx, p, id, by, ending{commit, true, loyalty.AlreadyExpired, "The reservation expired before it was committed.", l.ordered})
}

// Cancel returns what a redemption holds to the lots that it came from. already_resolved if it was
// committed or canceled by another request, or expired.
func (l *Ledger) Cancel(ctx context.Context, p *loyalty.Program, id string, by By) (RedemptionResult, error) {
	cancel := func(p, _ *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time) ([]loyalty.Outcome, error) {
		return p.CancelTogether(accs, r, now)
	}
	return l.resolve(ctx, p, id, by, ending{cancel, false, loyalty.AlreadyResolved, "The reservation expired, and its points were returned.", nil})
}

// resolve ends a reservation by writing its second revision, of which there is one: exactly one of commit,
// cancel and expire wins. It reads the redemption and, if the ID names the member, the account in one step.
func (l *Ledger) resolve(ctx context.Context, p *loyalty.Program, id string, by By, end ending) (RedemptionResult, error) {
	for range 2 {
		was, from, err := l.redemption(ctx, p.ID, id, redeemer(id))
		if err != nil {
			return RedemptionResult{}, err
		}
		if was.Entry.Cause.Revision > 2 { // it was reversed since
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
		c.together = func(accs []loyalty.Account, _ loyalty.Budgets) ([]loyalty.Outcome, error) {
			return end.decide(p, rules, accs, was.Redemption, l.now())
		}
		entries, err := l.do(ctx, c)
		if err == nil {
			done := redemptionResult(entries[0], false)
			done.Written = true
			return done, nil
		}
		// Somebody resolved it between the reading and the deciding: what is there now answers.
		if !outrun(err) && !errors.Is(err, loyalty.AlreadyResolved) {
			return RedemptionResult{}, err
		}
	}
	return RedemptionResult{}, ErrTryAgain
}

// promised is the program in the version under which a redemption was reserved, or the live one where nobody knows that
// version.
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

// ending is one way to resolve a reservation, and how it is refused once the reservation has expired.
type ending struct {
	decide func(p, rules *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time) ([]loyalty.Outcome, error)
	gives  bool // the reward, by the rules under which it was reserved
	late   loyalty.Code
	detail string
	with   func(context.Context, string, RedemptionResult) ([]table.Op, error) // what else it writes; nil: nothing
}

// resolved answers from the second revision, if there is one: a replay, or the rejection of a command that comes
// second. It returns neither while the redemption is reserved. An Input may end with a dot and what else was asked: the same
// key with anything else is rejected.
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

// otherDates adds to the refusal of a date without places which others have some.
func (l *Ledger) otherDates(ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, date string, err error) error {
	var refusal *loyalty.Error
	if date == "" || !errors.As(err, &refusal) || refusal.Code != loyalty.RewardOutOfStock || refusal.Pointer != "/date" {
		return err
	}
	left, failed := l.Budgets(ctx, p.ID, reward.Counters(l.now()))
	if failed != nil {
		return failed
	}
	return reward.NoCapacity(date, left, l.now())
}
