package snapshot

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types store the rewards and the terms of redemptions. As in the program file, the fields of Codes are at the
// top level of the reward.
type (
	rewardDoc struct {
		ID          string                    `json:"id"`
		Type        string                    `json:"type"`
		Name        loyalty.Text              `json:"name,omitzero"`
		Description loyalty.Text              `json:"description,omitzero"`
		Cost        loyalty.Points            `json:"cost,omitzero"`
		Prices      map[string]loyalty.Points `json:"prices,omitzero"` // special prices by level
		Value       moneyDoc                  `json:"value,omitzero"`
		Percent     ratio                     `json:"percent,omitzero"`
		MaxValue    moneyDoc                  `json:"max_value,omitzero"`
		SKU         string                    `json:"sku,omitzero"`
		Partner     string                    `json:"partner,omitzero"`
		// MinOrder contains the minimum order amounts in minor units, by currency.
		MinOrder     map[loyalty.Currency]int64 `json:"min_order,omitzero"`
		Visible      spanDoc                    `json:"visible,omitzero"`
		Active       spanDoc                    `json:"active,omitzero"`
		Tiers        []string                   `json:"tiers,omitzero"`
		Segments     []string                   `json:"segments,omitzero"`
		Limits       []limitDoc                 `json:"limits,omitzero"`
		StockBatches []stockBatchDoc            `json:"stock_batches,omitzero"`
		FirstCall    periodDoc                  `json:"first_call,omitzero"`
		Dates        []rewardDateDoc            `json:"dates,omitzero"`
		Codes        codesDoc                   `json:"codes,omitzero"`
		Manual       bool                       `json:"manual,omitzero"`
		Wallets      map[string]loyalty.Points  `json:"wallets,omitzero"` // prices in other wallets, by wallet ID
		Wallet       string                     `json:"wallet,omitzero"`
		Points       loyalty.Points             `json:"points,omitzero"`
		Address      bool                       `json:"address,omitzero"`
		When         *whenDoc                   `json:"when,omitzero"`
	}

	moneyDoc struct {
		Amount   int64            `json:"amount"` // amount in minor units
		Currency loyalty.Currency `json:"currency"`
	}

	spanDoc struct {
		From  time.Time `json:"from,omitzero"`
		Until time.Time `json:"until,omitzero"`
	}

	stockBatchDoc struct {
		At       time.Time `json:"at,omitzero"` // zero if the batch is available from the start
		Quantity int64     `json:"quantity"`
	}

	rewardDateDoc struct {
		ID       string       `json:"id"`
		At       time.Time    `json:"at"`
		Capacity int64        `json:"capacity"`
		Name     loyalty.Text `json:"name,omitzero"`
	}

	codesDoc struct {
		From   loyalty.CodeSource `json:"from,omitzero"`
		Shared string             `json:"shared,omitzero"`
		Wait   periodDoc          `json:"wait,omitzero"`
		Valid  periodDoc          `json:"valid,omitzero"`
	}

	redemptionDoc struct {
		PerOrder  int64     `json:"per_order,omitzero"`
		CodeValid periodDoc `json:"code_valid,omitzero"`
		Grace     periodDoc `json:"grace,omitzero"`
		OnRefund  onRefund  `json:"on_refund,omitzero"`
		Pay       payDoc    `json:"pay,omitzero"`
		Auto      autoDoc   `json:"auto,omitzero"`
	}

	autoDoc struct {
		Reward string         `json:"reward,omitzero"`
		At     loyalty.Points `json:"at,omitzero"`
		Limit  int64          `json:"limit,omitzero"` // maximum number of automatic redemptions per day
	}

	payDoc struct {
		Rates map[loyalty.Currency]rateDoc `json:"rates,omitzero"`
		Min   loyalty.Points               `json:"min,omitzero"`
		Step  loyalty.Points               `json:"step,omitzero"`
		Share ratio                        `json:"share,omitzero"`
		Most  map[loyalty.Currency]int64   `json:"most,omitzero"` // maximum amounts in minor units, by currency
	}
)

func rewardOf(r loyalty.Reward) rewardDoc {
	return rewardDoc{
		ID: r.ID, Type: r.Type, Name: r.Name, Description: r.Description, Cost: r.Cost, Prices: r.Prices,
		Value:   moneyDoc(r.Value),
		Percent: ratio{r.Percent}, MaxValue: moneyDoc(r.MaxValue), SKU: r.SKU, Partner: r.Partner, MinOrder: r.MinOrder,
		Visible: spanDoc(r.Visible), Active: spanDoc(r.Active), Tiers: r.Tiers, Segments: r.Segments,
		Limits:       each(r.Limits, limitOf),
		StockBatches: each(r.StockBatches, func(d loyalty.StockBatch) stockBatchDoc { return stockBatchDoc(d) }),
		Codes:        codesDoc{r.Codes.From, r.Codes.Shared, periodDoc(r.Codes.Wait), periodDoc(r.Codes.Valid)},
		Dates:        each(r.Dates, func(o loyalty.RewardDate) rewardDateDoc { return rewardDateDoc(o) }),
		Manual:       r.Manual, Address: r.Address, FirstCall: periodDoc(r.FirstCall), When: whenOf(r.When, ofReward),
		Wallets: r.Wallets, Wallet: r.Wallet, Points: r.Points,
	}
}

func (d rewardDoc) reward() loyalty.Reward {
	return loyalty.Reward{
		ID: d.ID, Type: d.Type, Name: d.Name, Description: d.Description, Cost: d.Cost, Prices: d.Prices,
		Value:   loyalty.Money(d.Value),
		Percent: d.Percent.number, MaxValue: loyalty.Money(d.MaxValue), SKU: d.SKU, Partner: d.Partner,
		MinOrder: d.MinOrder,
		Visible:  calendar.Span(d.Visible), Active: calendar.Span(d.Active), Tiers: d.Tiers, Segments: d.Segments,
		Limits:       each(d.Limits, limitDoc.limit),
		StockBatches: each(d.StockBatches, func(d stockBatchDoc) loyalty.StockBatch { return loyalty.StockBatch(d) }),
		Codes: loyalty.Codes{
			From: d.Codes.From, Shared: d.Codes.Shared, Wait: calendar.Period(d.Codes.Wait),
			Valid: calendar.Period(d.Codes.Valid),
		},
		Dates:  each(d.Dates, func(o rewardDateDoc) loyalty.RewardDate { return loyalty.RewardDate(o) }),
		Manual: d.Manual, Address: d.Address, FirstCall: calendar.Period(d.FirstCall),
		Wallets: d.Wallets, Wallet: d.Wallet, Points: d.Points,
	}
}

func redeemingOf(r loyalty.RedemptionTerms) redemptionDoc {
	y := r.Pay
	return redemptionDoc{r.PerOrder, periodDoc(r.CodeValid), periodDoc(r.Grace), onRefund(r.OnRefund), payDoc{
		rates(y.Rates, rateOf), y.Min, y.Step, ratio{y.Share}, y.Most,
	}, autoDoc(r.Auto)}
}

func (d redemptionDoc) redeeming() loyalty.RedemptionTerms {
	return loyalty.RedemptionTerms{
		PerOrder: d.PerOrder, CodeValid: calendar.Period(d.CodeValid), Grace: calendar.Period(d.Grace),
		OnRefund: loyalty.OnRefund(d.OnRefund),
		Pay: loyalty.Pay{
			Rates: rates(d.Pay.Rates, rateDoc.rate),
			Min:   d.Pay.Min, Step: d.Pay.Step, Share: d.Pay.Share.number, Most: d.Pay.Most,
		},
		Auto: loyalty.Auto(d.Auto),
	}
}
