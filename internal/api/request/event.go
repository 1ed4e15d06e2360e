package request

import (
	"math/big"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// An EventBody is the body of an event.
type EventBody struct {
	Member string           `json:"member"`
	Type   string           `json:"type"`
	ID     string           `json:"id"`
	At     time.Time        `json:"at"`
	Data   map[string]datum `json:"data"`
}

// These constants limit the data of an event, because every entry of the event stores it.
const (
	maxData     = 20
	maxDataText = 2000 // the maximum number of characters of a text
)

var (
	dataName   = lazyregexp.New(`^[a-z][a-z0-9_]{0,63}$`)
	dataNumber = lazyregexp.New(`^-?[0-9]{1,15}(\.[0-9]{1,6})?$`)
)

// Event checks the body and returns the event. The live program determines later whether the event's type and fields
// exist.
func (b EventBody) Event(c *Check) loyalty.Event {
	c.RequiredID(At("member"), b.Member)
	typed := c.Required(At("type"), b.Type != "")
	if typed && !ValidID(b.Type) {
		c.Fault(At("type"), loyalty.ValidationFailed, "This must be a family and a state, like review.approved.")
	}
	ev := loyalty.Event{Type: b.Type, ID: b.ID, At: b.At.UTC(), Data: make(map[string]any, len(b.Data))}
	if c.Required(At("id"), b.ID != "") && (!ValidID(b.ID) ||
		typed && ValidID(b.Type) && !ValidID(award.EventCause(ev))) {
		c.Fault(At("id"), loyalty.ValidationFailed,
			"This must be letters, digits or _ : . - with at most 128 characters including the family.")
	}
	c.Required(At("at"), !b.At.IsZero())
	if len(b.Data) > maxData {
		c.Fault(At("data"), loyalty.ValidationFailed, "An event has at most %d fields.", maxData)
	}
	for name, d := range b.Data {
		ev.Data[name] = d.Value
		c.datum(name, d)
	}
	return ev
}

func (c *Check) datum(name string, d datum) {
	if !dataName.MatchString(name) {
		c.Fault(At("data"), loyalty.ValidationFailed,
			"A field name must be 1 to 64 lowercase letters, digits or _, and start with a letter.")
		return
	}
	p := At("data/" + name)
	text, _ := d.Value.(string)
	if utf8.RuneCountInString(text) > maxDataText {
		c.Fault(p, loyalty.ValidationFailed, "A text must have at most %d characters.", maxDataText)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			c.Fault(
				p, loyalty.ValidationFailed,
				"A text must not have control characters other than line breaks and tabs.",
			)
			break
		}
	}
}

// A datum is the value of one event field: a string, a bool or a *big.Rat.
type datum struct{ Value any }

// UnmarshalJSONFrom reads a number from its digits, so that the value is exact.
func (d *datum) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		d.Value = string(text)
		return err
	case 't', 'f':
		d.Value = v.Kind() == 't'
		return nil
	case '0':
		if dataNumber.Match(v) {
			d.Value, _ = new(big.Rat).SetString(string(v))
			return nil
		}
		return &loyalty.Error{
			Code:   loyalty.ValidationFailed,
			Detail: "A number must have at most 15 digits before and 6 after the point, and no exponent.",
		}
	}
	return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "This must be a text, a number, true or false."}
}

// WireEvent returns the result of an event as the API presents it now.
func WireEvent(p *loyalty.Program, r service.EventResult, now time.Time) wire.EventResult {
	ev := r.State.Event
	out := wire.EventResult{
		Event: wire.Event{
			Type: ev.Type, ID: ev.ID, Member: string(ev.Member), At: ev.At.UTC(),
			Data: make(map[string]any, len(ev.Data)),
		},
		Revision: r.State.Revision, Points: int64(r.State.Worth),
		Entries: []wire.Entry{WireEntry(p, r.Entry, now)}, Balance: WireBalance(r.Balance),
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
