package explain

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestEveryWhatHasASentenceInEveryLanguage(t *testing.T) {
	for _, what := range loyalty.ReasonKinds() {
		if _, ok := arguments[what]; !ok {
			t.Errorf("nothing says which arguments %q has", what)
		}
		for _, l := range languages {
			if l.reasons[reason{what, ""}] == "" {
				t.Errorf("%s has no sentence for %q", l.tag, what)
			}
		}
	}
	if want := len(loyalty.ReasonKinds()); len(arguments) != want {
		t.Errorf("there are arguments of %d, but %d are there", len(arguments), want)
	}
}

// The number of arguments that a formula needs is found by adding arguments: Effect shows all of them while there are
// too few, and omits surplus ones.
func TestASentenceAsksForAsManyArgumentsAsTheFormulaHas(t *testing.T) {
	for what, has := range arguments {
		needs := 0
		for needs < 9 &&
			strings.Contains((loyalty.Reason{Kind: what, Args: append(make([]string, needs), "§")}).Effect(), "§") {
			needs++
		}
		if what == loyalty.WasExtended || what == loyalty.WasReinstated {
			needs-- // the reason of an agent is optional
		}
		if has.least != needs {
			t.Errorf("%q asks for %d arguments, and its formula for %d", what, has.least, needs)
		}
	}
}

var braces = regexp.MustCompile(`\{([^{}|]*)\}`)

func names(form string) []string {
	var out []string
	for _, m := range braces.FindAllStringSubmatch(form, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestSentencesOfReasonsNameOnlyWhatThereIs(t *testing.T) {
	for _, l := range languages {
		for r, form := range l.reasons {
			known := []string{"rule", "points", "tally", "units"}
			for _, a := range arguments[r.what].are {
				known = append(known, a.name)
			}
			for _, name := range names(form) {
				if !slices.Contains(known, name) {
					t.Errorf("%s: the sentence of %q names %q", l.tag, r.what, name)
				}
			}
			checkForm(t, l.tag, form)
			if !strings.HasSuffix(form, ".") {
				t.Errorf("%s: %q is no sentence", l.tag, form)
			}
		}
	}
}

func TestNoLanguageLacksWhatAnotherSays(t *testing.T) {
	first := languages[0]
	for _, l := range languages[1:] {
		for key, form := range first.phrases {
			other, ok := l.phrases[key]
			if !ok {
				t.Errorf("%s does not say %s", l.tag, key)
			}
			for _, name := range names(other) {
				// A language may omit the name of points where its words need not agree with the points.
				if name != "points" && !slices.Contains(names(form), name) {
					t.Errorf("%s: %s names %q, and %s does not", l.tag, key, name, first.tag)
				}
			}
			checkForm(t, l.tag, other)
		}
		if len(l.phrases) != len(first.phrases) {
			t.Errorf("%s says %d things, %s says %d", l.tag, len(l.phrases), first.tag, len(first.phrases))
		}
		if !maps.EqualFunc(l.reasons, first.reasons, func(string, string) bool { return true }) {
			t.Errorf("%s and %s have sentences for other reasons", l.tag, first.tag)
		}
	}
}

func checkForm(t *testing.T, tag, form string) {
	t.Helper()
	if rest := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(form, ""); strings.ContainsAny(rest, "{}|%") {
		t.Errorf("%s: %q has a brace too many", tag, form)
	}
}

func TestALocaleFindsItsLanguageOrEnglish(t *testing.T) {
	p := bluebird(t)
	p.Unit.Other["de-AT"] = "Bohnderl"
	for locale, want := range map[string]string{
		"en": "en beans", "en-GB": "en beans", "": "en beans", "fr": "en beans", "den": "en beans", "-": "en beans",
		"de": "de Bohnen", "de-CH": "de Bohnen", "de_DE": "de Bohnen", "DE": "de Bohnen", "de-AT": "de Bohnderl",
	} {
		s := speak(p, locale)
		if got := s.tag + " " + s.units().text; got != want {
			t.Errorf("%q is %q, want %q", locale, got, want)
		}
	}
}

func TestPointsWithoutANameArePoints(t *testing.T) {
	p := &loyalty.Program{}
	for locale, want := range map[string]string{"en": "1 point, 2 points", "de": "1 Punkt, 2 Punkte"} {
		s := speak(p, locale)
		if got := s.points(1).text + ", " + s.points(2).text; got != want {
			t.Errorf("%s: %s, want %s", locale, got, want)
		}
	}
}
