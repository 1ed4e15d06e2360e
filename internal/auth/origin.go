package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// maxOrigins is the maximum number of origins of a program, and of programs of an origin.
const maxOrigins = 50

// originDoc is the document that the table stores for an origin. A browser asks for permission before it sends a token,
// so the origin alone must lead to the programs.
type originDoc struct {
	Programs []string `json:"programs"`
}

// An origin is a cached originDoc.
type origin struct {
	programs []string
	at       time.Time // when it was read
}

func originKey(origin string) table.Key { return table.Key{PK: "KEY#origin-" + origin, SK: "ORIGIN"} }

// AddOrigin allows the pages of an origin, such as https://shop.example, to call the API with tokens of the program's
// members. Adding an origin again changes nothing. The origin works within a minute in every process.
func (t *Tokens) AddOrigin(ctx context.Context, program, origin string) error {
	if err := checkOrigin(origin); err != nil {
		return err
	}
	return t.setOrigin(ctx, program, origin, func(list []string, value string) ([]string, error) {
		if slices.Contains(list, value) {
			return list, nil
		}
		if len(list) >= maxOrigins {
			return nil, fmt.Errorf("auth: at most %d origins are possible", maxOrigins)
		}
		return append(list, value), nil
	})
}

// RemoveOrigin removes an origin that AddOrigin allowed. It stops working within a minute in every process.
func (t *Tokens) RemoveOrigin(ctx context.Context, program, origin string) error {
	return t.setOrigin(ctx, program, origin, func(list []string, value string) ([]string, error) {
		return slices.DeleteFunc(list, func(other string) bool { return other == value }), nil
	})
}

// Origins returns the origins of a program.
func (t *Tokens) Origins(ctx context.Context, program string) ([]string, error) {
	doc, _, err := t.read(ctx, program)
	return doc.Origins, err
}

// setOrigin changes the list of origins of a program and the list of programs of an origin in one transaction.
func (t *Tokens) setOrigin(
	ctx context.Context, program, origin string, set func(list []string, value string) ([]string, error),
) error {
	item, programs, err := t.readOrigin(ctx, origin)
	if err != nil {
		return err
	}
	if programs, err = set(programs, program); err != nil {
		return err
	}
	if item.Doc, err = json.Marshal(originDoc{programs}); err != nil {
		return fmt.Errorf("auth: encode the origin %s: %w", origin, err)
	}
	return t.change(ctx, program, func(doc *accessDoc) (err error) {
		doc.Origins, err = set(doc.Origins, origin)
		return err
	}, table.Put(item))
}

func (t *Tokens) readOrigin(ctx context.Context, origin string) (item table.Item, programs []string, err error) {
	if item, err = t.Table.Get(ctx, originKey(origin)); err != nil {
		return item, nil, fmt.Errorf("auth: read the origin %s: %w", origin, err)
	}
	if item.Version == 0 {
		return table.Item{Key: originKey(origin)}, nil, nil
	}
	var doc originDoc
	if err := json.Unmarshal(item.Doc, &doc); err != nil {
		return item, nil, fmt.Errorf("auth: decode the origin %s: %w", origin, err)
	}
	return item, doc.Programs, nil
}

// AllowsOrigin reports whether pages of an origin may call the API with tokens of a program's members. Without a
// program, it reports whether any program allows the origin. Unknown origins are not cached.
func (t *Tokens) AllowsOrigin(ctx context.Context, from, program string) (bool, error) {
	if checkOrigin(from) != nil {
		return false, nil
	}
	now := t.Now()
	t.mu.Lock()
	o, ok := t.origins[from]
	t.mu.Unlock()
	if age := now.Sub(o.at); !ok || age < 0 || age >= remember {
		_, programs, err := t.readOrigin(ctx, from)
		if err != nil || len(programs) == 0 {
			return false, err
		}
		o = origin{programs, now}
		t.mu.Lock()
		if t.origins == nil || len(t.origins) >= rememberAt {
			t.origins = make(map[string]origin)
		}
		t.origins[from] = o
		t.mu.Unlock()
	}
	return program == "" || slices.Contains(o.programs, program), nil
}

// checkOrigin accepts an origin as browsers send it: a scheme, a host in lower case, and a port that is not the default
// one. Only a local host may use http.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	local := err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
	if err != nil || len(origin) > 200 || u.Scheme != "https" && !local || u.Hostname() == "" ||
		u.Scheme+"://"+u.Host != origin || !isLower(origin) {
		return errors.New("auth: an origin must have the form https://shop.example, or http://localhost:3000")
	}
	return nil
}

func isLower(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return true
}
