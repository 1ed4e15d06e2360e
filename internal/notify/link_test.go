package notify

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

func TestLinkRequiresKeyAndUnchangedToken(t *testing.T) {
	l := Links{Base: "https://x.example", Key: []byte("0123456789abcdefghijklmnopqrstuv")}
	want := Subscription{"bluebird", "mem_ada", "email", "marketing"}
	token := strings.TrimPrefix(l.Unsubscribe(want), "https://x.example"+unsubscribePath)
	if got, ok := l.Read(token); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	if _, ok := (Links{Key: []byte("another key of the same length!!")}).Read(token); ok {
		t.Error("another key accepts the token")
	}
	for i := range token {
		changed := token[:i] + string(rune('A'+(token[i]+1)%26)) + token[i+1:]
		if _, ok := l.Read(changed); ok && changed != token {
			t.Errorf("%s is accepted", changed)
		}
	}
	for _, bad := range []string{"", ".", "a.b", token + "=", token + ".x", strings.Repeat("A", 5000)} {
		if _, ok := l.Read(bad); ok {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestOutboxDeduplicatesAndDropsOldest(t *testing.T) {
	var o Outbox
	for i := range outboxRoom + 5 {
		for range 2 {
			if err := o.Send(t.Context(), Message{ID: string(rune(i))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := o.Messages(); len(got) != outboxRoom || got[0].ID != string(rune(5)) {
		t.Errorf("%d messages from %q", len(got), got[0].ID)
	}
}

func TestMarketingRequiresLink(t *testing.T) {
	o := &Dispatcher{Links: Links{
		Key: []byte("0123456789abcdefghijklmnopqrstuv"),
	}, Words: func(*loyalty.Program, Person, remind.News, string) (Words, error) {
		return Words{Text: "words"}, nil
	}}
	write := func(o *Dispatcher, purpose loyalty.Purpose) (Message, error) {
		return o.Write(
			&loyalty.Program{ID: "bluebird"}, Person{Member: "mem_ada"},
			remind.News{Purpose: purpose, Channel: loyalty.Email}, "msg_1", time.Now(),
		)
	}
	if _, err := write(o, loyalty.Marketing); !errors.Is(err, ErrNotSent) {
		t.Errorf("%v", err)
	}
	if m, err := write(o, loyalty.Transactional); err != nil || m.Unsubscribe != "" || m.Text != "words" {
		t.Errorf("%+v %v", m, err)
	}
	known := o.At("https://x.example")
	if m, err := write(known, loyalty.Marketing); err != nil ||
		!strings.HasPrefix(m.Unsubscribe, "https://x.example/v1/unsubscribe/") {
		t.Errorf("%+v %v", m, err)
	}
	consents := remind.Consents{
		{Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true},
		{Channel: loyalty.Email, Purpose: loyalty.Transactional, Granted: true},
	}
	if got := o.Permitted(consents); len(got) != 1 || got.Allow(loyalty.Email, loyalty.Marketing) ||
		len(known.Permitted(consents)) != 2 {
		t.Errorf("%+v", got)
	}
}
