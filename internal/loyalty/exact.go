package loyalty

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// exact is a rational number. It is stored in two machine words while it fits, which saves about forty allocations for
// a typical order, and in a big.Rat otherwise. The value is the same in both forms. The zero value is not a valid
// number; use whole or exactOf.
type exact struct {
	num int64 // in lowest terms
	den int64 // above zero; unused if big is set
	big *big.Rat
}

func whole(n int64) exact { return exact{num: n, den: 1} }

func exactOf(r *big.Rat) exact {
	if r.Num().IsInt64() && r.Denom().IsInt64() {
		return exact{num: r.Num().Int64(), den: r.Denom().Int64()}
	}
	return exact{big: new(big.Rat).Set(r)}
}

func (x exact) rat() *big.Rat {
	if x.big != nil {
		return x.big
	}
	return big.NewRat(x.num, x.den)
}

func (x exact) sign() int {
	if x.big != nil {
		return x.big.Sign()
	}
	switch {
	case x.num > 0:
		return 1
	case x.num < 0:
		return -1
	}
	return 0
}

func (x exact) mul(y exact) exact {
	if x.big == nil && y.big == nil {
		g, h := gcd(x.num, y.den), gcd(y.num, x.den)
		num, ok1 := mulInt(x.num/g, y.num/h)
		den, ok2 := mulInt(x.den/h, y.den/g)
		if ok1 && ok2 {
			return exact{num: num, den: den}
		}
	}
	return exactOf(new(big.Rat).Mul(x.rat(), y.rat()))
}

func (x exact) add(y exact) exact {
	if x.big == nil && y.big == nil {
		if x.den == 1 && y.den == 1 {
			if num, ok := addInt(x.num, y.num); ok {
				return exact{num: num, den: 1}
			}
		}
		g := gcd(x.den, y.den)
		a, ok1 := mulInt(x.num, y.den/g)
		b, ok2 := mulInt(y.num, x.den/g)
		den, ok3 := mulInt(x.den, y.den/g)
		if num, ok4 := addInt(a, b); ok1 && ok2 && ok3 && ok4 {
			r := gcd(num, den)
			return exact{num: num / r, den: den / r}
		}
	}
	return exactOf(new(big.Rat).Add(x.rat(), y.rat()))
}

func (x exact) quo(y exact) exact {
	if y.big == nil && y.num != 0 {
		num, den := y.den, y.num
		if den < 0 {
			num, den = -num, -den
		}
		return x.mul(exact{num: num, den: den})
	}
	return exactOf(new(big.Rat).Quo(x.rat(), y.rat()))
}

// exactFrom parses the output of String. It returns zero for an invalid number.
func exactFrom(s string) exact {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return whole(0)
	}
	return exactOf(r)
}

func (x exact) sub(y exact) exact { return x.add(y.mul(whole(-1))) }

// round rounds x to a whole number by r. It returns false if the absolute value exceeds MaxPoints.
func (x exact) round(r Rounding) (Points, bool) {
	n, isWhole := x.floor()
	switch r {
	case Nearest:
		n, _ = x.add(half).floor()
	case HalfEven:
		if y := x.add(half); !isWhole {
			var tie bool
			if n, tie = y.floor(); tie && n%2 != 0 {
				n--
			}
		}
	case Up:
		if !isWhole {
			n++
		}
	}
	return Points(n), -MaxPoints <= Points(n) && Points(n) <= MaxPoints
}

var half = exact{num: 1, den: 2}

// floor returns the largest whole number that is not above x, and whether it equals x. For numbers that exceed 64 bits,
// it returns half of the largest or smallest int64, which exceeds all bounds.
func (x exact) floor() (n int64, isWhole bool) {
	if x.big != nil {
		q, m := new(big.Int).DivMod(x.big.Num(), x.big.Denom(), new(big.Int))
		switch {
		case q.IsInt64():
			return q.Int64(), m.Sign() == 0
		case q.Sign() < 0:
			return math.MinInt64 / 2, false
		}
		return math.MaxInt64 / 2, false
	}
	n, isWhole = x.num/x.den, x.num%x.den == 0
	if x.num < 0 && !isWhole {
		n--
	}
	return n, isWhole
}

// String formats the number exactly: as a decimal if it terminates ("29.99"), otherwise as a fraction ("2999/110").
func (x exact) String() string {
	if x.big != nil {
		return ratString(x.big)
	}
	num, den, places := x.num, x.den, 0
	for ; den%10 == 0; den /= 10 {
		places++
	}
	for ; den > 1; places++ {
		by := int64(0)
		switch {
		case den%5 == 0:
			by, den = 2, den/5
		case den%2 == 0:
			by, den = 5, den/2
		default:
			return strconv.FormatInt(x.num, 10) + "/" + strconv.FormatInt(x.den, 10)
		}
		var ok bool
		if num, ok = mulInt(num, by); !ok {
			return ratString(x.rat())
		}
	}
	return decimal(num, places)
}

func ratString(r *big.Rat) string {
	if n, ok := r.FloatPrec(); ok {
		return r.FloatString(n)
	}
	return r.String()
}

// gcd returns the greatest common divisor. It is at least 1, including for zero and negative numbers.
func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	if a < 0 {
		a = -a
	}
	if a <= 0 {
		return 1
	}
	return a
}

func mulInt(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > 1<<63-1 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
