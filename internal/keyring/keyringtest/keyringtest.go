// Package keyringtest creates keyrings for tests.
package keyringtest

import (
	"bytes"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// New returns a keyring with a fixed root key. Two keyrings over one table can read the keys of each other.
func New(t table.Table, now func() time.Time) *keyring.Keyring {
	root, err := keyring.LocalRoot(bytes.Repeat([]byte{7}, 32), nil)
	if err != nil {
		panic("keyringtest: " + err.Error()) // only a key of another length causes an error
	}
	return &keyring.Keyring{Table: t, Root: root, Lookups: []byte("lookups"), Now: now}
}
