package messages_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestAGiftCardIsSentOnceForEachKeyAndFiveTimesInAll(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.RedeemCode(
			t,
			loyalty.Reward{
				ID: "mug", Type: "gift_card", Cost: 100, Value: loyalty.Money{Amount: 1_000, Currency: "EUR"},
			},
		)
		send := func(key int) error {
			for {
				in := messages.GiftMessage{ID: fmt.Sprint("snd_", key), Redemption: "rd_1", Email: "eve@example.com"}
				_, _, err := messages.GiftMessages{Ledger: b.Ledger}.SendCode(
					t.Context(), b.P.ID, in, ledger.By{Input: fmt.Sprint(key)},
				)
				if !errors.Is(err, ledger.ErrTryAgain) {
					return err
				}
			}
		}
		sent := 0
		for _, err := range servicetest.InParallel(20, func(i int) error { return send(i / 2) }) { // each key twice
			if err == nil {
				sent++
				continue
			}
			servicetest.WantRejection(t, err, loyalty.ValidationFailed)
		}
		letters, err := messages.GiftMessages{Ledger: b.Ledger}.List(t.Context(), b.P.ID, "mem_ada", "rd_1")
		if err != nil || len(letters) != redeem.MaxGiftMessages || sent != 2*redeem.MaxGiftMessages {
			t.Errorf("%d requests sent it, there are %d messages: %v", sent, len(letters), err)
		}
		waiting := 0
		for _, err := range b.Table.Query(t.Context(), table.Query{PK: "P#bluebird#OUTBOX#waiting", Index: true}) {
			if err != nil {
				t.Fatal(err)
			}
			waiting++
		}
		if waiting != redeem.MaxGiftMessages {
			t.Errorf("%d messages wait", waiting)
		}
	})
}

func TestAFriendIsInNoEntryAndNoKey(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.RedeemCode(
		t,
		loyalty.Reward{ID: "mug", Type: "gift_card", Cost: 100, Value: loyalty.Money{Amount: 1_000, Currency: "EUR"}},
	)
	in := messages.GiftMessage{
		ID: "snd_1", Redemption: "rd_1", Email: "eve@example.com", Name: "Eve", Message: "From me",
	}
	if _, _, err := (messages.GiftMessages{Ledger: b.Ledger}).SendCode(
		t.Context(), b.P.ID, in, ledger.By{Input: "1"},
	); err != nil {
		t.Fatal(err)
	}
	var dump strings.Builder
	if err := b.Table.(interface{ Dump(io.Writer) error }).Dump(&dump); err != nil {
		t.Fatal(err)
	}
	personalIn := func(text string) bool { return strings.Contains(text, "eve@") || strings.Contains(text, "From me") }
	if personalIn(dump.String()) {
		t.Error("the table contains the recipient in plain text")
	}
	for line := range strings.Lines(keyringtest.Opened(t, b.Keyring, dump.String())) {
		personal := personalIn(line)
		if item := strings.HasPrefix(line, `"P#bluebird#M#mem_ada" "OUTBOX#rd_1#01"`); personal != item {
			t.Error(line)
		}
	}
}

// The sender of a gift card receives no reminders about it, unless the message failed.
func TestAGiftCardThatWasSentIsNoCodeOfTheMembers(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	code := b.RedeemCode(
		t,
		loyalty.Reward{ID: "mug", Type: "gift_card", Cost: 100, Value: loyalty.Money{Amount: 1_000, Currency: "EUR"}},
	)
	want := func(what string, n int, begun bool) {
		t.Helper()
		v, err := messages.Reminders{Ledger: b.Ledger}.Foresee(t.Context(), b.P, "mem_ada", nil, b.Clock)
		if err != nil || len(v.Who.Codes) != n || len(v.Who.Begun) == 1 != begun {
			t.Errorf("%s: %+v, %v", what, v.Who, err)
		}
	}
	settle := func(as messages.GiftMessageStatus) {
		t.Helper()
		for place, err := range (messages.GiftMessages{Ledger: b.Ledger}).Due(t.Context(), b.P.ID, b.Clock) {
			if err != nil {
				t.Fatal(err)
			}
			c, err := messages.GiftMessages{Ledger: b.Ledger}.Claim(t.Context(), b.P.ID, place)
			if err == nil {
				err = messages.GiftMessages{Ledger: b.Ledger}.Settle(t.Context(), c, as)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	send := func(id string) {
		t.Helper()
		in := messages.GiftMessage{ID: id, Redemption: "rd_1", Email: "eve@example.com"}
		if _, _, err := (messages.GiftMessages{Ledger: b.Ledger}).SendCode(
			t.Context(), b.P.ID, in, ledger.By{Input: id},
		); err != nil {
			t.Fatal(err)
		}
	}
	want("claimed", 1, false)
	send("snd_1")
	want("waiting", 0, false)
	settle(messages.GiftMessageFailed)
	want("failed", 1, false)
	if _, err := b.UseCode(
		t, inventory.CodeUse{ID: "use_1", Code: code, Amount: loyalty.Money{Amount: 300, Currency: "EUR"}},
	); err != nil {
		t.Fatal(err)
	}
	want("used in part", 1, true)
	send("snd_2")
	settle(messages.GiftMessageSent)
	want("sent", 0, false)
}
