package loyalty

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func TestNoMinuteHasMoreGuessesThanItMay(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for range 200 {
		var g Guesses
		var let []time.Time
		now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
		for range 500 {
			now = now.Add(time.Duration(r.Int64N(int64(20 * time.Second))))
			if wait := g.Wait(now); wait > 0 {
				if wait > GuessWindow || g.Wait(now.Add(wait)) != 0 || g.Wait(now.Add(wait-1)) == 0 {
					t.Fatalf("at %v after %v: wait %v", now, g, wait)
				}
				continue
			}
			g, let = g.And(now), append(let, now)
			if len(g) > MaxGuesses {
				t.Fatalf("%d are kept", len(g))
			}
		}
		for i := MaxGuesses; i < len(let); i++ {
			if span := let[i].Sub(let[i-MaxGuesses]); span < GuessWindow {
				t.Fatalf("%d guesses within %v", MaxGuesses+1, span)
			}
		}
		if len(let) < MaxGuesses*10 {
			t.Fatalf("only %d guesses were let through: somebody is locked out for ever", len(let))
		}
	}
}

func ExampleGuesses() {
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	var g Guesses
	for range MaxGuesses {
		g = g.And(at)
		at = at.Add(10 * time.Second)
	}
	fmt.Println(g.Wait(at), g.Wait(at.Add(10*time.Second)))
	// Output: 10s 0s
}
