package payments

import (
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/adyen"
	"github.com/perennial-loyalty/perennial/internal/payments/paypal"
	"github.com/perennial-loyalty/perennial/internal/payments/shopify"
	"github.com/perennial-loyalty/perennial/internal/payments/square"
	"github.com/perennial-loyalty/perennial/internal/payments/standard"
	"github.com/perennial-loyalty/perennial/internal/payments/stripe"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// providers lists the payment providers.
//
// To add a provider, write a package like square that implements webhook.Provider, and add a line here. Add its name
// and settings to app.Providers and app.Processor.Check, and its sample events to package sample.
var providers = map[string]func(webhook.Connection) webhook.Provider{
	app.Adyen:    adyen.New,
	app.PayPal:   paypal.New,
	app.Shopify:  shopify.New,
	app.Square:   square.New,
	app.Standard: standard.New,
	app.Stripe:   stripe.New,
}
