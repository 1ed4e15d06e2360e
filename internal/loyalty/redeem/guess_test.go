package redeem

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func TestNoMinuteHasMoreGuessesThanItMay(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for i := range 20 {
		limit := []int{MaxMissesPerClient, MaxMissesPerKey}[i%2]
		step := 100 * time.Second / time.Duration(limit) // a little faster than the limit allows, on average
		var g Guesses
		var let []time.Time
		now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
		for range 100 * limit {
			now = now.Add(time.Duration(r.Int64N(int64(step))))
			if wait := g.Wait(limit, now); wait > 0 {
				if wait > GuessWindow || g.Wait(limit, now.Add(wait)) != 0 || g.Wait(limit, now.Add(wait-1)) == 0 {
					t.Fatalf("at %v after %v: wait %v", now, g, wait)
				}
				continue
			}
			g, let = g.And(limit, now), append(let, now)
			if len(g) > limit {
				t.Fatalf("%d are kept", len(g))
			}
		}
		for i := limit; i < len(let); i++ {
			if span := let[i].Sub(let[i-limit]); span < GuessWindow {
				t.Fatalf("%d guesses within %v", limit+1, span)
			}
		}
		if len(let) < limit*10 {
			t.Fatalf("only %d guesses were let through: a client is locked out for ever", len(let))
		}
	}
}

func ExampleGuesses() {
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	var g Guesses
	for range MaxMissesPerClient {
		g = g.And(MaxMissesPerClient, at)
		at = at.Add(10 * time.Second)
	}
	fmt.Println(g.Wait(MaxMissesPerClient, at), g.Wait(MaxMissesPerClient, at.Add(10*time.Second)))
	// Output: 10s 0s
}
