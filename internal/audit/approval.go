package audit

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const approvalSuffix = "#APPROVAL"

// isApproval reports whether the key is that of an adjustment that needs an approval.
func isApproval(key table.Key) bool { return strings.HasSuffix(key.PK, approvalSuffix) }

// decisions has the action of each status of a decided approval. The names are those of the API's operations.
var decisions = map[string]string{"approved": "approve_adjustment", "rejected": "reject_adjustment"}

// approvalAction returns the record of an approval that was requested or decided.
func approvalAction(it table.Item) (program string, r Record, ok bool, err error) {
	var d struct {
		Member    string `json:"m"`
		Wallet    string `json:"w"`
		Points    int64  `json:"n"`
		Reason    string `json:"why"`
		Requester string `json:"by"`
		Created   int64  `json:"at"`
		Status    string `json:"st"`
		Decider   string `json:"dby"`
		Decided   int64  `json:"dat"`
	}
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	after := map[string]any{"approval": it.Key.SK, "status": d.Status, "points": d.Points}
	if d.Wallet != "" {
		after["wallet"] = d.Wallet
	}
	r = Record{
		At: stored.Instant(d.Created), Actor: d.Requester, Action: "create_approval", Resource: "member:" + d.Member,
		Reason: d.Reason, After: value(after), source: "APPROVAL#" + it.Key.SK,
	}
	if action, decided := decisions[d.Status]; decided {
		r.At, r.Actor, r.Action = stored.Instant(d.Decided), d.Decider, action
		r.Before, r.source = value(map[string]any{"status": "pending"}), r.source+"#DECIDED"
	}
	return strings.TrimSuffix(strings.TrimPrefix(it.Key.PK, "P#"), approvalSuffix), r, true, nil
}
