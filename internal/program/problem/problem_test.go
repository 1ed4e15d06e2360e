package problem

import (
	"strings"
	"testing"
)

func TestACaretStandsUnderTheWordWhateverPrecedesIt(t *testing.T) {
	long := strings.Repeat("x", 400)
	cases := []struct{ what, line, want string }{
		{"characters of several bytes", "née: { ü: donw }", "    née: { ü: donw }\n              ^^^^"},
		{"indentation", "      a: donw", "    a: donw\n       ^^^^"},
		{"a long line", long + "donw" + long, "    " + strings.Repeat("x", 60) + "donw" + strings.Repeat("x", 56) +
			"\n    " + strings.Repeat(" ", 60) + "^^^^"},
	}
	for _, c := range cases {
		column := len([]rune(c.line[:strings.Index(c.line, "donw")])) + 1
		ps := Problems{{Line: 1, Column: column, Message: "no", Width: 4}}.Finish([]byte(c.line))
		if _, got, _ := strings.Cut(ps.Error(), "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, got, c.want)
		}
	}
}

func TestNoProblemsAreNoError(t *testing.T) {
	if err := (Problems{}).Err(); err != nil {
		t.Errorf("got %v", err)
	}
}
