package api

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's own system has no time zones
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// maxFaults bounds how many faults of one request are reported.
const maxFaults = 20

// A check gathers what is wrong with the values of a body, so that all of it is told at once. The first fault
// gives the refusal its code.
type check struct{ faults []wire.ProblemError }

// A place is where in a body a value stands. It is written as a JSON pointer only when something is wrong.
type place struct {
	name string // of a field; within a list, of a field of its element
	list string // of the list; empty if there is none
	i    int
}

func at(name string) place { return place{name: name} }

func (p place) String() string {
	if p.list == "" {
		return "/" + p.name
	}
	return "/" + p.list + "/" + strconv.Itoa(p.i) + "/" + p.name
}

func (c *check) fault(p place, code loyalty.Code, format string, args ...any) {
	if len(c.faults) < maxFaults {
		detail := fmt.Sprintf(format, args...)
		c.faults = append(c.faults, wire.ProblemError{Pointer: p.String(), Code: string(code), Detail: detail})
	}
}

// err is the refusal of everything that was wrong, nil if nothing was.
func (c *check) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	first := c.faults[0]
	return &refusal{code: loyalty.Code(first.Code), detail: first.Detail, faults: c.faults}
}

// take reads the body into b, a pointer to a struct, and checks its values.
func (c *call) take(b any, values func(*check)) error {
	if err := c.decode(b); err != nil {
		return err
	}
	var faults check
	values(&faults)
	return faults.err()
}

// required reports whether a value is there, and keeps the fault if not.
func (c *check) required(p place, given bool) bool {
	if !given {
		c.fault(p, loyalty.ValidationFailed, "This field is required.")
	}
	return given
}

const idForm = "This must be 1 to 128 letters, digits and _ : . - in all."

// id checks an identifier; empty is for required to find.
func (c *check) id(p place, s string) {
	if s != "" && !validID(s) {
		c.fault(p, loyalty.ValidationFailed, idForm)
	}
}

// requiredID is id for one that must be there.
func (c *check) requiredID(p place, s string) {
	if c.required(p, s != "") {
		c.id(p, s)
	}
}

func validID(s string) bool {
	for i := range len(s) {
		b := s[i]
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == ':', b == '.', b == '-':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 128 && s != "." && s != ".."
}

// text checks a line of text: so many characters, none of them a control character.
func (c *check) text(p place, s string, least, most int) {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		c.fault(p, loyalty.ValidationFailed, "This must have %d to %d characters.", least, most)
		return
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		c.fault(p, loyalty.ValidationFailed, "This must have no control characters.")
	}
}

// amount checks an amount of money, in minor units: not below zero, and within what one order may have.
func (c *check) amount(p place, w whole) int64 {
	switch {
	case w.n < 0:
		c.fault(p, loyalty.AmountNotPositive, "An amount is not below zero.")
	case w.n > loyalty.MaxAmount:
		c.fault(p, loyalty.AmountOutOfRange, "An amount has at most %d minor units.", loyalty.MaxAmount)
	}
	return w.n
}

func (c *check) currency(p place, s string) {
	if _, ok := loyalty.Currency(s).Exponent(); !ok {
		c.fault(p, loyalty.CurrencyUnsupported, "This must be a currency of ISO 4217 in capitals, like EUR.")
	}
}

func (c *check) timezone(p place, s string) {
	if s != "" {
		c.clock(p, &s)
	}
}

// clock is the time zone of a name that may be left out.
func (c *check) clock(p place, name *string) *time.Location {
	if name == nil {
		return nil
	}
	zone, err := time.LoadLocation(*name)
	if err != nil || *name == "" || *name == "Local" {
		c.fault(p, loyalty.ValidationFailed, "This must be a time zone like Europe/Berlin.")
	}
	return zone
}

// parameter is a path parameter, decoded. API Gateway hands some over as they were sent, percent-encoded, so
// one level is taken off; what remains has to be an id, so nothing can name another item than it says.
func parameter(name, raw string) (string, error) {
	s := raw
	if strings.IndexByte(raw, '%') >= 0 {
		s, _ = url.PathUnescape(raw)
	}
	ok := validID(s)
	switch name {
	case "entry":
		ok = validEntryID(s)
	case "code":
		ok = codeForm.MatchString(s)
	}
	if !ok {
		return "", refuseAt(invalidParameter, name, "The path's "+name+" is not of the form that it must have.")
	}
	return s, nil
}

// codeForm is how a code is written, read aloud in groups, or mistyped.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9 -]{4,64}$`)

func validEntryID(s string) bool {
	rest, ok := strings.CutPrefix(s, "ent_")
	return ok && len(rest) <= 300 && validParts(strings.Split(rest, "~"))
}

func validParts(parts []string) bool {
	for _, p := range parts {
		if !validID(p) {
			return false
		}
	}
	return len(parts) == 3
}
