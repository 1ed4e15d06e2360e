package shopify

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// A moneySet is an amount in the shop's currency and in the customer's currency
// (https://shopify.dev/docs/api/admin-graphql/latest/objects/MoneyBag).
type moneySet struct {
	Shop     *money `json:"shop_money"`
	Customer *money `json:"presentment_money"`
}

type money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency_code"`
}

// in returns the amount in the given currency. If the set states no amount in this currency, in returns the parameter
// plain, which is an amount in the shop's currency. The result may be negative.
func (s moneySet) in(currency string, plain jsontext.Value) (int64, error) {
	text := webhook.Number(plain)
	for _, m := range []*money{s.Customer, s.Shop} {
		if m != nil && m.Currency == currency {
			text = m.Amount
		}
	}
	if text == "" {
		return 0, nil
	}
	digits, negative := strings.CutPrefix(text, "-")
	m, err := webhook.DecimalMoney(digits, currency)
	if negative {
		m.Amount = -m.Amount
	}
	return m.Amount, err
}
