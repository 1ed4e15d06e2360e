package payments

import (
	"log/slog"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
)

func TestEveryProviderOfSettingsIsImplemented(t *testing.T) {
	if diff := cmp.Diff(app.Providers(), slices.Sorted(maps.Keys(providers))); diff != "" {
		t.Errorf("providers (-settings +implemented):\n%s", diff)
	}
}

// A connection whose settings are unchanged is reused with its tokens and certificates.
func TestUnchangedConnectionIsReused(t *testing.T) {
	a := &app.App{Log: slog.New(slog.DiscardHandler)}
	connectWith := func(secret string, previous connections) *connection {
		settings := app.Processors{"corner": {app.Stripe: {Secrets: []string{secret}}}}
		return connect(a, settings, previous)["corner"][app.Stripe]
	}
	first := connectWith("whsec_1b1f0c7e9a2d4863", nil)
	previous := connections{"corner": {app.Stripe: first}}
	if first == nil || connectWith("whsec_1b1f0c7e9a2d4863", previous) != first {
		t.Error("the connection was not reused")
	}
	if other := connectWith("whsec_2c2f0c7e9a2d4863", previous); other == nil || other == first {
		t.Error("the connection was reused with another secret")
	}
	if connectWith("short", previous) != nil {
		t.Error("a connection with an invalid secret was created")
	}
}
