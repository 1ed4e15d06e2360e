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
	DecidedAgain int // outcomes of deciding orders or levels again
	LevelChanges int
	Withdrawn    int // levels that were withdrawn
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
	Capped       int // orders that a cap reduced
	Limited      int
	Redeemed     int
	Converted    int
	Unconverted  int // conversions that a clawback reversed in part
	Miles        int
	Published    int // versions of the program that replaced another one
	Referred     int // referrals that an order converted
	Unreferred   int // referrals that no order converts any more
	TakenOver    int // referrals that another order converts instead
	PeriodCaps   int // caps by day, week or month that reduced an order's points
	SpentLast    int // histories in which the member spent points only at the end, so that lots are compared
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
		f.countEntry(e)
		for _, p := range e.Postings {
			f.countPosting(p)
		}
		for _, r := range e.Reasons {
			f.countReason(r)
		}
	}
}

func (f *Effects) countEntry(e loyalty.Entry) {
	f.Unconverted += len(e.Reversals)
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
}

func (f *Effects) countPosting(p loyalty.Posting) {
	if p.Bucket == loyalty.BucketDebt && p.Points < 0 {
		f.Owed++
	}
	if p.Wallet != "" && p.Bucket == loyalty.BucketActive {
		f.Miles++
	}
}

// byReason returns the counter of the feature that gives a reason of this kind, or nil.
func (f *Effects) byReason(kind loyalty.ReasonKind) *int {
	switch kind {
	case loyalty.WasWithdrawn:
		return &f.Withdrawn
	case loyalty.IsEntryBonus:
		return &f.Bonuses
	case loyalty.EntryBonusWithdrawn:
		return &f.BonusesTaken
	case loyalty.WasReached:
		return &f.Milestones
	case loyalty.WasUnreached:
		return &f.Missed
	case loyalty.WasReachedOn:
		return &f.Moved
	case loyalty.HasFollowed:
		return &f.Followed
	case loyalty.IsCapped, loyalty.IsRefused:
		return &f.Capped
	case loyalty.IsSpent:
		return &f.Exhausted
	case loyalty.IsLimited:
		return &f.Limited
	case loyalty.IsFactor:
		return &f.Multiplied
	}
	return nil
}

func (f *Effects) countReason(r loyalty.Reason) {
	if counter := f.byReason(r.Kind); counter != nil {
		*counter++
	}
	switch r.Kind {
	case loyalty.IsFixed:
		if r.Rule == "campaigns.club" {
			f.OptedIn++
		}
	case loyalty.IsCapped, loyalty.IsRefused:
		if per := loyalty.CapPeriod(r.Args[len(r.Args)-1]); per != loyalty.PerOrder && per != loyalty.PerEver {
			f.PeriodCaps++
		}
	}
}
