package jobs

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

// TestPoliciesOfWorkersAreExact runs the workers with the policies of template.yaml. A denied call fails the test,
// and so does a grant that no call needs.
func TestPoliciesOfWorkersAreExact(t *testing.T) {
	var calls access.Recorder
	newRecorded := func() *bench {
		b := newBench(t, 0)
		b.guard.Observe, b.now = calls.Record, noon
		return b
	}
	newRecorded().overdue(t)
	newRecorded().gift(t)
	b := newRecorded()
	b.bounce(t)
	newRecorded().erase(t)
	for _, f := range []string{"reassess", "remind"} {
		stacktest.Prove(t, b.guard, f, stacktest.Table, &calls)
	}
}

// overdue settles a member with overdue changes of every kind, and sends a notice to another one.
func (b *bench) overdue(t *testing.T) {
	t.Helper()
	p := &provider{}
	late := stacktest.Overdue{T: t, Stores: b.Stores, Advance: func(d time.Duration) { b.now = b.now.Add(d) }}
	b.program = late.Publish("bluebird", 1)
	b.Programs.Forget("bluebird")
	notified := memberID(2)
	in := members.Enrollment{Member: notified, Profile: members.Profile{Email: "m2@example.com"}, Consents: everything}
	if _, err := b.Members.Enroll(t.Context(), b.program, in, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	late.Members(notified)
	b.Programs.Forget("bluebird") // a separate process reads the program
	b.runUntil(t, p, b.now.Add(time.Hour))
	b.now = noon.AddDate(1, 0, 0) // 30 days before the points expire at the end of the year
	b.runUntil(t, p, b.now.AddDate(0, 0, 1))
	if len(p.took) == 0 {
		t.Error("no notice was sent")
	}
	late.Enroll(memberID(1))
	late.Pending(memberID(1), 25) // too many for one transaction
	late.Members(memberID(1))
	b.sent = nil
	b.Programs.Forget("bluebird") // a separate process reads the program
	b.dispatch(t, b.now)
	b.deliver(t, t.Context(), b.sent...)
	if n := b.due(t); n != 0 {
		t.Errorf("%d members are still due", n)
	}
}

// gift sends a gift card whose message bounces.
func (b *bench) gift(t *testing.T) {
	t.Helper()
	p := &provider{}
	b.present(t, 1)
	b.remindAll(t, p)
	b.feedback(t, p, memberID(1), "snd_1")
}

// bounce sends a notice that bounces.
func (b *bench) bounce(t *testing.T) {
	t.Helper()
	p := &provider{}
	b.publishAgain(t, string(program.Demo())+"\nadvance_notice: 20 days\n", 1)
	m := b.remember(t, 1)
	b.remindAll(t, p)
	b.now = firstNotice
	b.remindAll(t, p)
	if len(p.took) != 1 {
		t.Fatal(said(p))
	}
	b.feedback(t, p, m, p.took[0].ID)
}

// feedback reports that a message bounced permanently.
func (b *bench) feedback(t *testing.T, p *provider, m loyalty.MemberID, message string) {
	t.Helper()
	event := fmt.Sprintf(`{"source":"aws.ses","detail":{"eventType":"Bounce","mail":{"destination":["m1@example.com"],
		"tags":{"program":["bluebird"],"member":[%q],"message":[%q]}},"bounce":{"bounceType":"Permanent"}}}`, m,
		message)
	if _, err := b.remind(p).Invoke(t.Context(), []byte(event)); err != nil {
		t.Fatal(err)
	}
}
