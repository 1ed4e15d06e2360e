package relay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

var signing = []byte("0123456789abcdefghijklmnopqrstuvwxyz")

// A bench is the relay with the policies of template.yaml, over a table in memory.
type bench struct {
	relay access.Invoker
	guard *access.Guard
	table *failing
	log   bytes.Buffer
}

// A failing table rejects writes while err is set.
type failing struct {
	table.Table
	err error
}

func (f *failing) Transact(ctx context.Context, ops ...table.Op) error {
	if f.err != nil {
		return f.err
	}
	return f.Table.Transact(ctx, ops...)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	b := &bench{guard: stacktest.Guard(t), table: &failing{Table: tab}}
	a := &app.App{
		Log: slog.New(slog.NewTextHandler(&b.log, nil)), Now: time.Now, Table: b.guard.Table(b.table),
		CheckpointSecret: signing,
	}
	b.relay = access.Handler("relay", Entries(a))
	return b
}

// run invokes the relay with records of a shard. It returns the response without the state of the window.
func (b *bench) run(t *testing.T, shard string, records ...string) string {
	t.Helper()
	b.log.Reset()
	event := `{"shardId":"` + shard + `","state":{},"Records":[` + strings.Join(records, ",") + `]}`
	out, err := b.relay.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(out), `"state":{},`, "", 1)
}

const (
	complete = `{"batchItemFailures":[]}`
	recorded = 1_796_126_400_000
)

// hashOf returns the hash of the entry with the given number.
func hashOf(n int) [32]byte { return sha256.Sum256([]byte(strconv.Itoa(n))) }

// document returns the document of an entry in DynamoDB's JSON.
func document(n int) string {
	hash := hashOf(n)
	return fmt.Sprintf(`"doc":{"M":{"seq":{"N":"%d"},"rec":{"N":"%d"},"hash":{"S":"%s"}}},"v":{"N":"1"}`,
		n, recorded+n, base64.RawURLEncoding.EncodeToString(hash[:]))
}

func stream(name, pk, sk, sequence, image string) string {
	return `{"eventID":"1","eventName":"` + name +
		`","eventSource":"aws:dynamodb","awsRegion":"x","eventSourceARN":"y","dynamodb":{` +
		`"ApproximateCreationDateTime":1796126400.5,"Keys":{"pk":{"S":"` + pk + `"},"sk":{"S":"` + sk +
		`"}},"NewImage":{` + image + `},` +
		`"SequenceNumber":"` + sequence + `","SizeBytes":10,"StreamViewType":"NEW_IMAGE"}}`
}

// entry returns the stream record of an order's entry.
func entry(program string, n int) string {
	return stream("INSERT", "P#"+program+"#E#O#"+strconv.Itoa(n), "000001", fmt.Sprintf("%021d", n), document(n))
}

// logged checks that the log of a program contains exactly the given entries, and that the last checkpoint in the
// relay's log is the log's checkpoint.
func (b *bench) logged(t *testing.T, program string, numbers ...int) {
	t.Helper()
	r, err := translog.Log{Table: b.table}.Read(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	if r.Size() != int64(len(numbers)) {
		t.Errorf("the log of %s has %d entries, want %d", program, r.Size(), len(numbers))
	}
	for _, n := range numbers {
		if _, err := r.Prove(hashOf(n), time.UnixMilli(int64(recorded+n))); err != nil {
			t.Errorf("entry %d of %s: %v", n, program, err)
		}
	}
}

func TestStreamEntriesAreLogged(t *testing.T) {
	b := newBench(t)
	out := b.run(t, "shard-1",
		entry("a", 1), entry("a", 2), entry("b", 3),
		stream("MODIFY", "P#a#M#mem_1", "ACCOUNT", "4", document(4)),
		stream("MODIFY", "P#a#E#O#5", "000001", "5", document(5)),
		stream("INSERT", "P#a#PROGRAM", "LIVE", "6", document(6)),
		stream("INSERT", "P#a#E#O#parked", "000001", "8", `"doc":{"M":{"rec":{"N":"5"}}}`),
	)
	if out != complete {
		t.Error(out)
	}
	b.logged(t, "a", 1, 2)
	b.logged(t, "b", 3)
	for _, part := range []string{"program=a entries=2 checkpoint=\"perennial/a/1\\n2\\n", "program=b entries=1"} {
		if !strings.Contains(b.log.String(), part) {
			t.Errorf("the log lacks %s: %s", part, b.log.String())
		}
	}
	if out := b.run(t, "shard-1"); out != complete { // the end of a window
		t.Error(out)
	}
}

func TestRepeatedEntriesAreLoggedOnce(t *testing.T) {
	b := newBench(t)
	b.run(t, "shard-1", entry("a", 1), entry("a", 2))
	b.run(t, "shard-1", entry("a", 1), entry("a", 2), entry("a", 3))
	b.run(t, "", entry("a", 2)) // sent again from the failure queue
	b.run(t, "shard-2", entry("a", 2))
	b.logged(t, "a", 1, 2, 3)
}

func TestPackedEntryIsLogged(t *testing.T) {
	b := newBench(t)
	hash := hashOf(1)
	e := loyalty.Entry{Recorded: time.UnixMilli(recorded + 1), Hash: base64.RawURLEncoding.EncodeToString(hash[:])}
	for i := range 40 {
		e.Reasons = append(e.Reasons, loyalty.Reason{Rule: fmt.Sprint("rule-", i), Points: strconv.Itoa(i)})
	}
	doc, _ := stored.Apart("a", e, stored.EncodedEntry(e))
	packed, ok := strings.CutPrefix(string(doc), `{"z":"data:;base64,`)
	if !ok {
		t.Fatalf("the entry is not packed: %s", doc)
	}
	image := `"doc":{"M":{"z":{"B":"` + strings.TrimSuffix(packed, `"}`) + `"}}}`
	if out := b.run(t, "shard-1", stream("INSERT", "P#a#E#O#1", "000001", "1", image)); out != complete {
		t.Error(out)
	}
	b.logged(t, "a", 1)
}

func TestUnreadableEntriesAreDeliveredAgain(t *testing.T) {
	for _, c := range []struct{ name, record, logged string }{
		{"no document", stream("INSERT", "P#a#E#O#2", "000002", "seq-2", ""), "has no document"},
		{"no cause", stream("INSERT", "P#a", "000009", "seq-2", document(9)), "is not the key of a cause"},
		{
			"wrong hash", stream("INSERT", "P#a#E#O#2", "000002", "seq-2", `"doc":{"M":{"hash":{"S":"x"}}}`),
			"is not a hash",
		},
		{"wrong type", stream("INSERT", "P#a#E#O#2", "000002", "seq-2", `"doc":{"X":3}`), "not an attribute value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			out := b.run(t, "shard-1", entry("a", 1), c.record, entry("a", 3))
			if out != `{"batchItemFailures":[{"itemIdentifier":"seq-2"}]}` {
				t.Error(out)
			}
			b.logged(t, "a", 1)
			if !strings.Contains(b.log.String(), c.logged) || !strings.Contains(b.log.String(), "Errors=1") {
				t.Errorf("the log says %s", b.log.String())
			}
		})
	}
}

func TestFailedAppendIsDeliveredAgain(t *testing.T) {
	b := newBench(t)
	b.table.err = errors.New("no connection")
	out := b.run(t, "shard-1", entry("a", 1), entry("b", 2), entry("a", 3))
	if !strings.Contains(out, fmt.Sprintf("%021d", 1)) {
		t.Error(out)
	}
	b.table.err = nil
	b.run(t, "shard-1", entry("a", 1), entry("b", 2), entry("a", 3))
	b.logged(t, "a", 1, 3)
	b.logged(t, "b", 2)
}

func TestActionsAreInTheAuditListAndTheLog(t *testing.T) {
	b := newBench(t)
	key := `"doc":{"M":{"program":{"S":"a"},"scopes":{"L":[{"S":"admin"}]},"created":{"S":"2026-12-01T10:00:00Z"}}}`
	version := `"doc":{"M":{"at":{"N":"1796126400000"},"by":{"S":"test"},"source":{"S":"x"}}}`
	out := b.run(t, "shard-1",
		stream("INSERT", "P#a#PROGRAM", "PROGRAM#000001", "1", version),
		stream("INSERT", "KEY#k1", "KEY", "2", key), entry("a", 3), stream("MODIFY", "KEY#k1", "KEY", "4", key),
	)
	if out != complete {
		t.Error(out, b.log.String())
	}
	var actions []string
	for r, err := range (audit.List{Table: b.table}).Records(t.Context(), "a", 0, 10) {
		if err != nil {
			t.Fatal(err)
		}
		actions = append(actions, r.Action)
		rec, err := source.Audited(r)
		if err != nil {
			t.Fatal(err)
		}
		b.proved(t, "a", rec)
	}
	if !slices.Equal(actions, []string{"create_key", "publish_program"}) {
		t.Error(actions)
	}
	log, err := translog.Log{Table: b.table}.Read(t.Context(), "a")
	if err != nil || log.Size() != 3 {
		t.Errorf("the log has %d records: %v", log.Size(), err)
	}
}

// proved requires that a log contains a record.
func (b *bench) proved(t *testing.T, program string, rec translog.Record) {
	t.Helper()
	log, err := translog.Log{Table: b.table}.Read(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Prove(rec.Hash, rec.Recorded); err != nil {
		t.Error(err)
	}
}

// member stores an account and a profile, and returns the stream records of the profile and of an entry that moved the
// member to the level.
func (b *bench) member(t *testing.T, m loyalty.MemberID, level string) (profile, moved string) {
	t.Helper()
	acc := loyalty.Account{Member: m, Status: loyalty.Active, Sequence: 1}
	acc.Tier = loyalty.Standing{Level: level, Since: time.UnixMilli(recorded)}
	for item, doc := range map[string][]byte{
		stored.AccountItem: stored.Encode(stored.StoredAccount(acc)), stored.ProfileItem: []byte("{}"),
	} {
		it, err := b.table.Get(t.Context(), stored.MemberKey("a", m, item))
		if err != nil {
			t.Fatal(err)
		}
		it.Doc = doc
		if err := b.table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	entry := strings.Replace(document(1), `"seq"`, `"m":{"S":"`+string(m)+`"},"tier":{"M":{}},"seq"`, 1)
	return stream("MODIFY", "P#a#M#"+string(m), stored.ProfileItem, "7", `"doc":{"M":{}}`),
		stream("INSERT", "P#a#E#TIER#"+string(m), "000001", "8", entry)
}

// erase deletes the profile of a member and returns its key.
func (b *bench) erase(t *testing.T, m loyalty.MemberID) table.Key {
	t.Helper()
	key := stored.MemberKey("a", m, stored.ProfileItem)
	it, err := b.table.Get(t.Context(), key)
	if err == nil {
		err = b.table.Transact(t.Context(), table.Delete(it))
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// listed requires the members at a level.
func (b *bench) listed(t *testing.T, level string, want ...loyalty.MemberID) {
	t.Helper()
	lists := listing.List{Table: b.table}
	found, _, err := lists.AtLevels(t.Context(), "a", []string{level}, "", 10)
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("at the level %s are %v, want %v: %v", level, found, want, err)
	}
}

func TestChangedMembersAreListed(t *testing.T) {
	b := newBench(t)
	profile, _ := b.member(t, "mem_1", "silver")
	if out := b.run(t, "shard-1", profile); out != complete || strings.Contains(b.log.String(), "checkpoint") {
		t.Error(out, b.log.String())
	}
	b.listed(t, "silver", "mem_1")
	_, moved := b.member(t, "mem_1", "gold")
	b.run(t, "shard-1", entry("a", 2)) // changes no level
	b.listed(t, "gold")
	b.run(t, "shard-1", moved)
	b.listed(t, "silver")
	b.listed(t, "gold", "mem_1")

	b.member(t, "mem_1", "silver")
	b.run(t, "shard-1", strings.Replace(moved, `"tier":{"M":{}}`, `"st":{"S":"frozen"}`, 1))
	b.listed(t, "gold")

	b.member(t, "mem_1", "platinum")
	b.table.err = errors.New("the table is broken")
	if out := b.run(t, "shard-1", profile); out == complete {
		t.Error("a failure is not reported")
	}
	b.table.err = nil
	b.run(t, "shard-1", profile)
	b.listed(t, "platinum", "mem_1")

	key := b.erase(t, "mem_1")
	b.run(t, "shard-1", strings.Replace(stream("REMOVE", key.PK, key.SK, "9", ""), `"NewImage":{},`, "", 1))
	b.listed(t, "platinum")
}

// TestPolicyOfRelayIsExact runs the relay with the policies of template.yaml. A denied call fails the test, and so does
// a grant that no call needs.
func TestPolicyOfRelayIsExact(t *testing.T) {
	var calls access.Recorder
	b := newBench(t)
	b.guard.Observe = calls.Record
	all := make([]string, 50)
	for i := range all {
		all[i] = entry("a", i+1)
	}
	b.run(t, "shard-1", all...)
	b.run(t, "", slices.Concat(all, []string{entry("a", 51)})...)
	version := `"doc":{"M":{"at":{"N":"1796126400000"},"by":{"S":"test"}}}`
	b.run(t, "shard-1", stream("INSERT", "P#a#PROGRAM", "PROGRAM#000001", "1", version))
	profile, _ := b.member(t, "mem_1", "silver")
	b.run(t, "shard-1", profile)
	b.erase(t, "mem_1")
	b.run(t, "shard-1", profile)
	stacktest.Prove(t, b.guard, "relay", stacktest.Table, &calls)
}

func TestRelayStopsAtItsDeadlineAndCountsFailures(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), app.Reserve)
	defer cancel()
	out, err := b.relay.Invoke(ctx, []byte(`{"Records":[`+entry("a", 1)+`]}`))
	if !strings.Contains(string(out), fmt.Sprintf(`{"itemIdentifier":"%021d"}`, 1)) || err != nil {
		t.Errorf("%s %v", out, err)
	}
	if !strings.Contains(b.log.String(), "Errors=1") || !strings.Contains(b.log.String(), "Timeouts=1") {
		t.Errorf("the log says %s", b.log.String())
	}
	b.log.Reset()
	if _, err := b.relay.Invoke(t.Context(), []byte(`{"Records":3}`)); err == nil ||
		!strings.Contains(b.log.String(), "Errors=1") {
		t.Errorf("%v: %s", err, b.log.String())
	}
}
