package tier

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// The points that postings take from a member count once: the program's issued points, which increase, do not count.
func TestMovedPointsLeaveOutIssuedPoints(t *testing.T) {
	taken := []loyalty.Posting{
		{Bucket: loyalty.BucketActive, Points: -30}, {Bucket: loyalty.BucketIssued, Points: 30},
	}
	if got := MovedPoints(taken); got != -30 {
		t.Errorf("the postings move %d points, want -30", got)
	}
}
