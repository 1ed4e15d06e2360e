package program

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func TestEachKeyOfARewardHasItsMeaning(t *testing.T) {
	type reward = loyalty.Reward
	euros := func(cents int64) loyalty.Money { return loyalty.Money{Amount: cents, Currency: "EUR"} }
	noon := time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
	cases := []struct {
		keys string
		want reward
	}{
		{"type: amount_off, value: 5 EUR", reward{Value: euros(500)}},
		{"type: percent_off, value: 12.5%, max_value: 20 EUR", reward{Percent: ratio(25, 2), MaxValue: euros(2000)}},
		{"type: free_product, sku: MUG", reward{SKU: "MUG"}},
		{"type: experience, fulfillment: manual", reward{Manual: true}},
		{
			"type: free_product, sku: MUG, fulfillment: manual, address: required",
			reward{SKU: "MUG", Manual: true, Address: true},
		},
		{"type: gift_card, value: 5 EUR", reward{Value: euros(500), Codes: loyalty.Codes{From: loyalty.GeneratedCode}}},
		{
			"type: gift_card, value: 5 EUR, codes: uploaded",
			reward{Value: euros(500), Codes: loyalty.Codes{From: loyalty.UploadedCode}},
		},
		{
			"type: partner, partner: cinema, codes: { shared: SUMMER }",
			reward{Partner: "cinema", Codes: loyalty.Codes{From: loyalty.SharedCode, Shared: "SUMMER"}},
		},
		{"type: donation, value: 2.50 EUR", reward{Value: euros(250)}},
		{"type: free_shipping, codes: { from: generated, wait: 1 day, valid: 2 weeks }", reward{Codes: loyalty.Codes{
			From: loyalty.GeneratedCode, Wait: calendar.Period{Days: 1}, Valid: calendar.Period{Days: 14},
		}}},
		{
			"type: free_shipping, name: Free, description: { en: Sent for nothing }",
			reward{Name: loyalty.Text{"und": "Free"}, Description: loyalty.Text{"en": "Sent for nothing"}},
		},
		{"type: free_shipping, prices: { gold: 90 }", reward{Prices: map[string]loyalty.Points{"gold": 90}}},
		{"type: free_shipping, min_order: 15 EUR", reward{MinOrder: map[loyalty.Currency]int64{"EUR": 1500}}},
		{
			"type: free_shipping, min_order: { EUR: 15.00, JPY: 2500 }",
			reward{MinOrder: map[loyalty.Currency]int64{"EUR": 1500, "JPY": 2500}},
		},
		{
			"type: free_shipping, visible: { from: 2026-12-01T12:00 }, active: { from: 2026-12-01T12:00 }",
			reward{Visible: calendar.Span{From: noon}, Active: calendar.Span{From: noon}},
		},
		{"type: free_shipping, active: { until: 2026-12-01T12:00 }", reward{Active: calendar.Span{Until: noon}}},
		{
			"type: free_shipping, tiers: [gold], segments: [vip]",
			reward{Tiers: []string{"gold"}, Segments: []string{"vip"}},
		},
		{"type: free_shipping, limit: 1 per month", reward{Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}}}},
		{"type: experience, dates: [ { id: may, at: 2026-12-01T12:00, capacity: 20, name: { en: With cake } }, " +
			"{ id: june, at: 2026-06-01T12:00, capacity: 1 } ]", reward{Dates: []loyalty.RewardDate{
			{ID: "may", At: noon, Capacity: 20, Name: loyalty.Text{"en": "With cake"}},
			{ID: "june", At: time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC), Capacity: 1},
		}}},
		{"type: free_shipping, stock: 200", reward{StockBatches: []loyalty.StockBatch{{Quantity: 200}}}},
		{
			"type: free_shipping, stock: 2, waitlist: 24 hours",
			reward{StockBatches: []loyalty.StockBatch{{Quantity: 2}}, FirstCall: calendar.Period{Hours: 24}},
		},
		{"type: free_shipping, stock: 0", reward{StockBatches: []loyalty.StockBatch{{}}}},
		{
			"type: free_shipping, stock_batches: [ { at: 2026-12-01T12:00, quantity: 5 } ]",
			reward{StockBatches: []loyalty.StockBatch{{At: noon, Quantity: 5}}},
		},
	}
	for _, c := range cases {
		t.Run(c.keys, func(t *testing.T) {
			p := mustCompile(t, []byte(corner+levels+"rewards: [ { id: it, cost: 100, "+c.keys+" } ]\n"))
			got := p.Rewards[0]
			c.want.ID, c.want.Type, c.want.Cost = "it", got.Type, 100
			if diff := cmp.Diff(c.want, got, alike); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEachKeyOfRedeemingHasItsMeaning(t *testing.T) {
	for keys, want := range map[string]loyalty.RedemptionTerms{
		"on_cancel: give_points_back, on_refund: give_points_back": {},
		"code_valid: 30 days, per_order: 1, grace: 1 week": {
			CodeValid: calendar.Period{Days: 30}, PerOrder: 1, Grace: calendar.Period{Days: 7},
		},
		"on_refund: pro_rata":                             {OnRefund: loyalty.ShareBack},
		"on_refund: keep":                                 {OnRefund: loyalty.NoneBack},
		"auto: { reward: it, at: 120 }":                   {Auto: loyalty.Auto{Reward: "it", At: 120, Limit: 10}},
		"auto: { reward: it, at: 100, limit: 3 per day }": {Auto: loyalty.Auto{Reward: "it", At: 100, Limit: 3}},
	} {
		p := mustCompile(
			t, []byte(corner+"rewards: [ { id: it, type: free_shipping, cost: 100 } ]\nredemption: { "+keys+" }\n"),
		)
		if diff := cmp.Diff(want, p.Redemption); diff != "" {
			t.Errorf("%s: %s", keys, diff)
		}
	}
}
