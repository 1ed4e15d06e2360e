package posting

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// An account remembers the latest notice of each subject. It forgets notices of days that are over, and the oldest
// notice if there are too many.
func TestNoticesThatAnAccountRemembers(t *testing.T) {
	notice := func(what loyalty.NoticeOf, subject string) loyalty.Notice {
		return loyalty.Notice{What: what, Subject: subject, At: loyaltytest.Noon.Add(-1)}
	}
	list := []loyalty.Notice{
		notice(loyalty.OfExpiry, "2026-11-29"), notice(loyalty.OfExpiry, "2026-11-30"),
		notice(loyalty.OfExpiry, "2026-12-01"),
		notice(loyalty.OfFall, "2026-11-29"), notice(loyalty.OfFall, "silver"),
	}
	for _, c := range []struct {
		add  loyalty.Notice
		want []string
	}{
		{
			notice(loyalty.OfExpiry, "2027-01-31"),
			[]string{"2026-11-30", "2026-12-01", "2026-11-29", "silver", "2027-01-31"},
		},
		{notice(loyalty.OfExpiry, "2026-12-01"), []string{"2026-11-30", "2026-11-29", "silver", "2026-12-01"}},
		{
			notice(loyalty.OfFall, "gold"),
			[]string{"2026-11-29", "2026-11-30", "2026-12-01", "2026-11-29", "silver", "gold"},
		},
		{
			notice(loyalty.OfFall, "2026-11-29"),
			[]string{"2026-11-29", "2026-11-30", "2026-12-01", "silver", "2026-11-29"},
		},
	} {
		var got []string
		for _, n := range addNotice(list, c.add) {
			got = append(got, n.Subject)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("after %s of %s: %q, want %q", c.add.What, c.add.Subject, got, c.want)
		}
	}
	full := []loyalty.Notice{}
	for i := range maxNotices + 1 {
		full = addNotice(full, notice(loyalty.OfFall, fmt.Sprint(i)))
	}
	if len(full) != maxNotices || full[0].Subject != "1" {
		t.Errorf("it remembers %d notices from %s on", len(full), full[0].Subject)
	}
}
