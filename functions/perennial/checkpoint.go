package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// secretSize is the number of random bytes in the secret that signs checkpoints. The secret is their hexadecimal form,
// because a secret of Secrets Manager is a text.
const secretSize = 32

// checkpointSecret returns the secret that signs the checkpoints of a data directory. It creates the secret if
// necessary. Without a directory, each secret is new.
func checkpointSecret(dir string) ([]byte, error) {
	random := make([]byte, secretSize)
	if _, err := rand.Read(random); err != nil {
		return nil, fmt.Errorf("create the secret of checkpoints: %w", err)
	}
	made := hex.AppendEncode(nil, random)
	if dir == "" {
		return made, nil
	}
	path := filepath.Join(dir, "checkpoint-secret")
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

// checkpoint writes the latest checkpoint of a program to the directory of the flag --checkpoints.
func (d *dev) checkpoint(program, text string) error {
	if d.Checkpoints == "" {
		return nil
	}
	if err := os.MkdirAll(d.Checkpoints, 0o755); err != nil {
		return fmt.Errorf("write a checkpoint: %w", err)
	}
	path := filepath.Join(d.Checkpoints, program+".txt")
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return fmt.Errorf("write a checkpoint: %w", err)
	}
	return os.Rename(path+".new", path)
}
