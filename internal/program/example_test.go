package program_test

import (
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/program"
)

func ExampleParse() {
	_, problems := program.Parse([]byte(`version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.005 }
    rounding: donw
    pending: 14 days
    expires: never
`))
	fmt.Println(problems)
	// Output:
	// line 8: earn.purchase.rates.EUR: 1.005 is more precise than EUR, which has 2 decimals
	//     rates: { EUR: 1 per 1.005 }
	//                   ^^^^^^^^^^^
	// line 9: earn.purchase.rounding: "donw" is not one of down, nearest, half_even, up; did you mean "down"?
	//     rounding: donw
	//               ^^^^
}

// Check also finds mistakes in meaning, here a reward that is worth more than members spend to earn its points.
func ExampleCompile_problems() {
	_, problems := program.Compile([]byte(corner + `
rewards:
  - { id: my, type: amount_off, cost: 4, value: 5 EUR }
`))
	fmt.Println(strings.Replace(fmt.Sprint(problems), "; ", ";\n    ", 1))
	// Output:
	// line 13: rewards.my.value: returns 125% of the spending that earns its 4 points;
	//     redemption.max_return allows 100%
	//     - { id: my, type: amount_off, cost: 4, value: 5 EUR }
	//                                                   ^^^^^
}

// corner is a program file to which examples append sections.
const corner = `version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00 }
    pending: 14 days
    expires: { after: 12 months }
`
