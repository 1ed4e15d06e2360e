package loyalty

import "time"

// A Quote is what an order would earn if it were placed as given, and what could be redeemed now.
type Quote struct {
	Points   Points
	Wallets  []Grant   // what it would earn in other wallets
	ActiveAt time.Time // when they could be spent
	Expires  Date      // the lot that they would join
	Reasons  []Reason
	Spends   []Spend // what it would take of budgets
	Needs    Needs   // if not zero, the quote needs to know more of the member's orders, and nothing else is set
	Guest    bool    // nobody is named: the figures are those of a new member
	Balance  Balance
	Rewards  []RewardQuote
	Pay      Payment // what the member's points could pay of it; zero if nothing
}

// A RewardQuote says whether a reward can be had now, and what is missing if not.
type RewardQuote struct {
	Reward  Reward
	Cost    Points             // at the member's level
	Missing Points             // zero if the points suffice
	Unmet   []UnmetRequirement // why it cannot be had now; empty if it can
}

// Quote decides what PlaceOrder would, by the same function, and writes nothing. What the program gives only once a
// processor has reported the money counts as if it had. The zero Account is a guest;
// any other must have been advanced to now.
func (p *Program) Quote(acc Account, o Order, left Budgets, now time.Time) (Quote, error) {
	return p.QuoteUnder(p, acc, o, left, now)
}

// QuoteUnder is Quote by the rules of the version that was live when the order was placed.
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

// affords reports whether a member can pay one of these prices from its wallet.
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

// Available says whether a member can have a reward now, and why not; the account must have been advanced to now. Of
// how many there are left it knows what left says.
func (p *Program) Available(acc Account, r Reward, in Redemption, left Budgets, now time.Time) RewardQuote {
	q := RewardQuote{Reward: r, Cost: r.CostAt(acc.Tier.Level), Unmet: p.lacks(acc, &r, in, now)}
	if q.Missing = max(0, q.Cost-acc.Balance().Active) + acc.Debt; q.Cost == 0 {
		q.Missing = 0
	} else if (q.Missing > 0 || p.inDebt(acc)) && !p.affords(acc, r.Wallets) {
		l := UnmetRequirement{Requirement: RequirementPoints, Required: points(q.Cost), Available: points(acc.Balance().Active), Missing: q.Missing}
		q.Unmet = append(q.Unmet, l)
	}
	q.Unmet = append(q.Unmet, r.gone(left, now)...)
	return q
}

// CodesKey names in Budgets whether a pool has a code, and TurnKey whether it is a member's turn to have a piece: zero says
// that it has none, or that it is not.
func (r *Reward) CodesKey() string { return "codes." + r.ID }

// TurnKey is said with CodesKey.
func (r *Reward) TurnKey() string { return "turns." + r.ID }

// gone is what is missing where there are no pieces, places or codes left, or others have the first call on them, as far
// as left knows.
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
