package explain

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// in returns a copy of the speaker that describes the points of a wallet.
func (s speaker) in(wallet string) speaker {
	s.wallet = wallet
	return s
}

// summaries returns the sentences that state the effect of an entry in each wallet that it changed.
func (s speaker) summaries(e loyalty.Entry) string {
	if x := e.Conversion; x != nil {
		return s.converted(e, x)
	}
	if r := e.Redemption; r != nil && len(e.Postings) == 0 {
		return s.in(r.Wallet).summary(e)
	}
	if len(e.Wallets) == 0 {
		return s.summary(e)
	}
	said := ""
	if main := inWallet(e, loyalty.WalletChange{Points: e.Points}); len(main.Postings) > 0 {
		said = s.summary(main) + " "
	}
	for i, w := range e.Wallets {
		if i > 0 {
			said += " "
		}
		said += s.in(w.Wallet).part(inWallet(e, w))
	}
	return said
}

// part returns the sentences that state the effect of an entry in one wallet. Points that a reward gave in this wallet
// are not described as spent.
func (s speaker) part(e loyalty.Entry) string {
	if r := e.Redemption; r != nil && r.Wallet != s.wallet {
		return s.sentence("other"+sign(e.Points), s.values(e))
	}
	return s.summary(e)
}

// inWallet returns the entry with only the postings and reasons of one wallet.
func inWallet(e loyalty.Entry, w loyalty.WalletChange) loyalty.Entry {
	all, because := e.Postings, e.Reasons
	e.Points, e.Postings, e.Reasons = w.Points, nil, nil
	for _, p := range all {
		if p.Wallet == w.Wallet {
			e.Postings = append(e.Postings, p)
		}
	}
	for _, b := range because {
		if b.Wallet == w.Wallet {
			e.Reasons = append(e.Reasons, b)
		}
	}
	return e
}

func (s speaker) converted(e loyalty.Entry, x *loyalty.Converted) string {
	key := "convert"
	if e.Cause.Revision > 1 {
		key = "convert.back"
	}
	for _, b := range e.Reasons {
		if len(b.Args) > 3 {
			return s.sentence(key, values{"left": pointsIn(s, b.Args), "came": pointsIn(s, b.Args[2:])})
		}
	}
	return s.sentence("other.none", nil)
}

// pointsIn formats a number of points. The second argument of the reason is the wallet of these points.
func pointsIn(s speaker, args []string) value { return s.in(args[1]).quantity(args[0], figures{}) }
