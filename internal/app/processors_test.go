package app

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// TestRepeatedSecretIsRejectedInAnyEncoding checks that two encodings of a key count as the same secret.
func TestRepeatedSecretIsRejectedInAnyEncoding(t *testing.T) {
	key := []byte("0123456789abcdef0123456789ABCDEF")
	coded, digits := base64.StdEncoding.EncodeToString(key), hex.EncodeToString(key)
	of := func(provider, secret string) map[string]Processor {
		return map[string]Processor{provider: {Secrets: []string{secret}}}
	}
	for _, c := range []struct {
		name string
		a, b map[string]Processor
	}{
		{"unchanged", of(Stripe, coded), of(Shopify, coded)},
		{"with whsec_ and without", of(Standard, "whsec_"+coded), of(Standard, coded)},
		{"whsec_ of Stripe's", of(Stripe, "whsec_5b1f0c7e9a2d4863"), of(Shopify, "5b1f0c7e9a2d4863")},
		{"in capitals", of(Adyen, digits), of(Adyen, strings.ToUpper(digits))},
		{"in base64 and in hexadecimal digits", of(Standard, coded), of(Adyen, digits)},
		{"the key and its base64", of(Stripe, string(key)), of(Standard, "whsec_"+coded)},
	} {
		err := Processors{"a": c.a, "b": c.b}.Check()
		if err == nil || !strings.Contains(err.Error(), "used again") || strings.Contains(err.Error(), coded) ||
			strings.Contains(err.Error(), digits) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	good := Processors{
		"a": of(Adyen, digits),
		"b": of(Standard, "whsec_"+base64.StdEncoding.EncodeToString([]byte("fedcba9876543210FEDCBA9876543210"))),
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestEarlierSecretsAreAcceptedAfterRotation(t *testing.T) {
	const (
		one   = "whsec_1b1f0c7e9a2d4863"
		two   = "whsec_2c2f0c7e9a2d4863"
		three = "whsec_3d3f0c7e9a2d4863"
		four  = "whsec_4e4f0c7e9a2d4863"
	)
	stripe := func(secrets ...string) map[string]Processor { return map[string]Processor{Stripe: {Secrets: secrets}} }
	for _, c := range []struct {
		name        string
		now, before Processors
		want        []string
	}{
		{
			"one took the place of another",
			Processors{"a": stripe(two)},
			Processors{"a": stripe(one)},
			[]string{two, one},
		},
		{"the same secret", Processors{"a": stripe(one)}, Processors{"a": stripe(one)}, []string{one}},
		{
			"two current secrets",
			Processors{"a": stripe(two, three)},
			Processors{"a": stripe(one)},
			[]string{two, three},
		},
		{
			"the newer of two from before",
			Processors{"a": stripe(three)},
			Processors{"a": stripe(two, one)},
			[]string{three, two},
		},
		{"a secret of another program", Processors{"a": stripe(two)}, Processors{"b": stripe(one)}, []string{two}},
		{
			"now used by another program",
			Processors{"a": stripe(two), "b": stripe(one)},
			Processors{"a": stripe(one)},
			[]string{two},
		},
		{
			"an earlier placeholder",
			Processors{"a": stripe(two)},
			Processors{"a": stripe("changeme-changeme-changeme")},
			[]string{two},
		},
		{"no earlier secret", Processors{"a": stripe(four)}, nil, []string{four}},
	} {
		got := c.now.Accepting(c.before)
		if !slices.Equal(got["a"][Stripe].Secrets, c.want) || len(got) != len(c.now) {
			t.Errorf("%s: %v", c.name, got)
		}
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCaptureConfiguresAdyenOnly(t *testing.T) {
	adyen := func(c Processor) Processor {
		c.Secrets = []string{"44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"}
		return c
	}
	for _, c := range []struct {
		document string
		manual   map[string]bool
		wrong    string
	}{
		{`{}`, map[string]bool{"Shop": false}, ""},
		{`{"capture": "automatic"}`, map[string]bool{"Shop": false}, ""},
		{`{"capture": "manual"}`, map[string]bool{"Shop": true}, ""},
		{`{"accounts": {"Shop": {"capture": "manual"}}}`, map[string]bool{"Shop": true, "Other": false}, ""},
		{
			`{"capture": "manual", "accounts": {"Shop": {"capture": "automatic"}}}`,
			map[string]bool{"Shop": false, "Other": true},
			"",
		},
		{`{"capture": "later"}`, nil, "capture must be automatic or manual"},
		{`{"accounts": {"Shop": {"capture": ""}}}`, nil, `capture of the account "Shop" must be automatic or manual`},
	} {
		p, err := ReadProcessors([]byte(`{"corner": {"adyen": ` + c.document + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		got := adyen(p["corner"][Adyen])
		if err := got.Check(Adyen); (err == nil) != (c.wrong == "") ||
			err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", c.document, err)
		}
		for account, manual := range c.manual {
			if got.CapturesManually(account) != manual {
				t.Errorf("%s: the account %s captures manually: %t", c.document, account, !manual)
			}
		}
	}
	other := Processor{Secrets: []string{"whsec_5b1f0c7e9a2d4863"}, Capture: CaptureManual}
	if err := other.Check(Stripe); err == nil || !strings.Contains(err.Error(), "adyen only") {
		t.Errorf("capture of Stripe: %v", err)
	}
}
