package ledger

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A gift card that is sent to a friend leaves a letter that waits to be delivered: an item of its own beside the
// member's profile, for it has the friend's e-mail address, which is no part of the ledger.
//
// A letter has the key (the member's partition, OUTBOX#<redemption>#<nn>) and stands in the index under
// (P#<program>#OUTBOX#waiting, <instant>#<letter's id>) until it is settled, so that whoever delivers letters finds
// them, the longest due first: the instant is when it is to be looked at. The index has keys only, and so nothing
// personal.

// LetterPrefix begins the id of every letter, and of no other message.
const LetterPrefix = "snd_"

// A Letter is a gift card on its way to a friend.
type Letter struct {
	ID         string
	Redemption string
	Email      string
	Name       string // may be empty
	Message    string // may be empty
	At         time.Time
	Status     LetterStatus
	Replayed   bool
}

// LetterStatus is what became of a letter.
type LetterStatus string

const (
	LetterWaiting   LetterStatus = "waiting"   // nobody delivered it yet
	LetterSent      LetterStatus = "sent"      // the provider has taken it
	LetterFailed    LetterStatus = "failed"    // it came back, or could not be sent
	LetterWithdrawn LetterStatus = "withdrawn" // before it was sent, the gift card was used, given back or over
)

// letterDoc is a stored form: changed only by addition.
type giftCardMessageDoc struct {
	Kind       string `json:"k"` // "gift_card"
	ID         string `json:"id"`
	Redemption string `json:"rd"`
	Email      string `json:"email"`
	Name       string `json:"name,omitzero"`
	Message    string `json:"message,omitzero"`
	At         int64  `json:"at"`
	By         string `json:"by"`
	Input      string `json:"in"`

	Status  string `json:"s,omitzero"`   // none: waiting
	Settled int64  `json:"end,omitzero"` // since when the status is what it is
	Claims  int    `json:"n,omitzero"`   // how often it was claimed without anybody knowing what became of it
}

func letterPrefix(redemption string) string { return "OUTBOX#" + redemption + "#" }

func waitingLetters(program string) string { return "P#" + program + "#OUTBOX#waiting" }

func letterIndex(program, id string, due time.Time) table.Key {
	return table.Key{PK: waitingLetters(program), SK: stamped(due) + "#" + id}
}

// Letters is to whom the gift card of a redemption was sent, oldest first.
func (l *Ledger) Letters(ctx context.Context, program string, m loyalty.MemberID, redemption string) ([]Letter, error) {
	docs, err := l.letters(ctx, program, m, redemption)
	out := make([]Letter, len(docs))
	for i, d := range docs {
		out[i] = d.letter()
	}
	return out, err
}

func (l *Ledger) letters(ctx context.Context, program string, m loyalty.MemberID, redemption string) (docs []giftCardMessageDoc, err error) {
	prefix := letterPrefix(redemption)
	for d, err := range list(ctx, l.Table, table.Query{PK: memberPartition(program, m), From: prefix, To: prefix + "~"}, readLetter) {
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func readLetter(it table.Item) (d giftCardMessageDoc, err error) {
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return d, fmt.Errorf("ledger: read letter %s: %w", it.Key, err)
	}
	return d, nil
}

func (d giftCardMessageDoc) letter() Letter {
	out := Letter{ID: d.ID, Redemption: d.Redemption, Email: d.Email, Name: d.Name, Message: d.Message, At: instant(d.At), Status: LetterWaiting}
	if d.Status != "" {
		out.Status = LetterStatus(d.Status)
	}
	return out
}

// A LetterPlace is where a letter lies. It names nobody but the member.
type LetterPlace struct {
	Member loyalty.MemberID `json:"member"`
	Item   string           `json:"item"`
}

// DueLetters yields where the letters lie that are to be looked at until an instant, the longest due first.
func (l *Ledger) DueLetters(ctx context.Context, program string, until time.Time) iter.Seq2[LetterPlace, error] {
	q := table.Query{PK: waitingLetters(program), Index: true, To: stamped(until) + "~"}
	return list(ctx, l.Table, q, func(it table.Item) (LetterPlace, error) {
		m := strings.TrimPrefix(it.Key.PK, memberPartition(program, ""))
		return LetterPlace{loyalty.MemberID(m), it.Key.SK}, nil
	})
}
