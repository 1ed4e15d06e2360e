package app

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// These constants are the supported payment processors. Standard is for events of the merchant's own systems.
const (
	Adyen    = "adyen"
	PayPal   = "paypal"
	Shopify  = "shopify"
	Square   = "square"
	Standard = "standard"
	Stripe   = "stripe"
)

// Providers returns the sorted names of all providers. The path of a webhook ends with such a name.
func Providers() []string { return []string{Adyen, PayPal, Shopify, Square, Standard, Stripe} }

// Processors contains the connections to payment processors by program and provider.
type Processors map[string]map[string]Processor

// A Processor is one connection to a payment processor. The same secret must not be used for two purposes.
type Processor struct {
	Secrets   []string `json:"secrets,omitempty"`   // the signing secrets of webhooks; two during a rotation
	URL       string   `json:"url,omitzero"`        // Square: the notification URL, which the signature covers
	WebhookID string   `json:"webhook_id,omitzero"` // PayPal: the webhook's ID, which the signature covers
	ClientID  string   `json:"client_id,omitzero"`  // PayPal: the API client that verifies webhook contents
	APISecret string   `json:"api_secret,omitzero"` // PayPal: the client's secret; others: the access token of the API
	API       string   `json:"api,omitzero"`        // the base URL of the processor's API; empty selects the default

	Capture Capture `json:"capture,omitzero"` // Adyen: the default capture mode; empty means automatic
	// Accounts contains the merchant accounts at Adyen with a different capture mode, keyed by account code.
	Accounts map[string]Account `json:"accounts,omitempty"`
}

// An Account contains the settings of one merchant account at Adyen.
type Account struct {
	Capture Capture `json:"capture"`
}

// Capture states which Adyen event confirms a payment. Adyen captures automatically by default, and then reports
// only the authorization.
type Capture string

const (
	CaptureAutomatic Capture = "automatic" // an authorization confirms the payment
	CaptureManual    Capture = "manual"    // each capture confirms its amount
)

// CapturesManually reports whether the merchant account captures payments manually.
func (c Processor) CapturesManually(account string) bool {
	if a, ok := c.Accounts[account]; ok {
		return a.Capture == CaptureManual
	}
	return c.Capture == CaptureManual
}

// ReadProcessors decodes a configuration document: {"bluebird": {"stripe": {"secrets": ["whsec_…"]}}}. Wire checks
// its contents.
func ReadProcessors(document []byte) (Processors, error) {
	var p Processors
	if err := json.Unmarshal(document, &p, json.RejectUnknownMembers(true)); err != nil {
		// The decoder's error may quote a value, which may be a secret.
		return nil, errors.New(
			"app: the configuration of payment processors is not JSON of the form {program: {provider: {…}}}",
		)
	}
	return p, nil
}

// Check returns an error that lists the invalid connections by name. It contains no secret.
func (p Processors) Check() error {
	var wrong []error
	uses := map[string]string{}
	for _, program := range slices.Sorted(maps.Keys(p)) {
		for _, provider := range slices.Sorted(maps.Keys(p[program])) {
			name := program + "/" + provider
			c := p[program][provider]
			if err := c.Check(provider); err != nil {
				wrong = append(wrong, fmt.Errorf("app: webhooks of %s: %w", name, err))
			}
			for _, secret := range append(slices.Clone(c.Secrets), c.APISecret) {
				keys := keysOf(secret)
				if i := slices.IndexFunc(keys, func(k string) bool { return uses[k] != "" }); i >= 0 {
					wrong = append(
						wrong,
						fmt.Errorf(
							"app: webhooks of %s: a secret of %s is used again; "+
								"use each secret for one connection only",
							name, uses[keys[i]],
						),
					)
				}
				for _, k := range keys {
					uses[k] = name
				}
			}
		}
	}
	return errors.Join(wrong...)
}

// maxSecrets is the maximum number of secrets of one connection.
const maxSecrets = 2

// Accepting returns the current connections with additional secrets: each connection also accepts the secrets that it
// had before, because processors may sign with an earlier secret for a while after a rotation. A connection accepts at
// most two secrets, so a connection with two current secrets accepts no earlier one. An earlier secret that now serves
// another purpose is not accepted.
func (p Processors) Accepting(before Processors) Processors {
	taken := map[string]bool{}
	for _, providers := range p {
		for _, c := range providers {
			for _, secret := range append(slices.Clone(c.Secrets), c.APISecret) {
				for _, key := range keysOf(secret) {
					taken[key] = true
				}
			}
		}
	}
	merged := Processors{}
	for program, providers := range p {
		merged[program] = map[string]Processor{}
		for provider, c := range providers {
			c.Secrets = slices.Clone(c.Secrets)
			for _, secret := range before[program][provider].Secrets {
				used := slices.ContainsFunc(keysOf(secret), func(k string) bool { return taken[k] })
				if one := (Processor{Secrets: []string{secret}}); len(c.Secrets) < maxSecrets && !used &&
					one.checkSecrets(provider) == nil {
					c.Secrets = append(c.Secrets, secret)
				}
			}
			merged[program][provider] = c
		}
	}
	return merged
}

// keysOf returns every key that the text of a secret can represent: the text with and without the prefix whsec_, and
// the bytes that it encodes in base64 or hexadecimal. Two secrets with a common key count as equal.
func keysOf(secret string) (keys []string) {
	if secret == "" {
		return nil
	}
	keys = append(keys, secret, strings.TrimPrefix(secret, "whsec_"))
	if key, err := StandardKey(secret); err == nil {
		keys = append(keys, string(key))
	}
	if key, err := hex.DecodeString(secret); err == nil {
		keys = append(keys, string(key))
	}
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

// Check returns an error if the connection is invalid.
func (c Processor) Check(provider string) error {
	if !slices.Contains(Providers(), provider) {
		return fmt.Errorf("unknown payment processor; must be one of %s", strings.Join(Providers(), ", "))
	}
	if err := c.checkSecrets(provider); err != nil {
		return err
	}
	if err := c.checkCapture(provider); err != nil {
		return err
	}
	if err := c.checkWebhook(provider); err != nil {
		return err
	}
	return c.checkAPI(provider)
}

// checkWebhook checks the settings of the webhook's registration at the processor.
func (c Processor) checkWebhook(provider string) error {
	switch {
	case provider == Square && !secure(c.URL):
		return errors.New("the url is required: the https notification URL as registered with Square")
	case provider == PayPal && checkRandom(c.WebhookID) != nil:
		return errors.New("the webhook_id is a placeholder, or too short; PayPal shows it with the webhook")
	}
	return nil
}

// checkAPI checks the credentials and the address of the processor's API.
func (c Processor) checkAPI(provider string) error {
	switch {
	case provider == PayPal && (checkRandom(c.ClientID) != nil || checkRandom(c.APISecret) != nil):
		return errors.New("the client_id and the api_secret are required, " +
			"because the contents of a PayPal webhook are verified through its API")
	case c.APISecret != "" && checkRandom(c.APISecret) != nil:
		return errors.New("the api_secret is a placeholder, or too short")
	case provider == Shopify && c.APISecret != "" && c.API == "":
		return errors.New("the api is required with the api_secret: https://<shop>.myshopify.com")
	case c.API != "" && !secure(c.API) && !loopback(c.API):
		return errors.New("the api is not an https URL")
	}
	return nil
}

func (c Processor) checkCapture(provider string) error {
	if provider != Adyen {
		if c.Capture != "" || len(c.Accounts) > 0 {
			return errors.New("capture and accounts are settings for adyen only")
		}
		return nil
	}
	if !slices.Contains([]Capture{"", CaptureAutomatic, CaptureManual}, c.Capture) {
		return fmt.Errorf("capture must be %s or %s", CaptureAutomatic, CaptureManual)
	}
	for _, code := range slices.Sorted(maps.Keys(c.Accounts)) {
		if !slices.Contains([]Capture{CaptureAutomatic, CaptureManual}, c.Accounts[code].Capture) {
			return fmt.Errorf("capture of the account %q must be %s or %s", code, CaptureAutomatic, CaptureManual)
		}
	}
	return nil
}

// checkSecrets checks the webhook signing secrets in the processor's format.
func (c Processor) checkSecrets(provider string) error {
	most := maxSecrets
	if provider == PayPal {
		most = 0
	}
	switch {
	case len(c.Secrets) > most:
		return fmt.Errorf("there are %d secrets; the limit is %d", len(c.Secrets), most)
	case len(c.Secrets) == 0 && most > 0:
		return errors.New("a secret is required")
	}
	for _, secret := range c.Secrets {
		if err := checkRandom(secret); err != nil {
			return err
		}
		switch key, err := StandardKey(secret); {
		case provider == Standard && (err != nil || len(key) < 24 || len(key) > 64):
			return errors.New("the secret must be whsec_ followed by the base64 of 24 to 64 bytes")
		case provider == Adyen:
			if key, err := hex.DecodeString(secret); err != nil || len(key) < 16 {
				return errors.New("the secret must be Adyen's HMAC key in hexadecimal digits")
			}
		}
	}
	return nil
}

// StandardKey decodes a secret of Standard Webhooks.
func StandardKey(secret string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
}

// checkRandom rejects a secret that is not random.
func checkRandom(secret string) error {
	distinct := map[rune]bool{}
	for _, r := range secret {
		distinct[r] = true
	}
	low := strings.ToLower(secret)
	for _, word := range []string{
		"changeme", "change-me", "change_me", "placeholder", "replace", "example", "todo", "webhook_id", "your_",
		"your-", "...", "…",
	} {
		if strings.Contains(low, word) {
			return errors.New("the secret is a placeholder")
		}
	}
	switch {
	case secret == "":
		return errors.New("the secret is empty")
	case len(secret) < 16 || len(distinct) < 6 || strings.TrimSpace(secret) != secret:
		return errors.New("the secret is too short; it must have at least 16 random bytes and no surrounding spaces")
	}
	return nil
}

func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// loopback reports whether address is on this machine. Tests and emulators use such addresses.
func loopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}
