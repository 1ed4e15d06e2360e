package sample

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// Every supported type has a JSON body, which is the same for the same instant.
func TestEveryTypeHasBody(t *testing.T) {
	secrets := map[string]string{app.Adyen: "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"}
	for _, provider := range app.Providers() {
		if len(Types(provider)) == 0 {
			t.Errorf("%s has no event types", provider)
		}
		for _, kind := range Types(provider) {
			e := Event{Provider: provider, Type: kind, Order: "1042", At: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
			body, err := e.Body(secrets[provider])
			if err != nil || !json.Valid(body) {
				t.Errorf("%s of %s: %v %s", kind, provider, err, body)
			}
			if again, _ := e.Body(secrets[provider]); string(again) != string(body) {
				t.Errorf("%s of %s differs the second time", kind, provider)
			}
		}
	}
}
