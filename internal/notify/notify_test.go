package notify

import (
	"context"
	"errors"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type counted int

func (c *counted) Send(context.Context, Message) error {
	*c++
	return nil
}

// No provider is asked for what is no address: it would refuse it each time, and the member would not be told otherwise.
func TestWhatIsNoAddressIsRejectedBeforeAProviderIsAsked(t *testing.T) {
	var asked counted
	o := &Office{Senders: map[loyalty.Channel]Sender{loyalty.Email: &asked, loyalty.SMS: &asked}}
	for _, to := range []string{"", "ada", "a..b@example.com", ".a@example.com", "ada@example..com", "Ada <ada@example.com>", "änna@example.com", "ada@example.com\r\nBcc: eve@example.com"} {
		if err := o.Send(t.Context(), Message{Channel: loyalty.Email, To: to}); !errors.Is(err, ErrRejected) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if asked != 0 {
		t.Errorf("a provider was asked %d times", asked)
	}
	for channel, to := range map[loyalty.Channel]string{loyalty.Email: "ada+beans@bücher.example", loyalty.SMS: "+491701234567"} {
		if err := o.Send(t.Context(), Message{Channel: channel, To: to}); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	if asked != 2 {
		t.Errorf("a provider was asked %d times", asked)
	}
}

func TestAnEmailGoesToItsAddressInASCII(t *testing.T) {
	var box Outbox
	o := &Office{Senders: map[loyalty.Channel]Sender{loyalty.Email: &box}}
	if err := o.Send(t.Context(), Message{ID: "msg", Channel: loyalty.Email, To: "anna@bücher.example"}); err != nil {
		t.Fatal(err)
	}
	if to := box.Messages()[0].To; to != "anna@xn--bcher-kva.example" {
		t.Errorf("it goes to %s", to)
	}
}
