package messages

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// GiftMessages stores the messages that send gift cards.
type GiftMessages struct{ *ledger.Ledger }

// A gift card that is sent to a friend creates a gift card message that waits for delivery. The message is stored in a
// separate item, because it contains the friend's email address, which must not be part of the ledger. The address, the
// friend's name and the text are encrypted with the key of the member who sends the message.
//
// A message has the key (the member's partition, OUTBOX#<redemption>#<nn>). Until it is settled, it is in the index
// under (P#<program>#OUTBOX#waiting, <instant>#<message ID>), where the instant is its due time. The process that
// delivers messages finds them there, in the order of their due times. The index has only keys, so it contains no
// personal data.

// GiftMessagePrefix is the prefix of the ID of every gift card message, and of no other message.
const GiftMessagePrefix = "snd_"

// A GiftMessage is a gift card message to a friend.
type GiftMessage struct {
	ID         string
	Redemption string
	Email      string
	Name       string // the name of the friend; may be empty
	Message    string // the text from the member; may be empty
	At         time.Time
	Status     GiftMessageStatus
	Replayed   bool
}

// GiftMessageStatus is the status of a gift card message.
type GiftMessageStatus string

const (
	GiftMessageWaiting   GiftMessageStatus = "waiting"   // the message is not sent yet
	GiftMessageSent      GiftMessageStatus = "sent"      // the provider has accepted the message
	GiftMessageFailed    GiftMessageStatus = "failed"    // the message was returned, or could not be sent
	GiftMessageWithdrawn GiftMessageStatus = "withdrawn" // the gift card was used, returned or expired first
)

// giftCardMessageDoc is stored. Fields may only be added.
type giftCardMessageDoc struct {
	Kind       string `json:"k"` // always "gift_card"
	ID         string `json:"id"`
	Redemption string `json:"rd"`
	Friend     []byte `json:"to"` // a friendDoc, encrypted with the key of the member
	At         int64  `json:"at"`
	By         string `json:"by"`
	Input      string `json:"in"`

	Status  string `json:"s,omitzero"`   // the status of the message; empty means waiting
	Settled int64  `json:"end,omitzero"` // the time at which the status was set
	Claims  int    `json:"n,omitzero"`   // the number of claims without a known result

	friend friendDoc // the decrypted field Friend
}

// friendDoc is stored. Fields may only be added.
type friendDoc struct {
	Email   string `json:"email"`
	Name    string `json:"name,omitzero"`
	Message string `json:"message,omitzero"`
}

// purpose returns the name of the field Friend for its encryption. It contains the ID of the message, so that the
// recipients of two messages cannot be exchanged.
func (d giftCardMessageDoc) purpose() string { return "gift_card/" + d.ID }

// seal encrypts the recipient and the text of a message.
func (d *giftCardMessageDoc) seal(key keyring.MemberKey, to friendDoc) {
	d.friend, d.Friend = to, key.Seal(d.purpose(), stored.Encode(to))
}

// open decrypts the recipient and the text of a message.
func (d *giftCardMessageDoc) open(key keyring.MemberKey) error {
	text, err := key.Open(d.purpose(), d.Friend)
	if err == nil {
		err = json.Unmarshal(text, &d.friend)
	}
	if err != nil {
		return fmt.Errorf("messages: read the recipient of %s: %w", d.ID, err)
	}
	return nil
}

func outboxPrefix(redemption string) string { return "OUTBOX#" + redemption + "#" }

func waitingGiftMessages(program string) string { return "P#" + program + "#OUTBOX#waiting" }

func outboxIndex(program, id string, due time.Time) table.Key {
	return table.Key{PK: waitingGiftMessages(program), SK: stored.Stamped(due) + "#" + id}
}

// List returns the gift card messages of a redemption, oldest first.
func (g GiftMessages) List(
	ctx context.Context, program string, m loyalty.MemberID, redemption string,
) ([]GiftMessage, error) {
	docs, err := g.opened(ctx, program, m, redemption)
	out := make([]GiftMessage, len(docs))
	for i, d := range docs {
		out[i] = d.message()
	}
	return out, err
}

func (g GiftMessages) list(
	ctx context.Context, program string, m loyalty.MemberID, redemption string,
) (docs []giftCardMessageDoc, err error) {
	prefix := outboxPrefix(redemption)
	for d, err := range ledger.List(
		ctx, g.Table, table.Query{PK: stored.MemberPartition(program, m), From: prefix, To: prefix + "~"},
		readGiftMessage,
	) {
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// opened returns the gift card messages of a redemption, decrypted, with the key of the member. It reads the key only
// if there are messages.
func (g GiftMessages) opened(
	ctx context.Context, program string, m loyalty.MemberID, redemption string,
) (docs []giftCardMessageDoc, err error) {
	if docs, err = g.list(ctx, program, m, redemption); err != nil || len(docs) == 0 {
		return nil, err
	}
	key, err := members.Members{Ledger: g.Ledger}.Key(ctx, program, m)
	if err != nil {
		return nil, err
	}
	for i := range docs {
		if err := docs[i].open(key); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func readGiftMessage(it table.Item) (d giftCardMessageDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("messages: read the gift message %s: %w", it.Key, err)
	}
	return d, nil
}

func (d giftCardMessageDoc) message() GiftMessage {
	out := GiftMessage{
		ID: d.ID, Redemption: d.Redemption, Email: d.friend.Email, Name: d.friend.Name,
		Message: d.friend.Message, At: stored.Instant(d.At),
		Status: GiftMessageWaiting,
	}
	if d.Status != "" {
		out.Status = GiftMessageStatus(d.Status)
	}
	return out
}

// A GiftMessagePlace is the position of a gift card message: the member, and the sort key of the item. It contains no
// other data.
type GiftMessagePlace struct {
	Member loyalty.MemberID `json:"member"`
	Item   string           `json:"item"`
}

// Due yields the positions of the gift card messages that are due by an instant. The message that has been due for the
// longest time comes first.
func (g GiftMessages) Due(
	ctx context.Context, program string, until time.Time,
) iter.Seq2[GiftMessagePlace, error] {
	q := table.Query{PK: waitingGiftMessages(program), Index: true, To: stored.Stamped(until) + "~"}
	return ledger.List(ctx, g.Table, q, func(it table.Item) (GiftMessagePlace, error) {
		m := strings.TrimPrefix(it.Key.PK, stored.MemberPartition(program, ""))
		return GiftMessagePlace{loyalty.MemberID(m), it.Key.SK}, nil
	})
}

// Next returns the instant at which the next gift card message of a program is due, or zero if none is waiting.
func (g GiftMessages) Next(ctx context.Context, program string) (time.Time, error) {
	return ledger.NextDue(ctx, g.Table, waitingGiftMessages(program))
}
