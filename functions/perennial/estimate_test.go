package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/cost"
)

func TestCostsArePrintedAsJSON(t *testing.T) {
	out, errors, status := run(t, "estimate", "cost", "--json", "--emails", "10")
	var got struct {
		Prices    cost.Prices
		Estimates []cost.Estimate
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != 0 {
		t.Fatalf("%d %s %s %v", status, out, errors, err)
	}
	want := cost.Estimates(cost.Year{Orders: 12, Refunds: 1, Redemptions: 2, Reads: 24, Emails: 10})
	if len(got.Estimates) != len(want) || got.Prices != cost.ListPrices() {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got.Estimates[i] != want[i] {
			t.Errorf("%+v, want %+v", got.Estimates[i], want[i])
		}
	}
}

func TestImpossibleYearsAreRejected(t *testing.T) {
	for _, args := range []string{"--orders -1", "--reads NaN", "--emails 1e7"} {
		if out, err, status := run(
			t, append([]string{"estimate", "cost"}, strings.Fields(strings.Replace(args, " ", "=", 1))...)...,
		); status != 1 || out != "" || !strings.Contains(err, "member and year") {
			t.Errorf("%s: %d %s %s", args, status, out, err)
		}
	}
}

func TestCostHelpStatesPricesAndMeasurement(t *testing.T) {
	out, _, status := run(t, "estimate", "cost", "--help")
	text := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{cost.ListPrices().Date, cost.Measured().Date, "us-east-1", "without free tiers"} {
		if status != 0 || !strings.Contains(text, want) {
			t.Errorf("the help lacks %q:\n%s", want, out)
		}
	}
}
