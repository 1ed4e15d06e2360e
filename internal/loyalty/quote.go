package loyalty

import "time"

// A Quote is what an order would earn if it were placed as given, and what could be redeemed now.
type Quote struct {
	Points   Points
	ActiveAt time.Time // when they could be spent
	Expires  Date      // the lot that they would join
	Because  []Because
	Spends   []Spend // what it would take of budgets
	Guest    bool    // nobody is named: the figures are those of a new member
	Balance  Balance
	Rewards  []RewardQuote
}

// A RewardQuote says whether a reward can be had now, and what is missing if not.
type RewardQuote struct {
	Reward  Reward
	Missing Points // zero if it can be had
}

// Quote decides what PlaceOrder would, by the same function, and writes nothing. The zero Account is a guest;
// any other must have been advanced to now.
func (p *Program) Quote(acc Account, o Order, left Budgets, now time.Time) (Quote, error) {
	q := Quote{Guest: acc.Member == ""}
	if q.Guest {
		acc = Account{Member: "guest", Status: Active, Joined: now}
	}
	out, err := p.PlaceOrder(acc, nil, p, o, left, now)
	if err != nil {
		return Quote{}, err
	}
	e := out.Entries[0]
	q.Points, q.Because = e.Order.Worth, e.Because
	q.ActiveAt, q.Expires = e.Order.Grants[0].ActiveAt, e.Order.Grants[0].Expires
	q.Spends = out.Spends
	q.Balance = acc.Balance()
	for _, r := range p.Rewards {
		q.Rewards = append(q.Rewards, RewardQuote{Reward: r, Missing: p.missing(acc, r)})
	}
	return q, nil
}

func (p *Program) missing(acc Account, r Reward) Points {
	return max(0, r.Cost-acc.Balance().Active) + acc.Debt
}
