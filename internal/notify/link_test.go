package notify

import (
	"strings"
	"testing"
)

func TestALinkIsReadByItsKeyAloneAndNotOnceItWasChanged(t *testing.T) {
	l := Links{Base: "https://x.example", Key: []byte("0123456789abcdefghijklmnopqrstuv")}
	want := Subscription{"bluebird", "mem_ada", "email", "marketing"}
	token := strings.TrimPrefix(l.Unsubscribe(want), "https://x.example"+UnsubscribePath)
	if got, ok := l.Read(token); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	if _, ok := (Links{Key: []byte("another key of the same length!!")}).Read(token); ok {
		t.Error("another key reads it")
	}
	for i := range token {
		changed := token[:i] + string(rune('A'+(token[i]+1)%26)) + token[i+1:]
		if _, ok := l.Read(changed); ok && changed != token {
			t.Errorf("%s is read", changed)
		}
	}
	for _, bad := range []string{"", ".", "a.b", token + "=", token + ".x", strings.Repeat("A", 5000)} {
		if _, ok := l.Read(bad); ok {
			t.Errorf("%s is read", bad)
		}
	}
}

func TestAnOutboxTakesAMessageOnceAndForgetsTheOldest(t *testing.T) {
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
