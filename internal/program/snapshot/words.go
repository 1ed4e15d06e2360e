package snapshot

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types store choices as the words of the program file. Each list of words is indexed by the constants of a type
// in package loyalty. A stored word never changes its meaning, although the value of its constant may change.
type (
	rounding  loyalty.Rounding
	roundTo   calendar.RoundTo
	measure   loyalty.Measure
	moveDown  loyalty.MoveDown
	moveUp    loyalty.MoveUp
	welcome   loyalty.SkippedLevels
	takeBack  loyalty.ClawbackPolicy
	stacking  loyalty.Stacking
	clockZone loyalty.TimezoneOf
	onRefund  loyalty.OnRefund
	weekday   time.Weekday
)

var (
	roundings = []string{
		loyalty.Down: "down", loyalty.Nearest: "nearest", loyalty.Up: "up", loyalty.HalfEven: "half_even",
	}
	roundTos = []string{
		calendar.EndOfDay: "end_of_day", calendar.EndOfMonth: "end_of_month", calendar.EndOfQuarter: "end_of_quarter",
		calendar.EndOfYear: "end_of_year", calendar.EndOfWeek: "end_of_week",
	}
	measures = []string{
		loyalty.ByPointsEarned: "points_earned", loyalty.ByOrders: "orders", loyalty.BySpend: "spend",
		loyalty.ByQualifyingItems: "qualifying_items", loyalty.ByVisits: "visits", loyalty.ByBrands: "brands",
	}
	moveDowns = []string{loyalty.OneStep: "one_step", loyalty.ToQualified: "to_qualified", loyalty.StayUp: "none"}
	moveUps   = []string{loyalty.AtOnce: "at_once", loyalty.NextPeriod: "next_period"}
	welcomes  = []string{loyalty.HighestOnly: "highest_only", loyalty.EachLevel: "each"}
	takeBacks = []string{
		loyalty.ClawbackDebt: "debt", loyalty.ClawbackWithinBalance: "within_balance",
		loyalty.ClawbackPendingOnly: "pending_only", loyalty.ClawbackUnlimited: "unlimited",
	}
	stackings = []string{
		loyalty.Best: "best", loyalty.Sum: "sum", loyalty.First: "first", loyalty.Exclusive: "exclusive",
	}
	clockZones = []string{loyalty.ProgramClock: "program", loyalty.StoreClock: "store", loyalty.MemberClock: "member"}
	onRefunds  = []string{loyalty.AllBack: "give_points_back", loyalty.ShareBack: "pro_rata", loyalty.NoneBack: "keep"}
	weekdays   = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

func (r rounding) MarshalText() ([]byte, error)  { return word(roundings, r) }
func (r roundTo) MarshalText() ([]byte, error)   { return word(roundTos, r) }
func (m measure) MarshalText() ([]byte, error)   { return word(measures, m) }
func (m moveDown) MarshalText() ([]byte, error)  { return word(moveDowns, m) }
func (m moveUp) MarshalText() ([]byte, error)    { return word(moveUps, m) }
func (w welcome) MarshalText() ([]byte, error)   { return word(welcomes, w) }
func (t takeBack) MarshalText() ([]byte, error)  { return word(takeBacks, t) }
func (s stacking) MarshalText() ([]byte, error)  { return word(stackings, s) }
func (c clockZone) MarshalText() ([]byte, error) { return word(clockZones, c) }
func (o onRefund) MarshalText() ([]byte, error)  { return word(onRefunds, o) }
func (d weekday) MarshalText() ([]byte, error)   { return word(weekdays, d) }

func (r *rounding) UnmarshalText(b []byte) error  { return meaning(roundings, r, b) }
func (r *roundTo) UnmarshalText(b []byte) error   { return meaning(roundTos, r, b) }
func (m *measure) UnmarshalText(b []byte) error   { return meaning(measures, m, b) }
func (m *moveDown) UnmarshalText(b []byte) error  { return meaning(moveDowns, m, b) }
func (m *moveUp) UnmarshalText(b []byte) error    { return meaning(moveUps, m, b) }
func (w *welcome) UnmarshalText(b []byte) error   { return meaning(welcomes, w, b) }
func (t *takeBack) UnmarshalText(b []byte) error  { return meaning(takeBacks, t, b) }
func (s *stacking) UnmarshalText(b []byte) error  { return meaning(stackings, s, b) }
func (c *clockZone) UnmarshalText(b []byte) error { return meaning(clockZones, c, b) }
func (o *onRefund) UnmarshalText(b []byte) error  { return meaning(onRefunds, o, b) }
func (d *weekday) UnmarshalText(b []byte) error   { return meaning(weekdays, d, b) }

func word[T ~int](words []string, x T) ([]byte, error) {
	if x < 0 || int(x) >= len(words) || words[x] == "" {
		return nil, fmt.Errorf("there is no word for %T %d", x, x)
	}
	return []byte(words[x]), nil
}

func meaning[T ~int](words []string, x *T, b []byte) error {
	i := slices.Index(words, string(b))
	if i < 0 || len(b) == 0 {
		return fmt.Errorf("%q is none of %q", b, words)
	}
	*x = T(i)
	return nil
}

// A ratio is an exact number, stored as text such as "3" or "5/4". The zero ratio means that there is no value. It is
// omitted from the document.
type ratio struct{ number *big.Rat }

func (r ratio) MarshalText() ([]byte, error) { return []byte(r.number.RatString()), nil }

func (r *ratio) UnmarshalText(b []byte) error {
	r.number = new(big.Rat)
	return r.number.UnmarshalText(b)
}

// A duration is a length of time, stored as text such as "30m0s".
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(b []byte) error {
	length, err := time.ParseDuration(string(b))
	*d = duration(length)
	return err
}
