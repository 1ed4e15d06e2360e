package notify

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// OnGift is the value of the fields On and Reminder in a Message that sends a gift card to a friend.
const OnGift = "gift"

// A Gift contains the contents of the message that sends a gift card to a friend of a member.
type Gift struct {
	Sender  Person // the member; the message is in the member's language, because the friend's language is unknown
	To      string // the friend's email address
	Name    string // the friend's name; may be empty
	Message string // the member's message to the friend; may contain line breaks; may be empty
	Code    string // the code of the gift card, formatted for display
	Worth   loyalty.Money
	From    time.Time // the instant from which the gift card can be used; zero if it can be used now
	Until   time.Time // the instant from which the gift card can no longer be used; zero if it does not expire
}

// WriteGift creates the email that sends a gift card to a friend. The argument id is the message ID.
func (o *Dispatcher) WriteGift(p *loyalty.Program, g Gift, id string, now time.Time) (Message, error) {
	m := Message{
		ID: id, Program: p.ID, Member: g.Sender.Member, Reminder: OnGift, On: OnGift, Purpose: loyalty.Transactional,
		Channel: loyalty.Email, To: g.To, At: now.UTC(), Data: Data{Code: g.Code},
	}
	w, err := o.GiftWords(p, g)
	m.Language, m.Subject, m.Text, m.HTML = w.Language, w.Subject, w.Text, w.HTML
	return m, err
}
