package service

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Redemptions reserves, commits, cancels and reverses redemptions of rewards.
type Redemptions struct{ *ledger.Ledger }

// Current reads a redemption and its member's current balances. It writes the changes that are due for the member
// first, so that the redemption, the member and the statement show the same state. It returns not_found if there is no
// such redemption.
func (rs Redemptions) Current(ctx context.Context, p *loyalty.Program, id string) (RedemptionResult, error) {
	r, from, err := rs.get(ctx, p.ID, id, redeem.Redeemer(id))
	if err != nil {
		return r, err
	}
	e, acc, err := rs.CurrentState(ctx, p, r.Entry, r.Member, from.Account)
	if err != nil {
		return r, err
	}
	r = redemptionResult(e, false)
	r.Balance, r.Entry.Wallets = acc.Balance(), slices.Clone(e.Wallets)
	for i, w := range r.Entry.Wallets {
		r.Entry.Wallets[i].Balance = acc.BalanceOf(w.Wallet)
	}
	return r, nil
}

// A RedemptionResult is a redemption as of one revision. For a recorded rejection, it is returned together with the
// error, so that the caller can read Replayed.
type RedemptionResult struct {
	Member     loyalty.MemberID
	Redemption loyalty.Redemption
	Entry      loyalty.Entry
	Balance    loyalty.Balance
	Replayed   bool
	Written    bool // whether this call wrote the revision
}

// A RedemptionRequest requests a reward. The caller derives the ID.
type RedemptionRequest struct {
	ID     string
	Member loyalty.MemberID
	Reward string
	Wallet string // the wallet that pays; empty for the main wallet
	Order  string
	Cart   string         // the cart; a later redemption for the same cart replaces this one
	Total  loyalty.Money  // the order's total
	Points loyalty.Points // for redeem.PayReward: the maximum number of points; zero for all
	Date   string         // one of the reward's dates; empty if it has none
	Commit bool           // whether to commit at once, without a reservation

	Household bool   // whether to use points of other household members if the member's own do not suffice
	Address   string // where to send the reward, encrypted; empty if no address was given

	Limit limits.Counter // counts the redemptions of the member
}

// Redeem reserves a reward, or redeems it immediately. If it is repeated with the same ID and By.Input, it returns the
// first result, including a rejection because of insufficient points or stock. With a different input, it returns
// idempotency_key_reused. It returns *limits.ExceededError if in.Limit does not allow the redemption.
func (rs Redemptions) Redeem(
	ctx context.Context, p *loyalty.Program, in RedemptionRequest, by ledger.By,
) (RedemptionResult, error) {
	r := loyalty.Redemption{
		ID: in.ID, Reward: in.Reward, Wallet: in.Wallet, Order: in.Order, Cart: in.Cart, Total: in.Total,
		Points: in.Points, Date: in.Date,
	}
	cause := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: in.ID, Revision: 1}
	x := redemptionContext{Ledger: rs.Ledger, p: p, in: in}
	x.reward, _ = redeem.FindReward(p.Rewards, in.Reward)
	for range ledger.Attempts {
		c, err := rs.redemptionCommand(ctx, &x, &r, by)
		if err != nil {
			return RedemptionResult{}, err
		}
		c.Main, x.redemption = cause, r
		c.Once = &loyalty.Entry{
			Member: in.Member, Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}}, Cause: cause,
		}
		got, err := rs.Execute(ctx, c)
		if err := (inventory.Waitlists{Ledger: rs.Ledger}).RecordCalled(ctx, p, &x.reward, x.call); err != nil {
			return RedemptionResult{}, err
		}
		switch {
		case errors.As(err, &x.expired):
			if err := (inventory.Stock{Ledger: rs.Ledger}).ReleaseExpired(ctx, p, x.expired); err != nil {
				return RedemptionResult{}, err
			}
			continue // retry with the stock of the expired reservations
		case ledger.IsConflict(err):
			continue // another process took the code or changed the household or the waitlist entry
		case err != nil:
			return RedemptionResult{Member: in.Member, Replayed: got.Replayed}, err
		}
		done := redemptionResult(got.Entry(), got.Replayed)
		done.Written = !got.Replayed
		return done, nil
	}
	return RedemptionResult{}, ledger.ErrTryAgain
}

// redemptionCommand returns the command of a redemption with its inputs. It reads them in one step: the account, the
// counter of the reward's stock, and the items that sideWrites reads. The accounts of a household are read later, after
// the household's item.
func (rs Redemptions) redemptionCommand(
	ctx context.Context, x *redemptionContext, r *loyalty.Redemption, by ledger.By,
) (ledger.Command, error) {
	p, reward, in := x.p, &x.reward, x.in
	c := ledger.Command{
		Program: p, Member: in.Member, By: by, Budgets: &ledger.BudgetCounters{Ledger: rs.Ledger, Program: p.ID},
		Decide: x.decide, Load: x,
	}
	counters := slices.DeleteFunc(
		redeem.Counters(reward, rs.Time()),
		func(s posting.Spend) bool { return s.Rule != redeem.KeyOn(reward, in.Date) },
	)
	var counted []table.Op
	reads := append(c.Budgets.Reads(ctx, counters), func() (err error) {
		c.With, err = rs.sideWrites(ctx, p, reward, r, in)
		return err
	}, func() (err error) {
		cause := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: in.ID, Revision: 1}
		counted, err = limits.Store(rs).Include(ctx, 1, cause, in.Limit)
		return err
	})
	if !in.Household {
		reads = append(reads, func() error {
			it, err := rs.Table.Get(ctx, stored.AccountKey(p.ID, in.Member))
			c.Read = &it
			return ledger.Retryable(err)
		})
	}
	err := parallel.Do(reads...)
	c.With = append(c.With, counted...)
	if err == nil && in.Household {
		x.household, err = members.Households{Ledger: rs.Ledger}.DrawOn(ctx, &c)
	}
	return c, err
}

// sideWrites returns the other writes of a redemption: the code that it takes, the fulfillment task, and the removal of
// the member's waitlist entry. It also sets the code of the redemption.
func (rs Redemptions) sideWrites(
	ctx context.Context, p *loyalty.Program, reward *loyalty.Reward, r *loyalty.Redemption, in RedemptionRequest,
) ([]table.Op, error) {
	var code, leaving []table.Op
	err := parallel.Do(func() (err error) {
		code, err = inventory.Codes{Ledger: rs.Ledger}.Take(ctx, p, reward, r)
		return err
	}, func() (err error) {
		leaving, err = inventory.Waitlists{Ledger: rs.Ledger}.Leaving(ctx, p.ID, reward, in.Member)
		return err
	})
	return slices.Concat(code, Fulfillments(rs).toHandOver(p, reward, in), leaving), err
}

func redemptionResult(e loyalty.Entry, replayed bool) RedemptionResult {
	return RedemptionResult{
		Member: e.Member, Redemption: *e.Redemption, Entry: e, Balance: e.Balance, Replayed: replayed,
	}
}

// Get returns the current state of a redemption. A reservation whose time has passed has the status expired, even if
// the expiry was not recorded yet. Get returns not_found if the redemption does not exist.
func (rs Redemptions) Get(ctx context.Context, program, id string) (RedemptionResult, error) {
	r, _, err := rs.get(ctx, program, id, "")
	return r, err
}

// get does the same as Get. Unless m is empty, it also reads the account of m, in the same step.
func (rs Redemptions) get(
	ctx context.Context, program, id string, m loyalty.MemberID,
) (RedemptionResult, ledger.Prior, error) {
	from, err := rs.LatestWith(ctx, program, loyalty.Cause{Kind: loyalty.CauseRedemption, ID: id}, m)
	if err == nil && from.Was == nil {
		err = ledger.NotFound("redemption")
	}
	if err != nil {
		return RedemptionResult{}, from, err
	}
	r := redemptionResult(*from.Was, false)
	if r.Redemption.Status == loyalty.Reserved && !rs.Time().Before(r.Redemption.Until) {
		r.Redemption.Status = loyalty.Expired
	}
	return r, from, nil
}

// Commit commits all points that a redemption reserves. It does the same as CommitPart with n = 0.
func (rs Redemptions) Commit(
	ctx context.Context, p *loyalty.Program, id string, by ledger.By,
) (RedemptionResult, error) {
	return rs.CommitPart(ctx, p, id, 0, by)
}

// CommitPart spends n of the points that a redemption reserves, or all if n is 0. It gives the other points back to
// the member and activates the code. The reward's terms are those of the program version under which it was reserved.
// CommitPart returns expired if the reservation has expired, and already_resolved if another request committed or
// canceled it.
func (rs Redemptions) CommitPart(
	ctx context.Context, p *loyalty.Program, id string, n loyalty.Points, by ledger.By,
) (RedemptionResult, error) {
	commit := func(
		p, rules *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time,
	) ([]posting.Outcome, error) {
		return engine.CommitTogether(p, accs, r, rules, n, now)
	}
	return rs.resolve(
		ctx, p, id, by,
		ending{
			commit, true, loyalty.AlreadyExpired, "The reservation expired before it was committed.",
			Fulfillments(rs).ordered,
		},
	)
}

// Cancel returns the reserved points of a redemption to the lots from which they came. It returns already_resolved if
// another request committed or canceled the redemption, or if it has expired.
func (rs Redemptions) Cancel(
	ctx context.Context, p *loyalty.Program, id string, by ledger.By,
) (RedemptionResult, error) {
	cancel := func(
		p, _ *loyalty.Program, accs []loyalty.Account, r loyalty.Redemption, now time.Time,
	) ([]posting.Outcome, error) {
		return engine.CancelTogether(p, accs, r, now)
	}
	return rs.resolve(
		ctx, p, id, by,
		ending{cancel, false, loyalty.AlreadyResolved, "The reservation expired, and its points were returned.", nil},
	)
}

// resolve ends a reservation by writing its second revision. There is only one such revision, so exactly one of commit,
// cancel and expire succeeds. resolve reads the redemption and, if the ID names the member, the account in one step.
func (rs Redemptions) resolve(
	ctx context.Context, p *loyalty.Program, id string, by ledger.By, end ending,
) (RedemptionResult, error) {
	r, err := rs.ExecutePrepared(ctx, func(ctx context.Context) (ledger.Command, *ledger.Result, error) {
		return rs.resolving(ctx, p, id, by, end)
	})
	if err != nil {
		return RedemptionResult{}, err
	}
	done := redemptionResult(r.Entry(), r.Replayed)
	done.Written = !r.Replayed
	return done, nil
}

// resolving returns the command that ends a reservation, or the result if the same command has run before.
func (rs Redemptions) resolving(
	ctx context.Context, p *loyalty.Program, id string, by ledger.By, end ending,
) (c ledger.Command, done *ledger.Result, err error) {
	was, from, err := rs.get(ctx, p.ID, id, redeem.Redeemer(id))
	if err != nil {
		return c, nil, err
	}
	if was.Entry.Cause.Revision > 2 { // the redemption was reversed in the meantime
		cause := loyalty.Cause{Kind: loyalty.CauseRedemption, ID: id, Revision: 2}
		it, err := rs.Table.Get(ctx, stored.CauseKey(p.ID, cause))
		if err != nil {
			return c, nil, ledger.Retryable(err)
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
		return c, &ledger.Result{Entries: []loyalty.Entry{was.Entry}, Replayed: true}, nil
	}
	c = from.Command(p, was.Member, by)
	c.Ends, c.Rules, c.Others = true, p, members.Contributors(was.Redemption)
	if end.with != nil {
		if c.With, err = end.with(ctx, p.ID, was); err != nil {
			return c, nil, err
		}
	}
	if end.gives {
		if c.Rules, err = rs.promised(ctx, p, was.Entry); err != nil {
			return c, nil, err
		}
	}
	rules := c.Rules
	c.Decide = func(x ledger.Inputs) ([]posting.Outcome, error) {
		return end.decide(p, rules, x.Accounts, was.Redemption, x.Now)
	}
	return c, nil, nil
}

// promised returns the program in the version under which a redemption was reserved. If that version is unknown, it
// returns the live version.
func (rs Redemptions) promised(
	ctx context.Context, p *loyalty.Program, reserved loyalty.Entry,
) (*loyalty.Program, error) {
	if reserved.Program == 0 {
		return p, nil
	}
	rules, err := rs.Rules(ctx, p, reserved.Program)
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
	gives  bool // whether the member gets the reward, under the rules of the reservation
	late   loyalty.Code
	detail string
	with   func(
		context.Context, string, RedemptionResult,
	) ([]table.Op, error) // with returns further writes; may be nil
}

// resolved reports whether the same command wrote the second revision. It rejects the command if another one wrote it.
// A By.Input may end with a dot and a fingerprint of the other parameters. A command with the same key and a different
// fingerprint is rejected.
func resolved(was RedemptionResult, by ledger.By, end ending) (replay bool, err error) {
	switch was.Redemption.Status {
	case loyalty.Reserved:
		return false, nil
	case loyalty.Rejected:
		return false, ledger.NotFound("redemption")
	case loyalty.Expired:
		return false, &loyalty.Error{Code: end.late, Detail: end.detail}
	}
	if was.Entry.Cause.Revision == 2 && by.Input != "" {
		switch key, _, _ := strings.Cut(by.Input, "."); {
		case was.Entry.Input == by.Input:
			return true, nil
		case key == keyOf(was.Entry):
			return false, ledger.KeyReused()
		}
	}
	return false, &loyalty.Error{
		Code:   loyalty.AlreadyResolved,
		Detail: "The redemption is " + string(was.Redemption.Status) + " already.",
	}
}
