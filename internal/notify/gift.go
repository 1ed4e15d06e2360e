package notify

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// OnGift is what a Message says that it is about, and its Reminder, where it takes a gift card to a friend.
const OnGift = "gift"

// A Gift is a gift card on its way to a friend of a member, with what the letter says.
type Gift struct {
	Sender  Person // the member; the letter is in the member's language, as nobody knows the friend's
	To      string // the friend's e-mail address
	Name    string // the friend's; may be empty
	Message string // what the member wrote, in lines; may be empty
	Code    string // as it is written
	Worth   loyalty.Money
	From    time.Time // before that it cannot be used; zero: it can
	Until   time.Time // exclusive; zero: for ever
}

// WriteGift makes the e-mail that takes a gift card to a friend, under the letter's id.
func (o *Office) WriteGift(p *loyalty.Program, g Gift, id string, now time.Time) (Message, error) {
	m := Message{
		ID: id, Program: p.ID, Member: g.Sender.Member, Reminder: OnGift, On: OnGift, Purpose: loyalty.Transactional,
		Channel: loyalty.Email, To: g.To, At: now.UTC(), Data: Data{Code: g.Code},
	}
	w, err := o.Letter(p, g)
	m.Language, m.Subject, m.Text, m.HTML = w.Language, w.Subject, w.Text, w.HTML
	return m, err
}
