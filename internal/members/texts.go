package members

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Entries are permanent, so they must not contain personal data in plain text. The texts that persons wrote are
// encrypted before the command that stores them, with the key of a member: the note of a transfer with the key of its
// sender, and the texts of events and the reasons of manual changes with the key of the member of the entry. The rules
// and the ledger pass these texts on unchanged, and the hash of an entry covers the encrypted text. After the key of a
// member was destroyed, a text is read as an empty text.
//
// The callers of the ledger encrypt and decrypt, so that a command that stores no text needs no key.

// textField is the name of all texts for their encryption.
const textField = "text"

// SealText encrypts a text with the key of a member. It returns not_found if the member has no key. An empty text
// remains empty.
func (ms Members) SealText(ctx context.Context, program string, m loyalty.MemberID, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	key, err := ms.Key(ctx, program, m)
	if err != nil {
		return "", err
	}
	return key.SealText(textField, text), nil
}

// SealEvent encrypts the texts in an event's data. The rules need the texts, so Data remains unchanged, but an event
// with encrypted texts is stored without the texts in Data.
func (ms Members) SealEvent(ctx context.Context, program string, ev *loyalty.Event) (err error) {
	texts := map[string]string{}
	for name, v := range ev.Data {
		if text, ok := v.(string); ok {
			texts[name] = text
		}
	}
	if len(texts) > 0 {
		ev.Texts, err = ms.SealText(ctx, program, ev.Member, string(stored.Encode(texts)))
	}
	return err
}

// A TextReader decrypts the texts in entries of a program. It reads the key of each member once, and reads none for
// entries without texts. It is not safe for concurrent use.
type TextReader struct {
	Members
	Program string
	keys    map[loyalty.MemberID]*keyring.MemberKey // nil for a member without a key
}

// Text decrypts a text. It returns an empty text if the member's key was destroyed, and a text that is not encrypted
// unchanged.
func (r *TextReader) Text(ctx context.Context, m loyalty.MemberID, text string) (string, error) {
	if !keyring.IsSealedText(text) {
		return text, nil
	}
	key, known := r.keys[m]
	if !known {
		found, err := r.Key(ctx, r.Program, m)
		switch {
		case err == nil:
			key = &found
		case !errors.Is(err, loyalty.NotFound):
			return "", err
		}
		if r.keys == nil {
			r.keys = map[loyalty.MemberID]*keyring.MemberKey{}
		}
		r.keys[m] = key
	}
	if key == nil {
		return "", nil
	}
	return key.OpenText(textField, text)
}

// Entry decrypts the texts in an entry.
func (r *TextReader) Entry(ctx context.Context, e *loyalty.Entry) error {
	for i, b := range e.Reasons {
		for j, arg := range b.Args {
			text, err := r.Text(ctx, e.Member, arg)
			if err != nil {
				return err
			}
			if text != arg {
				b.Args = slices.Clone(b.Args)
				b.Args[j] = text
				e.Reasons = slices.Clone(e.Reasons)
				e.Reasons[i] = b
			}
		}
	}
	if e.Redemption != nil && e.Redemption.Note != "" {
		redemption := *e.Redemption
		if err := r.Transfer(ctx, e.Member, &redemption); err != nil {
			return err
		}
		e.Redemption = &redemption
	}
	if e.Event != nil {
		s := *e.Event
		if err := r.Event(ctx, &s.Event); err != nil {
			return err
		}
		e.Event = &s
	}
	return nil
}

// Transfer decrypts the note of a transfer in an account. The sender wrote it.
func (r *TextReader) Transfer(ctx context.Context, account loyalty.MemberID, t *loyalty.Redemption) (err error) {
	sender := account
	if t.By != "" {
		sender = t.By
	}
	t.Note, err = r.Text(ctx, sender, t.Note)
	return err
}

// Event decrypts the texts in an event's data, unless the data has them.
func (r *TextReader) Event(ctx context.Context, ev *loyalty.Event) error {
	for _, v := range ev.Data {
		if _, ok := v.(string); ok {
			return nil
		}
	}
	doc, err := r.Text(ctx, ev.Member, ev.Texts)
	if err != nil || doc == "" {
		return err
	}
	var texts map[string]string
	if err := json.Unmarshal([]byte(doc), &texts); err != nil {
		return fmt.Errorf("members: read the texts of event %s: %w", ev.ID, err)
	}
	if ev.Data = maps.Clone(ev.Data); ev.Data == nil {
		ev.Data = map[string]any{}
	}
	for name, text := range texts {
		ev.Data[name] = text
	}
	return nil
}
