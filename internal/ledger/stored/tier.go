package stored

import (
	"cmp"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type tierDoc struct {
	Level   string `json:"l,omitzero"`
	Since   int64  `json:"s,omitzero"`
	Until   int64  `json:"u,omitzero"`
	At      int64  `json:"at,omitzero"`
	From    int64  `json:"f,omitzero"`
	Lock    int64  `json:"lk,omitzero"`
	Minimum string `json:"fl,omitzero"`
	Given   bool   `json:"g,omitzero"`

	Extensions int   `json:"x,omitzero"`
	Ended      int64 `json:"e,omitzero"`
}

// redecidedDoc contains the standings since an instant that were decided again, except the last one.
type redecidedDoc struct {
	From int64      `json:"f"`
	Past []*tierDoc `json:"past,omitempty"` // encoded like AccountDoc.Past
}

type reachedDoc struct {
	Revision int      `json:"n"`
	Grant    grantDoc `json:"g"`
	N        int      `json:"i,omitzero"`
	At       int64    `json:"at,omitzero"`
}

func storedTier(s *loyalty.Standing) *tierDoc {
	if s == nil || *s == (loyalty.Standing{}) {
		return nil
	}
	return &tierDoc{
		s.Level, Millis(s.Since), Millis(s.Until), Millis(s.At), Millis(s.From), Millis(s.Lock), s.Minimum, s.Given,
		s.Extensions, Millis(s.Ended),
	}
}

func (d *tierDoc) standing() loyalty.Standing {
	if d == nil {
		return loyalty.Standing{}
	}
	return loyalty.Standing{
		Level: d.Level, Since: Instant(d.Since), Until: Instant(d.Until), At: Instant(d.At),
		From: Instant(d.From), Lock: Instant(d.Lock), Minimum: d.Minimum, Given: d.Given,
		Extensions: d.Extensions, Ended: Instant(d.Ended),
	}
}

// storedPast encodes standings. It omits the level and the start of a standing if the next standing has the same ones,
// because the level was retained for another period. The parameter last is the standing that follows all of them.
func storedPast(all []loyalty.Standing, last loyalty.Standing) []*tierDoc {
	out := make([]*tierDoc, len(all))
	for i, s := range slices.Backward(all) {
		if d := storedTier(&s); d != nil {
			if s.Level == last.Level {
				d.Level = ""
			}
			if s.Since.Equal(last.Since) {
				d.Since = 0
			}
			out[i] = d
		}
		last = s
	}
	return out
}

func readPast(stored []*tierDoc, last loyalty.Standing) []loyalty.Standing {
	if len(stored) == 0 {
		return nil
	}
	out := make([]loyalty.Standing, len(stored))
	for i, d := range slices.Backward(stored) {
		if d != nil {
			out[i] = (&tierDoc{
				cmp.Or(d.Level, last.Level), cmp.Or(d.Since, Millis(last.Since)), d.Until, d.At, d.From, d.Lock,
				d.Minimum, d.Given,
				d.Extensions, d.Ended,
			}).standing()
		}
		last = out[i]
	}
	return out
}

func storedRedecided(r *loyalty.Redecision, last loyalty.Standing) *redecidedDoc {
	if r == nil {
		return nil
	}
	return &redecidedDoc{Millis(r.From), storedPast(r.Past, last)}
}

func (d *redecidedDoc) redecision(last loyalty.Standing) *loyalty.Redecision {
	if d == nil {
		return nil
	}
	return &loyalty.Redecision{From: Instant(d.From), Past: readPast(d.Past, last)}
}

func storedReached(r loyalty.Reached) reachedDoc {
	return reachedDoc{r.Revision, storedGrant(r.Grant), r.N, Millis(r.At)}
}

func (d reachedDoc) reached() (loyalty.Reached, error) {
	g, err := d.Grant.grant()
	return loyalty.Reached{Revision: d.Revision, Grant: g, N: d.N, At: Instant(d.At)}, err
}
