package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// An accessDoc is the document that the table stores for a program: how its members sign in. Fields may be added but
// not changed. It contains no secret.
type accessDoc struct {
	Keys    []tokenKeyDoc `json:"keys,omitzero"`
	Origins []string      `json:"origins,omitzero"` // the origins whose pages may call the API

	Issuers []issuerRefDoc `json:"issuers,omitzero"` // the issuers whose tokens members may use
}

// read returns the stored settings of a program and their item. They are empty if nothing is stored.
func (t *Tokens) read(ctx context.Context, program string) (doc accessDoc, item table.Item, err error) {
	key := table.Key{PK: "KEY#access-" + program, SK: "ACCESS"}
	if item, err = t.Table.Get(ctx, key); err != nil {
		return doc, item, fmt.Errorf("auth: read the token keys of %s: %w", program, err)
	}
	if item.Version == 0 {
		return doc, table.Item{Key: key}, nil
	}
	if err := json.Unmarshal(item.Doc, &doc); err != nil {
		return doc, item, fmt.Errorf("auth: decode the token keys of %s: %w", program, err)
	}
	return doc, item, nil
}

// change reads the settings of a program, changes them, and stores them together with other items, unless the function
// change returns an error.
func (t *Tokens) change(
	ctx context.Context, program string, change func(*accessDoc) error, others ...table.Op,
) error {
	doc, item, err := t.read(ctx, program)
	if err != nil {
		return err
	}
	if err := change(&doc); err != nil {
		return err
	}
	if item.Doc, err = json.Marshal(doc); err != nil {
		return fmt.Errorf("auth: encode the token keys of %s: %w", program, err)
	}
	if err := t.Table.Transact(ctx, append(others, table.Put(item))...); err != nil {
		return fmt.Errorf("auth: store the token keys of %s: %w", program, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, program)
	clear(t.origins)
	return nil
}

// An access is a cached accessDoc with decoded keys.
type access struct {
	keys []verifyingKey
	at   time.Time // when it was read
}

// access returns the settings of a program, from the cache or the table. Settings without a key are not cached, so that
// tokens for unknown programs do not displace real ones.
func (t *Tokens) access(ctx context.Context, program string) (access, error) {
	now := t.Now()
	t.mu.Lock()
	a, ok := t.known[program]
	t.mu.Unlock()
	if age := now.Sub(a.at); ok && age >= 0 && age < remember {
		return a, nil
	}
	doc, _, err := t.read(ctx, program)
	if err != nil {
		return access{}, err
	}
	a = access{at: now}
	for _, k := range doc.Keys {
		if !k.Revoked.IsZero() {
			continue
		}
		key, err := t.verifyingKey(program, k)
		if err != nil {
			return access{}, err
		}
		a.keys = append(a.keys, key)
	}
	if len(a.keys) == 0 {
		return a, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) >= rememberAt {
		t.known = make(map[string]access)
	}
	t.known[program] = a
	return a, nil
}
