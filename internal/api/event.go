package api

import (
	"context"
	"math/big"
	"regexp"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
)

type eventBody struct {
	Member string           `json:"member"`
	Type   string           `json:"type"`
	ID     string           `json:"id"`
	At     time.Time        `json:"at"`
	Data   map[string]datum `json:"data"`
}

// These constants bound the data of an event, because every entry of the event stores it.
const (
	maxData     = 20
	maxDataText = 2000 // characters
)

var (
	dataName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	dataNumber = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,6})?$`)
)

// event checks the body and returns the event. The program checks later whether the event's type and fields exist.
func (b eventBody) event(c *check) loyalty.Event {
	c.requiredID(at("member"), b.Member)
	typed := c.required(at("type"), b.Type != "")
	if typed && !validID(b.Type) {
		c.fault(at("type"), loyalty.ValidationFailed, "This must be a family and a state, like review.approved.")
	}
	ev := loyalty.Event{Type: b.Type, ID: b.ID, At: b.At.UTC(), Data: make(map[string]any, len(b.Data))}
	if c.required(at("id"), b.ID != "") && (!validID(b.ID) ||
		typed && validID(b.Type) && !validID(award.EventCause(ev))) {
		c.fault(at("id"), loyalty.ValidationFailed,
			"This must be letters, digits or _ : . - with at most 128 characters including the family.")
	}
	c.required(at("at"), !b.At.IsZero())
	if len(b.Data) > maxData {
		c.fault(at("data"), loyalty.ValidationFailed, "An event has at most %d fields.", maxData)
	}
	for name, d := range b.Data {
		ev.Data[name] = d.value
		c.datum(name, d)
	}
	return ev
}

func (c *check) datum(name string, d datum) {
	if !dataName.MatchString(name) {
		c.fault(at("data"), loyalty.ValidationFailed,
			"A field name must be 1 to 64 lowercase letters, digits or _, and start with a letter.")
		return
	}
	p := at("data/" + name)
	text, _ := d.value.(string)
	if utf8.RuneCountInString(text) > maxDataText {
		c.fault(p, loyalty.ValidationFailed, "A text must have at most %d characters.", maxDataText)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			c.fault(
				p, loyalty.ValidationFailed,
				"A text must not have control characters other than line breaks and tabs.",
			)
			break
		}
	}
}

// A datum is the value of one event field: a string, a bool or a *big.Rat.
type datum struct{ value any }

// UnmarshalJSONFrom reads a number from its digits, so that the value is exact.
func (d *datum) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		d.value = string(text)
		return err
	case 't', 'f':
		d.value = v.Kind() == 't'
		return nil
	case '0':
		if dataNumber.Match(v) {
			d.value, _ = new(big.Rat).SetString(string(v))
			return nil
		}
		return &loyalty.Error{
			Code:   loyalty.ValidationFailed,
			Detail: "A number must have at most 15 digits before and 6 after the point, and no exponent.",
		}
	}
	return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "This must be a text, a number, true or false."}
}

func putEvent(ctx context.Context, c *call) (answer, error) {
	var b eventBody
	var ev loyalty.Event
	if err := c.take(&b, func(faults *check) { ev = b.event(faults) }); err != nil {
		return answer{}, err
	}
	p, m, err := c.meant(ctx, b.Member)
	if err != nil {
		return answer{}, err
	}
	ev.Member = m
	r, err := c.app.Ledger.PutEvent(ctx, p, ev, ledger.By{Actor: c.who.ID})
	if err != nil {
		return answer{}, err
	}
	return answer{status: createdIf(r.State.Revision == 1 &&
		!r.Replayed), body: c.wireEvent(p, r), replayed: r.Replayed}, nil
}

// activateEvent activates the pending points of an event manually.
func activateEvent(ctx context.Context, c *call) (answer, error) {
	p, err := c.nothingBut(ctx)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.ActivateEvent(ctx, p, c.path("event"), ledger.By{Actor: c.who.ID})
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.wireEvent(p, r)}, nil
}

func (c *call) wireEvent(p *loyalty.Program, r ledger.EventResult) wire.EventResult {
	ev := r.State.Event
	out := wire.EventResult{
		Event: wire.Event{
			Type: ev.Type, ID: ev.ID, Member: string(ev.Member), At: ev.At.UTC(),
			Data: make(map[string]any, len(ev.Data)),
		},
		Revision: r.State.Revision, Points: int64(r.State.Worth),
		Entries: []wire.Entry{c.wireEntry(p, r.Entry)}, Balance: wireBalance(r.Balance),
	}
	for name, value := range ev.Data {
		if n, ok := value.(*big.Rat); ok {
			value = jsontext.Value(digits(n))
		}
		out.Event.Data[name] = value
	}
	return out
}

// digits formats a number with at most six decimals exactly.
func digits(n *big.Rat) string {
	s := n.FloatString(6)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}
