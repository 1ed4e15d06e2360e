// Package keyringtest creates keyrings for tests, and decrypts the dumps of tables.
package keyringtest

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strconv"
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
	gift       = regexp.MustCompile(`(?m)^("P#[^#]+#M#([^"]+)" "OUTBOX#.*"id":"([^"]+)".*"to":)"([^"]+)"`)
	member     = regexp.MustCompile(`(?m)^"P#[^#]+#M#([^"]+)" .*$`)
	sealedText = regexp.MustCompile(`"(~A[\w-]+)"`)
	programKey = regexp.MustCompile(`(?m)^"P#[^#]+#KEY" .*\n`)
)

// Opened replaces the encrypted profiles, the encrypted recipients of gift cards and the encrypted texts in the
// partitions of members in the dump of a table by their plain text, because the keys and nonces are random. It omits
// the keys of programs.
func Opened(t testing.TB, k *keyring.Keyring, dump string) string {
	t.Helper()
	keys := map[string]keyring.MemberKey{}
	open := func(member, field string, sealed []byte) string {
		plain, err := keys[member].Open(field, sealed)
		if err != nil {
			t.Fatal(err)
		}
		return string(plain)
	}
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
		keys[m[3]] = key
		return m[1] + open(m[3], "profile", d.Profile)
	})
	dump = gift.ReplaceAllStringFunc(dump, func(line string) string {
		m := gift.FindStringSubmatch(line)
		sealed, err := base64.StdEncoding.DecodeString(m[4])
		if err != nil {
			t.Fatal(err)
		}
		return m[1] + open(m[2], "gift_card/"+m[3], sealed)
	})
	dump = member.ReplaceAllStringFunc(dump, func(line string) string {
		key, ok := keys[member.FindStringSubmatch(line)[1]]
		if !ok {
			return line
		}
		return sealedText.ReplaceAllStringFunc(line, func(quoted string) string {
			plain, err := key.OpenText("text", quoted[1:len(quoted)-1])
			if err != nil {
				t.Fatal(err)
			}
			return strconv.Quote(plain)
		})
	})
	return programKey.ReplaceAllString(dump, "")
}
