// Package app contains the dependencies that all functions share: the table, the ledger and the stores that use it, the
// keys, the programs, a clock, a log and a queue.
//
// Every function of a process uses the same App. Wire rejects a master secret that is missing or a placeholder. The
// package deliberately has no routes and no rules, and does not depend on its environment. Package boot (on Lambda),
// package local (on one machine) and the operator's commands create an App.
package app

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/oidc"
	"github.com/perennial-loyalty/perennial/internal/outbound"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Stage is an alias of auth.Stage. Its value is test or live.
type Stage = auth.Stage

const (
	Test = auth.Test
	Live = auth.Live
)

// An App contains the dependencies of functions. First set the fields of the first two groups. Then call Wire, which
// creates the fields of the last group that are not set. After that, an App must not be changed and can be shared.
type App struct {
	Table table.Table
	Queue Queue // may be nil if no function of the App sends messages
	Now   func() time.Time
	// Wall is the clock with which tokens of members are compared, because their issuers do not use a test clock. Wire
	// sets it to Now if it is nil.
	Wall func() time.Time
	Log  *slog.Logger
	// Version is the function's published version, which is a dimension of its metrics. Wire sets it to "local" if it
	// is empty.
	Version string
	Stage   Stage
	Secret  []byte // at least 32 random bytes, from which the keys for all purposes are derived
	// CheckpointSecret signs the checkpoints of transparency logs. It is nil except in the function relay.
	CheckpointSecret []byte
	// Random is the source of all randomness, which must be safe for concurrent use. If it is nil, crypto/rand is used.
	Random io.Reader
	// Root is the key that wraps the keys of programs, which protect personal data. If it is not set, Wire derives it
	// from the master secret. On AWS it is a key of KMS.
	Root keyring.Root

	Processors Processors                                // the connections to payment processors; may be nil
	Reread     func(context.Context) (Processors, error) // reads Processors again; nil if the connections never change
	// Backups reports whether point-in-time recovery is on. If Backups is nil, this is not checked.
	Backups func(context.Context) (on bool, err error)
	// HTTP is the client for the APIs of payment processors. Wire creates one if it is nil.
	HTTP *http.Client
	// RecordKeyUse states whether the time of the last use of API keys is recorded.
	RecordKeyUse bool
	// IssuerHTTP is the client for OpenID Connect issuers. If it is nil, requests connect only to public addresses.
	IssuerHTTP *http.Client
	// Roots contains the root certificates for webhook signatures. If it is nil, the root certificates of the system
	// are used.
	Roots *x509.CertPool

	Stores   // the ledger and the stores that use it
	Keys     *auth.Keys
	KeyUse   *auth.KeyUse // nil unless RecordKeyUse is set
	Tokens   *auth.Tokens
	Programs *Programs

	Operators *auth.Operators
	// SignIn is the issuer at which operators sign in. Its Provider is nil if none is set.
	SignIn SignIn
}

// SignIn contains the issuer at which operators sign in, and the settings of this product as its client.
type SignIn struct {
	Issuer      string // the URL of the issuer; empty for none
	ClientID    string
	RedirectURL string         // the page of the console to which the issuer sends operators
	Provider    *oidc.Provider // Wire creates it if Issuer is set
}

// A Queue sends messages to other functions. Send returns nil once all messages are stored durably. After an error,
// some of them may have been sent. A receiver must accept duplicates and messages in any order.
type Queue interface {
	Send(ctx context.Context, queue string, bodies ...string) error
}

// Wire checks the master secret and the secrets of payment processors. It then creates the stores, the keys and the
// programs from the table and the clock.
func (a *App) Wire() error {
	if err := a.check(); err != nil {
		return err
	}
	if a.Wall == nil {
		a.Wall = a.Now
	}
	a.Version, a.HTTP = cmp.Or(a.Version, "local"), cmp.Or(a.HTTP, processorClient())
	if a.Ledger == nil {
		ring, err := a.keyring()
		if err != nil {
			return err
		}
		a.Stores = NewStores(&ledger.Ledger{Table: a.Table, Now: a.Now, Random: a.Random, Keyring: ring})
	}
	a.Keys = cmp.Or(a.Keys, &auth.Keys{Table: a.Table, Now: a.Now, Stage: a.Stage, Random: a.Random})
	if a.RecordKeyUse {
		a.KeyUse = cmp.Or(a.KeyUse, &auth.KeyUse{Table: a.Table, Now: a.Now})
	}
	a.Tokens = cmp.Or(a.Tokens, a.NewTokens(a.Table, a.Wall))
	if a.SignIn.Issuer != "" {
		if err := oidc.CheckIssuer(a.SignIn.Issuer); err != nil {
			return err
		}
		a.SignIn.Provider = &oidc.Provider{
			Issuer: a.SignIn.Issuer, HTTP: cmp.Or(a.IssuerHTTP, oidc.Client()), Now: a.Wall,
		}
	}
	a.Operators = cmp.Or(a.Operators, &auth.Operators{Table: a.Table, Now: a.Now, Stage: a.Stage, Random: a.Random})
	a.Programs = cmp.Or(a.Programs, &Programs{Catalog: a.Catalog, Now: a.Now})
	if a.Ledger.Program == nil {
		a.Ledger.Program = a.Programs.Version
	}
	if a.Ledger.Versions == nil {
		a.Ledger.Versions = a.Programs.Schedule
	}
	return nil
}

// check checks the fields that have no default.
func (a *App) check() error {
	if a.Table == nil || a.Now == nil || a.Log == nil {
		return errors.New("app: the table, the clock and the log are required")
	}
	if a.Stage != Test && a.Stage != Live {
		return fmt.Errorf("app: unknown stage %q, must be %q or %q", a.Stage, Test, Live)
	}
	if err := checkSecret(a.Secret); err != nil {
		return err
	}
	return a.Processors.Check()
}

// NewTokens returns the tokens of members that are stored in a table. Their secrets are derived from the master secret.
func (a *App) NewTokens(t table.Table, now func() time.Time) *auth.Tokens {
	return &auth.Tokens{
		Table: t, Now: now, Secret: a.Derive("member-tokens"), Random: a.Random, HTTP: a.IssuerHTTP,
	}
}

func (a *App) keyring() (*keyring.Keyring, error) {
	if a.Root.Unwrap == nil {
		var err error
		if a.Root, err = keyring.LocalRoot(a.Derive("root-key"), a.Random); err != nil {
			return nil, err
		}
	}
	return &keyring.Keyring{
		Table: a.Table, Root: a.Root, Lookups: a.Derive("lookups"), Now: a.Now, Random: a.Random,
	}, nil
}

// Derive returns a 32-byte key for one purpose, derived from the master secret (HKDF-SHA-256, RFC 5869). Each
// purpose must have its own label, so that a signature for one purpose is not valid for another.
func (a *App) Derive(label string) []byte {
	key, err := hkdf.Key(sha256.New, a.Secret, nil, "perennial/"+label, 32)
	if err != nil {
		panic("app: " + err.Error()) // only an invalid key length causes an error
	}
	return key
}

// processorClient returns a client for the APIs of payment processors, with a timeout of three seconds. It does not
// follow redirects, and connects only to public addresses. The settings may also name an emulator on this machine,
// without TLS.
func processorClient() *http.Client {
	c := outbound.Client(3 * time.Second)
	c.Transport = emulated{c.Transport}
	return c
}

// emulated sends requests without TLS to emulators on this machine, and all others to the public client.
type emulated struct{ public http.RoundTripper }

func (t emulated) RoundTrip(r *http.Request) (*http.Response, error) {
	if loopback(r.URL.String()) {
		return http.DefaultTransport.RoundTrip(r)
	}
	return t.public.RoundTrip(r)
}

// checkSecret rejects a secret that is not random. The error does not contain the secret.
func checkSecret(secret []byte) error {
	distinct := map[byte]bool{}
	for _, b := range secret {
		distinct[b] = true
	}
	low := strings.ToLower(string(secret))
	for _, word := range []string{"changeme", "change-me", "change_me", "placeholder", "replace", "example", "todo"} {
		if strings.Contains(low, word) {
			return errors.New("app: the master secret is a placeholder; replace it with 32 random bytes")
		}
	}
	if len(secret) < 32 || len(distinct) < 8 {
		return errors.New("app: the master secret must be at least 32 random bytes")
	}
	return nil
}
