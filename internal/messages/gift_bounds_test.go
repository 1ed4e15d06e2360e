package messages

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// card redeems a gift card for the member, and queues a message that sends it.
func (b *bench) card(t *testing.T) GiftMessagePlace {
	t.Helper()
	in := service.Adjustment{ID: "adj_1", Member: "mem_ada", Points: 100, Reason: "test"}
	if _, err := (service.Adjustments{Ledger: b.Ledger}).Adjust(
		t.Context(), b.p, in, ledger.By{Input: "a"},
	); err != nil {
		t.Fatal(err)
	}
	r := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "card", Commit: true}
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
		t.Context(), b.p, r, ledger.By{Input: "r"},
	); err != nil {
		t.Fatal(err)
	}
	b.send(t, "snd_1")
	for place, err := range (GiftMessages{b.Ledger}).Due(t.Context(), "p", b.Clock) {
		if err != nil {
			t.Fatal(err)
		}
		return place
	}
	t.Fatal("no message is due")
	return GiftMessagePlace{}
}

func (b *bench) send(t *testing.T, id string) {
	t.Helper()
	in := GiftMessage{ID: id, Redemption: "rd_1", Email: "eve@example.com"}
	if _, _, err := (GiftMessages{b.Ledger}).SendCode(t.Context(), "p", in, ledger.By{Input: id}); err != nil {
		t.Fatal(err)
	}
}

func TestGiftMessageThatIsSentAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		in       GiftMessage
		input    string
		replayed bool
		code     loyalty.Code
		n        int
	}{
		{"the same", GiftMessage{ID: "snd_1", Redemption: "rd_1"}, "snd_1", true, "", 1},
		{"the same ID with other data", GiftMessage{ID: "snd_1", Redemption: "rd_1"}, "x", false, loyalty.KeyReused, 1},
		{"another", GiftMessage{ID: "snd_2", Redemption: "rd_1"}, "snd_2", false, "", 2},
		{"an unknown redemption", GiftMessage{ID: "snd_2", Redemption: "rd_2"}, "snd_2", false, loyalty.NotFound, 1},
	} {
		b := newBench(t)
		b.card(t)
		_, got, err := GiftMessages{b.Ledger}.SendCode(t.Context(), "p", c.in, ledger.By{Input: c.input})
		if c.code == "" && err != nil || c.code != "" && !errors.Is(err, c.code) || got.Replayed != c.replayed {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if c.replayed && (got.Email != "eve@example.com" || got.Status != GiftMessageWaiting || !got.At.Equal(noon)) {
			t.Errorf("%s: %+v", c.name, got)
		}
		all, err := GiftMessages{b.Ledger}.List(t.Context(), "p", "mem_ada", "rd_1")
		if err != nil || len(all) != c.n {
			t.Errorf("%s: %+v, %v", c.name, all, err)
		}
	}
	b := newBench(t)
	b.card(t)
	b.Fail = []error{&table.ConflictError{}}
	b.send(t, "snd_2")
	b.Fail = []error{table.ErrBusy}
	in := GiftMessage{ID: "snd_3", Redemption: "rd_1"}
	if _, _, err := (GiftMessages{b.Ledger}).SendCode(t.Context(), "p", in, ledger.By{Input: "c"}); !errors.Is(
		err,
		ledger.ErrTryAgain,
	) {
		t.Errorf("the table is busy: %v", err)
	}
	r := service.RedemptionRequest{ID: "rd_9", Member: "mem_ada", Reward: "card", Commit: true} // without points
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
		t.Context(), b.p, r, ledger.By{Input: "r9"},
	); !errors.Is(err, loyalty.InsufficientPoints) {
		t.Fatal(err)
	}
	in = GiftMessage{ID: "snd_4", Redemption: "rd_9"}
	if _, _, err := (GiftMessages{b.Ledger}).SendCode(t.Context(), "p", in, ledger.By{Input: "d"}); !errors.Is(
		err,
		loyalty.NotFound,
	) {
		t.Errorf("a rejected redemption: %v", err)
	}
}

// A gift card message is claimed while it is due, and at most maxClaims times without a result.
func TestGiftMessageThatIsClaimed(t *testing.T) {
	b := newBench(t)
	g, place := GiftMessages{b.Ledger}, b.card(t)
	claim := func(name string, at time.Time, status GiftMessageStatus, want error) *ClaimedGiftMessage {
		t.Helper()
		b.Clock = at
		c, err := g.Claim(t.Context(), "p", place)
		if !errors.Is(err, want) || err == nil && c.Status != status {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		return c
	}
	claim("before it is due", noon.Add(-time.Millisecond), "", ErrClaimed)
	c := claim("when it is due", noon, GiftMessageWaiting, nil)
	if c.ID != "snd_1" || c.Email != "eve@example.com" || c.Code == "" || c.Left.Amount != 10_00 ||
		c.Sender.Member != "mem_ada" {
		t.Errorf("%+v", c)
	}
	claim("during the lease", noon.Add(lease-time.Millisecond), "", ErrClaimed)
	claim("after the lease", noon.Add(lease), GiftMessageWaiting, nil)
	c = claim("after the second lease", noon.Add(2*lease), GiftMessageWaiting, nil)
	if err := g.Postpone(t.Context(), c, noon.Add(10*lease)); err != nil {
		t.Fatal(err)
	}
	claim("before the postponed time", noon.Add(10*lease-time.Millisecond), "", ErrClaimed)
	claim("postponed, which is no attempt", noon.Add(10*lease), GiftMessageWaiting, nil)
	claim("after three attempts", noon.Add(11*lease), GiftMessageFailed, nil)
	claim("after it failed", noon.Add(20*lease), "", ErrClaimed)
	if _, err := g.Claim(t.Context(), "p", GiftMessagePlace{"mem_ada", "OUTBOX#rd_1#09"}); !errors.Is(err, ErrClaimed) {
		t.Errorf("an unknown message: %v", err)
	}
	all, err := g.List(t.Context(), "p", "mem_ada", "rd_1")
	if err != nil || len(all) != 1 || all[0].Status != GiftMessageFailed {
		t.Errorf("%+v, %v", all, err)
	}
}

// Sending is retried for a limited time if the message was certainly not sent.
func TestGiftMessageThatIsPostponed(t *testing.T) {
	for after, want := range map[time.Duration]GiftMessageStatus{
		retryFor: GiftMessageWaiting, retryFor + time.Millisecond: GiftMessageFailed,
	} {
		b := newBench(t)
		g, place := GiftMessages{b.Ledger}, b.card(t)
		c, err := g.Claim(t.Context(), "p", place)
		if err != nil {
			t.Fatal(err)
		}
		b.Clock = noon.Add(after)
		if err := g.Postpone(t.Context(), c, b.Clock.Add(time.Hour)); err != nil || c.Status != want {
			t.Errorf("after %s: %+v, %v", after, c, err)
		}
		for _, until := range []time.Duration{time.Hour - time.Millisecond, time.Hour} {
			due := 0
			for _, err := range g.Due(t.Context(), "p", b.Clock.Add(until)) {
				if due++; err != nil {
					t.Fatal(err)
				}
			}
			if (due == 1) != (want == GiftMessageWaiting && until == time.Hour) {
				t.Errorf("after %s, %d messages are due in %s", after, due, until)
			}
		}
	}
}

// A gift card that was used is not sent.
func TestGiftCardThatWasUsedIsNotSent(t *testing.T) {
	b := newBench(t)
	g, place := GiftMessages{b.Ledger}, b.card(t)
	was, err := service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), "p", "rd_1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (service.Redemptions{Ledger: b.Ledger}).Reverse(
		t.Context(), b.p, "rd_1", big.NewRat(1, 1), ledger.By{Input: "x"},
	); err != nil {
		t.Fatal(err, was)
	}
	if c, err := g.Claim(t.Context(), "p", place); err != nil || c.Status != GiftMessageWithdrawn {
		t.Errorf("%+v, %v", c, err)
	}
}

// A bounced message has failed, whether or not it was recorded as sent.
func TestGiftMessageThatBounces(t *testing.T) {
	b := newBench(t)
	g, place := GiftMessages{b.Ledger}, b.card(t)
	b.send(t, "snd_2")
	c, err := g.Claim(t.Context(), "p", place)
	if err == nil {
		err = g.Settle(t.Context(), c, GiftMessageSent)
	}
	if err != nil {
		t.Fatal(err)
	}
	statuses := func(name string, want ...GiftMessageStatus) {
		t.Helper()
		all, err := g.List(t.Context(), "p", "mem_ada", "rd_1")
		for i, m := range all {
			if m.Status != want[i] {
				t.Errorf("%s: message %d is %s", name, i, m.Status)
			}
		}
		if err != nil || len(all) != len(want) {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	for _, id := range []string{"snd_9", ""} {
		if err := g.MarkBounced(t.Context(), "p", "mem_ada", id); err != nil {
			t.Error(err)
		}
	}
	statuses("an unknown message", GiftMessageSent, GiftMessageWaiting)
	b.Fail = []error{&table.ConflictError{}}
	if err := g.MarkBounced(t.Context(), "p", "mem_ada", "snd_1"); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("the message is written at the same time: %v", err)
	}
	for range 2 {
		if err := g.MarkBounced(t.Context(), "p", "mem_ada", "snd_1"); err != nil {
			t.Fatal(err)
		}
	}
	statuses("the first message", GiftMessageFailed, GiftMessageWaiting)
	it, err := b.Table.Get(t.Context(), stored.MemberKey("p", "mem_ada", place.Item))
	if err != nil || it.Version != 4 { // queued, claimed, sent, failed
		t.Errorf("%+v, %v", it, err)
	}
	if err := g.MarkBounced(t.Context(), "p", "mem_ada", "snd_2"); err != nil {
		t.Fatal(err)
	}
	statuses("both messages", GiftMessageFailed, GiftMessageFailed)
}
