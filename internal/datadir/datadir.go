// Package datadir opens the data directory of perennial dev and its commands.
//
// The directory DIR contains the table, the offset of the test clock and the secret that signs checkpoints. The root
// key of personal data is in the file DIR.key beside it, so that a copy of the directory alone does not reveal personal
// data.
package datadir

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// Open opens the table. It creates the directory if necessary. The next perennial dev appends the entries that the
// caller writes to the transparency logs.
func Open(dir string) (*pebbletable.Table, error) {
	t, err := pebbletable.Open(filepath.Join(dir, "table"))
	if err != nil {
		return nil, fmt.Errorf("open the data directory %s: %w", dir, err)
	}
	t.Journal(source.IsChangeOp)
	return t, nil
}

// Root returns the root key. It creates the key if necessary.
func Root(dir string) (keyring.Root, error) {
	return keyring.FileRoot(strings.TrimRight(dir, string(filepath.Separator)) + ".key")
}

// ReadAhead returns the offset of the test clock. The offset is necessary after a restart, because stored events would
// otherwise be in the future.
func ReadAhead(dir string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(dir, "clock"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the offset of the clock: %w", err)
	}
	ahead, err := time.ParseDuration(string(text))
	if err != nil {
		return 0, fmt.Errorf("read the offset of the clock: %w", err)
	}
	return ahead, nil
}

// WriteAhead stores the offset of the test clock.
func WriteAhead(dir string, ahead time.Duration) error {
	beside := filepath.Join(dir, "clock.new")
	if err := os.WriteFile(beside, []byte(ahead.String()), 0o600); err != nil {
		return fmt.Errorf("store the offset of the clock: %w", err)
	}
	return os.Rename(beside, filepath.Join(dir, "clock"))
}

// Clock returns the clock to which the data belong. The clock may have been advanced.
func Clock(dir string) (now func() time.Time, err error) {
	ahead, err := ReadAhead(dir)
	return func() time.Time { return time.Now().Add(ahead) }, err
}

// CopySettings copies the offset of the test clock and the secret that signs checkpoints to another directory. It does
// not copy the root key.
func CopySettings(from, to string) error {
	for _, name := range []string{"clock", secretFile} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("copy the settings of %s: %w", from, err)
		}
	}
	return nil
}

const secretFile = "checkpoint-secret"

// secretSize is the number of random bytes in the secret that signs checkpoints. The secret is their hexadecimal form,
// because a secret of Secrets Manager is a text.
const secretSize = 32

// CheckpointSecret returns the secret that signs the checkpoints of a data directory. It creates the secret if
// necessary. Without a directory, each secret is new.
func CheckpointSecret(dir string) ([]byte, error) {
	secretBytes := make([]byte, secretSize)
	random.Read(nil, secretBytes)
	made := hex.AppendEncode(nil, secretBytes)
	if dir == "" {
		return made, nil
	}
	path := filepath.Join(dir, secretFile)
	secret, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		secret, err = made, os.WriteFile(path, made, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("store the secret of checkpoints: %w", err)
	}
	if len(secret) != len(made) {
		return nil, fmt.Errorf("%s must have %d bytes; it has %d", path, len(made), len(secret))
	}
	return secret, nil
}
