package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

var checkpointSecret = []byte("abcdefghijklmnopqrstuv0123456789")

// logEntry appends an entry to the transparency log and, if it is an action, to the audit list, as the relay does.
func (w *world) logEntry(program, id string) {
	w.t.Helper()
	cause, _ := ledger.ParseEntryID(id)
	w.logItem(stored.CauseKey(program, cause))
}

// logItem does the same for an item.
func (w *world) logItem(key table.Key) {
	w.t.Helper()
	it, err := w.table.Get(w.t.Context(), key)
	if err != nil || it.Version == 0 {
		w.t.Fatal(key, err)
	}
	c, ok, err := source.ChangeOf(it)
	if err != nil || !ok {
		w.t.Fatal(key, err)
	}
	log := translog.Log{Table: w.table, Secret: checkpointSecret}
	if _, err := source.Append(w.t.Context(), log, c.Program, "", []source.Change{c}); err != nil {
		w.t.Fatal(err)
	}
}

// decode sends a request and requires its status. It decodes the body of a successful response into out.
func (w *world) decode(key, path string, status int, out any) {
	w.t.Helper()
	a := w.do(sentRequest{method: "GET", path: path, key: key})
	if a.status != status {
		w.t.Fatalf("GET %s: %d %s", path, a.status, a.body)
	}
	if status == 200 {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			w.t.Fatal(err)
		}
	}
}

// proofs checks that an entry is proved once it is in the log, and only to callers of its program.
func (w *world) proofs() {
	w.t.Helper()
	ada := w.must("POST", "/v1/members", `{}`)
	var entries []string
	for n := 1; n <= 40; n++ {
		id := fmt.Sprint("proof-", n)
		w.must("PUT", "/v1/orders/"+id, `{"member": "`+ada+`", "currency": "EUR", "placed_at": "2026-12-01T10:00:00Z",
			"status": "paid", "line_items": [{"id": "1", "quantity": 1, "amount": 100}]}`)
		entries = append(entries, "ent_order~"+id+"~1")
	}
	w.decode("admin", "/v1/checkpoint", 404, nil)
	w.decode("admin", "/v1/entries/"+entries[0]+"/proof", 404, nil)
	for _, id := range entries[:39] {
		w.logEntry("bluebird", id)
	}
	for i, id := range entries[:39] {
		var p wire.EntryProof
		w.decode("admin", "/v1/entries/"+id+"/proof", 200, &p)
		if err := checkProof(p, id, int64(i)); err != nil {
			w.t.Errorf("entry %d: %v", i, err)
		}
	}
	w.decode("admin", "/v1/entries/"+entries[39]+"/proof", 404, nil)
	w.decode("admin", "/v1/entries/ent_order~unknown~1/proof", 404, nil)
	w.decode("other", "/v1/entries/"+entries[0]+"/proof", 404, nil)
	var c wire.Checkpoint
	w.decode("admin", "/v1/checkpoint", 200, &c)
	if _, err := translog.OpenCheckpoint(c.Checkpoint, c.VerifierKey); err != nil {
		w.t.Error(err)
	}
}

// checkProof verifies a proof with the public key in it.
func checkProof(p wire.EntryProof, id string, index int64) error {
	c, err := translog.OpenCheckpoint(p.Checkpoint, p.VerifierKey)
	if err != nil {
		return err
	}
	hash, err := tlog.ParseHash(p.Hash)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, text := range p.Path {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		path = append(path, h)
	}
	if p.Entry != id || p.LeafIndex != index {
		return fmt.Errorf("the proof is for %s at leaf %d", p.Entry, p.LeafIndex)
	}
	return tlog.CheckRecord(path, c.Size, c.Root, p.LeafIndex, tlog.RecordHash(hash[:]))
}

// actions checks that the audit list contains an adjustment, a level, a publication and an API key.
func (w *world) actions() {
	w.t.Helper()
	ada := w.must("POST", "/v1/members", `{}`)
	first := w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 500, "reason": "a good start"}`)
	second := w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": -20, "reason": "a mistake"}`)
	level := w.must("PUT", "/v1/members/"+ada+"/tier", `{"level": "gold", "reason": "a friend of the house"}`)
	frozen := w.frozen(ada)
	w.logItem(catalog.VersionKey("bluebird", 1))
	for _, id := range []string{first, second, level, second, frozen} {
		w.logEntry("bluebird", id)
	}
	key := strings.Split(w.keys["packer"], "_")[2]
	w.logItem(table.Key{PK: "KEY#" + key, SK: "KEY"})
	if err := w.app.Keys.Revoke(w.t.Context(), "bluebird", key); err != nil {
		w.t.Fatal(err)
	}
	w.logItem(table.Key{PK: "KEY#" + key, SK: "KEY"})
	operators := w.operatorActions()
	var all []string
	for path := "/v1/audit?page_size=4"; path != ""; {
		var page wire.AuditRecordList
		w.decode("admin", path, 200, &page)
		for _, r := range page.Data {
			before, _ := json.Marshal(r.Before)
			after, _ := json.Marshal(r.After)
			all = append(all, fmt.Sprintf("%d %s %s %s %q %s %s",
				r.Sequence, r.Actor.Type, r.Action, r.Resource, r.Reason, before, after))
		}
		path = ""
		if page.NextCursor != nil {
			path = "/v1/audit?page_size=4&cursor=" + *page.NextCursor
		}
	}
	want := append(operators, []string{
		`7 system revoke_key key:` + key + ` "" {"scopes":["redemptions:write"]} {}`,
		`6 system create_key key:` + key + ` "" {} {"scopes":["redemptions:write"]}`,
		`5 api_key update_member_status member:` + ada + ` "many returns" {"status":"active"} ` +
			`{"entry":"` + frozen + `","status":"frozen"}`,
		`4 api_key update_tier member:` + ada + ` "a friend of the house" {"level":"bronze"} ` +
			`{"entry":"` + level + `","level":"gold"}`,
		`3 api_key create_adjustment member:` + ada + ` "a mistake" ` +
			balances(second, 500) + ` ` + balances(second, 480),
		`2 api_key create_adjustment member:` + ada + ` "a good start" ` +
			balances(first, 0) + ` ` + balances(first, 500),
		`1 system publish_program version:1 "" {} {"version":1}`,
	}...)
	if diff := cmp.Diff(want, all); diff != "" {
		w.t.Error(diff)
	}
	w.decode("reader", "/v1/audit", 403, nil)
	var other wire.AuditRecordList
	w.decode("other", "/v1/audit", 200, &other)
	if len(other.Data) != 0 {
		w.t.Errorf("another program sees %v", other.Data)
	}
}

// frozen freezes a member and returns the ID of the entry.
func (w *world) frozen(member string) string {
	w.t.Helper()
	w.must("PUT", "/v1/members/"+member+"/status", `{"status": "frozen", "reason": "many returns"}`)
	var entries wire.EntryList
	w.decode("admin", "/v1/members/"+member+"/entries?page_size=1", 200, &entries)
	return entries.Data[0].ID
}

// operatorActions adds, changes and removes an operator, signs out, and returns the audit records that this causes.
func (w *world) operatorActions() []string {
	w.t.Helper()
	w.operator("operator:owner")
	added := w.as("operator:owner", "POST", "/v1/operators", `{"email": "eve@shop.test", "role": "clerk"}`, 201)
	id := added["id"].(string)
	w.as("operator:owner", "PUT", "/v1/operators/"+id, `{"role": "support", "max_adjustment": 5}`, 200)
	w.as("operator:owner", "DELETE", "/v1/operators/"+id, "", 200)
	s := w.as("operator:owner", "GET", "/v1/session", "", 200)
	owner, session := s["operator"].(map[string]any)["id"].(string), s["id"].(string)
	for n := 1; n <= 4; n++ {
		w.logItem(table.Key{PK: "P#bluebird#OPERATORS", SK: fmt.Sprintf("CHANGE#%08d", n)})
	}
	w.logItem(table.Key{PK: "SESSION#" + session, SK: "SESSION"})
	w.as("operator:owner", "DELETE", "/v1/session", "", 200)
	w.logItem(table.Key{PK: "SESSION#" + session, SK: "SESSION"})
	clerk := `{"status":"invited","role":"clerk","daily_points":10000000}`
	support := `{"status":"invited","role":"support","max_adjustment":5,"daily_points":5000}`
	ends := `{"expires_at":"` + s["expires_at"].(string) + `"}`
	return []string{
		`13 operator revoke_session session:` + session + ` "" ` + ends + ` {}`,
		`12 operator create_session session:` + session + ` "" {} ` + ends,
		`11 operator remove_operator operator:` + id + ` "" ` + support + ` ` +
			strings.Replace(support, "invited", "removed", 1),
		`10 operator update_operator operator:` + id + ` "" ` + clerk + ` ` + support,
		`9 operator create_operator operator:` + id + ` "" {} ` + clerk,
		`8 system create_operator operator:` + owner + ` "" {} ` +
			strings.Replace(clerk, "clerk", "owner", 1),
	}
}

// as sends a request with a key, requires the status of the response, and returns the response.
func (w *world) as(key, method, path, body string, status int) map[string]any {
	w.t.Helper()
	r := sentRequest{method: method, path: path, key: key}
	if body != "" {
		r.body = []byte(body)
	}
	a := w.do(r)
	if a.status != status {
		w.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	out, _ := a.json.(map[string]any)
	return out
}

func balances(entry string, active int) string {
	return fmt.Sprintf(`{"entry":"%s","active":%d,"pending":0,"reserved":0,"debt":0}`, entry, active)
}

func TestActionsAreAudited(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) { newWorld(t, tab).actions() })
}

func TestLoggedEntryIsProved(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) { newWorld(t, tab).proofs() })
}
