package redeem

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// minPoolBits is the minimum number of random bits of each code in a pool. At 300 guesses a minute, it takes 3,500
// years on average to guess a given code of 40 bits.
const minPoolBits = 40

// generatedBits is the number of random bits of a generated code. Guesses at codes that have the form of a generated
// code are not limited.
const generatedBits = 80

// A CodePool estimates how hard it is to guess the codes of one upload. Positions where all codes have the same
// character add nothing to the estimate, so that a common prefix does not make codes seem harder to guess. The estimate
// is an upper bound: it does not recognize words, or characters that depend on each other. The zero value is an empty
// pool.
type CodePool struct {
	codes     int
	shortest  int          // the length of the shortest code
	positions [64]position // the characters at each position of a code without hyphens
	generated string       // the first code with the form of a generated one; empty if there is none
}

// A position describes the codes at one position: the number of codes that are long enough to have it, and the
// characters that occur there, with one bit for each of 0-9 and A-Z.
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
	case n < minPoolBits:
		return loyalty.Refuse(loyalty.ValidationFailed, "/codes", fmt.Sprintf(
			"The codes are too easy to guess: they have about %d random bits, and a pool needs %d. Use at least 8 "+
				"random letters and digits.",
			int(n), minPoolBits))
	case n < generatedBits && p.generated != "":
		return loyalty.Refuse(loyalty.ValidationFailed, "/codes", fmt.Sprintf(
			"The code %s has the form of a generated code, but the codes have only about %d random bits. Use codes "+
				"of another length than 17.",
			p.generated, int(n)))
	}
	return nil
}

// bits estimates the number of random bits of the pool's weakest code.
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
		case at.codes >= 1000: // 1,000 codes or more contain every character of the alphabet
			sum += math.Log2(float64(bits.OnesCount64(at.characters)))
		case at.codes >= 10: // 10 codes or more show whether the characters are only digits
			sum += math.Log2(alphabetSize(at.characters))
		default:
			sum += math.Log2(alphabetSize(varying))
		}
	}
	return sum
}

// fixed reports whether all codes have the same character at a position. Two or three random codes may have the same
// character at one position by chance, but hardly at three positions in a row.
func (p *CodePool) fixed(i int) bool {
	same := func(i int) bool {
		return i >= 0 && i < p.shortest && bits.OnesCount64(p.positions[i].characters) == 1
	}
	row := same(i-2) && same(i-1) || same(i-1) && same(i+1) || same(i+1) && same(i+2)
	return p.codes > 1 && same(i) && (p.codes > 3 || row)
}

// alphabetSize returns the size of the alphabet from which the characters were chosen. Without digits it is 23, because
// I, L and O are read as digits.
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
