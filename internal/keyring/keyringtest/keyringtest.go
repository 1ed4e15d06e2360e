// Package keyringtest creates keyrings for tests, and decrypts the dumps of tables.
package keyringtest

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

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

var (
	profile    = regexp.MustCompile(`(?m)^("P#([^#]+)#M#([^"]+)" "ACCOUNT#PROFILE" .*?)(\{.*)$`)
	programKey = regexp.MustCompile(`(?m)^"P#[^#]+#KEY" .*\n`)
)

// Opened replaces the encrypted profiles in the dump of a table by their plain text, because their nonces are random.
// It omits the keys of programs.
func Opened(t testing.TB, k *keyring.Keyring, dump string) string {
	t.Helper()
	dump = profile.ReplaceAllStringFunc(dump, func(line string) string {
		m := profile.FindStringSubmatch(line)
		var d struct {
			Key     []byte `json:"k"`
			Profile []byte `json:"p"`
		}
		if err := json.Unmarshal([]byte(m[4]), &d); err != nil {
			t.Fatal(err)
		}
		key, err := k.Member(t.Context(), m[2], m[3], d.Key)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := key.Open("profile", d.Profile)
		if err != nil {
			t.Fatal(err)
		}
		return m[1] + string(plain)
	})
	return programKey.ReplaceAllString(dump, "")
}
