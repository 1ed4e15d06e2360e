package app

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// A secret that is written in another way is the same secret.
func TestASecretThatIsUsedTwiceIsRefusedHoweverItIsWritten(t *testing.T) {
	key := []byte("0123456789abcdef0123456789ABCDEF")
	coded, digits := base64.StdEncoding.EncodeToString(key), hex.EncodeToString(key)
	of := func(provider, secret string) map[string]Processor {
		return map[string]Processor{provider: {Secrets: []string{secret}}}
	}
	for _, c := range []struct {
		name string
		a, b map[string]Processor
	}{
		{"as it stands", of(Stripe, coded), of(Shopify, coded)},
		{"with whsec_ and without", of(Standard, "whsec_"+coded), of(Standard, coded)},
		{"whsec_ of Stripe's", of(Stripe, "whsec_5b1f0c7e9a2d4863"), of(Shopify, "5b1f0c7e9a2d4863")},
		{"in capitals", of(Adyen, digits), of(Adyen, strings.ToUpper(digits))},
		{"in base64 and in hexadecimal digits", of(Standard, coded), of(Adyen, digits)},
		{"the key and its base64", of(Stripe, string(key)), of(Standard, "whsec_"+coded)},
	} {
		err := Processors{"a": c.a, "b": c.b}.Check()
		if err == nil || !strings.Contains(err.Error(), "used again") || strings.Contains(err.Error(), coded) || strings.Contains(err.Error(), digits) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	good := Processors{"a": of(Adyen, digits), "b": of(Standard, "whsec_"+base64.StdEncoding.EncodeToString([]byte("fedcba9876543210FEDCBA9876543210")))}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}
