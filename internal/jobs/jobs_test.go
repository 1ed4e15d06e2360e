package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// A bench is an App in memory with a settable clock, a queue that stores messages, and a table that can be made to
// fail for some members.
type bench struct {
	*app.App
	program *loyalty.Program
	now     time.Time
	sent    []string
	fails   map[string]error // by a substring of the written partition
	panics  string           // a substring of the partition whose write panics
	before  func(pk string)  // called before each transaction
	euros   int64            // the amount of an order; 20 by default
	pitr    bool             // whether point-in-time recovery of the table is enabled
	backups error            // the error of reading this setting
	mu      sync.Mutex
	guard   *access.Guard
	table.Table
}

// reassess and remind return the functions with their own policies.
func (b *bench) reassess() access.Invoker { return access.Handler("reassess", Reassess(b.App)) }

func (b *bench) remind(p *provider) access.Invoker {
	return access.Handler("remind", Remind(p.dispatcher)(b.App))
}

// described returns the state of the table's backups, if the calling function has the permission to read it.
func (b *bench) described(context.Context) (bool, error) {
	call := access.Call{Operation: "dynamodb:DescribeContinuousBackups", Resource: b.guard.TableARN}
	return b.pitr, errors.Join(b.guard.Check("reassess", call), b.backups)
}

func (b *bench) Send(ctx context.Context, queue string, bodies ...string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if queue != ReassessQueue && queue != RemindQueue {
		return fmt.Errorf("queue %s", queue)
	}
	b.sent = append(b.sent, bodies...)
	return nil
}

func (b *bench) Transact(ctx context.Context, ops ...table.Op) error {
	if b.before != nil {
		b.before(ops[0].Item.Key.PK)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.spoil(ops); err != nil {
		return err
	}
	return b.Table.Transact(ctx, ops...)
}

// spoil fails as configured.
func (b *bench) spoil(ops []table.Op) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, op := range ops {
		if b.panics != "" && strings.Contains(op.Item.Key.PK, b.panics) {
			panic("as requested")
		}
		for part, err := range b.fails {
			if strings.Contains(op.Item.Key.PK, part) {
				return err
			}
		}
	}
	return nil
}

// publish publishes the demo program.
func (b *bench) publish(t testing.TB) {
	t.Helper()
	p, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	in := catalog.Published{Program: "bluebird", Source: program.Demo(), Snapshot: snapshot.Encode(p), By: "test"}
	if err := b.Catalog.Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.program, err = b.Programs.Live(t.Context(), "bluebird"); err != nil {
		t.Fatal(err)
	}
}

// newBench returns a bench with the given number of members, each with points that become active at noon in two
// weeks.
func newBench(t testing.TB, members int) *bench {
	t.Helper()
	memory, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memory.Close() })
	b := &bench{now: noon, Table: memory, guard: stacktest.Guard(t), pitr: true}
	b.App = &app.App{
		Table: b.guard.Table(b), Queue: b, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler),
		Stage:  app.Test,
		Secret: []byte("q8v4Zr1TnXw7Lk2Pm9Yc5Hs3Bd6Fg0Ja"), Backups: b.described,
	}
	if err := b.Wire(); err != nil {
		t.Fatal(err)
	}
	b.publish(t)
	for i := range members {
		b.order(t, i)
	}
	b.now = noon.AddDate(0, 0, 15)
	return b
}

// order enrolls a member who places an order now.
func (b *bench) order(t testing.TB, i int) {
	t.Helper()
	if _, err := b.Members.Enroll(
		t.Context(), b.program, members.Enrollment{Member: memberID(i)}, ledger.By{Actor: "test"},
	); err != nil {
		t.Fatal(err)
	}
	o := loyalty.Order{
		ID: fmt.Sprint(i), Member: memberID(i), PlacedAt: b.now, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", Category: "coffee-beans", Quantity: 1, Amount: max(b.euros, 20) * 100}},
	}
	if _, err := b.Orders.Put(t.Context(), b.program, o, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
}

func memberID(i int) loyalty.MemberID { return loyalty.MemberID(fmt.Sprintf("mem_%020d", i)) }

// due returns the number of members that are due now.
func (b *bench) due(t testing.TB) (n int) {
	t.Helper()
	for shard := range stored.Shards {
		for _, err := range b.DueQueue.From(t.Context(), "bluebird", shard, "", b.now) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	return n
}

func (b *bench) dispatch(t testing.TB, at time.Time) {
	t.Helper()
	event := fmt.Sprintf(`{"schedule":"reassess","time":%q}`, at.Format(time.RFC3339))
	if _, err := b.reassess().Invoke(t.Context(), []byte(event)); err != nil {
		t.Fatal(err)
	}
}

// deliver passes messages to the worker and returns the indexes of those that failed.
func (b *bench) deliver(t testing.TB, ctx context.Context, bodies ...string) (failed []string) {
	t.Helper()
	var event events.SQSEvent
	for i, body := range bodies {
		event.Records = append(event.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.reassess().Invoke(ctx, payload)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "null") {
		t.Errorf("the response %s has a null list, which Lambda treats as success", raw)
	}
	var answer events.SQSEventResponse
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	for _, f := range answer.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

func TestScheduleSendsOneMessagePerDueShard(t *testing.T) {
	b := newBench(t, 3)
	b.dispatch(t, noon)
	if len(b.sent) != 0 {
		t.Errorf("no member was due, but %v was sent", b.sent)
	}
	b.dispatch(t, b.now)
	shards := map[string]bool{}
	for _, body := range b.sent {
		shards[body] = true
		if !strings.Contains(body, `"due":"2026-12-16T12:00:00Z"`) || !strings.Contains(body, `"program":"bluebird"`) {
			t.Errorf("a message is %s", body)
		}
	}
	if len(shards) != len(b.sent) || len(shards) < 1 || len(shards) > 3 {
		t.Errorf("three members make the messages %v", b.sent)
	}
}

func TestWorkerSettlesEachMemberOnce(t *testing.T) {
	b := newBench(t, 40)
	b.dispatch(t, b.now)
	if n := b.due(t); n != 40 {
		t.Fatalf("%d members are due", n)
	}
	for range 2 { // a queue may deliver a message more than once
		if failed := b.deliver(t, t.Context(), b.sent...); len(failed) > 0 {
			t.Errorf("failed: %v", failed)
		}
	}
	if n := b.due(t); n != 0 {
		t.Errorf("%d members are still due", n)
	}
	for i := range 40 {
		n := 0
		for e, err := range b.Statements.List(t.Context(), "bluebird", memberID(i), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == loyalty.KindActivate {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the points of member %d became active %d times", i, n)
		}
	}
}

func TestFailedMemberDoesNotAffectOthers(t *testing.T) {
	for name, fail := range map[string]func(*bench){
		"with an error": func(b *bench) { b.fails = map[string]error{string(memberID(7)): errors.New("as requested")} },
		"with a panic":  func(b *bench) { b.panics = string(memberID(7)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 200)
			b.dispatch(t, b.now)
			fail(b)
			bodies := b.sent
			b.sent = nil
			if failed := b.deliver(t, t.Context(), bodies...); len(failed) != 0 {
				t.Errorf("%d messages of %d failed, want only that of the member", len(failed), len(bodies))
			}
			if n := b.due(t); n != 1 {
				t.Errorf("%d members are still due", n)
			}
			if len(b.sent) != 1 || !strings.Contains(b.sent[0], string(memberID(7))) {
				t.Fatalf("want a message for the member alone, got %v", b.sent)
			}
			// The queue finally moves that message to the dead-letter queue, from where an operator can send it
			// again.
			poison := b.sent[0]
			for range 5 {
				if failed := b.deliver(t, t.Context(), poison); len(failed) != 1 || len(b.sent) != 1 {
					t.Errorf("%v failed, and %v was sent", failed, b.sent)
				}
			}
			b.fails, b.panics = nil, ""
			if failed := b.deliver(t, t.Context(), poison); len(failed) > 0 || b.due(t) > 0 {
				t.Errorf("sent again, %v failed and %d are due", failed, b.due(t))
			}
		})
	}
}

// TestMessagesAreRedeliveredIfEveryMemberFails checks a table that refuses everything: the messages are redelivered
// unchanged, and no message is sent.
func TestMessagesAreRedeliveredIfEveryMemberFails(t *testing.T) {
	b := newBench(t, 200)
	b.dispatch(t, b.now)
	bodies := b.sent
	b.sent, b.fails = nil, map[string]error{"P#": errors.New("as requested")}
	if failed := b.deliver(t, t.Context(), bodies...); len(failed) != len(bodies) || len(b.sent) > 0 {
		t.Errorf("%d of %d failed, and %d were sent", len(failed), len(bodies), len(b.sent))
	}
	b.fails = nil
	if failed := b.deliver(t, t.Context(), bodies...); len(failed) > 0 || b.due(t) > 0 {
		t.Errorf("then %v failed and %d are due", failed, b.due(t))
	}
}

func TestUnreadableMessageDoesNotAffectOthers(t *testing.T) {
	b := newBench(t, 10)
	b.dispatch(t, b.now)
	bodies := append(
		[]string{`{"program":"bluebird","shard":`, `{"program":"nobody","shard":1,"due":"2026-12-16T12:00:00Z"}`},
		b.sent...,
	)
	if d := cmp.Diff([]string{"0", "1"}, b.deliver(t, t.Context(), bodies...)); d != "" {
		t.Error(d)
	}
	if n := b.due(t); n != 0 {
		t.Errorf("%d members are still due", n)
	}
}

func TestWorkerContinuesWithMessageAfterTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 300)
		b.dispatch(t, b.now)
		first, shards := b.sent[0], len(b.sent)
		// Without any time there is no progress, so the message remains in the queue.
		spent, cancel := context.WithTimeout(t.Context(), reserve/2)
		defer cancel()
		if failed := b.deliver(t, spent, first); len(failed) != 1 || len(b.sent) != shards {
			t.Errorf("without progress %v failed and %d messages were sent", failed, len(b.sent)-shards)
		}
		// Members can be started one after another for a second and a half. Messages continue the rest until no
		// member is due.
		b.before = func(string) { time.Sleep(2 * time.Second) }
		rounds := 0
		for ; b.due(t) > 0; rounds++ {
			bodies := b.sent
			if b.sent = nil; rounds > 40 {
				t.Fatalf("%d members are due after %d rounds", b.due(t), rounds)
			}
			for _, body := range bodies {
				ctx, cancel := context.WithTimeout(t.Context(), reserve+2*time.Second)
				if failed := b.deliver(t, ctx, body); len(failed) > 0 {
					t.Fatalf("round %d: %s failed", rounds, body)
				}
				cancel()
			}
		}
		if rounds < 2 {
			t.Error("no worker reached its time limit")
		}
	})
}

func TestUnknownEventsAreRejected(t *testing.T) {
	b := newBench(t, 0)
	for _, payload := range []string{
		`{}`, `[]`, `{"schedule":"remind","time":"2026-12-01T12:00:00Z"}`, `{"schedule":"reassess"}`,
	} {
		if out, err := b.reassess().Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("the response to %s is %s", payload, out)
		}
	}
}
