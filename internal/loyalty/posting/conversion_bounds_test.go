package posting

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func took(id string, points, worth loyalty.Points) loyalty.Unconverted {
	return loyalty.Unconverted{ID: id, Points: points, Worth: worth}
}

func TestConversionsThatAnAccountRemembers(t *testing.T) {
	x := func(id string, received, reversed loyalty.Points) loyalty.Converted {
		return loyalty.Converted{ID: id, Points: received, Received: received, Reversed: reversed}
	}
	var all []loyalty.Converted
	for i := range maxConversions {
		all = setConversion(all, x(fmt.Sprint(i), 10, 0))
	}
	ids := func(all []loyalty.Converted) (out string) {
		for _, x := range all {
			out += x.ID
		}
		return out
	}
	for _, c := range []struct {
		name string
		x    loyalty.Converted
		want string
		at   int // its index
	}{
		{"a new one", x("n", 10, 0), "123456789n", 9},
		{"a known one", x("0", 10, 9), "0123456789", 0},
		{"a known one that is reversed in full", x("0", 10, 10), "123456789", -1},
		{"an unknown one that is reversed in full", x("n", 10, 10), "0123456789", -1},
	} {
		got := setConversion(all, c.x)
		if ids(got) != c.want || c.at >= 0 && got[c.at].Reversed != c.x.Reversed {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	for _, c := range []struct {
		id   string
		want loyalty.Points
	}{{"0", 3}, {"9", 3}, {"n", 0}} {
		got := reverseConversion(all, loyalty.Unconverted{ID: c.id, Points: 3, Worth: 2})
		sum := loyalty.Points(0)
		for _, y := range got {
			if sum += y.Reversed; y.ID == c.id && (y.Reversed != 3 || y.Returned != 2) {
				t.Errorf("a reversal of %s: %+v", c.id, y)
			}
		}
		if sum != c.want {
			t.Errorf("a reversal of %s reverses %d", c.id, sum)
		}
	}
	if ids(all) != "0123456789" || slices.ContainsFunc(all, func(y loyalty.Converted) bool { return y.Reversed != 0 }) {
		t.Errorf("the conversions before became %+v", all)
	}
	acc := loyalty.Account{
		Conversions: []loyalty.Converted{{ID: "a", Reversed: 3, Returned: 2}, {ID: "b", Reversed: 5}},
	}
	if got := FindConversion(acc, loyalty.Converted{ID: "a", Points: 9}); got.Reversed != 3 || got.Returned != 2 ||
		got.Points != 9 {
		t.Errorf("the conversion is %+v", got)
	}
	if got := FindConversion(acc, loyalty.Converted{ID: "c", Reversed: 1}); got.Reversed != 1 {
		t.Errorf("an unknown conversion is %+v", got)
	}
}

func TestReasonsOfConversions(t *testing.T) {
	x := &loyalty.Converted{Rule: "r", To: "miles"}
	for what, want := range map[loyalty.ReasonKind][]string{
		loyalty.WasConverted: {"-4", "10"}, loyalty.WasConvertedBack: {"4", "-10"},
	} {
		got := ConversionReasons(x, 4, 10, what)
		if len(got) != 2 || got[0].Points != want[0] || got[1].Points != want[1] || got[0].Wallet != "" ||
			got[1].Wallet != "miles" || !slices.Equal(got[1].Args, []string{"4", "", "10", "miles"}) {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

// A clawback takes points back from the conversions, those of the grant's lot first and the latest of them first.
// Fractions count in the member's favor: points of the other wallet are taken only for whole points.
func TestPointsTakenBackFromConversions(t *testing.T) {
	at := loyaltytest.Noon
	x := func(id string, taken calendar.Date, lot calendar.Date) loyalty.Converted {
		return loyalty.Converted{
			ID: id, Rule: "r", To: "miles", Points: 10, Received: 25, Taken: []loyalty.Lot{lotOf(taken, 10)}, Lot: lot,
			At: at,
		}
	}
	part := x("part", jan31, jan31)
	part.Reversed, part.Returned = 5, 2
	spent := []loyalty.Lot{lotOf(jan31, 3)}
	full := []loyalty.Lot{lotOf(jan31, 100)}
	for _, c := range []struct {
		name  string
		all   []loyalty.Converted
		miles []loyalty.Lot
		n     loyalty.Points
		want  []loyalty.Unconverted
	}{
		{"none", nil, full, 5, nil},
		{"none of a conversion", []loyalty.Converted{x("a", jan31, jan31)}, full, 0, nil},
		{"one point", []loyalty.Converted{x("a", jan31, jan31)}, full, 1, []loyalty.Unconverted{took("a", 1, 1)}},
		{"two points", []loyalty.Converted{x("a", jan31, jan31)}, full, 2, []loyalty.Unconverted{took("a", 3, 2)}},
		{"all points", []loyalty.Converted{x("a", jan31, jan31)}, full, 10, []loyalty.Unconverted{took("a", 23, 10)}},
		{
			"more than all points",
			[]loyalty.Converted{x("a", jan31, jan31)},
			full, 11,
			[]loyalty.Unconverted{took("a", 25, 10)},
		},
		{"the rest of a part", []loyalty.Converted{part}, full, 100, []loyalty.Unconverted{took("part", 20, 8)}},
		{"of a part", []loyalty.Converted{part}, full, 1, []loyalty.Unconverted{took("part", 1, 1)}},
		{
			"points that were spent",
			[]loyalty.Converted{x("a", jan31, jan31)},
			spent, 10,
			[]loyalty.Unconverted{took("a", 3, 2)},
		},
		{"points of which none remain", []loyalty.Converted{x("a", jan31, jan31)}, nil, 10, nil},
		{"points of another lot", []loyalty.Converted{x("a", jan31, feb28)}, full, 10, nil},
		{
			"the latest first",
			[]loyalty.Converted{x("a", jan31, jan31), x("b", jan31, jan31)},
			full, 11,
			[]loyalty.Unconverted{took("b", 25, 10), took("a", 1, 1)},
		},
		{
			"those of the own lot first",
			[]loyalty.Converted{x("a", jan31, jan31), x("b", feb28, jan31)},
			full, 11,
			[]loyalty.Unconverted{took("a", 25, 10), took("b", 1, 1)},
		},
		{
			"of points that two conversions share",
			[]loyalty.Converted{x("a", jan31, jan31), x("b", jan31, jan31)},
			[]loyalty.Lot{lotOf(jan31, 26)},
			20,
			[]loyalty.Unconverted{took("b", 25, 10), took("a", 1, 1)},
		},
		{
			"of another wallet",
			[]loyalty.Converted{{ID: "a", From: "beans", To: "miles", Points: 1, Received: 1, Lot: jan31}},
			full, 1,
			nil,
		},
	} {
		d := Decide(
			utc(), loyalty.Account{Conversions: c.all, Purses: []loyalty.Purse{{Wallet: "miles", Lots: c.miles}}}, at,
		)
		g := loyalty.Grant{ActiveAt: at, Expires: jan31, Converted: make([]loyalty.Unconverted, 0, 9)}
		e, rest := takeFromConversions(d, loyalty.Entry{}, c.n, &g)
		if !slices.Equal(e.Reversals, c.want) || !slices.Equal(g.Converted, c.want) {
			t.Errorf("%s: %+v, grant %+v", c.name, e.Reversals, g.Converted)
		}
		worth, posted := loyalty.Points(0), loyalty.Points(0)
		for _, u := range c.want {
			worth += u.Worth
		}
		for _, p := range e.Postings {
			if p.Wallet == "" {
				posted += p.Points
			}
		}
		if rest != c.n-worth || posted != -worth ||
			!balanced(append(slices.Clone(e.Postings), loyalty.Posting{Points: worth})) ||
			len(e.Reasons) != 2*len(c.want) {
			t.Errorf("%s: %d remain, postings %+v, reasons %+v", c.name, rest, e.Postings, e.Reasons)
		}
	}
}

// After a failed refund, the points return to the conversions, the last one that was taken back first.
func TestPointsConvertedAgain(t *testing.T) {
	at := loyaltytest.Noon
	known := []loyalty.Converted{
		{ID: "a", To: "miles", Points: 10, Received: 25, Lot: jan31, At: at},
		{ID: "b", To: "miles", Points: 10, Received: 25, Lot: feb28, At: at},
	}
	for _, c := range []struct {
		name      string
		converted []loyalty.Unconverted
		n         loyalty.Points
		left      []loyalty.Unconverted
		back      []loyalty.Unconverted
		remain    loyalty.Points
	}{
		{"nothing was taken", nil, 5, nil, nil, 5},
		{"none return", []loyalty.Unconverted{took("a", 25, 10)}, 0, []loyalty.Unconverted{took("a", 25, 10)}, nil, 0},
		{"all", []loyalty.Unconverted{took("a", 25, 10)}, 10, nil, []loyalty.Unconverted{took("a", -25, -10)}, 0},
		{
			"more than all",
			[]loyalty.Unconverted{took("a", 25, 10)},
			12, nil,
			[]loyalty.Unconverted{took("a", -25, -10)},
			2,
		},
		{
			"a part, rounded down",
			[]loyalty.Unconverted{took("a", 25, 10)},
			3,
			[]loyalty.Unconverted{took("a", 18, 7)},
			[]loyalty.Unconverted{took("a", -7, -3)},
			0,
		},
		{
			"the last first",
			[]loyalty.Unconverted{took("a", 5, 2), took("b", 25, 10)},
			11,
			[]loyalty.Unconverted{took("a", 3, 1)},
			[]loyalty.Unconverted{took("b", -25, -10), took("a", -2, -1)},
			0,
		},
		{
			"a forgotten conversion",
			[]loyalty.Unconverted{took("a", 5, 2), took("z", 5, 2)},
			3,
			[]loyalty.Unconverted{took("z", 5, 2)},
			[]loyalty.Unconverted{took("a", -5, -2)},
			1,
		},
		{
			"points without worth remain",
			[]loyalty.Unconverted{took("z", 5, 0), took("a", 5, 2)},
			2,
			[]loyalty.Unconverted{took("z", 5, 0)},
			[]loyalty.Unconverted{took("a", -5, -2)},
			0,
		},
		{
			"a worth without points remains",
			[]loyalty.Unconverted{took("z", 0, 3)},
			2,
			[]loyalty.Unconverted{took("z", 0, 3)},
			nil, 2,
		},
	} {
		d := Decide(utc(), loyalty.Account{Conversions: known}, at)
		g := loyalty.Grant{Converted: slices.Clone(c.converted)}
		before := g.Converted
		e, rest := convertAgain(d, loyalty.Entry{}, c.n, &g)
		if !slices.Equal(g.Converted, c.left) || !slices.Equal(e.Reversals, c.back) || rest != c.remain {
			t.Errorf("%s: %+v remain, %+v returned, rest %d", c.name, g.Converted, e.Reversals, rest)
		}
		if !slices.Equal(before, c.converted) {
			t.Errorf("%s: the grant before became %+v", c.name, before)
		}
		miles, worth := loyalty.Points(0), loyalty.Points(0)
		for _, p := range e.Postings {
			switch {
			case p.Bucket == loyalty.BucketActive && p.Wallet == "miles" && (p.Lot == jan31 || p.Lot == feb28):
				miles += p.Points
			case p.Bucket == loyalty.BucketConverted && p.Wallet == "":
				worth += p.Points
			}
		}
		for _, u := range c.back {
			miles, worth = miles+u.Points, worth+u.Worth
		}
		if miles != 0 || worth != 0 || len(e.Reasons) != 2*len(c.back) {
			t.Errorf("%s: the postings are %+v", c.name, e.Postings)
		}
	}
}

func TestPointsOfAConversionThatRemain(t *testing.T) {
	x := loyalty.Converted{To: "miles", Received: 25, Reversed: 5, Lot: feb28}
	for n, want := range map[loyalty.Points]loyalty.Points{0: 0, 19: 19, 20: 20, 21: 20} {
		lots := []loyalty.Lot{lotOf(jan31, 99), lotOf(feb28, n)}
		if n == 0 {
			lots = lots[:1]
		}
		acc := loyalty.Account{Purses: []loyalty.Purse{{Wallet: "miles", Lots: lots}}}
		if lot, got := RemainingIn(Decide(utc(), acc, time.Time{}), acc, x); lot != feb28 || got != want {
			t.Errorf("of %d points in the lot, %d remain of the conversion in %s", n, got, lot)
		}
	}
}
