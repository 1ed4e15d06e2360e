package request

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Lambda's operating system has no time zone data
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// MaxFaults is the maximum number of faults in the answer to one request.
const MaxFaults = 20

// A Check collects the faults of a request body, so that one answer reports all of them. The first fault determines
// the error code.
type Check struct{ faults []wire.ProblemError }

// A Place is the location of a value in a request body. It is formatted as a JSON pointer only if the value has a
// fault.
type Place struct {
	Name string // the name of the field, in the body or in a list element; empty for the element itself
	List string // the name of the list that contains the field; empty if there is none
	I    int
}

// At returns the place of a field of the body.
func At(name string) Place { return Place{Name: name} }

// String returns the JSON pointer of the place.
func (p Place) String() string {
	if p.List == "" {
		return "/" + p.Name
	}
	element := "/" + p.List + "/" + strconv.Itoa(p.I)
	if p.Name == "" {
		return element
	}
	return element + "/" + p.Name
}

// Fault records a fault at a place. It ignores faults beyond MaxFaults.
func (c *Check) Fault(p Place, code loyalty.Code, format string, args ...any) {
	if len(c.faults) < MaxFaults {
		detail := fmt.Sprintf(format, args...)
		c.faults = append(c.faults, wire.ProblemError{Pointer: p.String(), Code: string(code), Detail: detail})
	}
}

// Err returns an error that lists all faults, or nil if there are none.
func (c *Check) Err() error {
	if len(c.faults) == 0 {
		return nil
	}
	first := c.faults[0]
	return &Refusal{Code: loyalty.Code(first.Code), detail: first.Detail, Faults: c.faults}
}

// Required reports whether a value is present, and records a fault if it is not.
func (c *Check) Required(p Place, given bool) bool {
	if !given {
		c.Fault(p, loyalty.ValidationFailed, "This field is required.")
	}
	return given
}

// IDForm is the detail of a fault for an invalid identifier.
const IDForm = "This must be 1 to 128 letters, digits or _ : . -"

// ID checks the form of an identifier. It accepts the empty string, which Required reports.
func (c *Check) ID(p Place, s string) {
	if s != "" && !ValidID(s) {
		c.Fault(p, loyalty.ValidationFailed, IDForm)
	}
}

// RequiredID checks an identifier that must be present.
func (c *Check) RequiredID(p Place, s string) {
	if c.Required(p, s != "") {
		c.ID(p, s)
	}
}

// ValidID reports whether s is a valid identifier (see IDForm) and can be a segment of a path.
func ValidID(s string) bool {
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

// Text checks that s has between least and most characters, inclusive, and no control characters.
func (c *Check) Text(p Place, s string, least, most int) {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		c.Fault(p, loyalty.ValidationFailed, "This must have %d to %d characters.", least, most)
		return
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		c.Fault(p, loyalty.ValidationFailed, "This must have no control characters.")
	}
}

// Amount checks an amount of money in minor units: it must not be negative, and must not exceed loyalty.MaxAmount. It
// returns the amount.
func (c *Check) Amount(p Place, w Whole) int64 {
	switch {
	case w.N < 0:
		c.Fault(p, loyalty.AmountNotPositive, "The amount must not be negative.")
	case w.N > loyalty.MaxAmount:
		c.Fault(p, loyalty.AmountOutOfRange, "The amount must be at most %d minor units.", loyalty.MaxAmount)
	}
	return w.N
}

// Currency checks a currency code.
func (c *Check) Currency(p Place, s string) {
	if _, ok := loyalty.Currency(s).Exponent(); !ok {
		c.Fault(p, loyalty.CurrencyUnsupported, "This must be an ISO 4217 currency code in capital letters, like EUR.")
	}
}

// Timezone checks the name of a time zone. It accepts the empty string.
func (c *Check) Timezone(p Place, s string) {
	if s != "" {
		c.clock(p, &s)
	}
}

// clock returns the time zone with the given name. It returns nil if name is nil.
func (c *Check) clock(p Place, name *string) *time.Location {
	if name == nil {
		return nil
	}
	zone, err := time.LoadLocation(*name)
	if err != nil || *name == "" || *name == "Local" {
		c.Fault(p, loyalty.ValidationFailed, "This must be a time zone like Europe/Berlin.")
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
	ok := ValidID(s)
	switch name {
	case "entry":
		ok = ValidEntryID(s)
	case "code":
		ok = codeForm.MatchString(s)
	}
	if !ok {
		return "", RefuseAt(InvalidParameter, name, "The path's "+name+" has an invalid format.")
	}
	return s, nil
}

// codeForm matches a code as a member may enter it: with spaces or hyphens between groups, and possibly with errors.
var codeForm = lazyregexp.New(`^[A-Za-z0-9 -]{4,64}$`)

// ValidEntryID reports whether s has the form of an entry ID: "ent_" and three parts separated by "~".
func ValidEntryID(s string) bool {
	rest, ok := strings.CutPrefix(s, "ent_")
	return ok && len(rest) <= 300 && validParts(strings.Split(rest, "~"))
}

func validParts(parts []string) bool {
	for _, p := range parts {
		if !ValidID(p) {
			return false
		}
	}
	return len(parts) == 3
}
