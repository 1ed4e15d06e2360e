package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	operatorsSuffix = "#OPERATORS"
	changePrefix    = "CHANGE#"
	sessionPrefix   = "SESSION#"
	sessionItem     = "SESSION"
)

// isOperatorChange reports whether the key is that of a change of an operator.
func isOperatorChange(key table.Key) bool {
	return strings.HasPrefix(key.SK, changePrefix) && strings.HasSuffix(key.PK, operatorsSuffix)
}

// operatorChange returns the record of an operator who was added, changed or removed.
func operatorChange(it table.Item) (program string, r Record, ok bool, err error) {
	var d struct {
		Operator string         `json:"operator"`
		Action   string         `json:"action"`
		At       time.Time      `json:"at"`
		By       string         `json:"by"`
		Before   jsontext.Value `json:"before"`
		After    jsontext.Value `json:"after"`
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	program = strings.TrimSuffix(strings.TrimPrefix(it.Key.PK, "P#"), operatorsSuffix)
	return program, Record{
		At: d.At, Actor: d.By, Action: d.Action, Resource: "operator:" + d.Operator, Before: canonical(d.Before),
		After: canonical(d.After), source: "OPERATOR#" + it.Key.SK,
	}, true, nil
}

// isSession reports whether the key is that of a session of an operator.
func isSession(key table.Key) bool {
	return key.SK == sessionItem && strings.HasPrefix(key.PK, sessionPrefix)
}

// sessionAction returns the record of a sign-in or a sign-out.
func sessionAction(it table.Item) (program string, r Record, ok bool, err error) {
	var d struct {
		Program  string    `json:"program"`
		Operator string    `json:"operator"`
		Created  time.Time `json:"created"`
		Expires  time.Time `json:"expires"`
		Revoked  time.Time `json:"revoked"`
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	id := strings.TrimPrefix(it.Key.PK, sessionPrefix)
	r = Record{
		At: d.Created, Actor: auth.Principal{Kind: auth.Operator, ID: d.Operator}.Actor(), Action: "create_session",
		Resource: "session:" + id, After: value(map[string]any{"expires_at": d.Expires.UTC()}), source: it.Key.PK,
	}
	if !d.Revoked.IsZero() {
		r.At, r.Action, r.source = d.Revoked, "revoke_session", r.source+"#REVOKED"
		r.Before, r.After = r.After, nil
	}
	return d.Program, r, true, nil
}
