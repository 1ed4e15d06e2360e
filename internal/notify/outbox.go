package notify

import (
	"context"
	"slices"
	"sync"
)

// outboxRoom is the maximum number of messages in an Outbox. If there are more, the oldest ones are deleted.
const outboxRoom = 10_000

// An Outbox is a Sender that stores messages in their final form instead of sending them. It stores only one message
// with each ID. The zero Outbox is empty.
type Outbox struct {
	mu       sync.Mutex
	messages []Message
	ids      map[string]bool
}

var _ Sender = (*Outbox)(nil)

// Send stores the message.
func (o *Outbox) Send(_ context.Context, m Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids[m.ID] {
		return nil
	}
	if o.ids == nil {
		o.ids = map[string]bool{}
	}
	o.ids[m.ID] = true
	o.messages = append(o.messages, m)
	if extra := len(o.messages) - outboxRoom; extra > 0 {
		for _, old := range o.messages[:extra] {
			delete(o.ids, old.ID)
		}
		o.messages = slices.Clone(o.messages[extra:])
	}
	return nil
}

// Messages returns the stored messages, oldest first.
func (o *Outbox) Messages() []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.messages)
}
