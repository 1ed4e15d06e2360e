package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// An accessDoc is the document that the table stores for a program: how its members sign in. Fields may be added but
// not changed. It contains no secret.
type accessDoc struct {
	Keys    []tokenKeyDoc `json:"keys,omitzero"`
	Origins []string      `json:"origins,omitzero"` // the origins whose pages may call the API

	Issuers []issuerRefDoc `json:"issuers,omitzero"` // the issuers whose tokens members may use
	Guests  []GuestAccess  `json:"guests,omitzero"`  // the parts of the API that anyone may call

	Changes int `json:"changes,omitzero"` // the number of stored changes
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
	before := doc
	before.Keys, before.Origins = slices.Clone(doc.Keys), slices.Clone(doc.Origins)
	before.Issuers, before.Guests = slices.Clone(doc.Issuers), slices.Clone(doc.Guests)
	if err := change(&doc); err != nil {
		return err
	}
	for _, c := range accessChanges(before, doc) {
		c.At, c.By = t.Now().UTC(), "command_line"
		doc.Changes++
		record := table.Item{Key: table.Key{PK: item.Key.PK, SK: fmt.Sprintf("%s%08d", changeItem, doc.Changes)}}
		if record.Doc, err = json.Marshal(c); err != nil {
			return fmt.Errorf("auth: encode the change of %s: %w", program, err)
		}
		others = append(others, table.Put(record))
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

// An AccessChange is a change of the settings that state who may call the API of a program: a token key, an origin or
// an issuer that was added or removed, or guest access that was enabled or disabled. It is stored, and the audit list
// is made from it. Fields may only be added.
type AccessChange struct {
	Action   string            `json:"action"`
	Resource string            `json:"resource"`
	At       time.Time         `json:"at"`
	By       string            `json:"by"`
	After    map[string]string `json:"after,omitzero"`
}

// accessChanges returns the changes between two states of the settings of a program, without the time.
func accessChanges(before, after accessDoc) (out []AccessChange) {
	for _, k := range after.Keys {
		resource := "token_key:" + k.ID
		switch at := slices.IndexFunc(before.Keys, func(o tokenKeyDoc) bool { return o.ID == k.ID }); {
		case at < 0:
			values := map[string]string{"algorithm": string(k.Algorithm)}
			out = append(out, AccessChange{Action: "create_token_key", Resource: resource, After: values})
		case before.Keys[at].Revoked.IsZero() && !k.Revoked.IsZero():
			out = append(out, AccessChange{Action: "revoke_token_key", Resource: resource})
		}
	}
	for _, o := range missing(after.Origins, before.Origins) {
		out = append(out, AccessChange{Action: "add_origin", Resource: "origin:" + o})
	}
	for _, o := range missing(before.Origins, after.Origins) {
		out = append(out, AccessChange{Action: "remove_origin", Resource: "origin:" + o})
	}
	issuers := func(doc accessDoc) (list []TokenIssuer) {
		for _, r := range doc.Issuers {
			list = append(list, TokenIssuer{r.Issuer, r.Audience})
		}
		return list
	}
	for _, i := range missing(issuers(after), issuers(before)) {
		values := map[string]string{"audience": i.Audience}
		out = append(out, AccessChange{Action: "add_token_issuer", Resource: "issuer:" + i.Issuer, After: values})
	}
	for _, i := range missing(issuers(before), issuers(after)) {
		out = append(out, AccessChange{Action: "remove_token_issuer", Resource: "issuer:" + i.Issuer})
	}
	for _, part := range missing(after.Guests, before.Guests) {
		out = append(out, AccessChange{Action: "enable_guest_access", Resource: "guest_access:" + string(part)})
	}
	for _, part := range missing(before.Guests, after.Guests) {
		out = append(out, AccessChange{Action: "disable_guest_access", Resource: "guest_access:" + string(part)})
	}
	return out
}

// missing returns the elements of a that b does not contain.
func missing[T comparable](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(v T) bool { return slices.Contains(b, v) })
}

// An access is a cached accessDoc with decoded keys.
type access struct {
	keys   []verifyingKey
	guests []GuestAccess
	at     time.Time // when it was read
}

// access returns the settings of a program, from the cache or the table. Empty settings are not cached, so that
// requests for unknown programs do not displace real ones.
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
	a = access{guests: doc.Guests, at: now}
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
	if len(a.keys) == 0 && len(a.guests) == 0 {
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
