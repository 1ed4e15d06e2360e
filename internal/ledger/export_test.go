package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// HouseholdOf returns the ID of the household that a member has joined, or an empty string.
func (l *Ledger) HouseholdOf(ctx context.Context, program string, m loyalty.MemberID) (string, error) {
	_, lives, err := l.livesIn(ctx, program, m)
	return lives.Household, err
}
