package condition

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// A number has exactly the value coef / 10^places. A result that does not fit is rejected and never rounded. Eighteen
// digits suffice for the largest amount of an order multiplied by a realistic factor.
type number struct {
	coef   int64 // never math.MinInt64, which cannot be negated
	places int8  // the number of decimal places, 0 to 18
}

const (
	maxPlaces = 18
	tooLarge  = failure("a number has too many digits")
)

var powers = func() (p [maxPlaces + 1]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// parse parses a number as written in the source: digits with an optional decimal point, and with optional underscores
// between groups of digits, such as 1_000.50.
func parse(s string) (n number, isWhole, ok bool) {
	before, after, point := strings.Cut(strings.ReplaceAll(s, "_", ""), ".")
	if len(after) > maxPlaces {
		return number{}, false, false
	}
	coef, err := strconv.ParseUint(before+after, 10, 63)
	return number{int64(coef), int8(len(after))}, !point, err == nil
}

// fromRat converts r to a number. It reports false if r has no finite decimal form or needs too many decimal places.
func fromRat(r *big.Rat) (number, bool) {
	places, ends := r.FloatPrec()
	if !ends || places > maxPlaces {
		return number{}, false
	}
	coef := new(big.Int).Mul(r.Num(), big.NewInt(powers[places]))
	coef.Quo(coef, r.Denom())
	if !coef.IsInt64() || coef.Int64() == math.MinInt64 {
		return number{}, false
	}
	return number{coef.Int64(), int8(places)}, true
}

// shortest returns the same number without trailing zeros after the decimal point.
func (a number) shortest() number {
	for a.places > 0 && a.coef%10 == 0 {
		a.coef, a.places = a.coef/10, a.places-1
	}
	return a
}

func (a number) cmp(b number) int {
	if a.places == b.places {
		return cmp.Compare(a.coef, b.coef)
	}
	if sa, sb := sign(a.coef), sign(b.coef); sa != sb || sa == 0 {
		return cmp.Compare(sa, sb)
	} else if sa < 0 {
		a, b = number{-b.coef, b.places}, number{-a.coef, a.places}
	}
	if a.places > b.places {
		return -compareScaled(b.coef, a.places-b.places, a.coef)
	}
	return compareScaled(a.coef, b.places-a.places, b.coef)
}

// compareScaled compares a × 10^by with b. Neither a nor b may be negative.
func compareScaled(a int64, by int8, b int64) int {
	hi, lo := bits.Mul64(uint64(a), uint64(powers[by]))
	if hi != 0 {
		return 1
	}
	return cmp.Compare(lo, uint64(b))
}

func (a number) add(b number) (number, bool) {
	if a.places != b.places {
		a, b = a.shortest(), b.shortest()
	}
	places := max(a.places, b.places)
	x, ok1 := product(a.coef, powers[places-a.places])
	y, ok2 := product(b.coef, powers[places-b.places])
	sum := x + y
	return number{sum, places}, ok1 && ok2 && (sum > x) == (y > 0) && sum != math.MinInt64
}

func (a number) mul(b number) (number, bool) {
	if coef, ok := product(a.coef, b.coef); ok && a.places+b.places <= maxPlaces {
		return number{coef, a.places + b.places}, true
	}
	a, b = a.shortest(), b.shortest()
	coef, ok := product(a.coef, b.coef)
	return number{coef, a.places + b.places}, ok && a.places+b.places <= maxPlaces
}

func (a number) neg() number { return number{-a.coef, a.places} }

func product(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func sign(n int64) int { return cmp.Compare(n, 0) }
