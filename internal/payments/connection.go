package payments

import (
	"reflect"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// connections contains the connections that have valid settings, by program and provider.
type connections map[string]map[string]*connection

// A connection connects a program to a payment provider.
type connection struct {
	webhook.Provider
	program, provider string
	settings          app.Processor
}

// connect creates the connections. If the settings of a connection have not changed, it uses the previous connection
// again, with its cached tokens and certificates.
func connect(a *app.App, settings app.Processors, previous connections) connections {
	all := connections{}
	for program, processors := range settings {
		all[program] = map[string]*connection{}
		for provider, c := range processors {
			if was := previous[program][provider]; was != nil && reflect.DeepEqual(was.settings, c) {
				all[program][provider] = was
				continue
			}
			if err := c.Check(provider); err != nil {
				a.Log.Error(
					"a payment processor is not connected", "program", program, "provider", provider, "err", err,
				)
				continue
			}
			all[program][provider] = newConnection(a, program, provider, c)
		}
	}
	return all
}

func newConnection(a *app.App, program, provider string, c app.Processor) *connection {
	return &connection{
		Provider: providers[provider](webhook.Connection{
			Processor: c, Stage: a.Stage, HTTP: a.HTTP, Roots: a.Roots, Now: a.Now,
		}),
		program: program, provider: provider, settings: c,
	}
}
