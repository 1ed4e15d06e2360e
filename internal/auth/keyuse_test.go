package auth

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// listed returns the key with an ID from the list.
func listed(t *testing.T, k *Keys, id string) KeyInfo {
	t.Helper()
	list, err := k.List(t.Context(), "bluebird")
	i := slices.IndexFunc(list, func(k KeyInfo) bool { return k.ID == id })
	if err != nil || i < 0 {
		t.Fatalf("the keys are %v, %v", list, err)
	}
	return list[i]
}

// writes counts writes and can make them fail.
type writes struct {
	table.Table
	n    int
	fail error
	wait chan struct{} // writes wait until it is closed; may be nil
}

func (w *writes) Transact(ctx context.Context, ops ...table.Op) error {
	if w.n++; w.wait != nil {
		<-w.wait
	}
	if w.fail != nil {
		return w.fail
	}
	return w.Table.Transact(ctx, ops...)
}

func TestLastUseIsRecordedOnceAnHour(t *testing.T) {
	k, tab, now := newKeys(t)
	_, p := create(t, k, Admin)
	if used := listed(t, k, p.ID).LastUsedAt; !used.IsZero() {
		t.Errorf("a key that was never used was used at %v", used)
	}
	start, w := *now, &writes{Table: tab}
	first := &KeyUse{Table: w, Now: k.Now}
	second := &KeyUse{Table: w, Now: k.Now} // another process
	record := func(u *KeyUse) {
		u.Record(t.Context(), p)
		u.Wait()
	}
	for _, c := range []struct {
		at     time.Duration
		by     *KeyUse
		writes int           // all attempts until then
		used   time.Duration // the recorded time
	}{
		{0, first, 1, 0},
		{time.Second, first, 1, 0},
		{time.Hour - 1, first, 1, 0},
		{time.Hour, first, 2, time.Hour},
		{90 * time.Minute, second, 3, time.Hour}, // finds that the first process recorded it
		{2*time.Hour - 1, second, 3, time.Hour},
		{2 * time.Hour, second, 4, 2 * time.Hour},
		{2*time.Hour + time.Minute, first, 5, 2 * time.Hour},
		{3 * time.Hour, first, 6, 3 * time.Hour},
	} {
		*now = start.Add(c.at)
		record(c.by)
		if used := listed(t, k, p.ID).LastUsedAt; w.n != c.writes || !used.Equal(start.Add(c.used)) {
			t.Errorf("after %v: %d writes, used at %v; want %d and %v", c.at, w.n, used, c.writes, start.Add(c.used))
		}
	}
}

func TestFailedRecordOfUseIsRepeated(t *testing.T) {
	k, tab, now := newKeys(t)
	_, p := create(t, k, Admin)
	w := &writes{Table: tab, fail: errors.New("the table is not available")}
	u := &KeyUse{Table: w, Now: k.Now}
	for range 3 {
		u.Record(t.Context(), p)
		u.Wait()
	}
	if w.n != 1 {
		t.Errorf("%d attempts in one minute", w.n)
	}
	w.fail = nil
	*now = now.Add(time.Minute)
	u.Record(t.Context(), p)
	u.Wait()
	if used := listed(t, k, p.ID).LastUsedAt; !used.Equal(*now) {
		t.Errorf("used at %v", used)
	}
}

// TestCallerDoesNotWaitForRecordOfUse requires that Record returns while the table does not respond, and that the write
// does not end with the request.
func TestCallerDoesNotWaitForRecordOfUse(t *testing.T) {
	k, tab, now := newKeys(t)
	_, p := create(t, k, Admin)
	w := &writes{Table: tab, wait: make(chan struct{})}
	u := &KeyUse{Table: w, Now: k.Now}
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		u.Record(ctx, p)
	}
	cancel()
	close(w.wait)
	u.Wait()
	if used := listed(t, k, p.ID).LastUsedAt; w.n != 1 || !used.Equal(*now) {
		t.Errorf("%d writes, used at %v", w.n, used)
	}
}
