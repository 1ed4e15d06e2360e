package posting

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// ConversionReasons returns one reason for each of the two wallets of a conversion. The two numbers of points are those
// of the source wallet and of the target wallet.
func ConversionReasons(x *loyalty.Converted, n, there loyalty.Points, what loyalty.ReasonKind) []loyalty.Reason {
	from, to := -n, there
	if what == loyalty.WasConvertedBack {
		from, to = n, -there
	}
	args := []string{loyalty.FormatPoints(n), x.From, loyalty.FormatPoints(there), x.To}
	return []loyalty.Reason{
		loyalty.ReasonIn(x.From, "conversions."+x.Rule, from, what, args...),
		loyalty.ReasonIn(x.To, "conversions."+x.Rule, to, what, args...),
	}
}

// maxConversions is how many conversions an account remembers, to limit its size. A clawback does not reach points that
// were converted by older conversions.
const maxConversions = 10

// setConversion returns the conversions with one conversion updated. A conversion that was reversed in full is removed.
func setConversion(all []loyalty.Converted, x loyalty.Converted) []loyalty.Converted {
	at := slices.IndexFunc(all, func(y loyalty.Converted) bool { return y.ID == x.ID })
	all = slices.Clone(all)
	switch done := x.Reversed == x.Received; {
	case at >= 0 && done:
		return slices.Delete(all, at, at+1)
	case at >= 0:
		all[at] = x
		return all
	case done:
		return all
	}
	return append(all[max(0, len(all)+1-maxConversions):], x)
}

// reverseConversion returns the conversions after a clawback reversed or restored a part of one. A conversion that is
// reversed completely stays in the list, because the refund may fail.
func reverseConversion(all []loyalty.Converted, u loyalty.Unconverted) []loyalty.Converted {
	at := slices.IndexFunc(all, func(y loyalty.Converted) bool { return y.ID == u.ID })
	if at < 0 {
		return all
	}
	all = slices.Clone(all)
	all[at].Reversed += u.Points
	all[at].Returned += u.Worth
	return all
}

// FindConversion returns the conversion with the reversed and returned points that the account records. Clawbacks may
// have taken back parts of it.
func FindConversion(a loyalty.Account, x loyalty.Converted) loyalty.Converted {
	for _, y := range a.Conversions {
		if y.ID == x.ID {
			x.Reversed, x.Returned = y.Reversed, y.Returned
		}
	}
	return x
}

// covering returns the smallest number of points of the target wallet that corresponds to at least n points of the
// source wallet.
func covering(x *loyalty.Converted, n loyalty.Points) loyalty.Points {
	all, _ := exact.Fraction(int64(x.Returned+n-1), int64(x.Points)).Mul(exact.Whole(int64(x.Received))).Floor()
	return loyalty.Points(all) + 1 - x.Reversed
}

// worthUp returns the number of points of the source wallet that correspond to n more points of the target wallet,
// rounded up.
func worthUp(x *loyalty.Converted, n loyalty.Points) loyalty.Points {
	all, _ := loyalty.RoundPoints(
		exact.Fraction(int64(x.Reversed+n), int64(x.Received)).Mul(exact.Whole(int64(x.Points))), loyalty.Up,
	)
	return all - x.Returned
}
