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

// The payment processors that can be connected, and Standard for events from the merchant's own systems.
const (
	Adyen    = "adyen"
	PayPal   = "paypal"
	Shopify  = "shopify"
	Square   = "square"
	Standard = "standard"
	Stripe   = "stripe"
)

// Providers are the last part of a webhook's address, in their order.
func Providers() []string { return []string{Adyen, PayPal, Shopify, Square, Standard, Stripe} }

// Processors is what is agreed with payment processors: by program, by provider.
type Processors map[string]map[string]Processor

// A Processor is one connection. A secret signs one thing only: what is used twice is refused.
type Processor struct {
	Secrets   []string `json:"secrets,omitempty"`   // what webhooks are signed with; two while one takes the place of the other
	URL       string   `json:"url,omitzero"`        // Square: the notification URL as it was entered there, which is signed too
	WebhookID string   `json:"webhook_id,omitzero"` // PayPal, which signs it instead of with a secret
	ClientID  string   `json:"client_id,omitzero"`  // PayPal, for reading back what a webhook says
	APISecret string   `json:"api_secret,omitzero"` // for the processor's API: PayPal's client secret, the others' access token
	API       string   `json:"api,omitzero"`        // where that API is; empty for the processor's own

	Capture  Capture            `json:"capture,omitzero"`   // Adyen: how its merchant accounts capture; empty: automatic
	Accounts map[string]Account `json:"accounts,omitempty"` // Adyen: merchant accounts that differ, by their code
}

// An Account is a merchant account of Adyen's.
type Account struct {
	Capture Capture `json:"capture"`
}

// Capture says which event of Adyen makes a payment count. Adyen captures automatically unless an account is set up
// otherwise, and then reports nothing but the authorization.
type Capture string

const (
	CaptureAutomatic Capture = "automatic" // the authorization
	CaptureManual    Capture = "manual"    // each capture
)

// CapturesManually reports whether a merchant account captures by requests of the merchant.
func (c Processor) CapturesManually(account string) bool {
	if a, ok := c.Accounts[account]; ok {
		return a.Capture == CaptureManual
	}
	return c.Capture == CaptureManual
}

// ReadProcessors reads a configuration document: {"bluebird": {"stripe": {"secrets": ["whsec_…"]}}}. What it says is
// checked in Wire.
func ReadProcessors(document []byte) (Processors, error) {
	var p Processors
	if err := json.Unmarshal(document, &p, json.RejectUnknownMembers(true)); err != nil {
		// Its words may quote a value, which may be a secret.
		return nil, errors.New("app: the configuration of payment processors is no JSON of the form {program: {provider: {…}}}")
	}
	return p, nil
}

// Check says what is wrong with the connections, by name. No secret shows in it.
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
					wrong = append(wrong, fmt.Errorf("app: webhooks of %s: a secret of %s is used again; each signs one thing only", name, uses[keys[i]]))
				}
				for _, k := range keys {
					uses[k] = name
				}
			}
		}
	}
	return errors.Join(wrong...)
}

// maxSecrets is how many secrets of one connection are tried.
const maxSecrets = 2

// Accepting returns the connections with the secrets that were agreed before, which processors may sign with for a while
// after a rotation. A connection accepts two secrets at most: its own come first, so that one which lists two accepts no
// earlier one. A secret that is in use for anything now is not accepted for what it was before.
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
				if one := (Processor{Secrets: []string{secret}}); len(c.Secrets) < maxSecrets && !used && one.checkSecrets(provider) == nil {
					c.Secrets = append(c.Secrets, secret)
				}
			}
			merged[program][provider] = c
		}
	}
	return merged
}

// keysOf is every key that a secret can be written for: the text itself, with or without whsec_, and what it stands for
// in base64 and in hexadecimal digits. Two secrets that have one in common are one.
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

// Check says what is wrong with one connection.
func (c Processor) Check(provider string) error {
	if !slices.Contains(Providers(), provider) {
		return fmt.Errorf("there is no such payment processor; there are %s", strings.Join(Providers(), ", "))
	}
	if err := c.checkSecrets(provider); err != nil {
		return err
	}
	if err := c.checkCapture(provider); err != nil {
		return err
	}
	switch {
	case provider == Square && !secure(c.URL):
		return errors.New("the url is wanted, as it was entered at Square: https://…")
	case provider == PayPal && checkRandom(c.WebhookID) != nil:
		return errors.New("the webhook_id is a placeholder, or too short; PayPal shows it beside the webhook")
	case provider == PayPal && (checkRandom(c.ClientID) != nil || checkRandom(c.APISecret) != nil):
		return errors.New("the client_id and the api_secret are wanted, for PayPal's signatures cover too little of a webhook: what it says is read back")
	case c.APISecret != "" && checkRandom(c.APISecret) != nil:
		return errors.New("the api_secret is a placeholder, or too short")
	case provider == Shopify && c.APISecret != "" && c.API == "":
		return errors.New("the api is wanted beside the api_secret: https://<shop>.myshopify.com")
	case c.API != "" && !secure(c.API) && !loopback(c.API):
		return errors.New("the api is no https address")
	}
	return nil
}

func (c Processor) checkCapture(provider string) error {
	if provider != Adyen {
		if c.Capture != "" || len(c.Accounts) > 0 {
			return errors.New("capture and accounts are settings of adyen alone")
		}
		return nil
	}
	if !slices.Contains([]Capture{"", CaptureAutomatic, CaptureManual}, c.Capture) {
		return fmt.Errorf("capture is %s or %s", CaptureAutomatic, CaptureManual)
	}
	for _, code := range slices.Sorted(maps.Keys(c.Accounts)) {
		if !slices.Contains([]Capture{CaptureAutomatic, CaptureManual}, c.Accounts[code].Capture) {
			return fmt.Errorf("capture of the account %q is %s or %s", code, CaptureAutomatic, CaptureManual)
		}
	}
	return nil
}

// checkSecrets looks at what webhooks are signed with, as the processor writes it down.
func (c Processor) checkSecrets(provider string) error {
	most := maxSecrets
	if provider == PayPal {
		most = 0
	}
	switch {
	case len(c.Secrets) > most:
		return fmt.Errorf("there are %d secrets; at most %d are tried", len(c.Secrets), most)
	case len(c.Secrets) == 0 && most > 0:
		return errors.New("a secret is wanted")
	}
	for _, secret := range c.Secrets {
		if err := checkRandom(secret); err != nil {
			return err
		}
		switch key, err := StandardKey(secret); {
		case provider == Standard && (err != nil || len(key) < 24 || len(key) > 64):
			return errors.New("the secret is not whsec_ and the base64 of 24 to 64 bytes")
		case provider == Adyen:
			if key, err := hex.DecodeString(secret); err != nil || len(key) < 16 {
				return errors.New("the secret is not the HMAC key that Adyen shows, in hexadecimal digits")
			}
		}
	}
	return nil
}

// StandardKey is the key that a secret of Standard Webhooks stands for.
func StandardKey(secret string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
}

// checkRandom refuses what nobody chose at random.
func checkRandom(secret string) error {
	distinct := map[rune]bool{}
	for _, r := range secret {
		distinct[r] = true
	}
	low := strings.ToLower(secret)
	for _, word := range []string{"changeme", "change-me", "change_me", "placeholder", "replace", "example", "todo", "webhook_id", "your_", "your-", "...", "…"} {
		if strings.Contains(low, word) {
			return errors.New("the secret is a placeholder")
		}
	}
	switch {
	case secret == "":
		return errors.New("the secret is empty")
	case len(secret) < 16 || len(distinct) < 6 || strings.TrimSpace(secret) != secret:
		return errors.New("the secret is too short to be one: at least 16 random bytes, without spaces around them")
	}
	return nil
}

func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// loopback lets tests and emulators of this machine stand in for a processor.
func loopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}
