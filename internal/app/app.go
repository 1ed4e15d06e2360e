// Package app is the parts that functions are made of, put together once per process: the table, the ledger
// over it, the keys, the programs, a clock, a log and a queue.
//
// It promises that every function of one process sees the same parts, and refuses to put them together with a
// secret that is missing or a placeholder. It deliberately has no routes and no rules, and does not know where it
// runs: boot (on Lambda), local (on one machine) and the commands of an operator fill it in.
package app

import (
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
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Stage is auth's: whether points are play or real.
type Stage = auth.Stage

const (
	Test = auth.Test
	Live = auth.Live
)

// An App is what functions are made of. Fill in the first two groups of fields and call Wire; the last group is
// then made from them, unless it was filled in too. After that an App is not changed and may be shared.
type App struct {
	Table   table.Table
	Queue   Queue // may be nil where no function sends
	Now     func() time.Time
	Log     *slog.Logger
	Version string // the function's published version, a dimension of its metrics; Wire makes an empty one "local"
	Stage   Stage
	Secret  []byte    // at least 32 random bytes; keys for cursors, identities and more derive from it
	Random  io.Reader // spreads the reading of secrets; nil for crypto/rand

	Processors Processors                                 // what is agreed with payment processors; nil where no function asks
	Reread     func(context.Context) (Processors, error)  // reads that again; nil: it never changes
	Backups    func(context.Context) (on bool, err error) // whether the table's point-in-time recovery is on; nil: not checked
	HTTP       *http.Client                               // for their APIs; Wire makes one that is bounded
	Roots      *x509.CertPool                             // whom the certificates of their signatures must come from; nil: whom the machine trusts

	Ledger   *ledger.Ledger
	Keys     *auth.Keys
	Programs *Programs
}

// A Queue carries work to other functions. Send returns once every body is safe there, or an error, after which
// some may be; whoever receives must bear a body twice. Bodies are in no order.
type Queue interface {
	Send(ctx context.Context, queue string, bodies ...string) error
}

// Wire checks the secrets, the master one and those of payment processors, and makes the ledger, the keys and the
// programs over the table and the clock.
func (a *App) Wire() error {
	if a.Table == nil || a.Now == nil || a.Log == nil {
		return errors.New("app: a table, a clock and a log are wanted")
	}
	if a.Stage != Test && a.Stage != Live {
		return fmt.Errorf("app: stage %q is neither %q nor %q", a.Stage, Test, Live)
	}
	if err := checkSecret(a.Secret); err != nil {
		return err
	}
	if err := a.Processors.Check(); err != nil {
		return err
	}
	if a.Version == "" {
		a.Version = "local"
	}
	if a.HTTP == nil {
		a.HTTP = boundedClient()
	}
	if a.Ledger == nil {
		a.Ledger = &ledger.Ledger{Table: a.Table, Now: a.Now}
	}
	if a.Keys == nil {
		a.Keys = &auth.Keys{Table: a.Table, Now: a.Now, Stage: a.Stage}
	}
	if a.Programs == nil {
		a.Programs = &Programs{Ledger: a.Ledger, Now: a.Now}
	}
	if a.Ledger.Program == nil {
		a.Ledger.Program = a.Programs.Version
	}
	if a.Ledger.Versions == nil {
		a.Ledger.Versions = a.Programs.Schedule
	}
	return nil
}

// Derive makes 32 bytes of key from the master secret for one purpose (HKDF-SHA-256, RFC 5869). One purpose,
// one label: a signature made for one thing then says nothing about another.
func (a *App) Derive(label string) []byte {
	key, err := hkdf.Key(sha256.New, a.Secret, nil, "perennial/"+label, 32)
	if err != nil {
		panic("app: " + err.Error()) // only for a length that is asked for nowhere
	}
	return key
}

// boundedClient waits three seconds for somebody else's API, and follows it nowhere.
func boundedClient() *http.Client {
	return &http.Client{
		Timeout:       3 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// checkSecret refuses what nobody chose at random. The secret itself must not show in the error.
func checkSecret(secret []byte) error {
	distinct := map[byte]bool{}
	for _, b := range secret {
		distinct[b] = true
	}
	low := strings.ToLower(string(secret))
	for _, word := range []string{"changeme", "change-me", "change_me", "placeholder", "replace", "example", "todo"} {
		if strings.Contains(low, word) {
			return errors.New("app: the master secret is a placeholder; put 32 random bytes in its place")
		}
	}
	if len(secret) < 32 || len(distinct) < 8 {
		return errors.New("app: the master secret must be at least 32 random bytes")
	}
	return nil
}
