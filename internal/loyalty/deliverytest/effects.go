package deliverytest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Effects counts how often features took effect in the random deliveries of a test.
type Effects struct {
	Histories    int
	DecidedAgain int // outcomes that decided orders or levels again
	LevelChanges int
	Withdrawn    int // levels
	Bonuses      int
	BonusesTaken int
	Multiplied   int // orders whose points a level multiplied
	Clawbacks    int
	Expired      int
	Owed         int
	Superseded   int
	Exhausted    int // orders that a budget reduced
	OptedIn      int // orders that earned points from a campaign that requires registration
	Milestones   int
	Missed       int // milestones that are no longer reached
	Moved        int // milestones that another order reaches instead
	Followed     int // orders that were decided again because another order changed
	Capped       int // orders
	Limited      int
	Redeemed     int
	Converted    int
	Unconverted  int // conversions that a clawback reversed in part
	Miles        int
	Published    int // versions of the program that replaced another one
	Referred     int // referrals that an order converted
	Unreferred   int // referrals that no order converts any more
	TakenOver    int // referrals that another order converts instead
	PeriodCaps   int // caps by day, week or month that cut an order
	SpentLast    int // histories whose lots are compared although the member spent points
	Inactive     int // lots that expired by inactivity
	GroupChanges int // level changes in a tier group
}

// Rare returns the features that took effect too rarely: less than once in fifty histories.
func (f *Effects) Rare() (rare []string) {
	v := reflect.ValueOf(*f)
	for i := range v.NumField() {
		if n := v.Field(i).Int(); n*50 < int64(f.Histories) {
			rare = append(rare, fmt.Sprintf("%s %d", v.Type().Field(i).Name, n))
		}
	}
	return rare
}

func (f *Effects) count(out posting.Outcome) {
	for _, e := range out.Entries {
		switch e.Kind {
		case loyalty.KindMoveTier:
			if f.LevelChanges++; e.TierGroup != "" {
				f.GroupChanges++
			}
		case loyalty.KindClawback:
			f.Clawbacks++
		case loyalty.KindExpire:
			f.Expired++
			if strings.HasSuffix(e.Cause.ID, ":inactive") {
				f.Inactive++
			}
		case loyalty.KindRedeem:
			f.Redeemed++
		case loyalty.KindConvert:
			f.Converted++
		}
		f.Unconverted += len(e.Reversals)
		for _, p := range e.Postings {
			if p.Bucket == loyalty.BucketDebt && p.Points < 0 {
				f.Owed++
			}
			if p.Wallet != "" && p.Bucket == loyalty.BucketActive {
				f.Miles++
			}
		}
		for _, b := range e.Reasons {
			switch {
			case b.Kind == loyalty.WasWithdrawn:
				f.Withdrawn++
			case b.Kind == loyalty.IsEntryBonus:
				f.Bonuses++
			case b.Kind == loyalty.EntryBonusWithdrawn:
				f.BonusesTaken++
			case b.Kind == loyalty.WasReached:
				f.Milestones++
			case b.Kind == loyalty.WasUnreached:
				f.Missed++
			case b.Kind == loyalty.WasReachedOn:
				f.Moved++
			case b.Kind == loyalty.HasFollowed:
				f.Followed++
			case b.Rule == "campaigns.club" && b.Kind == loyalty.IsFixed:
				f.OptedIn++
			case b.Kind == loyalty.IsCapped, b.Kind == loyalty.IsRefused:
				f.Capped++
				if per := loyalty.CapPeriod(b.Args[len(b.Args)-1]); per != loyalty.PerOrder && per != loyalty.PerEver {
					f.PeriodCaps++
				}
			case b.Kind == loyalty.IsSpent:
				f.Exhausted++
			case b.Kind == loyalty.IsLimited:
				f.Limited++
			case b.Kind == loyalty.IsFactor:
				f.Multiplied++
			}
		}
	}
}
