package loyalty

import (
	"fmt"
	"math"
	"math/bits"
)

// MinPoolBits is how many random bits the codes of a pool must have. At 300 guesses a minute, finding a certain code of 40
// bits takes 3,500 years on average.
const MinPoolBits = 40

// generatedBits is how hard a generated code is to guess. A code with its form has no limit on guesses.
const generatedBits = 80

// A CodePool estimates how hard the codes of one upload are to guess. Positions at which all codes have the same character
// add nothing, so a common prefix or a running number is recognized. The estimate is an upper bound: it does not recognize
// words, or characters that depend on each other. The zero value is an empty pool.
type CodePool struct {
	codes     int
	shortest  int          // length of the shortest code
	positions [64]position // by place, without hyphens
	generated string       // the first code with the form of a generated one; empty if there is none
}

// A position is what the codes have in one place: how many have one, and which characters, a bit for each of 0-9A-Z.
type position struct {
	codes      int
	characters uint64
}

const (
	digitBits  = 1<<10 - 1
	letterBits = 1<<36 - 1 - digitBits
)

// Add adds a code, which must be valid.
func (p *CodePool) Add(code string) {
	plain := PlainCode(code)
	if p.generated == "" && WellFormed(plain) {
		p.generated = code
	}
	if p.codes == 0 || len(plain) < p.shortest {
		p.shortest = len(plain)
	}
	p.codes++
	for i := range plain {
		c := plain[i] - '0'
		if plain[i] >= 'A' {
			c = plain[i] - 'A' + 10
		}
		p.positions[i].codes++
		p.positions[i].characters |= 1 << c
	}
}

// Check rejects a pool whose codes are too easy to guess.
func (p *CodePool) Check() error {
	switch n := p.bits(); {
	case p.codes == 0:
		return nil
	case n < MinPoolBits:
		return refuse(ValidationFailed, "/codes", fmt.Sprintf(
			"The codes are too easy to guess: they have about %d random bits, and a pool needs %d. Use at least 8 random letters and digits.", int(n), MinPoolBits))
	case n < generatedBits && p.generated != "":
		return refuse(ValidationFailed, "/codes", fmt.Sprintf(
			"The code %s has the form of a generated code, but the codes have only about %d random bits. Use codes of another length than 17.", p.generated, int(n)))
	}
	return nil
}

// bits estimates how many random bits the weakest code of the pool has.
func (p *CodePool) bits() (sum float64) {
	varying := uint64(0)
	for i := range p.shortest {
		if !p.fixed(i) {
			varying |= p.positions[i].characters
		}
	}
	for i := range p.shortest {
		if p.fixed(i) {
			continue
		}
		switch at := p.positions[i]; {
		case at.codes >= 1000: // enough to have seen every character
			sum += math.Log2(float64(bits.OnesCount64(at.characters)))
		case at.codes >= 10: // enough to tell digits from letters
			sum += math.Log2(alphabetSize(at.characters))
		default:
			sum += math.Log2(alphabetSize(varying))
		}
	}
	return sum
}

// fixed reports whether all codes have the same character in a place. Two or three random codes may agree in a place by
// chance, but hardly in three places in a row.
func (p *CodePool) fixed(i int) bool {
	same := func(i int) bool {
		return i >= 0 && i < p.shortest && bits.OnesCount64(p.positions[i].characters) == 1
	}
	row := same(i-2) && same(i-1) || same(i-1) && same(i+1) || same(i+1) && same(i+2)
	return p.codes > 1 && same(i) && (p.codes > 3 || row)
}

// alphabetSize is the size of the alphabet that characters are drawn from. I, L and O are read as digits.
func alphabetSize(characters uint64) float64 {
	size := 0.0
	if characters&digitBits != 0 {
		size += 10
	}
	if characters&letterBits != 0 {
		size += 23
	}
	return size
}
