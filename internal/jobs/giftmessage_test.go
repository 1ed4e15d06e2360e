package jobs

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// present makes a member without any consent claim a gift card and send it to Eve.
func (b *bench) present(t *testing.T, i int) (m loyalty.MemberID, code string) {
	t.Helper()
	m = memberID(i)
	by := ledger.By{Actor: "test", Input: fmt.Sprint(i)}
	in := members.Enrollment{
		Member: m, Profile: members.Profile{Email: fmt.Sprintf("m%d@example.com", i), Name: "Ada", Locale: "de"},
	}
	if _, err := b.Members.Enroll(t.Context(), b.program, in, by); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Adjustments.Adjust(
		t.Context(), b.program, service.Adjustment{ID: "adj_" + string(m), Member: m, Points: 3_000, Reason: "x"}, by,
	); err != nil {
		t.Fatal(err)
	}
	r, err := b.Redemptions.Redeem(
		t.Context(), b.program,
		service.RedemptionRequest{ID: redemptionOf(i), Member: m, Reward: "gift-25", Commit: true}, by,
	)
	if err != nil {
		t.Fatal(err)
	}
	send := messages.GiftMessage{
		ID: fmt.Sprint("snd_", i), Redemption: redemptionOf(i), Email: "eve@example.com", Name: "Eve",
		Message: "From me",
	}
	if _, _, err := b.GiftMessages.SendCode(t.Context(), "bluebird", send, by); err != nil {
		t.Fatal(err)
	}
	return m, r.Redemption.Code
}

func redemptionOf(i int) string { return fmt.Sprint("rd_", i) }

// status returns the status of a member's gift message.
func (b *bench) status(t *testing.T, i int) messages.GiftMessageStatus {
	t.Helper()
	sent, err := b.GiftMessages.List(t.Context(), "bluebird", memberID(i), redemptionOf(i))
	if err != nil || len(sent) != 1 {
		t.Fatalf("%+v %v", sent, err)
	}
	return sent[0].Status
}

// giftMessages returns the messages to friends.
func giftMessages(p *provider) (list []notify.Message) {
	for _, m := range p.took {
		if m.On == notify.OnGift {
			list = append(list, m)
		}
	}
	return list
}

func giftBench(t *testing.T) (*bench, *provider) {
	b := newBench(t, 0)
	b.now = noon
	return b, &provider{}
}

func TestGiftCardIsSentToFriendOnce(t *testing.T) {
	b, p := giftBench(t)
	m, code := b.present(t, 1)
	for range 3 {
		b.remindAll(t, p)
		b.now = b.now.Add(time.Hour)
	}
	got := giftMessages(p)
	if len(got) != 1 || b.status(t, 1) != messages.GiftMessageSent {
		t.Fatalf("%d gift messages, %s", len(got), b.status(t, 1))
	}
	l := got[0]
	if l.ID != "snd_1" || l.To != "eve@example.com" || l.Member != m || l.Channel != loyalty.Email ||
		l.Unsubscribe != "" || l.Language != "de" {
		t.Errorf("%+v", l)
	}
	for _, want := range []string{code, "Ada schenkt Ihnen", "25,00 EUR", "Guten Tag Eve", "31. Dezember 2026"} {
		if !strings.Contains(l.Text, want) || !strings.Contains(l.HTML, want) {
			t.Errorf("missing %q in %s", want, l.Text)
		}
	}
	if strings.Count(code, "-") == 0 {
		t.Errorf("the code %s has no groups", code)
	}
}

func TestFailedGiftMessageDoesNotAffectOthers(t *testing.T) {
	b, p := giftBench(t)
	const n = 2*lettersAtOnce + 3
	for i := range n {
		b.present(t, i)
	}
	p.fails = func(m notify.Message) (error, bool) {
		if m.ID == "snd_7" {
			return errors.New("the connection broke"), false
		}
		return nil, false
	}
	if failed := b.remindAll(t, p); failed != 1 || len(giftMessages(p)) != n-1 {
		t.Errorf("%d messages failed, %d gift messages were sent", failed, len(giftMessages(p)))
	}
}

func TestUnsentGiftMessageIsRetriedUntilDeadline(t *testing.T) {
	unknown := errors.New("the connection broke")
	cases := []struct {
		what    string
		fails   func(n int) (error, bool)
		arrives int
		becomes messages.GiftMessageStatus
	}{
		{"certainly not sent, three times", func(n int) (error, bool) {
			if n <= 3 {
				return fmt.Errorf("%w: throttled", notify.ErrNotSent), false
			}
			return nil, false
		}, 1, messages.GiftMessageSent},
		{
			"certainly never sent", func(int) (error, bool) { return notify.ErrNotSent, false }, 0,
			messages.GiftMessageFailed,
		},
		{
			"the address is rejected", func(int) (error, bool) { return notify.ErrRejected, false }, 0,
			messages.GiftMessageFailed,
		},
		{"unknown outcome, was sent", func(n int) (error, bool) {
			if n == 1 {
				return unknown, true
			}
			return nil, false
		}, 2, messages.GiftMessageSent},
		{
			"unknown outcome every time, was sent each time", func(int) (error, bool) { return unknown, true }, 3,
			messages.GiftMessageFailed,
		},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			b, p := giftBench(t)
			b.present(t, 1)
			calls := 0
			p.fails = func(m notify.Message) (error, bool) {
				if m.On != notify.OnGift {
					return nil, false
				}
				calls++
				return c.fails(calls)
			}
			b.runUntil(t, p, b.now.Add(4*24*time.Hour))
			ids := map[string]bool{}
			for _, m := range giftMessages(p) {
				ids[m.ID] = true
			}
			if len(giftMessages(p)) != c.arrives || len(ids) > 1 || b.status(t, 1) != c.becomes {
				t.Errorf("%d arrived with %d IDs: %s", len(giftMessages(p)), len(ids), b.status(t, 1))
			}
			before := calls
			b.runUntil(t, p, b.now.Add(24*time.Hour))
			if calls != before {
				t.Error("the message is retried without end")
			}
		})
	}
}

// TestCrashDuplicatesGiftMessageAtMostOnce simulates a crash between the send and its record with a table that
// stops responding. The message is sent again with the same ID when the claim expires, and not earlier.
func TestCrashDuplicatesGiftMessageAtMostOnce(t *testing.T) {
	b, p := giftBench(t)
	m, _ := b.present(t, 1)
	crashed := false
	p.fails = func(got notify.Message) (error, bool) {
		if got.On == notify.OnGift && !crashed {
			crashed = true
			b.mu.Lock()
			b.fails = map[string]error{string(m): errors.New("the machine crashed")}
			b.mu.Unlock()
		}
		return nil, false
	}
	if failed := b.remindAll(t, p); failed == 0 || !crashed {
		t.Fatal("nothing crashed")
	}
	b.fails = nil
	b.now = b.now.Add(time.Minute)
	b.remindAll(t, p)
	if got := giftMessages(p); len(got) != 1 || b.status(t, 1) != messages.GiftMessageWaiting {
		t.Fatalf("within the lease: %d, %s", len(got), b.status(t, 1))
	}
	b.runUntil(t, p, b.now.Add(5*time.Hour))
	if got := giftMessages(p); len(got) != 2 || got[0].ID != got[1].ID || b.status(t, 1) != messages.GiftMessageSent {
		t.Errorf("%d arrived, %s", len(got), b.status(t, 1))
	}
}

func TestUnusableGiftCardIsNotSent(t *testing.T) {
	for what, spoil := range map[string]func(b *bench, code string) error{
		"reversed": func(b *bench, _ string) error {
			_, err := b.Redemptions.Reverse(
				t.Context(), b.program, redemptionOf(1), big.NewRat(1, 1), ledger.By{Input: "r"},
			)
			return err
		},
		"used": func(b *bench, code string) error {
			use := inventory.CodeUse{ID: "use_1", Code: code, Amount: loyalty.Money{Amount: 2_500, Currency: "EUR"}}
			_, err := b.Codes.Use(t.Context(), "bluebird", use, ledger.By{Input: "u"})
			return err
		},
		"over": func(b *bench, _ string) error { b.now = b.now.AddDate(0, 0, 31); return nil },
	} {
		b, p := giftBench(t)
		_, code := b.present(t, 1)
		if err := spoil(b, code); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if failed := b.remindAll(t, p); failed != 0 || len(giftMessages(p)) != 0 ||
				b.status(t, 1) != messages.GiftMessageWithdrawn {
				t.Errorf("%s: %d failed, %d gift messages, %s", what, failed, len(giftMessages(p)), b.status(t, 1))
			}
		}
	}
}

func TestGiftMessageStatesRemainingValue(t *testing.T) {
	b, p := giftBench(t)
	_, code := b.present(t, 1)
	use := inventory.CodeUse{ID: "use_1", Code: code, Amount: loyalty.Money{Amount: 500, Currency: "EUR"}}
	if _, err := b.Codes.Use(t.Context(), "bluebird", use, ledger.By{Input: "u"}); err != nil {
		t.Fatal(err)
	}
	b.remindAll(t, p)
	if got := giftMessages(p); len(got) != 1 || !strings.Contains(got[0].Text, "20,00 EUR") {
		t.Errorf("%+v", got)
	}
}

func TestBouncedGiftMessageDoesNotAffectMember(t *testing.T) {
	b, p := giftBench(t)
	m, _ := b.present(t, 1)
	b.remindAll(t, p)
	tell := func(kind, detail string) {
		t.Helper()
		event := fmt.Sprintf(
			`{"source":"aws.ses","detail-type":"x",`+
				`"detail":{"eventType":%q,"mail":{"destination":["eve@example.com"],`+
				`"tags":{"program":["bluebird"],"member":[%q],"message":["snd_1"],"reminder":["gift"]}}%s}}`,
			kind, m, detail,
		)
		for range 2 { // it may be delivered twice
			if _, err := b.remind(p).Invoke(t.Context(), []byte(event)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tell("Delivery", "")
	tell("Complaint", "")
	tell("Bounce", `,"bounce":{"bounceType":"Transient"}`)
	if got := b.status(t, 1); got != messages.GiftMessageSent {
		t.Error(got)
	}
	tell("Bounce", `,"bounce":{"bounceType":"Permanent"}`)
	if got := b.status(t, 1); got != messages.GiftMessageFailed {
		t.Error(got)
	}
	contact, err := b.Consents.Contact(t.Context(), "bluebird", m)
	if err != nil || len(contact.Failed) != 0 {
		t.Errorf("%+v %v", contact, err)
	}
	b.remindAll(t, p)
	if got := giftMessages(p); len(got) != 1 {
		t.Errorf("%d gift messages", len(got))
	}
}

func TestConcurrentDeliveriesSendGiftMessageOnce(t *testing.T) {
	b, p := giftBench(t)
	b.present(t, 1)
	r := remindHandler{b.App, p.dispatcher(b.App)}
	bodies, err := r.giftBatches(t.Context(), "bluebird", b.now)
	if err != nil || len(bodies) != 1 {
		t.Fatalf("%v %v", bodies, err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := r.work(t.Context(), bodies[0]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := giftMessages(p); len(got) != 1 {
		t.Errorf("%d gift messages", len(got))
	}
}

func TestGiftMessagesWaitForEmailSender(t *testing.T) {
	b, p := giftBench(t)
	b.present(t, 1)
	r := remindHandler{b.App, &notify.Dispatcher{}}
	if bodies, err := r.giftBatches(t.Context(), "bluebird", b.now.AddDate(1, 0, 0)); err != nil || len(bodies) != 0 {
		t.Errorf("%v %v", bodies, err)
	}
	b.remindAll(t, p)
	if len(giftMessages(p)) != 1 {
		t.Error("the message is not sent after a sender was added")
	}
}
