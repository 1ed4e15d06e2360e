package stored

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestLotsAreStoredInFewBytes(t *testing.T) {
	for want, lots := range map[string][]loyalty.Lot{
		"null":         nil,
		"[0,5]":        {{Expires: 0, Points: 5}},
		"[20271231,7]": {{Expires: 20271231, Points: 7}},
		"[20271231,7,8900,3,-20280131,5]": {
			{Expires: 20271231, Points: 7}, {Expires: 20280131, Points: 3}, {Expires: 0, Points: 5},
		},
	} {
		existing := storedLots(lots)
		if got := string(Encode(existing)); got != want && len(lots) > 0 {
			t.Errorf("%v is stored as %s, want %s", lots, got, want)
		}
		if got, err := readLots(existing); err != nil || !cmp.Equal(got, lots) {
			t.Errorf("%s is read as %v, %v, want %v", want, got, err, lots)
		}
	}
}

func TestDamagedSeriesAreNotRead(t *testing.T) {
	if _, err := readLots(seriesDoc{20271231}); err == nil {
		t.Error("lots with an odd number of numbers are read")
	}
	if _, err := readUsage(object[seriesDoc]{{"day", seriesDoc{20271231, 1, 2}}}); err == nil {
		t.Error("usage with an odd number of numbers is read")
	}
	d := metricsDoc{Months: []int64{202712, 89}, Points: []int64{1}}
	if _, err := d.metrics(); err == nil {
		t.Error("metrics that lack a month are read")
	}
}
