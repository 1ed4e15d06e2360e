package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/notify/wording"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A provider accepts messages, fails as configured, and records all accepted messages.
type provider struct {
	mu       sync.Mutex
	took     []notify.Message
	light    bool                                 // store no texts
	unlinked bool                                 // the public address of the API is unknown
	fails    func(m notify.Message) (error, bool) // the error, and whether the message was accepted nevertheless
}

func (p *provider) Send(_ context.Context, m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		if err, taken := p.fails(m); err != nil {
			if taken {
				p.took = append(p.took, m)
			}
			return err
		}
	}
	if p.light {
		m.Text, m.HTML = "", ""
	}
	p.took = append(p.took, m)
	return nil
}

func (p *provider) dispatcher(a *app.App) *notify.Dispatcher {
	o := &notify.Dispatcher{
		Senders: map[loyalty.Channel]notify.Sender{}, Words: wording.Words, GiftWords: wording.GiftWords,
		Links: notify.Links{Base: "https://x.example", Key: a.Derive("unsubscribe")},
	}
	if p.unlinked {
		o.Links.Base = ""
	}
	for _, c := range remind.Channels() {
		o.Senders[c] = p
	}
	return o
}

var everything = func() (all []remind.Consent) {
	for _, c := range remind.Channels() {
		for _, p := range remind.Purposes() {
			all = append(
				all, remind.Consent{Channel: c, Purpose: p, Granted: true, At: noon, Wording: "v1", Source: "test"},
			)
		}
	}
	return all
}()

// remember enrolls a member with all consents and points that expire at the end of December 2027.
func (b *bench) remember(t *testing.T, i int) loyalty.MemberID {
	t.Helper()
	return b.rememberAt(t, i, fmt.Sprintf("m%d@example.com", i))
}

// rememberAt is like remember, with an email address.
func (b *bench) rememberAt(t *testing.T, i int, email string) loyalty.MemberID {
	t.Helper()
	m := memberID(i)
	in := members.Enrollment{
		Member: m, Profile: members.Profile{Email: email, Phone: "+491700000000", Name: "Ada"}, Consents: everything,
	}
	if _, err := b.Members.Enroll(t.Context(), b.program, in, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Adjustments.Adjust(
		t.Context(), b.program, service.Adjustment{ID: "adj_" + string(m), Member: m, Points: 150, Reason: "x"},
		ledger.By{Actor: "test"},
	); err != nil {
		t.Fatal(err)
	}
	return m
}

// remindAll runs the schedule now and processes its messages.
func (b *bench) remindAll(t *testing.T, p *provider) (failed int) {
	t.Helper()
	h := b.remind(p)
	b.sent = nil
	event := fmt.Sprintf(`{"schedule":"remind","time":%q}`, b.now.Format(time.RFC3339))
	if _, err := h.Invoke(t.Context(), []byte(event)); err != nil {
		t.Fatal(err)
	}
	for len(b.sent) > 0 {
		var e events.SQSEvent
		for i, body := range b.sent {
			e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
		}
		b.sent = nil
		payload, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := h.Invoke(t.Context(), payload)
		if err != nil {
			t.Fatal(err)
		}
		var answer events.SQSEventResponse
		if err := json.Unmarshal(raw, &answer); err != nil {
			t.Fatal(err)
		}
		failed += len(answer.BatchItemFailures)
	}
	return failed
}

// noticed returns when the member was notified of the expiry on 2027-12-31, or zero.
func (b *bench) noticed(t *testing.T, m loyalty.MemberID) time.Time {
	t.Helper()
	s, err := b.ReminderQueue.Reminded(t.Context(), "bluebird", m)
	if err != nil {
		t.Fatal(err)
	}
	return s.Noticed(20271231)
}

// runUntil runs the schedule every hour until an instant.
func (b *bench) runUntil(t *testing.T, p *provider, until time.Time) {
	t.Helper()
	for b.now.Before(until) {
		b.now = b.now.Add(time.Hour)
		b.remindAll(t, p)
	}
}

func said(p *provider) (list []string) {
	for _, m := range p.took {
		list = append(list, m.At.Format("01-02T15:04 ")+m.Reminder)
	}
	return list
}

// The demo's points of December expire at the end of December of the next year, in Berlin.
var (
	firstNotice  = time.Date(2027, 12, 2, 8, 0, 0, 0, time.UTC) // 30 days before midnight, at nine in the morning
	secondNotice = time.Date(2027, 12, 25, 8, 0, 0, 0, time.UTC)
)

func TestExpiryNoticesAreSentOncePerStepInTheMorning(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	m := b.remember(t, 1)
	b.remindAll(t, p)
	b.now = time.Date(2027, 11, 29, 0, 35, 0, 0, time.UTC)
	b.runUntil(t, p, time.Date(2028, 1, 2, 0, 0, 0, 0, time.UTC))
	var lapses []string
	for _, m := range p.took {
		if m.On == loyalty.BeforeExpiry {
			lapses = append(lapses, m.At.Format("01-02T15:04 ")+m.Reminder)
		}
	}
	if got := strings.Join(lapses, ", "); got != "12-02T08:35 points-30d, 12-25T08:35 points-7d" {
		t.Errorf("sent %s; all: %v", got, said(p))
	}
	if !strings.Contains(p.took[0].Text, "31 December 2027") || strings.Contains(p.took[0].Text, "soon") {
		t.Error(p.took[0].Text)
	}
	if at := b.noticed(t, m); at.Before(firstNotice) || at.After(firstNotice.Add(2*time.Hour)) {
		t.Errorf("noticed at %s", at)
	}
}

func TestLateRunSendsOnlyLatestStep(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	b.remember(t, 1)
	b.now = secondNotice.Add(48 * time.Hour) // five days before
	b.remindAll(t, p)
	b.runUntil(t, p, secondNotice.Add(96*time.Hour))
	if got := strings.Join(said(p), ", "); got != "12-27T08:00 points-7d" {
		t.Errorf("sent %s", got)
	}
}

func TestConsentIsRequiredAndCanBeWithdrawn(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	m := b.remember(t, 1)
	b.remindAll(t, p)
	none := []remind.Consent{}
	for _, c := range everything {
		c.Granted, c.At, c.Source = false, noon.Add(time.Hour), "unsubscribe"
		none = append(none, c)
	}
	if err := b.Consents.Consent(t.Context(), b.program, m, none, "test"); err != nil {
		t.Fatal(err)
	}
	b.now = firstNotice
	b.runUntil(t, p, firstNotice.Add(40*24*time.Hour))
	if len(p.took) != 0 {
		t.Error(said(p))
	}
	if at := b.noticed(t, m); !at.IsZero() {
		t.Errorf("noticed at %s", at)
	}
	logged := 0
	for _, err := range b.Consents.Log(t.Context(), "bluebird", m) {
		if err != nil {
			t.Fatal(err)
		}
		logged++
	}
	if logged != 2*len(everything) {
		t.Errorf("%d consents are logged", logged)
	}
}

// TestNonASCIIAddressUsesASCIIFormOrOtherChannel checks an address that is not ASCII. A provider rejects it, and its
// feedback contains the ASCII form.
func TestNonASCIIAddressUsesASCIIFormOrOtherChannel(t *testing.T) {
	for email, want := range map[string]string{
		"anna@bücher.example": "email anna@xn--bcher-kva.example, sms +491700000000, ",
		"änna@example.com":    "sms +491700000000, ",
	} {
		b, p := newBench(t, 0), &provider{}
		b.now = noon
		m := b.rememberAt(t, 1, email)
		b.now = secondNotice
		b.remindAll(t, p)
		if got := p.took[0]; got.Channel == loyalty.Email {
			event := fmt.Sprintf(
				`{"source":"aws.ses","detail":{"eventType":"Bounce","mail":{"destination":[%q],`+
					`"tags":{"program":["bluebird"],"member":[%q],"message":[%q]}},`+
					`"bounce":{"bounceType":"Permanent"}}}`,
				got.To, m, got.ID,
			)
			if _, err := b.remind(p).Invoke(t.Context(), []byte(event)); err != nil {
				t.Fatal(err)
			}
		}
		b.now = b.now.Add(time.Hour)
		b.remindAll(t, p)
		got := ""
		for _, m := range p.took {
			got += fmt.Sprintf("%s %s, ", m.Channel, m.To)
		}
		if got != want {
			t.Errorf("%s: %s", email, got)
		}
	}
}

func active(acc loyalty.Account) (n loyalty.Points) {
	for _, lot := range acc.Lots {
		n += lot.Points
	}
	return n
}

// TestPostponedExpiryFollowsNotice checks that points whose expiry was postponed without a notice expire after the
// notice, in the mornings when messages are sent.
func TestPostponedExpiryFollowsNotice(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	b.publishAgain(t, string(program.Demo())+"\nadvance_notice: 30 days\n", 1)
	m := b.remember(t, 1)
	b.remindAll(t, p)
	p.fails = func(notify.Message) (error, bool) { return notify.ErrNotSent, false } // until the expiry
	b.now = time.Date(2027, 12, 31, 22, 35, 0, 0, time.UTC)
	b.remindAll(t, p)
	p.fails = nil
	b.runUntil(t, p, time.Date(2028, 2, 1, 6, 0, 0, 0, time.UTC))
	got, err := b.Members.Get(t.Context(), b.program, m)
	if err != nil || active(got.Account) != 0 || len(p.took) == 0 {
		t.Errorf("%+v after %v: %v", got.Account.Lots, said(p), err)
	}
}

func TestNewRemindersReachMembersNotDue(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	source := string(program.Demo())
	from, until := strings.Index(source, "reminders:"), strings.Index(source, "examples:")
	without := source[:from] + source[until:]
	b.publishAgain(t, without, 1)
	b.remember(t, 1)
	if b.remindAll(t, p); len(p.took) != 0 {
		t.Fatal(said(p))
	}
	b.now = firstNotice.Add(time.Hour)
	b.remindAll(t, p) // no reminder is planned: the next visit is in a month
	b.now = b.now.Add(time.Hour)
	b.publishAgain(t, source, 2)
	if b.remindAll(t, p); len(p.took) != 1 || p.took[0].Reminder != "points-30d" {
		t.Errorf("%v", said(p))
	}
}

// publishAgain publishes source as the version after another.
func (b *bench) publishAgain(t *testing.T, source string, after int) {
	t.Helper()
	p, problems := program.Compile([]byte(source))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	in := catalog.Published{Program: "bluebird", Source: []byte(source), Snapshot: snapshot.Encode(p), By: "test"}
	if err := b.Catalog.Publish(t.Context(), in, after); err != nil {
		t.Fatal(err)
	}
	b.Programs.Forget("bluebird")
	var err error
	if b.program, err = b.Programs.Live(t.Context(), "bluebird"); err != nil {
		t.Fatal(err)
	}
}

// TestHoldoutFollowsFrequencyCaps checks that frequency caps apply to the holdout: it receives no more withheld
// messages per day than would be sent.
func TestHoldoutFollowsFrequencyCaps(t *testing.T) {
	const everybody = "  holdout: 100%\n"
	most := map[string]int64{}
	for _, holdout := range []string{"", everybody} {
		b, p := newBench(t, 0), &provider{}
		b.now = noon
		b.publishAgain(t, strings.Replace(yearly, "  holdout: 10%\n", holdout, 1), 1)
		m := b.remember(t, 1)
		for range 60 {
			b.remindAll(t, p)
			b.now = b.now.Add(24 * time.Hour)
		}
		s, err := b.ReminderQueue.Reminded(t.Context(), "bluebird", m)
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range s.Sent {
			most[holdout] += day.N
			if day.N != 1 {
				t.Errorf("%q: %d on %s", holdout, day.N, day.Day)
			}
		}
		for _, m := range p.took {
			if holdout == everybody && m.Purpose == loyalty.Marketing {
				t.Errorf("%s was sent", m.Reminder)
			}
		}
	}
	if most[""] != most[everybody] || most[""] < 2 {
		t.Errorf("%v", most)
	}
}

// TestRemindersAreIdentifiedByContent checks that reminders are compared by their content, including their conditions.
// Otherwise, the reminders of all members would be planned again needlessly, or would not be planned again although
// this is necessary.
func TestRemindersAreIdentifiedByContent(t *testing.T) {
	of := func(when string) string {
		p, problems := program.Compile([]byte(strings.Replace(yearly, "id: winter,", "id: winter, when: "+when+",", 1)))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		return remindersOf(p)
	}
	if x, y, z := of("member.orders > 1"), of("member.orders > 1"), of("member.orders > 2"); x != y || x == z {
		t.Errorf("%s, %s and %s", x, y, z)
	}
}

// TestWithoutPublicAddressOnlyTransactionalMessagesAreSent checks that marketing waits for the public address of
// the API, which its unsubscribe link requires. Other messages are sent without the link.
func TestWithoutPublicAddressOnlyTransactionalMessagesAreSent(t *testing.T) {
	b, p := newBench(t, 0), &provider{unlinked: true}
	b.now = noon.Add(-4 * time.Hour)
	m := b.remember(t, 1)
	adjust := service.Adjustment{ID: "adj_more", Member: m, Points: 80, Reason: "x"} // 20 points short of free shipping
	if _, err := b.Adjustments.Adjust(t.Context(), b.program, adjust, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	b.now = noon.Add(24 * time.Hour)
	if failed := b.remindAll(t, p); failed != 0 || len(p.took) != 0 {
		t.Fatalf("%d failed; sent %v", failed, said(p))
	}
	p.unlinked = false
	b.now = b.now.Add(time.Hour)
	if failed := b.remindAll(t, p); failed != 0 || len(p.took) != 1 || p.took[0].Purpose != loyalty.Marketing ||
		p.took[0].Unsubscribe == "" {
		t.Fatalf("with a public address, %d failed; sent %v", failed, said(p))
	}
	p.unlinked = true
	b.runUntil(t, p, b.now.Add(time.Hour)) // replans every member
	b.now = firstNotice
	b.remindAll(t, p)
	last := p.took[len(p.took)-1]
	if last.Reminder != "points-30d" || last.Unsubscribe != "" || strings.Contains(last.Text+last.HTML, "unsubscribe") {
		t.Errorf("sent %v, the last with %q: %s", said(p), last.Unsubscribe, last.Text)
	}
}
