package auth

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// TestGuestsNeverExceedRate sends requests at irregular instants. No window may contain more than its share.
func TestGuestsNeverExceedRate(t *testing.T) {
	var item table.Item
	var accepted []time.Time
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	for i := range 2000 {
		now = now.Add(time.Duration(i*i%977) * time.Millisecond)
		before := item
		err := countRequest(&item, now)
		if limit, ok := errors.AsType[*GuestLimit](err); ok {
			if limit.Wait <= 0 || limit.Wait > guestInterval || string(item.Doc) != string(before.Doc) {
				t.Fatalf("a rejected request waits %v or is counted", limit.Wait)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		item.Version++
		accepted = append(accepted, now)
	}
	for i := range accepted {
		for j := i; j < len(accepted); j++ {
			most := guestBurst + int(accepted[j].Sub(accepted[i])/guestInterval)
			if n := j - i + 1; n > most {
				t.Fatalf("%d requests within %v", n, accepted[j].Sub(accepted[i]))
			}
		}
	}
	if len(accepted) == 2000 || len(accepted) < guestBurst {
		t.Errorf("%d of 2000 requests were accepted", len(accepted))
	}
}
