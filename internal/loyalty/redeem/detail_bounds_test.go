package redeem

import (
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestFormsOfCodes(t *testing.T) {
	for code, want := range map[string]bool{
		"ABCD": true, "abcz": true, "AZ09": true, "A-B-C-D": true,
		"-ABCD": true, "AB-C": false, "ABC": false, "": false,
		"AB/C": false, "AB:CD": false, "AB@CD": false, "AB[CD": false, "AB`CD": false, "AB{CD": false, "AB CD": false,
		strings.Repeat("A", 64): true, strings.Repeat("A", 65): false,
	} {
		if got := ValidCode(code); got != want {
			t.Errorf("%q is a valid code: %t", code, got)
		}
	}
	for code, want := range map[string]string{
		"ab-c d": "ABCD", "oil": "011", "OIL": "011", "az": "AZ", "{`": "{`", "Zz9": "ZZ9", "": "",
	} {
		if got := PlainCode(code); got != want {
			t.Errorf("%q is looked up as %q", code, got)
		}
	}
	if got := NewReferralCode([5]byte{0x00, 0x44, 0x32, 0x14, 0xC7}); got != "0123-4567" {
		t.Errorf("the referral code is %q", got)
	}
	rewards := []loyalty.Reward{
		{ID: "a", Codes: loyalty.Codes{From: loyalty.GeneratedCode, Shared: "WELCOME"}},
		{ID: "b", Codes: loyalty.Codes{From: loyalty.SharedCode, Shared: "Other"}},
		{ID: "c", Codes: loyalty.Codes{From: loyalty.SharedCode, Shared: "Wel-come"}},
	}
	for code, want := range map[string]string{"welcome": "c", "OTHER": "b", "none": ""} {
		if got, ok := SharedBy(rewards, code); got.ID != want || ok != (want != "") {
			t.Errorf("%q is the code of %q, %t", code, got.ID, ok)
		}
	}
}

func TestPerksOfLevels(t *testing.T) {
	tiers := &loyalty.Tiers{Group: "club", Levels: []loyalty.Level{
		{ID: "a"}, {ID: "b", Perks: []string{"x"}}, {ID: "c", Perks: []string{"x", "y"}},
	}}
	unmet := func(required string) []loyalty.UnmetRequirement {
		return []loyalty.UnmetRequirement{{Requirement: loyalty.RequirementTier, Required: required, Available: "b"}}
	}
	want := []PerkQuote{
		{TierGroup: "club", Level: "b", ID: "x"}, {TierGroup: "club", Level: "c", ID: "y", Unmet: unmet("c")},
	}
	if got := LevelPerks(tiers, loyalty.Account{Tier: loyalty.Standing{Level: "b"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("at level b: %+v", got)
	}
	got := LevelPerks(tiers, loyalty.Account{Tier: loyalty.Standing{Level: "a"}})
	if len(got) != 2 || got[0].Unmet[0].Required != "b, c" || got[1].Unmet[0].Required != "c" {
		t.Errorf("at level a: %+v", got)
	}
}

func TestTermsOfReversals(t *testing.T) {
	for _, c := range []struct {
		back  loyalty.OnRefund
		share *big.Rat
		want  bool
	}{
		{loyalty.AllBack, big.NewRat(1, 2), true},
		{loyalty.ShareBack, big.NewRat(1, 1), true},
		{loyalty.ShareBack, big.NewRat(1, 2), false},
		{loyalty.NoneBack, big.NewRat(1, 1), false},
	} {
		if got := GivesAllBack(&loyalty.RedemptionTerms{OnRefund: c.back}, c.share); got != c.want {
			t.Errorf("under the terms %d, a refund of %s returns all: %t", c.back, c.share, got)
		}
	}
}

func TestUsageOfTransfers(t *testing.T) {
	terms := &loyalty.Transfers{
		Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerDay}}, AtMost: []loyalty.Cap{
			{Points: 100, Per: loyalty.PerMonth},
		},
	}
	day := calendar.DateOf(loyaltytest.Noon, time.UTC)
	want := []loyalty.Usage{
		{Rule: terms.Key(), Times: true, Per: loyalty.PerDay, Ends: day, N: -1},
		{Rule: terms.Key(), Per: loyalty.PerMonth, Ends: 2026_12_31, N: -30},
	}
	r := loyalty.Redemption{Points: 30, At: loyaltytest.Noon}
	if got := CreditedWallet(terms, time.UTC, r, -1); !slices.Equal(got, want) {
		t.Errorf("the usage is %+v", got)
	}
}

// A reward of points in another wallet credits the share of the points that corresponds to the spent points.
func TestPointsCreditedToAnotherWallet(t *testing.T) {
	for _, c := range []struct {
		name        string
		reward      loyalty.Reward
		spent, held loyalty.Points
		want        loyalty.Points
	}{
		{"all", loyalty.Reward{Wallet: "miles", Points: 25}, 10, 10, 25},
		{"a part, rounded down", loyalty.Reward{Wallet: "miles", Points: 25}, 3, 10, 7},
		{"too few for a point", loyalty.Reward{Wallet: "miles", Points: 2}, 4, 10, 0},
		{"in no wallet", loyalty.Reward{Points: 25}, 10, 10, 0},
	} {
		p := utc()
		p.Wallets = []loyalty.Wallet{
			{ID: "miles", Expires: calendar.Expiry{After: calendar.Period{Days: 1}, RoundTo: calendar.EndOfYear}},
		}
		d := posting.Decide(p, rich(10), loyaltytest.Noon)
		e := loyalty.Entry{
			Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{Points: c.spent}}},
		}
		CreditWallet(d, &e, &c.reward, c.held)
		got := loyalty.Points(0)
		for _, p := range e.Postings {
			if p.Bucket == loyalty.BucketActive && p.Wallet == "miles" && p.Lot == 2026_12_31 {
				got += p.Points
			}
		}
		if got != c.want || (e.Redemption.Credit != nil) != (c.want > 0) || len(e.Reasons) != len(e.Postings)/2 {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	r := loyalty.Redemption{Points: 10, Credit: &loyalty.Grant{Worth: 25}}
	for back, want := range map[loyalty.Points]loyalty.Points{0: 0, 1: 2, 3: 7, 9: 22, 10: 25} {
		if got := takenBack(r, back); got != want {
			t.Errorf("after %d points, %d are taken back", back, got)
		}
	}
}

func TestReasonsOfPointsThatCameLate(t *testing.T) {
	e := posting.LostToExpiry(loyalty.Entry{Postings: []loyalty.Posting{
		{Bucket: loyalty.BucketExpired, Lot: jan31, Points: 5},
		{Bucket: loyalty.BucketExpired, Lot: jan31, Points: -5},
		{Bucket: loyalty.BucketExpired, Lot: jan31},
		{Bucket: loyalty.BucketActive, Lot: jan31, Points: 5},
	}})
	if len(e.Reasons) != 1 || e.Reasons[0].Points != "-5" || e.Reasons[0].Args[0] != "2027-01-31" {
		t.Errorf("the reasons are %+v", e.Reasons)
	}
}
