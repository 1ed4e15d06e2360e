package messages

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A visit lists the member's codes that can still be used, and the gift cards of which a part was used.
func TestCodesOfAVisit(t *testing.T) {
	used := func(at time.Time) func(*ledger.CodeDoc) {
		return func(d *ledger.CodeDoc) { d.Used = stored.Millis(at) }
	}
	for _, c := range []struct {
		name   string
		edit   func(*ledger.CodeDoc)
		status GiftMessageStatus // the status of the message that sends the gift card; empty if there is none
		codes  int
		begun  int
	}{
		{"unused", func(*ledger.CodeDoc) {}, "", 1, 0},
		{"void", func(d *ledger.CodeDoc) { d.Void = true }, "", 0, 0},
		{"used before", used(noon.Add(-time.Hour)), "", 0, 0},
		{"used now", used(noon), "", 0, 0},
		{"used later", used(noon.Add(time.Hour)), "", 1, 0},
		{"partly used", func(d *ledger.CodeDoc) { d.Left-- }, "", 1, 1},
		{"partly removed", func(d *ledger.CodeDoc) { d.Left, d.Taken = d.Left-100, 100 }, "", 1, 0},
		{"partly removed and used", func(d *ledger.CodeDoc) { d.Left, d.Taken = d.Left-101, 100 }, "", 1, 1},
		{"waiting to be sent", func(*ledger.CodeDoc) {}, GiftMessageWaiting, 0, 0},
		{"sent", func(*ledger.CodeDoc) {}, GiftMessageSent, 0, 0},
		{"not sent", func(*ledger.CodeDoc) {}, GiftMessageFailed, 1, 0},
		{"withdrawn", func(*ledger.CodeDoc) {}, GiftMessageWithdrawn, 1, 0},
		{"sent, but no gift card", func(d *ledger.CodeDoc) { d.Currency = "" }, GiftMessageSent, 1, 0},
	} {
		b := newBench(t)
		place := b.card(t)
		was, err := service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), "p", "rd_1")
		if err != nil {
			t.Fatal(err)
		}
		it, err := b.Table.Get(t.Context(), ledger.CodeKey("p", redeem.PlainCode(was.Redemption.Code)))
		if err != nil {
			t.Fatal(err)
		}
		d := ledger.CodeDoc{
			Member: "mem_ada", Redemption: "rd_1", Reward: "card", Left: 10_00, Currency: "EUR", Worth: 10_00,
		}
		c.edit(&d)
		it.Doc = stored.Encode(d)
		message, err := b.Table.Get(t.Context(), stored.MemberKey("p", "mem_ada", place.Item))
		if err != nil {
			t.Fatal(err)
		}
		ops := []table.Op{table.Put(it), table.Delete(message)}
		if c.status != "" {
			doc, err := readGiftMessage(message)
			if err != nil {
				t.Fatal(err)
			}
			doc.Status = string(c.status)
			message.Doc = stored.Encode(doc)
			ops[1] = table.Put(message)
		}
		if err := b.Table.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
		v, err := Reminders{b.Ledger}.Foresee(t.Context(), b.p, "mem_ada", nil, noon)
		if err != nil || len(v.Who.Codes) != c.codes || len(v.Who.Begun) != c.begun || len(v.Who.Consents) != 1 {
			t.Errorf("%s: %+v, %v", c.name, v.Who, err)
		}
	}
}

// A visit fails if an entry is not listed yet, and starts after the entries that were read before.
func TestVisitReadsTheEntriesSinceTheLast(t *testing.T) {
	b := newBench(t)
	b.card(t)
	v := b.visit(t)
	if err := (Messages{b.Ledger}).Plan(t.Context(), b.p, v, noon.Add(time.Hour), "r1"); err != nil {
		t.Fatal(err)
	}
	seen := v.State.Seen
	f := &tabletest.FailingRead{Table: b.Table, Fail: 1 << 40}
	l := &ledger.Ledger{Table: f, Now: b.Now, Keyring: b.Keyring}
	again, err := Reminders{l}.Visit(t.Context(), b.p, "mem_ada", nil)
	if err != nil || again.State.Seen != seen || len(again.State.Codes) != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	behind := *v
	acc := v.Account
	acc.Sequence++
	if err := (Reminders{b.Ledger}).digest(t.Context(), b.p, &behind, acc, nil, noon); !errors.Is(
		err,
		ledger.ErrTryAgain,
	) {
		t.Errorf("an entry that is not listed: %v", err)
	}
	acc.Sequence--
	behind.item.Key = table.Key{}
	failing := &ledger.Ledger{Table: &tabletest.FailingRead{Table: b.Table, Fail: 1}, Now: b.Now, Keyring: b.Keyring}
	if err := (Reminders{failing}).digest(t.Context(), b.p, &behind, acc, nil, noon); err != nil {
		t.Errorf("without new entries, the entries are read: %v", err)
	}
}

// A code that all members share has no item, and cannot be sent.
func TestRedemptionWithoutAnIndividualCode(t *testing.T) {
	b := newBench(t)
	for _, code := range []string{"", "SHARED"} {
		got, err := GiftMessages{b.Ledger}.codeOf(t.Context(), "p", loyalty.Redemption{ID: "rd_1", Code: code})
		if err != nil || got.Code != "" {
			t.Errorf("%q: %+v, %v", code, got, err)
		}
	}
	f := &ledger.Ledger{Table: &tabletest.FailingRead{Table: b.Table, Fail: 1}, Now: b.Now, Keyring: b.Keyring}
	if _, err := (GiftMessages{f}).codeOf(t.Context(), "p", loyalty.Redemption{ID: "rd_1"}); err != nil {
		t.Errorf("the code of a redemption without a code is read: %v", err)
	}
}

// If a read fails, an operation returns the error. It does not continue as if the item were absent.
func TestOperationsReturnTheErrorOfARead(t *testing.T) {
	var b *bench
	var place GiftMessagePlace
	create := func() table.Table {
		b = newBench(t)
		place = b.card(t)
		return b
	}
	for name, operation := range map[string]func(*ledger.Ledger) error{
		"visit": func(l *ledger.Ledger) error {
			_, err := Reminders{l}.Visit(t.Context(), b.p, "mem_ada", nil)
			return err
		},
		"delivery": func(l *ledger.Ledger) error {
			_, err := Messages{l}.Delivery(t.Context(), "p", "mem_ada", "msg_x", FigureOpened, false)
			return err
		},
		"figures": func(l *ledger.Ledger) error {
			_, err := Messages{l}.Figures(t.Context(), "p", noon, noon)
			return err
		},
		"send": func(l *ledger.Ledger) error {
			in := GiftMessage{ID: "snd_2", Redemption: "rd_1"}
			_, _, err := GiftMessages{l}.SendCode(t.Context(), "p", in, ledger.By{Input: "2"})
			return err
		},
		"claim": func(l *ledger.Ledger) error {
			_, err := GiftMessages{l}.Claim(t.Context(), "p", place)
			return err
		},
		"bounce": func(l *ledger.Ledger) error {
			return GiftMessages{l}.MarkBounced(
				t.Context(), "p", "mem_ada", "snd_1",
			)
		},
		"withdraw a notice": func(l *ledger.Ledger) error {
			return Notices{l}.Unnotify(t.Context(), b.p, "mem_ada", "msg_x", ledger.By{})
		},
	} {
		tabletest.EachReadFails(t, name, create, func(tab table.Table) error {
			return operation(&ledger.Ledger{Table: tab, Now: b.Now, Keyring: keyringtest.New(tab, b.Now)})
		})
	}
}

// The figures of concluded messages are counted with the visit that concludes them.
func TestConcludedMessagesAreCounted(t *testing.T) {
	b := newBench(t)
	v := b.visit(t)
	v.Settled = []remind.Settled{{Reminder: "idle", Acted: true}, {Reminder: "idle"}}
	if err := (Messages{b.Ledger}).Plan(t.Context(), b.p, v, noon.Add(time.Hour), "r1"); err != nil {
		t.Fatal(err)
	}
	if f := b.figures(t); f[FigureEnded] != 2 || f[FigureActed] != 1 || len(v.Settled) > 0 {
		t.Errorf("the figures are %v, and the visit has %v", f, v.Settled)
	}
	if _, err := (members.Members{Ledger: b.Ledger}).Get(t.Context(), b.p, "mem_ada"); err != nil {
		t.Error(err)
	}
}
