package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A gift card that is sent to a friend leaves a letter that waits to be delivered: an item of its own beside the
// member's profile, for it has the friend's e-mail address, which is no part of the ledger.
//
// A letter has the key (the member's partition, OUTBOX#<redemption>#<nn>) and stands in the index under
// (P#<program>#OUTBOX#waiting, <instant>#<letter's id>), so that whoever delivers letters finds them, oldest first. The
// index has keys only, and so nothing personal. In this release nobody delivers them.

// MaxLetters is how often one gift card can be sent: the address may be wrong the first time.
const MaxLetters = 5

// A Letter is a gift card on its way to a friend.
type Letter struct {
	ID         string
	Redemption string
	Email      string
	Name       string // may be empty
	Message    string // may be empty
	At         time.Time
	Replayed   bool
}

// letterDoc is a stored form: changed only by addition.
type letterDoc struct {
	Kind       string `json:"k"` // "gift_card"
	ID         string `json:"id"`
	Redemption string `json:"rd"`
	Email      string `json:"email"`
	Name       string `json:"name,omitzero"`
	Message    string `json:"message,omitzero"`
	At         int64  `json:"at"`
	By         string `json:"by"`
	Input      string `json:"in"`
}

func letterPrefix(redemption string) string { return "OUTBOX#" + redemption + "#" }

// SendCode puts the gift card of a redemption that was committed into a letter to a friend. Repeated under the same id
// and By.Input it answers as the first time; with another input, idempotency_key_reused. not_found if there is no such
// redemption; code_used, code_void, code_not_valid or validation_failed if there is nothing to send.
func (l *Ledger) SendCode(ctx context.Context, program string, in Letter, by By) (RedemptionResult, Letter, error) {
	was, err := l.Redemption(ctx, program, in.Redemption)
	if err == nil && was.Redemption.Status == loyalty.Refused {
		err = notFound("redemption")
	}
	if err != nil {
		return was, in, err
	}
	for range attempts {
		letters, err := l.letters(ctx, program, was.Member, in.Redemption)
		if err != nil {
			return was, in, err
		}
		for _, d := range letters {
			switch {
			case d.ID == in.ID && d.Input != by.Input:
				return was, in, keyReused()
			case d.ID == in.ID:
				in = d.letter()
				in.Replayed = true
				return was, in, nil
			}
		}
		if err := l.maySend(ctx, program, was.Redemption, len(letters)); err != nil {
			return was, in, err
		}
		in.At = l.now()
		err = l.Table.Transact(ctx, table.Put(table.Item{
			Key:   memberKey(program, was.Member, letterPrefix(in.Redemption)+padded(int64(len(letters)+1), 2)),
			Index: table.Key{PK: "P#" + program + "#OUTBOX#waiting", SK: in.At.Format("2006-01-02T15:04:05.000Z") + "#" + in.ID},
			Doc: encode(letterDoc{
				"gift_card", in.ID, in.Redemption, in.Email, in.Name, in.Message, millis(in.At), by.Actor, by.Input,
			}),
		}))
		if !errors.As(err, new(*table.ConflictError)) {
			return was, in, retryable(err)
		}
	}
	return was, in, ErrTryAgain
}

// maySend refuses where there is no gift card that a friend could use.
func (l *Ledger) maySend(ctx context.Context, program string, r loyalty.Redemption, sent int) error {
	switch {
	case r.Status == loyalty.Reserved || r.Status == loyalty.Cancelled || r.Status == loyalty.Lapsed:
		return &loyalty.Error{Code: loyalty.HoldAlreadyResolved, Detail: "Only what was committed can be sent; the redemption is " + string(r.Status) + "."}
	case r.Code == "":
		return loyalty.IssuedCode{}.MaySend(l.now())
	}
	code, err := l.Code(ctx, program, r.Code)
	switch {
	case errors.Is(err, loyalty.NotFound): // one for all
		return loyalty.IssuedCode{}.MaySend(l.now())
	case err != nil:
		return err
	}
	if err := code.MaySend(l.now()); err != nil {
		return err
	}
	if sent >= MaxLetters {
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: fmt.Sprintf("A gift card can be sent %d times at most.", MaxLetters)}
	}
	return nil
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

func (l *Ledger) letters(ctx context.Context, program string, m loyalty.MemberID, redemption string) (docs []letterDoc, err error) {
	prefix := letterPrefix(redemption)
	for it, err := range l.Table.Query(ctx, table.Query{PK: memberPartition(program, m), From: prefix, To: prefix + "~"}) {
		if err != nil {
			return nil, retryable(err)
		}
		var d letterDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, fmt.Errorf("ledger: read letter %s: %w", it.Key, err)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func (d letterDoc) letter() Letter {
	return Letter{ID: d.ID, Redemption: d.Redemption, Email: d.Email, Name: d.Name, Message: d.Message, At: instant(d.At)}
}
