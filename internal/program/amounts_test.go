package program

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/program/describe"
)

func TestExplanationSaysWhetherAmountsIncludeTax(t *testing.T) {
	for amounts, want := range map[string]string{
		"tax_excluded": "An order earns 1 point per 1.00 EUR, for its items.",
		"tax_included": "An order earns 1 point per 1.00 EUR, for its items, including tax.",
	} {
		p, problems := Compile([]byte(`version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase: { rates: { EUR: 1 per 1.00 }, amounts: ` + amounts + `, pending: 14 days, expires: { after: 12 months } }
`))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		if got := describe.Explain(p); !strings.Contains(got, want+"\n") {
			t.Errorf("%s: %q is missing in:\n%s", amounts, want, got)
		}
	}
}
