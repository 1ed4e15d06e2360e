package remind

import (
	"testing"
)

func TestLiftIsTheDifferenceWithItsInterval(t *testing.T) {
	// The first is example (a) of Newcombe 1998, table II, method 10: 0.2000 (0.0524, 0.3339).
	got, ok := LiftOf(56, 70, 48, 80)
	if !ok || got != (Lift{Points: 20, Low: 5.24, High: 33.39}) {
		t.Errorf("%+v", got)
	}
	if got, _ := LiftOf(0, 10, 0, 10); got.Points != 0 || got.Low >= 0 || got.High <= 0 {
		t.Errorf("%+v", got)
	}
	if _, ok := LiftOf(1, 2, 0, 0); ok {
		t.Error("the holdout is empty")
	}
}
