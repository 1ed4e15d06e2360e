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
	does, known := arguments[b.Kind]
	if known = known && len(b.Args) >= does.least; !known {
		return s.said(b, s.reasons[reason{}], nil)
	}
	form, ok := s.reasons[reason{b.Kind, which(b)}]
	if !ok {
		form = s.reasons[reason{b.Kind, ""}]
	}
	return s.said(b, form, does.are)
}

// said returns the sentence for a reason in the given form, with the values that the form uses. Formatting the other
// values would take time.
func (s speaker) said(b loyalty.Reason, form string, are []argument) string {
	with := values{}
	for _, name := range []string{"rule", "points", "tally", "units"} {
		if !strings.Contains(form, "{"+name+"}") && (name != "points" || !strings.Contains(form, "|")) {
			continue
		}
		with[name] = s.own(b, name)
	}
	for _, a := range are {
		if a.at < len(b.Args) {
			with[a.name] = a.in(s, b.Args[a.at:])
		}
	}
	return capital(say(form, with))
}

// own returns a value of a reason that is not one of its arguments.
func (s speaker) own(b loyalty.Reason, name string) value {
	switch name {
	case "rule":
		return s.rule(b.Rule)
	case "points":
		return s.quantity(strings.TrimPrefix(b.Points, "-"), figures{})
	case "tally":
		return s.tally(b.Points)
	}
	return s.units()
}

// tally formats the points that a reason gave or took, for the end of a sentence: ": -40 beans". It returns an empty
// value for zero points.
func (s speaker) tally(points string) value {
	if points == "" || points == "0" {
		return value{}
	}
	v := s.quantity(points, figures{plus: true})
	v.text = ": " + v.text
	return v
}

// which returns the variant of a reason's sentence. It is empty for kinds of reasons that have only one sentence.
func which(b loyalty.Reason) string {
	if variant := variants[b.Kind]; variant != nil {
		return variant(b)
	}
	return ""
}

// variants contains, for each kind of reason that has several sentences, a function that selects the variant.
var variants = map[loyalty.ReasonKind]func(loyalty.Reason) string{
	loyalty.IsRounded:     firstArgument,
	loyalty.WasMoved:      firstArgument,
	loyalty.IsSpent:       firstArgument,
	loyalty.IsFor:         firstArgument,
	loyalty.IsMissing:     firstArgument,
	loyalty.WasNotified:   firstArgument,
	loyalty.CameBack:      firstArgument,
	loyalty.HasMoved:      func(b loyalty.Reason) string { return b.Args[2] },
	loyalty.IsRated:       func(b loyalty.Reason) string { return variantIf(b.Rule == "earn.purchase", "base") },
	loyalty.WasRedated:    func(b loyalty.Reason) string { return variantIf(b.Args[1] == "never", "never") },
	loyalty.WasReachedOn:  func(b loyalty.Reason) string { return variantIf(b.Args[1] == "never", "never") },
	loyalty.WasPlaced:     func(b loyalty.Reason) string { return variantIf(b.Args[2] == "", "unsaid") },
	loyalty.WasExtended:   withoutText,
	loyalty.WasReinstated: withoutText,
	loyalty.IsRetained: func(b loyalty.Reason) string {
		return variantIf(len(b.Args) > 1 || b.Args[0] != "expired", b.Args[0])
	},
	loyalty.WasReturned: func(b loyalty.Reason) string {
		return variantIf(b.Rule == (loyalty.Transfers{}).Key(), "offer.") + b.Args[0]
	},
	loyalty.HasChanged: func(b loyalty.Reason) string {
		if strings.HasPrefix(b.Args[0], "campaigns.") {
			return "campaign"
		}
		return b.Args[0]
	},
}

func firstArgument(b loyalty.Reason) string { return b.Args[0] }

func variantIf(condition bool, variant string) string {
	if condition {
		return variant
	}
	return ""
}

// withoutText returns the variant "unsaid" for an extension or reinstatement without a text.
func withoutText(b loyalty.Reason) string {
	return variantIf(len(b.Args) < 2 || b.Args[1] == "", "unsaid")
}
