package explain

import (
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// because returns a sentence for each reason. It omits shadow rules, because they gave no points and must not be shown
// to members.
func (s speaker) because(all []loyalty.Reason) []string {
	out := make([]string, 0, len(all))
	for _, b := range all {
		if b.Kind != loyalty.IsShadow {
			out = append(out, s.reason(b))
		}
	}
	return out
}

// reason returns the sentence for one reason.
func (s speaker) reason(b loyalty.Reason) string {
	if b.Kind == loyalty.Says && strings.Join(b.Args, "") != "" {
		return b.Args[0] // text that a person entered
	}
	s = s.in(b.Wallet)
	with := values{
		"rule":   s.rule(b.Rule),
		"points": s.quantity(strings.TrimPrefix(b.Points, "-"), figures{}),
		"tally":  s.tally(b.Points),
		"units":  s.units(),
	}
	does, known := arguments[b.Kind]
	if !known || len(b.Args) < does.least {
		return capital(say(s.reasons[reason{}], with))
	}
	for _, a := range does.are {
		if a.at < len(b.Args) {
			with[a.name] = a.in(s, b.Args[a.at:])
		}
	}
	form, ok := s.reasons[reason{b.Kind, which(b)}]
	if !ok {
		form = s.reasons[reason{b.Kind, ""}]
	}
	return capital(say(form, with))
}

// tally formats the points that the reason gave or took, for the end of a sentence: ": -40 beans". It is empty for zero
// points.
func (s speaker) tally(points string) value {
	if points == "" || points == "0" {
		return value{}
	}
	v := s.quantity(points, figures{plus: true})
	v.text = ": " + v.text
	return v
}

// which returns the variant of a reason, for kinds of reasons that have several sentences.
func which(b loyalty.Reason) string {
	switch b.Kind {
	case loyalty.IsRated:
		if b.Rule == "earn.purchase" {
			return "base"
		}
	case loyalty.IsKept:
		if len(b.Args) > 1 || b.Args[0] != "expired" {
			return b.Args[0]
		}
	case loyalty.HasMoved:
		return b.Args[2]
	case loyalty.WasNotified, loyalty.CameBack:
		return b.Args[0]
	case loyalty.WasReturned:
		if b.Rule == (loyalty.Transfers{}).Key() {
			return "offer." + b.Args[0]
		}
		return b.Args[0]
	case loyalty.IsRounded, loyalty.WasMoved, loyalty.IsSpent, loyalty.IsFor, loyalty.IsMissing:
		return b.Args[0]
	case loyalty.WasRedated, loyalty.WasReachedOn:
		if b.Args[1] == "never" {
			return "never"
		}
	case loyalty.HasChanged:
		if strings.HasPrefix(b.Args[0], "campaigns.") {
			return "campaign"
		}
		return b.Args[0]
	case loyalty.WasPlaced:
		if b.Args[2] == "" {
			return "unsaid"
		}
	case loyalty.WasExtended, loyalty.WasReinstated:
		if len(b.Args) < 2 || b.Args[1] == "" {
			return "unsaid"
		}
	}
	return ""
}
