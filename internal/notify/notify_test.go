package notify

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

type counted int

func (c *counted) Send(context.Context, Message) error {
	*c++
	return nil
}

// TestInvalidAddressIsRejectedWithoutProvider checks that an invalid address is rejected before the provider is
// called, which would reject it every time.
func TestInvalidAddressIsRejectedWithoutProvider(t *testing.T) {
	var asked counted
	o := &Dispatcher{Senders: map[loyalty.Channel]Sender{loyalty.Email: &asked, loyalty.SMS: &asked}}
	for _, to := range []string{
		"", "ada", "a..b@example.com", ".a@example.com", "ada@example..com", "Ada <ada@example.com>",
		"änna@example.com", "ada@example.com\r\nBcc: eve@example.com",
	} {
		if err := o.Send(t.Context(), Message{Channel: loyalty.Email, To: to}); !errors.Is(err, ErrRejected) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if asked != 0 {
		t.Errorf("the provider was called %d times", asked)
	}
	for channel, to := range map[loyalty.Channel]string{
		loyalty.Email: "ada+beans@bücher.example", loyalty.SMS: "+491701234567",
	} {
		if err := o.Send(t.Context(), Message{Channel: channel, To: to}); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	if asked != 2 {
		t.Errorf("the provider was called %d times", asked)
	}
}

// TestDataContainsInstantsOfEnds checks that merchants receive the exact instant, because a day alone does not
// state its time zone.
func TestDataContainsInstantsOfEnds(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	o := Dispatcher{Words: func(*loyalty.Program, Person, remind.News, string) (Words, error) { return Words{}, nil }}
	m, err := o.Write(&loyalty.Program{ID: "p", Zone: berlin}, Person{}, remind.News{
		On: loyalty.BeforeExpiry, Channel: loyalty.Push, Day: 20270228, Until: calendar.Date(20270228).End(berlin),
		Lots: []loyalty.Lot{{Expires: 20270228, Points: 5}, {Expires: 20270301, Points: 6}},
	}, "msg", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(m.Data)
	want := `{"lots":[{"points":5,"day":"2027-02-28","until":"2027-02-28T23:00:00Z"},{"points":6,"day":"2027-03-01",` +
		`"until":"2027-03-01T23:00:00Z"}],` +
		`"day":"2027-02-28","until":"2027-02-28T23:00:00Z"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestEmailIsSentToASCIIAddress(t *testing.T) {
	var box Outbox
	o := &Dispatcher{Senders: map[loyalty.Channel]Sender{loyalty.Email: &box}}
	if err := o.Send(t.Context(), Message{ID: "msg", Channel: loyalty.Email, To: "anna@bücher.example"}); err != nil {
		t.Fatal(err)
	}
	if to := box.Messages()[0].To; to != "anna@xn--bcher-kva.example" {
		t.Errorf("the recipient is %s", to)
	}
}
