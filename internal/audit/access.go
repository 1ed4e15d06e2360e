package audit

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const accessPrefix = "KEY#access-"

// isAccessChange reports whether the key is that of a change of token keys, origins or issuers.
func isAccessChange(key table.Key) bool {
	return strings.HasPrefix(key.PK, accessPrefix) && strings.HasPrefix(key.SK, changePrefix)
}

// accessChange returns the record of a token key, an origin or an issuer that was added or removed.
func accessChange(it table.Item) (program string, r Record, ok bool, err error) {
	var c auth.AccessChange
	if err := json.Unmarshal(it.Doc, &c); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	after := map[string]any{}
	for name, text := range c.After {
		after[name] = text
	}
	return strings.TrimPrefix(it.Key.PK, accessPrefix), Record{
		At: c.At, Actor: c.By, Action: c.Action, Resource: c.Resource, After: value(after),
		source: "ACCESS#" + it.Key.SK,
	}, true, nil
}
