package explain_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/explain"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func program() *loyalty.Program {
	return &loyalty.Program{
		Zone: time.UTC,
		Unit: loyalty.Units{
			One:   loyalty.Text{"en": "bean", "de": "Bohne"},
			Other: loyalty.Text{"en": "beans", "de": "Bohnen"},
		},
		Earning: loyalty.Earning{Campaigns: []loyalty.Rule{
			{ID: "double", Name: loyalty.Text{"en": "Double beans weekend", "de": "Doppelte Bohnen"}},
		}},
		Levels: loyalty.Levels{Tiers: loyalty.Tiers{
			Levels: []loyalty.Level{{ID: "silver", Name: loyalty.Text{"en": "Silver", "de": "Silber"}}},
		}},
	}
}

func earned() loyalty.Entry {
	return loyalty.Entry{
		Kind: loyalty.KindEarn, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1042", Revision: 1}, Points: 37,
		Postings: []loyalty.Posting{{
			Bucket: loyalty.BucketPending, Points: 37,
			ActiveAt: time.Date(2026, 12, 15, 10, 0, 0, 0, time.UTC), Lot: 20271231,
		}},
		Reasons: []loyalty.Reason{
			loyalty.NewReason("earn.purchase", "29.99", loyalty.IsRated, "29.99 EUR", "1 per 1.00"),
			loyalty.NewReason("tiers.silver", "7.4975", loyalty.IsFactor, "1.25"),
			loyalty.NewReason("campaigns.double", "0", loyalty.IsShort, "50.00 EUR", "29.99 EUR"),
			loyalty.NewReason("rounding", "-0.4875", loyalty.IsRounded, "down"),
		},
	}
}

func ExampleEntry() {
	words := explain.Entry(program(), earned(), "en-GB")
	fmt.Println(words.Language)
	fmt.Println(strings.ReplaceAll(words.Summary, ". ", ".\n"))
	for _, reason := range words.Reasons {
		fmt.Println("-", reason)
	}
	// Output:
	// en
	// You earned 37 beans with order 1042.
	// They can be spent from 15 December 2026 and expire at the end of 31 December 2027.
	// - 29.99 EUR at 1 bean per 1.00 EUR: 29.99 beans.
	// - The level Silver counts 1.25 times: +7.4975 beans.
	// - The campaign Double beans weekend was not applied: it needs 50.00 EUR, and there were 29.99 EUR.
	// - Rounded down: -0.4875 beans.
}

func ExampleEntry_german() {
	words := explain.Entry(program(), earned(), "de-AT")
	fmt.Println(words.Language)
	fmt.Println(strings.ReplaceAll(words.Summary, ". Ein", ".\nEin"))
	for _, reason := range words.Reasons {
		fmt.Println("-", reason)
	}
	// Output:
	// de
	// Für Bestellung 1042 haben Sie 37 Bohnen gesammelt.
	// Einlösbar ab dem 15. Dezember 2026, gültig bis einschließlich 31. Dezember 2027.
	// - 29,99 EUR, 1 Bohne je 1,00 EUR: 29,99 Bohnen.
	// - Die Stufe Silber zählt 1,25-fach: +7,4975 Bohnen.
	// - Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Nötig sind 50,00 EUR, vorhanden waren 29,99 EUR.
	// - Abgerundet: -0,4875 Bohnen.
}

func ExampleReasons() {
	quote := []loyalty.Reason{
		loyalty.NewReason("earn.purchase", "2999/110", loyalty.IsRated, "29.99 USD", "1 per 1.10"),
	}
	fmt.Println(explain.Reasons(program(), quote, "en").Reasons[0])
	fmt.Println(explain.Reasons(program(), quote, "de").Reasons[0])
	// Output:
	// 29.99 USD at 1 bean per 1.10 USD: about 27.2636 beans.
	// 29,99 USD, 1 Bohne je 1,10 USD: rund 27,2636 Bohnen.
}
