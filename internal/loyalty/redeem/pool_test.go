package redeem

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func poolOf(codes ...string) *CodePool {
	var p CodePool
	for _, code := range codes {
		p.Add(code)
	}
	return &p
}

// randomFrom is a text of n characters of an alphabet.
func randomFrom(r *rand.Rand, alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func TestRandomPoolsAreAccepted(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for _, c := range []struct {
		alphabet string
		length   int
	}{
		{alphabet, 9},
		{"0123456789", 20},
		{"0123456789abcdef", 12},
		{alphabet + "ILOU", 10},
		{alphabet[10:], 10},
	} {
		for _, size := range []int{1, 2, 3, 4, 10, 100, 2_000} {
			var p CodePool
			for range size {
				p.Add("SPRING-" + randomFrom(r, c.alphabet, c.length))
			}
			if err := p.Check(); err != nil {
				t.Errorf("%d codes of %d characters of %s: %v", size, c.length, c.alphabet, err)
			}
		}
	}
}

func TestPoolsThatAreEasyToGuessAreRejected(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for _, size := range []int{2, 3, 4, 10, 100, 2_000} {
		for what, code := range map[string]func(i int) string{
			"a running number":          func(i int) string { return fmt.Sprintf("SUMMER-SALE-2026-%08d", i+1) },
			"a running number in front": func(i int) string { return fmt.Sprintf("%08d-SUMMER-SALE-2026", i+1) },
			"short codes":               func(int) string { return randomFrom(r, alphabet, 7) },
			"numbers":                   func(int) string { return randomFrom(r, "0123456789", 12) },
			"few characters": func(int) string {
				return "SPRING-" + randomFrom(r, alphabet, 7) +
					"-2026"
			},
			"a short code among longer": func(i int) string { return randomFrom(r, alphabet, 12-i%2*6) },
			"few alphabetic characters": func(i int) string {
				if size < 1_000 { // too few codes to see that only two characters occur
					return "AAAA-BBBB"
				}
				return randomFrom(r, "AB", 20)
			},
		} {
			var p CodePool
			for i := range size {
				p.Add(code(i))
			}
			if p.Check() == nil {
				t.Errorf("%d codes of %s are accepted with %.1f bits", size, what, p.bits())
			}
		}
	}
	for _, code := range []string{"AHOY", "SUMMER2", "123456789012"} {
		if poolOf(code).Check() == nil {
			t.Errorf("%s is accepted", code)
		}
	}
}

// A code with the form of a generated one has no limit on guesses, so it must be as hard to guess.
func TestAPoolMayNotImitateGeneratedCodes(t *testing.T) {
	imitation := func(prefix string, n int) string {
		values := make([]byte, 16)
		copy(values, prefix)
		for i := len(prefix); i < 16; i++ {
			values[i], n = alphabet[n&31], n>>5
		}
		for i := range values {
			values[i] = byte(strings.IndexByte(alphabet, values[i]))
		}
		check := checkCharacter(values)
		for i := range values {
			values[i] = alphabet[values[i]]
		}
		return string(values) + string(alphabet[check])
	}
	var weak, strong CodePool
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for range 100 {
		weak.Add(imitation("SPRNG", int(r.Uint64()>>9)))
		strong.Add(randomCode())
	}
	if weak.bits() < minPoolBits || weak.Check() == nil {
		t.Errorf("a pool of %.1f bits with the form of generated codes is accepted", weak.bits())
	}
	if err := strong.Check(); err != nil {
		t.Error(err)
	}
}
