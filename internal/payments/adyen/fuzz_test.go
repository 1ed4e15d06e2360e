package adyen

import (
	"errors"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// A signed item can have any content. Reading it does not panic, and its report is valid input of the ledger.
func FuzzReadItem(f *testing.F) {
	f.Add([]byte(itemText), []byte(`"false"`))
	f.Add([]byte(signedItem), []byte(`"true"`))
	for code := range codeFacts {
		f.Add([]byte(`{"pspReference":"PSP2","merchantAccountCode":"Shop","amount":{"value":50,"currency":"EUR"},`+
			`"eventCode":"`+code+`","success":"true"}`), []byte(`"false"`))
	}
	f.Fuzz(func(t *testing.T, body, live []byte) {
		it, err := readItem(body)
		if err != nil {
			return
		}
		for _, manual := range []bool{false, true} {
			e, err := it.event(live, manual)
			var unusable *webhook.UnusableError
			if err != nil && !errors.As(err, &unusable) {
				t.Error(err)
			}
			if err != nil || e.Report == nil {
				continue
			}
			if e.Report.Order != "" && !webhook.IsID(e.Report.Order) || !webhook.IsID(e.Report.Payment) {
				t.Errorf("invalid ID in %+v", e.Report)
			}
			for _, fact := range e.Report.Facts {
				if fact.Money.Amount <= 0 || fact.Money.Amount > loyalty.MaxAmount || fact.State == "" {
					t.Errorf("%v", fact)
				}
			}
		}
	})
}
