package audit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// actions has the action of each kind of manual change. The names are those of the API's operations.
var actions = map[string]string{
	loyalty.CauseAdjustment:    "create_adjustment",
	loyalty.CauseTier:          "update_tier",
	loyalty.CauseExtension:     "extend_points",
	loyalty.CauseReinstatement: "reinstate_points",
	loyalty.CauseMember:        "update_member_status", // if the entry changes the status
}

// IsSource reports whether a changed item with this key may be an action.
func IsSource(key table.Key) bool {
	if isKey(key) || isVersion(key) || isOperatorChange(key) || isSession(key) || isAccessChange(key) ||
		isApproval(key) || isSwitchesChange(key) {
		return true
	}
	parts := strings.SplitN(key.PK, "#", 5)
	if len(parts) != 5 || parts[2] != "E" {
		return false
	}
	for kind := range actions {
		if parts[3] == stored.CauseNames[kind] {
			return true
		}
	}
	return false
}

// Of returns the program and the record of a changed item, in its new state. It reports false if the change is not an
// action of the list.
func Of(it table.Item) (program string, r Record, ok bool, err error) {
	switch {
	case isKey(it.Key):
		return keyAction(it)
	case isVersion(it.Key):
		return publication(it)
	case isAccessChange(it.Key):
		return accessChange(it)
	case isOperatorChange(it.Key):
		return operatorChange(it)
	case isApproval(it.Key):
		return approvalAction(it)
	case isSwitchesChange(it.Key):
		return switchesChange(it)
	case isSession(it.Key):
		return sessionAction(it)
	case IsSource(it.Key):
		return manualChange(it)
	}
	return "", r, false, nil
}

const (
	keyPrefix = "KEY#"
	keyItem   = "KEY"
)

// isKey reports whether the key is that of an API key.
func isKey(key table.Key) bool { return key.SK == keyItem && strings.HasPrefix(key.PK, keyPrefix) }

// keyAction returns the record of a created or revoked API key.
func keyAction(it table.Item) (program string, r Record, ok bool, err error) {
	var d struct {
		Program string    `json:"program"`
		Scopes  []string  `json:"scopes"`
		Created time.Time `json:"created"`
		Revoked time.Time `json:"revoked"`
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	id := strings.TrimPrefix(it.Key.PK, keyPrefix)
	r = Record{
		At: d.Created, Actor: "command_line", Action: "create_key", Resource: "key:" + id, source: "KEY#" + id,
		After: value(map[string]any{"scopes": d.Scopes}),
	}
	if !d.Revoked.IsZero() {
		r.At, r.Action, r.source = d.Revoked, "revoke_key", r.source+"#REVOKED"
		r.Before, r.After = r.After, value(map[string]any{"scopes": []string{}})
	}
	return d.Program, r, true, nil
}

// isVersion reports whether the key is that of a published version of a program.
func isVersion(key table.Key) bool {
	number, ok := strings.CutPrefix(key.SK, stored.ProgramPrefix)
	n, err := strconv.Atoi(number)
	return ok && err == nil && n > 0 && len(number) == 6 && strings.HasSuffix(key.PK, "#PROGRAM")
}

func publication(it table.Item) (program string, r Record, ok bool, err error) {
	var d struct {
		At        int64  `json:"at"`
		By        string `json:"by"`
		Effective int64  `json:"effective"`
		Withdrawn int64  `json:"withdrawn"`
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(it.Key.SK, stored.ProgramPrefix))
	after := map[string]any{"version": n}
	if d.Effective > 0 {
		after["effective_at"] = stored.Instant(d.Effective)
	}
	r = Record{
		At: stored.Instant(d.At), Actor: d.By, Action: "publish_program", Resource: fmt.Sprint("version:", n),
		After: value(after), source: it.Key.SK,
	}
	if n > 1 {
		r.Before = value(map[string]any{"version": n - 1})
	}
	program = strings.TrimSuffix(strings.TrimPrefix(it.Key.PK, "P#"), "#PROGRAM")
	return program, r, d.Withdrawn == 0, nil
}

// manualChange returns the record of an entry that an API key or an operator caused.
func manualChange(it table.Item) (program string, r Record, ok bool, err error) {
	program = strings.SplitN(it.Key.PK, "#", 3)[1]
	e, err := ledger.ReadAny(program, it)
	if err != nil {
		return "", r, false, err
	}
	if kind, _ := auth.ParseActor(e.Actor); kind == auth.System || e.Sequence == 0 {
		return "", r, false, nil
	}
	if e.Cause.Kind == loyalty.CauseMember && e.Status == "" {
		return "", r, false, nil
	}
	r = Record{
		At: e.Recorded, Actor: e.Actor, Action: actions[e.Cause.Kind], Resource: "member:" + string(e.Member),
		source: e.ID(),
	}
	var args []string // the last one is the reason that the actor stated
	if len(e.Reasons) > 0 {
		args = e.Reasons[0].Args
	}
	if len(args) > 0 {
		r.Reason = args[len(args)-1]
	}
	if e.Status != "" {
		r.Before = value(map[string]any{"status": statusBefore(e)})
		r.After = value(map[string]any{"entry": e.ID(), "status": e.Status})
		return program, r, true, nil
	}
	if e.Standing != nil && len(args) > 0 {
		r.After = value(map[string]any{"entry": e.ID(), "level": e.Standing.Level})
		if e.Reasons[0].Kind == loyalty.WasPlaced {
			r.Before = value(map[string]any{"level": args[0]})
		}
		return program, r, true, nil
	}
	before := e.Balance
	for _, p := range e.Postings {
		if p.Wallet == "" {
			subtract(&before, p)
		}
	}
	r.Before, r.After = balance(e, before), balance(e, e.Balance)
	return program, r, true, nil
}

// statusBefore returns the status before an entry that states a status.
func statusBefore(e loyalty.Entry) loyalty.Status {
	if e.Reasons[0].Kind == loyalty.WasUnfrozen {
		return loyalty.Frozen
	}
	return loyalty.Active // the account was frozen, or a hold ended
}

// subtract removes the effect of a posting on a balance.
func subtract(b *loyalty.Balance, p loyalty.Posting) {
	switch p.Bucket {
	case loyalty.BucketActive:
		b.Active -= p.Points
	case loyalty.BucketPending:
		b.Pending -= p.Points
	case loyalty.BucketReserved:
		b.Reserved -= p.Points
	case loyalty.BucketDebt:
		b.Debt += p.Points // the bucket is not positive, and the balance is not negative
	}
}

func balance(e loyalty.Entry, b loyalty.Balance) jsontext.Value {
	return value(map[string]any{
		"entry": e.ID(), "active": int64(b.Active), "pending": int64(b.Pending), "reserved": int64(b.Reserved),
		"debt": int64(b.Debt),
	})
}

func value(v map[string]any) jsontext.Value { return canonical(encode(v)) }
