package request

import "testing"

func TestPublicAddressIsTheGatewaysOwn(t *testing.T) {
	for payload, want := range map[string]string{
		`{"requestContext":{"domainName":"a1b2.execute-api.eu-central-1.amazonaws.com",` +
			`"stage":"$default"}}`: "https://a1b2.execute-api.eu-central-1.amazonaws.com",
		`{"requestContext":{"domainName":"a1b2.execute-api.eu-central-1.amazonaws.com","stage":"v2",` +
			`"apiId":"a1b2"}}`: "https://a1b2.execute-api.eu-central-1.amazonaws.com/v2",
		`{"requestContext":{"domainName":"loyalty.example.com"},` +
			`"headers":{"x-forwarded-host":"evil.example"}}`: "https://loyalty.example.com",
		`{"requestContext":{"domainName":"127.0.0.1:8080","stage":"$default",` +
			`"apiId":"local"}}`: "http://127.0.0.1:8080",
		`{"headers":{"host":"evil.example","x-forwarded-host":"evil.example"}}`: "",
	} {
		e, err := DecodeEvent([]byte(payload))
		if got := e.URL(); got != want || err != nil {
			t.Errorf("%s: %q, want %q; %v", payload, got, want, err)
		}
	}
}
