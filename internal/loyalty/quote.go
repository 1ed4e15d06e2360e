package loyalty

import "time"

// A Quote is what an order would earn if it were placed as given, and what the member could redeem now.
type Quote struct {
	Points   Points
	Wallets  []Grant   // the points in other wallets
	ActiveAt time.Time // when the points could be spent
	Expires  Date      // when the points would expire
	Reasons  []Reason
	Spends   []Spend // the parts of budgets that the order would use
	Needs    Needs   // if not zero, the quote needs more of the member's orders; nothing else is set
	Guest    bool    // no member is given: the figures are those of a new member
	Balance  Balance
	Rewards  []RewardQuote
	Pay      Payment // how much of the order the member's points could pay; zero if nothing
}

// A RewardQuote states whether a member can redeem a reward now, and which requirements the member does not meet.
type RewardQuote struct {
	Reward  Reward
	Cost    Points             // at the member's level
	Missing Points             // the missing points; zero if there are enough
	Unmet   []UnmetRequirement // why the member cannot redeem it now; empty if it is available
}

// Quote decides like PlaceOrder, by the same function, and writes nothing. Points that the program gives only after a
// processor has reported the money count as given. The zero Account is a guest; any other must have been advanced to
// now.
func (p *Program) Quote(acc Account, o Order, left Budgets, now time.Time) (Quote, error) {
	return p.QuoteUnder(p, acc, o, left, now)
}

// QuoteUnder does the same as Quote with the rules of another version: the one that was live when the order was placed.
func (p *Program) QuoteUnder(rules *Program, acc Account, o Order, left Budgets, now time.Time) (Quote, error) {
	q := Quote{Guest: acc.Member == ""}
	if q.Guest {
		acc = Account{Member: "guest", Status: Active, Joined: now}
	}
	if rules.Earn.TaxIncluded {
		o = o.withTaxInside()
	}
	out, err := p.place(acc, nil, rules, o, left, now)
	if err != nil {
		return Quote{}, err
	}
	if out.Needs.Undecided() {
		return Quote{Needs: out.Needs}, nil
	}
	e := out.Entries[0]
	q.Points = e.Order.Worth
	q.Reasons = rules.unappliedCampaigns(acc, e.Order, e.Reasons)
	q.ActiveAt, q.Expires = e.Order.Grants[0].ActiveAt, e.Order.Grants[0].Expires
	for _, g := range e.Order.Grants {
		if g.Wallet != "" {
			q.Wallets = append(q.Wallets, g)
		}
	}
	q.Spends = out.Spends
	q.Balance = acc.Balance()
	if !p.inDebt(acc) {
		q.Pay, _ = p.Payable(q.Balance.Active, Money{o.total(), o.Currency})
	}
	for _, r := range p.Rewards {
		q.Rewards = append(q.Rewards, p.Available(acc, r, Redemption{Total: Money{o.total(), o.Currency}}, left, now))
	}
	return q, nil
}

// affords reports whether a member can pay one of the prices, given by wallet.
func (p *Program) affords(a Account, prices map[string]Points) bool {
	if p.inDebt(a) {
		return false
	}
	for wallet, price := range prices {
		if purse := a.In(wallet); total(purse.Lots) >= price {
			return true
		}
	}
	return false
}

// Available returns whether a member can redeem a reward now, and the unmet requirements if not. The account must have
// been advanced to now. left contains the remaining stock, as far as it is known.
func (p *Program) Available(acc Account, r Reward, in Redemption, left Budgets, now time.Time) RewardQuote {
	q := RewardQuote{Reward: r, Cost: r.CostAt(acc.Tier.Level), Unmet: p.lacks(acc, &r, in, now)}
	if q.Missing = max(0, q.Cost-acc.Balance().Active) + acc.Debt; q.Cost == 0 {
		q.Missing = 0
	} else if (q.Missing > 0 || p.inDebt(acc)) && !p.affords(acc, r.Wallets) {
		l := UnmetRequirement{
			Requirement: RequirementPoints, Required: points(q.Cost),
			Available: points(acc.Balance().Active), Missing: q.Missing,
		}
		q.Unmet = append(q.Unmet, l)
	}
	q.Unmet = append(q.Unmet, r.gone(left, now)...)
	return q
}

// CodesKey is the key in Budgets that states whether a pool has a code left: 0 if it has none.
func (r *Reward) CodesKey() string { return "codes." + r.ID }

// TurnKey is the key in Budgets that states whether the member can take a unit now: 0 if members on the waitlist have
// priority.
func (r *Reward) TurnKey() string { return "turns." + r.ID }

// gone returns the unmet requirements if no stock, places or codes remain, or if members on the waitlist have priority.
// It considers what left contains.
func (r *Reward) gone(left Budgets, now time.Time) []UnmetRequirement {
	lacks := r.dated(left, now)
	if n, known := left[r.Key()]; len(r.StockBatches) > 0 && (known && n <= 0 || r.Quantity(now) == 0) {
		lacks = append(lacks, outOfStock(r, now).Unmet...)
	}
	if n, known := left[r.CodesKey()]; known && n <= 0 {
		lacks = append(lacks, outOfStock(r, now).Unmet...)
	}
	if n, known := left[r.TurnKey()]; known && n <= 0 {
		lacks = append(lacks, UnmetRequirement{Requirement: RequirementWaitlist, Available: points(left[r.Key()])})
	}
	return lacks
}
