package api

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's operating system has no time zone data
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// maxFaults is the maximum number of faults that the answer to one request lists.
const maxFaults = 20

// A check collects the faults of a request body, so that one answer reports all of them. The first fault determines
// the error code.
type check struct{ faults []wire.ProblemError }

// A place is the location of a value in a request body. It is formatted as a JSON pointer only if the value has a
// fault.
type place struct {
	name string // name of the field, in the body or in a list element; empty for the element itself
	list string // name of the list that contains the field; empty if there is none
	i    int
}

func at(name string) place { return place{name: name} }

func (p place) String() string {
	if p.list == "" {
		return "/" + p.name
	}
	element := "/" + p.list + "/" + strconv.Itoa(p.i)
	if p.name == "" {
		return element
	}
	return element + "/" + p.name
}

func (c *check) fault(p place, code loyalty.Code, format string, args ...any) {
	if len(c.faults) < maxFaults {
		detail := fmt.Sprintf(format, args...)
		c.faults = append(c.faults, wire.ProblemError{Pointer: p.String(), Code: string(code), Detail: detail})
	}
}

// err returns an error that lists all faults, or nil if there are none.
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

// required reports whether a value is present, and records a fault if it is not.
func (c *check) required(p place, given bool) bool {
	if !given {
		c.fault(p, loyalty.ValidationFailed, "This field is required.")
	}
	return given
}

const idForm = "This must be 1 to 128 letters, digits or _ : . -"

// id checks the form of an identifier. It accepts the empty string, which required reports.
func (c *check) id(p place, s string) {
	if s != "" && !validID(s) {
		c.fault(p, loyalty.ValidationFailed, idForm)
	}
}

// requiredID checks an identifier that must be present.
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

// text checks that a text has least to most characters and no control characters.
func (c *check) text(p place, s string, least, most int) {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		c.fault(p, loyalty.ValidationFailed, "This must have %d to %d characters.", least, most)
		return
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		c.fault(p, loyalty.ValidationFailed, "This must have no control characters.")
	}
}

// amount checks an amount of money in minor units: it must not be negative, and must not exceed loyalty.MaxAmount. It
// returns the amount.
func (c *check) amount(p place, w whole) int64 {
	switch {
	case w.n < 0:
		c.fault(p, loyalty.AmountNotPositive, "The amount must not be negative.")
	case w.n > loyalty.MaxAmount:
		c.fault(p, loyalty.AmountOutOfRange, "The amount must be at most %d minor units.", loyalty.MaxAmount)
	}
	return w.n
}

func (c *check) currency(p place, s string) {
	if _, ok := loyalty.Currency(s).Exponent(); !ok {
		c.fault(p, loyalty.CurrencyUnsupported, "This must be an ISO 4217 currency code in capital letters, like EUR.")
	}
}

func (c *check) timezone(p place, s string) {
	if s != "" {
		c.clock(p, &s)
	}
}

// clock returns the time zone with an optional name. It returns nil if the name is omitted.
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

// parameter decodes and checks a path parameter. API Gateway passes some parameters percent-encoded, as the client
// sent them, so parameter decodes one level. The result must be a valid ID, so a parameter that is encoded twice
// cannot name a different item.
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
		return "", refuseAt(invalidParameter, name, "The path's "+name+" has an invalid format.")
	}
	return s, nil
}

// codeForm matches a code as printed, grouped with spaces or hyphens, or mistyped.
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
