package keyring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// LocalRoot returns a root key of 32 bytes that is in memory. Nonces are read from source, or from the operating
// system's source if that is nil.
func LocalRoot(key []byte, source io.Reader) (Root, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return Root{}, err
	}
	return Root{
		Wrap: func(_ context.Context, program string, key []byte) ([]byte, error) {
			return seal(aead, source, key, []byte("program\x00"+program)), nil
		},
		Unwrap: func(_ context.Context, program string, wrapped []byte) ([]byte, error) {
			return open(aead, wrapped, []byte("program\x00"+program))
		},
	}, nil
}

// FileRoot returns the root key in a file that contains 32 bytes. If the file is absent, FileRoot creates it with a
// random key, readable only by its owner. Data that was encrypted with a lost key file cannot be decrypted.
func FileRoot(path string) (Root, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = createKeyFile(path)
	}
	if err != nil {
		return Root{}, fmt.Errorf("keyring: key file: %w", err)
	}
	root, err := LocalRoot(key, nil)
	if err != nil {
		return Root{}, fmt.Errorf("key file %s: %w", path, err)
	}
	return root, nil
}

// createKeyFile writes a random key durably, and then gives the file its name. If another process creates the file at
// the same time, both return the same key.
func createKeyFile(path string) ([]byte, error) {
	key := newKey(nil)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}
