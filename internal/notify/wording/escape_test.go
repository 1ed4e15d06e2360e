package wording

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// hostile contains malicious names and texts.
var hostile = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{7*7}} {{.Unsubscribe}}",
	"a\r\nBcc: all@example.com", "\x1b[31mred\x07",
	"javascript:alert(1)", "=HYPERLINK(\"x\")", "\u202eevil", strings.Repeat("x", 5000), "\xff\xfe", "</title><h1>x",
}

var tags = regexp.MustCompile(`<(/?[a-z1-9!]+)`)

// TestUserTextIsEscaped checks that text from members and merchants creates no element, header or line, and is not
// executed as a template.
func TestUserTextIsEscaped(t *testing.T) {
	plain := write(
		t, programOf("Shop"), notify.Person{Name: "Ada", Locale: "en"},
		withChannel(full(loyalty.NearReward, 5), loyalty.Email),
	)
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for _, bad := range hostile {
			n := withChannel(full(on, 5), c)
			n.Order, n.Code = bad, bad
			w := write(t, programOf(bad), notify.Person{Name: bad, Locale: l}, n)
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.ContainsFunc(s, func(r rune) bool {
					return r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u202e'
				}) {
					t.Errorf("%s in %s by %s has control characters: %q", on, l, c, s)
				}
			}
			if strings.ContainsAny(w.Subject, "\r\n") || len([]rune(w.Subject)) > 150 {
				t.Errorf("%s in %s: subject %q", on, l, w.Subject)
			}
			if c == loyalty.Email {
				if got, want := elements(w.HTML), elements(plain.HTML); !slices.Equal(got, want) {
					t.Fatalf("%s in %s of %q: elements %v, not %v", on, l, bad, got, want)
				}
			}
			if strings.Contains(w.Text, "49") && strings.Contains(bad, "7*7") {
				t.Errorf("%s in %s was executed as a template: %s", on, l, w.Text)
			}
		}
	})
}

func elements(page string) (list []string) {
	for _, m := range tags.FindAllStringSubmatch(page, -1) {
		list = append(list, m[1])
	}
	return list
}
