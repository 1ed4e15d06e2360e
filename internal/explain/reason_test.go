package explain

import (
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

const (
	weekend = "campaigns.double-weekend"
	mug     = "rewards.free-mug"
)

// reasonCases covers every kind of reason, and every variant of a kind that has several sentences.
var reasonCases = slices.Concat(earningReasons, pointReasons, memberReasons)

// A reasonCase is a reason and its sentences in English and German.
type reasonCase struct {
	because loyalty.Reason
	en, de  string
}

func reads(because loyalty.Reason, en, de string) reasonCase { return reasonCase{because, en, de} }

func why(rule, points string, what loyalty.ReasonKind, args ...string) loyalty.Reason {
	return loyalty.NewReason(rule, points, what, args...)
}

// ofMiles returns the reason for points of the wallet of miles.
func ofMiles(r loyalty.Reason) loyalty.Reason {
	r.Wallet = "miles"
	return r
}

func TestEveryReasonIsSaidInEveryLanguage(t *testing.T) {
	p := bluebird(t)
	for _, x := range reasonCases {
		for locale, want := range map[string]string{"en": x.en, "de": x.de} {
			if got := speak(p, locale).reason(x.because); got != want {
				t.Errorf("%s of %s %q\nis   %s\nwant %s", x.because.Kind, x.because.Rule, x.because.Args, got, want)
			}
		}
	}
}

func TestEveryCaseOfEveryReasonIsAmongThoseChecked(t *testing.T) {
	checked := map[reason]bool{{}: true}
	for _, x := range reasonCases {
		of := ""
		if _, known := arguments[x.because.Kind]; known && x.because.Kind != loyalty.Says {
			of = which(x.because)
		}
		if _, ok := english.reasons[reason{x.because.Kind, of}]; !ok {
			of = ""
		}
		checked[reason{x.because.Kind, of}] = true
	}
	for r := range english.reasons {
		if !checked[r] {
			t.Errorf("the sentence of %q, case %q, is not in the table", r.what, r.of)
		}
	}
}

func TestAReasonWithAnyArgumentsAtAllHasWords(t *testing.T) {
	p := bluebird(t)
	for _, what := range loyalty.ReasonKinds() {
		for _, arg := range []string{"", "x", "1", "-", "{points}", "2027-13-99", "1/0", "%s"} {
			for n := range 7 {
				b := why("campaigns.x", "1", what, strings.Split(strings.Repeat(arg+"|", n), "|")[:n]...)
				for _, l := range languages {
					got := speak(p, l.tag).reason(b)
					if got == "" ||
						arg == "x" && (strings.ContainsAny(got, "{|}%") || strings.HasPrefix(got, string(what)+" x")) {
						t.Errorf("%s: %q with %q is said as %q", l.tag, what, b.Args, got)
					}
				}
			}
		}
	}
}

func TestExplanationOmitsShadowRules(t *testing.T) {
	reasons := []loyalty.Reason{why(weekend, "0", loyalty.IsShadow, "37"), why("revision", "-37", loyalty.WasGiven)}
	got := Reasons(bluebird(t), reasons, "en").Reasons
	if len(got) != 1 || got[0] != "Already given before: -37 beans." {
		t.Errorf("the explanation contains %q", got)
	}
}
