package local

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/local/gateway/gatewaytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// yearOfMessages advances a year in steps of the given number of days, and returns the messages in the outbox.
func yearOfMessages(t *testing.T, steps, days int) (list []string) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	stack, p, _ := newStack(t, tab, NewClock(noon))
	var consents []remind.Consent
	for _, purpose := range remind.Purposes() {
		consents = append(
			consents,
			remind.Consent{
				Channel: loyalty.Email, Purpose: purpose, Granted: true, At: noon, Wording: "v1", Source: "test",
			},
		)
	}
	for i := range 10 {
		m := memberID(i)
		in := members.Enrollment{
			Member: m, Profile: members.Profile{Email: fmt.Sprintf("m%d@example.com", i)}, Consents: consents,
		}
		if _, err := stack.App.Members.Enroll(t.Context(), p, in, ledger.By{Actor: "test"}); err != nil {
			t.Fatal(err)
		}
		o := loyalty.Order{
			ID: fmt.Sprint(i), Member: m, PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
			Lines: []loyalty.Line{{ID: "1", Quantity: 1, Amount: int64(5000 + 5000*i)}},
		}
		if _, err := stack.App.Orders.Put(t.Context(), p, o, ledger.By{Actor: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	for range steps {
		if err := stack.Advance(t.Context(), time.Duration(days)*24*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range stack.Outbox.Messages() {
		list = append(list, fmt.Sprintf("%s %s %s %s", m.At.Format(time.RFC3339), m.Member, m.Reminder, m.Text))
	}
	slices.Sort(list)
	return list
}

func TestOneLongStepAndDailyStepsSendSameMessages(t *testing.T) {
	jump, daily := yearOfMessages(t, 1, 400), yearOfMessages(t, 400, 1)
	if len(jump) < 20 {
		t.Errorf("only %d messages", len(jump))
	}
	if diff := cmp.Diff(jump, daily); diff != "" {
		t.Errorf("one jump (-) and daily steps (+):\n%s", diff)
	}
}

func TestOutboxRequiresKeyAndListsMessages(t *testing.T) {
	stack, p, server, key := frozenStack(t)
	in := members.Enrollment{
		Member: memberID(1), Profile: members.Profile{Email: "ada@example.com"},
		Consents: []remind.Consent{
			{
				Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon, Wording: "v1",
				Source: "test",
			},
		},
	}
	if _, err := stack.App.Members.Enroll(t.Context(), p, in, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	// The member has 20 points too few for free shipping.
	adjust := service.Adjustment{ID: "adj_1", Member: memberID(1), Points: 230, Reason: "x"}
	if _, err := stack.App.Adjustments.Adjust(t.Context(), p, adjust, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	advance(t, server, "24h")
	if resp, _ := gatewaytest.Do(t, "GET", server.URL+outboxPath, ""); resp.StatusCode != 401 {
		t.Errorf("without a key, the status is %d", resp.StatusCode)
	}
	resp, body := gatewaytest.Do(t, "GET", server.URL+outboxPath, "", "Authorization", "Bearer "+key)
	var out outboxAnswer
	if err := json.Unmarshal([]byte(body), &out); err != nil || resp.StatusCode != 200 || len(out.Data) != 1 {
		t.Fatalf("%d %s %v", resp.StatusCode, body, err)
	}
	if m := out.Data[0]; m.To != "ada@example.com" || m.Reminder != "nearly-there" ||
		!strings.Contains(m.Text, "20 beans more") {
		t.Errorf("%+v", m)
	}
	resp, body = gatewaytest.Do(
		t, "POST", strings.Replace(out.Data[0].Unsubscribe, "http://localhost", server.URL, 1),
		"List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded",
	)
	if resp.StatusCode != 200 || !strings.Contains(body, "no longer") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	contact, err := stack.App.Consents.Contact(t.Context(), "bluebird", memberID(1))
	if err != nil || contact.Consents.Allow(loyalty.Email, loyalty.Marketing) {
		t.Errorf("%+v %v", contact, err)
	}
}

func TestGiftCardToFriendIsInOutbox(t *testing.T) {
	stack, p, server, key := frozenStack(t)
	by := ledger.By{Actor: "test", Input: "1"}
	if _, err := stack.App.Members.Enroll(t.Context(), p, members.Enrollment{Member: memberID(1)}, by); err != nil {
		t.Fatal(err)
	}
	if _, err := stack.App.Adjustments.Adjust(
		t.Context(), p, service.Adjustment{ID: "adj_1", Member: memberID(1), Points: 3_000, Reason: "x"}, by,
	); err != nil {
		t.Fatal(err)
	}
	r, err := stack.App.Redemptions.Redeem(
		t.Context(), p, service.RedemptionRequest{ID: "rd_1", Member: memberID(1), Reward: "gift-25", Commit: true}, by,
	)
	if err != nil {
		t.Fatal(err)
	}
	in := messages.GiftMessage{ID: "snd_1", Redemption: "rd_1", Email: "eve@example.com"}
	if _, _, err := stack.App.GiftMessages.SendCode(t.Context(), p.ID, in, by); err != nil {
		t.Fatal(err)
	}
	advance(t, server, "1h")
	_, body := gatewaytest.Do(t, "GET", server.URL+outboxPath, "", "Authorization", "Bearer "+key)
	var out outboxAnswer
	if err := json.Unmarshal([]byte(body), &out); err != nil || len(out.Data) != 1 ||
		out.Data[0].To != "eve@example.com" || !strings.Contains(out.Data[0].Text, r.Redemption.Code) {
		t.Errorf("%s %v", body, err)
	}
}
