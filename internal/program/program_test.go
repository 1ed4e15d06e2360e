package program

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"pgregory.net/rapid"
)

// alike compares the contents of programs: numbers and time zones by value, and conditions by source.
var alike = cmp.Options{
	cmp.Comparer(func(a, b *big.Rat) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	cmp.Comparer(func(a, b loyalty.Condition) bool {
		return a == nil && b == nil || a != nil && b != nil && a.String() == b.String()
	}),
	cmpopts.IgnoreFields(loyalty.Program{}, "Compiled"),
}

func mustCompile(t testing.TB, source []byte) *loyalty.Program {
	t.Helper()
	p, problems := Compile(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

// demoWith returns the demonstration program with one passage replaced by another.
func demoWith(t testing.TB, passage, by string) []byte {
	t.Helper()
	if strings.Count(string(demo), passage) != 1 {
		t.Fatalf("the demo does not have %q once", passage)
	}
	return []byte(strings.Replace(string(demo), passage, by, 1))
}

func TestTheDemoCompilesWithoutProblemsAndWarnings(t *testing.T) {
	f, problems := Parse(Demo())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 {
		t.Error(f.Warnings)
	}
	for _, r := range f.Program.Rewards {
		if r.Name["en"] == "" || r.Name["de"] == "" {
			t.Errorf("members would read of %s without a name", r.ID)
		}
	}
	if f.Reporting.Currency != "EUR" || f.Reporting.PointValue.Cmp(big.NewRat(1, 100)) != 0 {
		t.Errorf("reporting is %+v", f.Reporting)
	}
}

// scalars returns every scalar value of a tree by its path.
func scalars(n *document.Node) map[string]*document.Node {
	all := map[string]*document.Node{}
	var walk func(n *document.Node)
	walk = func(n *document.Node) {
		if !n.Is(document.Mapping) && !n.Is(document.List) {
			all[n.Path] = n
		}
		for _, child := range append(n.List(), n.Pairs()...) {
			walk(child)
		}
	}
	walk(n)
	return all
}

func TestCompilingTwiceGivesEqualPrograms(t *testing.T) {
	if diff := cmp.Diff(mustCompile(t, Demo()), mustCompile(t, Demo()), alike); diff != "" {
		t.Error(diff)
	}
}

func TestOmittedKeysHaveDefaults(t *testing.T) {
	p := mustCompile(t, []byte(`
version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: UTC
earn: { purchase: { rates: { EUR: 0.5 per 1.00 }, pending: 0 days, expires: never } }
`))
	want := &loyalty.Program{
		ID:   "corner",
		Zone: time.UTC,
		Name: loyalty.Text{"und": "The Corner Shop"},
		Unit: loyalty.Units{One: loyalty.Text{"und": "point"}, Other: loyalty.Text{"und": "points"}},
		Earning: loyalty.Earning{Earn: loyalty.Earn{
			Rates:  map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 2), Per: 100}},
			Counts: loyalty.Counts{Items: true},
		}},
		Spending: loyalty.Spending{Hold: 30 * time.Minute},
	}
	if diff := cmp.Diff(want, p, alike); diff != "" {
		t.Error(diff)
	}
	if name := p.Name.In("de-AT"); name != "The Corner Shop" {
		t.Errorf("a name for all languages reads %q", name)
	}
}

func TestEachWordOfTheFormHasItsMeaning(t *testing.T) {
	type program = loyalty.Program
	cases := []struct {
		what, passage, by string
		want              func(*program)
	}{
		{
			"halves may go up", "rounding: down ", "rounding: nearest ",
			func(p *program) { p.Earn.Rounding = loyalty.Nearest },
		},
		{
			"fractions may count", "counts: [items] ", "counts: [tax, items, shipping] ",
			func(p *program) { p.Earn.Counts = loyalty.Counts{Items: true, Shipping: true, Tax: true} },
		},
		{
			"points may be active at once", "pending: 14 days", "pending: 0 days",
			func(p *program) { p.Earn.Pending = calendar.Wait{For: calendar.Period{}} },
		},
		{
			"a pending time may be in hours", "pending: 14 days", "pending: 36 hours",
			func(p *program) { p.Earn.Pending = calendar.Wait{For: calendar.Period{Hours: 36}} },
		},
		{"a week is seven days", "pending: 14 days", "pending: 2 weeks", func(p *program) {}},
		{
			"one may be written without an s", "pending: 14 days", "pending: 1 month",
			func(p *program) { p.Earn.Pending = calendar.Wait{For: calendar.Period{Months: 1}} },
		},
		{
			"points may never expire", "{ after: 12 months, round_to: end_of_month }", "never",
			func(p *program) { p.Earn.Expires = calendar.Expiry{} },
		},
		{"a year is twelve months", "after: 12 months", "after: 1 year", func(p *program) {}},
		{"lots end with a month by default", ", round_to: end_of_month", "", func(p *program) {}},
		{
			"lots may end with a day", "round_to: end_of_month", "round_to: end_of_day",
			func(p *program) { p.Earn.Expires.RoundTo = calendar.EndOfDay },
		},
		{
			"lots may end with a quarter", "round_to: end_of_month", "round_to: end_of_quarter",
			func(p *program) { p.Earn.Expires.RoundTo = calendar.EndOfQuarter },
		},
		{
			"lots may end with a year", "round_to: end_of_month", "round_to: end_of_year",
			func(p *program) { p.Earn.Expires.RoundTo = calendar.EndOfYear },
		},
		{
			"orders may qualify", "by: points_earned, w", "by: orders, w",
			func(p *program) { p.Tiers.By = loyalty.ByOrders },
		},
		{
			"levels may be for a lifetime", "window: 12 months rolling", "window: lifetime",
			func(p *program) { p.Tiers.Months = 0 },
		},
		{
			"members may fall to where they qualify", "move_down: one_step ", "move_down: to_qualified ",
			func(p *program) { p.Tiers.MoveDown = loyalty.ToQualified },
		},
		{
			"a hold may last a week", "hold: 30 minutes", "hold: 1 week",
			func(p *program) { p.Hold = 7 * 24 * time.Hour },
		},
		{
			"refunds may stop at the balance", "rewards:\n", "clawback: { policy: within_balance }\nrewards:\n",
			func(p *program) { p.Clawback = loyalty.ClawbackWithinBalance },
		},
		{
			"refunds may stop at what is pending", "rewards:\n", "clawback: { policy: pending_only }\nrewards:\n",
			func(p *program) { p.Clawback = loyalty.ClawbackPendingOnly },
		},
		{"refunds may make debt", "rewards:\n", "clawback: { policy: debt }\nrewards:\n", func(p *program) {}},
		{
			"caps may be for weeks and years", "[1000 per order, 3000 per day, 20000 per month]",
			"[500 per week, 900 per year]", func(p *program) {
				p.Earn.Caps = []loyalty.Cap{{Points: 500, Per: loyalty.PerWeek}, {Points: 900, Per: loyalty.PerYear}}
			},
		},
		{"a rate may be a fraction", "USD: 1 per 1.10", "USD: 0.333 per 1.1", func(p *program) {
			p.Earn.Rates["USD"] = loyalty.Rate{Points: big.NewRat(333, 1000), Per: 110}
		}},
		{
			"a multiplier may be a fraction", "multiply: 1.25", "multiply: 0.1",
			func(p *program) { p.Tiers.Levels[1].Multiply = big.NewRat(1, 10) },
		},
		{"an anchor may be used again", "{ en: Bronze, de: Bronze }", "{ en: &b Bronze, de: *b }", func(p *program) {}},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			want := mustCompile(t, Demo())
			c.want(want)
			if diff := cmp.Diff(want, mustCompile(t, demoWith(t, c.passage, c.by)), alike); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRewardThatReturnsMostOfItsCostIsWarning(t *testing.T) {
	f, problems := Parse(demoWith(t, "value: 5 EUR", "value: 500 EUR"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Message, "100%") {
		t.Errorf("got %v", f.Warnings)
	}
}

func TestAnExampleNoticesWhenARuleIsChanged(t *testing.T) {
	_, problems := Compile(demoWith(t, "rounding: down ", "rounding: up "))
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "earns 3, not 2: 2.1 (earn.purchase") {
		t.Errorf("got %v", problems)
	}
}

func TestAMarkOfUTF8IsPassedOver(t *testing.T) {
	mustCompile(t, append([]byte("\ufeff"), demo...))
}

// A value of the wrong kind must be rejected at every position and never ignored.
func TestAValueOfTheWrongKindIsRefusedWhereverItStands(t *testing.T) {
	for _, file := range []struct {
		source []byte
		wrong  []string
	}{{demo, []string{"[]", "{}", "~", "true", `""`, "-1"}}, {everything(t), []string{"[]", "true", "-1"}}} {
		root, problems := document.Read(file.source)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(file.source), "\n")
		for path, n := range scalars(root) {
			for _, by := range file.wrong {
				changed := append([]string(nil), lines...)
				runes := []rune(changed[n.Line-1])
				changed[n.Line-1] = string(runes[:n.Column-1]) + by + string(runes[n.Column-1+n.Width:])
				if _, problems := Compile([]byte(strings.Join(changed, ""))); len(problems) == 0 && by != n.Value &&
					!strings.HasSuffix(path, ".priority") {
					t.Errorf("%s: %s was accepted for %s", path, by, n.Value)
				}
			}
		}
	}
}

func TestAMissingTranslationIsAWarning(t *testing.T) {
	f, problems := Parse(demoWith(t, "{ en: Silver, de: Silber }", "{ en: Silver }"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 1 || f.Warnings[0].Path != "tiers.levels.silver.name" {
		t.Errorf("got %v", f.Warnings)
	}
}

func TestRatesAndMultipliersAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := fmt.Sprintf(
			"%d.%06d", rapid.IntRange(0, 999_999).Draw(t, "points"), rapid.IntRange(0, 999_999).Draw(t, "millionths"),
		)
		per := rapid.Int64Range(1, loyalty.MaxAmount).Draw(t, "per")
		times := fmt.Sprintf(
			"%d.%06d", rapid.IntRange(0, 999).Draw(t, "times"), rapid.IntRange(0, 999_999).Draw(t, "parts"),
		)
		p := mustCompileRapid(t, fmt.Sprintf(`
version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: UTC
earn:
  purchase: { rates: { KWD: %s per %s }, pending: 0 days, expires: never }
  categories: [ { id: a, category: a, multiply: %s } ]
`, points, loyalty.Money{Amount: per, Currency: "KWD"}.Decimal(), times))
		wantPoints, _ := new(big.Rat).SetString(points)
		if r := p.Earn.Rates["KWD"]; r.Points.Cmp(wantPoints) != 0 || r.Per != per {
			t.Errorf("got %v per %d, want %v per %d", r.Points, r.Per, wantPoints, per)
		}
		wantTimes, _ := new(big.Rat).SetString(times)
		if got := p.Earn.Categories[0].Multiply; got.Cmp(wantTimes) != 0 {
			t.Errorf("got %v times, want %v", got, wantTimes)
		}
	})
}

func mustCompileRapid(t *rapid.T, source string) *loyalty.Program {
	t.Helper()
	p, problems := Compile([]byte(source))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}
