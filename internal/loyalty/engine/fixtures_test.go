package engine

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// These are the fixtures that the tests of other packages use too.
var (
	noon         = loyaltytest.Noon
	paid         = loyaltytest.Paid
	wantRefusal  = loyaltytest.WantRefusal
	captured     = loyaltytest.Captured
	backFact     = loyaltytest.BackFact
	eur          = loyaltytest.Eur
	back         = loyaltytest.Back
	monthly      = loyaltytest.Monthly
	monthlyTimes = loyaltytest.MonthlyTimes
	visitEvent   = loyaltytest.VisitEvent
	limitedRule  = loyaltytest.LimitedRule
)
