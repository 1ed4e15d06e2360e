// Package exact computes with rational numbers without rounding. Rates, shares and multipliers are exact; package
// loyalty rounds their results to points (loyalty.RoundPoints).
//
// The package imports only the standard library.
package exact

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Number is a rational number. It is stored in two machine words while it fits, which saves about forty allocations for
// a typical order, and in a big.Rat otherwise. The value is the same in both forms. The zero value is not a valid
// number; use Whole or Of.
type Number struct {
	Num int64 // the numerator; the fraction is in lowest terms
	Den int64 // the denominator, which is positive; Num and Den are zero if Big is set
	Big *big.Rat
}

// Whole returns a whole number.
func Whole(n int64) Number { return Number{Num: n, Den: 1} }

// Of returns the value of r. Later changes of r do not affect it.
func Of(r *big.Rat) Number {
	if r.Num().IsInt64() && r.Denom().IsInt64() {
		return Number{Num: r.Num().Int64(), Den: r.Denom().Int64()}
	}
	return Number{Big: new(big.Rat).Set(r)}
}

func (x Number) rat() *big.Rat {
	if x.Big != nil {
		return x.Big
	}
	return big.NewRat(x.Num, x.Den)
}

func (x Number) Sign() int {
	if x.Big != nil {
		return x.Big.Sign()
	}
	return cmp.Compare(x.Num, 0)
}

func (x Number) Mul(y Number) Number {
	if x.Big == nil && y.Big == nil {
		g, h := gcd(x.Num, y.Den), gcd(y.Num, x.Den)
		num, ok1 := mulInt(x.Num/g, y.Num/h)
		den, ok2 := mulInt(x.Den/h, y.Den/g)
		if ok1 && ok2 {
			return Number{Num: num, Den: den}
		}
	}
	return Of(new(big.Rat).Mul(x.rat(), y.rat()))
}

func (x Number) Add(y Number) Number {
	if x.Big == nil && y.Big == nil {
		g := gcd(x.Den, y.Den)
		a, ok1 := mulInt(x.Num, y.Den/g)
		b, ok2 := mulInt(y.Num, x.Den/g)
		den, ok3 := mulInt(x.Den, y.Den/g)
		if num, ok4 := addInt(a, b); ok1 && ok2 && ok3 && ok4 {
			r := gcd(num, den)
			return Number{Num: num / r, Den: den / r}
		}
	}
	return Of(new(big.Rat).Add(x.rat(), y.rat()))
}

func (x Number) Quo(y Number) Number {
	if y.Num > 0 {
		return x.Mul(Number{Num: y.Den, Den: y.Num})
	}
	return Of(new(big.Rat).Quo(x.rat(), y.rat()))
}

// Fraction returns the quotient part/of in lowest terms.
func Fraction(part, of int64) Number {
	g := gcd(part, of)
	return Number{Num: part / g, Den: of / g}
}

// Parse parses the output of String. It returns zero for an invalid number.
func Parse(s string) Number {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return Whole(0)
	}
	return Of(r)
}

func (x Number) Sub(y Number) Number { return x.Add(y.Mul(Whole(-1))) }

// Half is one half.
var Half = Number{Num: 1, Den: 2}

// Floor returns the largest whole number that is not above x, and whether it equals x. For a number that does not fit
// into 64 bits, it returns half of the largest int64 with the sign of x. That value exceeds all limits of points and
// money.
func (x Number) Floor() (n int64, isWhole bool) {
	if x.Big != nil {
		q, m := new(big.Int).DivMod(x.Big.Num(), x.Big.Denom(), new(big.Int))
		if q.IsInt64() {
			return q.Int64(), m.Sign() == 0
		}
		return int64(q.Sign()) * (math.MaxInt64 / 2), false
	}
	n, rest := x.Num/x.Den, x.Num%x.Den
	if rest < 0 {
		n--
	}
	return n, rest == 0
}

// String formats the number exactly: as a decimal if it terminates ("29.99"), otherwise as a fraction ("2999/110").
func (x Number) String() string {
	if x.Big != nil {
		return ratString(x.Big)
	}
	scale := int64(1)
	for places := range 19 { // 10^18 is the largest power of 10 in an int64
		if num, ok := mulInt(x.Num, scale/x.Den); scale%x.Den == 0 && ok {
			return Decimal(num, places)
		}
		scale *= 10
	}
	return ratString(x.rat())
}

func ratString(r *big.Rat) string {
	if n, ok := r.FloatPrec(); ok {
		return r.FloatString(n)
	}
	return r.String()
}

// gcd returns the greatest common divisor. It is at least 1, including for zero and negative numbers.
func gcd(a, b int64) int64 {
	for ; b != 0; a, b = b, a%b {
	}
	return max(1, a, -a)
}

func mulInt(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if a^b < 0 {
		return -int64(lo), true
	}
	return int64(lo), true
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func magnitude(n int64) uint64 { return uint64(max(n, -n)) }

func Decimal(n int64, exp int) string {
	if exp == 0 {
		return strconv.FormatInt(n, 10)
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strconv.FormatInt(n, 10)
	digits = strings.Repeat("0", max(0, exp+1-len(digits))) + digits
	at := len(digits) - exp
	return sign + digits[:at] + "." + digits[at:]
}
