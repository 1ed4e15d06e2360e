package program

import (
	"testing"
)

func rowsOf(t *testing.T, file string, rows ...[3]string) *story {
	f, _ := examplesOf(t, file)
	s := &story{t: t, p: f.Program, books: f.Reporting.Currency}
	for i, r := range rows {
		number := ""
		if i == 0 {
			number, r[2] = "1", "*x:* "+r[2]
		}
		s.row([]string{number, r[0], r[1], r[2], "", "", ""})
	}
	return s
}

func TestPointsExpireAgainAfterFallingFromALevelWithoutExpiry(t *testing.T) {
	s := rowsOf(t, "starbucks-like.yaml",
		[3]string{"2026-04-20 09:00", "gold", "10.00 drinks"}, // 12 stars that never expire
		[3]string{"2027-05-01 09:00", "", "8.00 drinks"})      // the level is green again, so these stars expire
	if want := "8 to 2027-11-30, 12 for ever"; s.acc.Tier.Level != "green" || s.balance() != want {
		t.Errorf("%s has %s, want %s", s.acc.Tier.Level, s.balance(), want)
	}
}

func TestGoldStarsNeverExpireIncludingThoseThatReachedGold(t *testing.T) {
	s := rowsOf(t, "starbucks-like.yaml",
		[3]string{"2026-03-31 09:00", "green, 490 earned", "15.00 beans"},
		[3]string{"2026-10-01 00:00", "", "time passes"})
	if s.acc.Tier.Level != "gold" || s.balance() != "15 for ever" {
		t.Errorf("%s has %s", s.acc.Tier.Level, s.balance())
	}
}

func TestGiftCardSalesDoNotCountTowardsALevel(t *testing.T) {
	if s := rowsOf(
		t, "sephora-like.yaml", [3]string{"2026-03-05 12:00", "glow", "1000.00 gift-cards"},
	); s.acc.Tier.Level != "glow" {
		t.Errorf("1000 dollars of gift cards, which earn nothing, make %s", s.acc.Tier.Level)
	}
	if s := rowsOf(
		t, "trips.yaml", [3]string{"2026-03-05 12:00", "blue, 4 elements", "25.00 gift-cards"},
	); s.acc.Tier.Level != "blue" {
		t.Errorf("a gift card is an element and makes %s", s.acc.Tier.Level)
	}
}
