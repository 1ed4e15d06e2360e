package snapshot

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// alike compares exported fields except Compiled, which Compile derives from the others, and Group, which only copies
// of a program for decisions about a tier group have.
var alike = cmp.Options{
	cmpopts.IgnoreFields(loyalty.Program{}, "Compiled"),
	cmpopts.IgnoreFields(loyalty.Tiers{}, "Group"),
	cmp.Comparer(func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b loyalty.Condition) bool {
		return a == nil && b == nil || a != nil && b != nil && a.String() == b.String()
	}),
}

func TestEveryChoiceHasAWord(t *testing.T) {
	for typ, words := range map[string][]string{
		"Rounding": roundings, "RoundTo": roundTos, "Measure": measures, "MoveDown": moveDowns,
		"ClawbackPolicy": takeBacks,
		"Stacking":       stackings, "TimezoneOf": clockZones, "OnRefund": onRefunds, "MoveUp": moveUps,
		"SkippedLevels": welcomes,
	} {
		if n := constants(t, typ); n != len(words) {
			t.Errorf("loyalty.%s has %d values and %d words", typ, n, len(words))
		}
		for _, w := range words {
			if w == "" {
				t.Errorf("a value of loyalty.%s has no word", typ)
			}
		}
	}
}

// This is the form of the first release. Every later release must read it: extend this test, and never change its
// input.
func TestTheFormOfTheFirstReleaseIsRead(t *testing.T) {
	const first = `{"id":"bluebird","zone":"Europe/Berlin","name":{"en":"Bluebird"},` +
		`"earn":{"rates":{"EUR":{"points":"1","per":110}},` +
		`"counts":{"items":true},"rounding":"up","pending":{"days":14},"expires":{"after":{"months":12},` +
		`"round_to":"end_of_month"},` +
		`"categories":[{"id":"x2","category":"beans","multiply":"5/2"}],"caps":[{"points":500,"per":"day"}]},` +
		`"tiers":{"levels":[{"id":"bronze"},{"id":"silver","from":500,"multiply":"5/4","perks":["gifts"]}],` +
		`"by":"orders","months":12,` +
		`"keep_for":{"months":12},"grace":{"days":30},"move_down":"to_qualified"},"rewards":[{"id":"five-off",` +
		`"type":"amount_off",` +
		`"cost":500,"value":{"amount":500,"currency":"EUR"}},{"id":"ten","type":"percent_off","cost":800,` +
		`"percent":"10"}],` +
		`"clawback":"within_balance","hold":"30m0s"}`
	got, err := Decode([]byte(first))
	if err != nil {
		t.Fatal(err)
	}
	want := &loyalty.Program{
		ID:   "bluebird",
		Zone: got.Zone,
		Name: loyalty.Text{"en": "Bluebird"},
		Spending: loyalty.Spending{Hold: 30 * time.Minute, Rewards: []loyalty.Reward{
			{ID: "five-off", Type: "amount_off", Cost: 500, Value: loyalty.Money{Amount: 500, Currency: "EUR"}},
			{ID: "ten", Type: "percent_off", Cost: 800, Percent: big.NewRat(10, 1)},
		}},
		Earning: loyalty.Earning{Earn: loyalty.Earn{
			Rates:  map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 110}},
			Counts: loyalty.Counts{Items: true}, Rounding: loyalty.Up,
			Pending:    calendar.Wait{For: calendar.Period{Days: 14}},
			Expires:    calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfMonth},
			Categories: []loyalty.CategoryRule{{ID: "x2", Category: "beans", Multiply: big.NewRat(5, 2)}},
			Caps:       []loyalty.Cap{{Points: 500, Per: loyalty.PerDay}},
		}},
		Levels: loyalty.Levels{Tiers: loyalty.Tiers{
			Levels: []loyalty.Level{
				{ID: "bronze"}, {ID: "silver", From: 500, Multiply: big.NewRat(5, 4), Perks: []string{"gifts"}},
			},
			By: loyalty.ByOrders, Months: 12, KeepFor: calendar.Period{Months: 12}, Grace: calendar.Period{Days: 30},
			MoveDown: loyalty.ToQualified,
		}},
		Corrections: loyalty.Corrections{Clawback: loyalty.ClawbackWithinBalance},
	}
	if diff := cmp.Diff(want, got, alike); diff != "" || got.Zone.String() != "Europe/Berlin" {
		t.Errorf("%s\n%s", got.Zone, diff)
	}
	if again := string(Encode(got)); again != first {
		t.Errorf("written as\n%s\nand was\n%s", again, first)
	}
}

func TestInvalidSnapshotIsRejected(t *testing.T) {
	for name, doc := range map[string]string{
		"nothing":       ``,
		"no object":     `[]`,
		"no zone":       `{"id":"p"}`,
		"no such zone":  `{"id":"p","zone":"Mars/Olympus"}`,
		"no id":         `{"zone":"UTC"}`,
		"a later field": `{"id":"p","zone":"UTC","earn":{"campaigns":[]}}`,
		"a later scope": `{"id":"p","zone":"UTC","campaigns":[{"id":"a","multiply":"2","when":{"source":"true",` +
			`"scope":"member"}}]}`,
		"no such event": `{"id":"p","zone":"UTC","earn":{"actions":[{"id":"a","event":"a.b","points":1,` +
			`"when":{"source":"true","scope":"event"}}]}}`,
		"a later word":  `{"id":"p","zone":"UTC","earn":{"rounding":"bankers"}}`,
		"an empty word": `{"id":"p","zone":"UTC","take_back":""}`,
		"no number": `{"id":"p","zone":"UTC","earn":{"categories":[{"id":"a","category":"b",` +
			`"multiply":"x"}]}}`,
		"a length of no use": `{"id":"p","zone":"UTC","hold":"soon"}`,
		"rules against each": `{"id":"p","zone":"UTC","tiers":{"levels":[{"id":"a","from":5}]}}`,
	} {
		if _, err := Decode([]byte(doc)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
