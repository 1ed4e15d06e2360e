// Package explain puts the ledger into a member's words: what an entry did, in a sentence or two, and why, in one
// sentence for each of its reasons.
//
// The rules give reasons as a What with arguments, apart from language. Here each What has a sentence in each
// language, and nothing else knows about languages. A language is one file (english.go, german.go): its sentences,
// its months and how it writes numbers; a test compares the languages, so that none lacks what another has.
//
// It promises that every entry has words. What this release does not know (a kind, a What, a level that the program
// no longer has) gets a plainer sentence or its id, never an error and never the name of a What. Amounts are
// written from their digits, exactly, or rounded to four decimals with "about" before them. Dates are those of the
// program's zone. Words are plain text: who puts them into HTML escapes them.
//
// It deliberately does not decide or compute anything about points, and does not say what a program does: that is
// program.Explain.
package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Words are an entry in a member's language.
type Words struct {
	Language string   // of the words, as a BCP 47 tag: "en", "de"
	Summary  string   // what the entry did, in one sentence or a few
	Reasons  []string // why: a sentence for each of the entry's reasons but those of shadow rules, in their order
}

// Entry says what an entry of the ledger did and why. The words are in the language of locale ("de-AT" finds "de"),
// or in English if that is not among ours. p says what points, rewards and levels are called; any version of the
// entry's program will do, and what it does not know goes by its id.
func Entry(p *loyalty.Program, e loyalty.Entry, locale string) Words {
	s := speak(p, locale).on(e.TierGroup)
	return Words{Language: s.tag, Summary: s.summaries(e), Reasons: s.because(e.Reasons)}
}

// Reasons says each reason in a sentence, as Entry does, for a quote, which is no entry.
func Reasons(p *loyalty.Program, because []loyalty.Reason, locale string) []string {
	return speak(p, locale).because(because)
}

// A speaker says things about one program in one language.
type speaker struct {
	*language
	p      *loyalty.Program
	locale string // in which the program's own texts are looked up
	wallet string // whose points are spoken of
	ladder string // what that is called whose levels are spoken of; empty: those of tiers
}

// on speaks of the levels of a ladder, where that is not the one of tiers.
func (s speaker) on(ladder string) speaker {
	if ladder == "" {
		return s
	}
	s.ladder = ladder
	if i := slices.IndexFunc(s.p.TierGroups, func(l loyalty.TierGroup) bool { return l.ID == ladder }); i >= 0 {
		s.ladder = cmp.Or(s.p.TierGroups[i].Name.In(s.locale), ladder)
	}
	s.p, _, _ = s.p.TierGroupStanding(loyalty.Account{}, ladder)
	return s
}

func speak(p *loyalty.Program, locale string) speaker {
	at := len(locale)
	if cut := strings.IndexAny(locale, "-_"); cut >= 0 {
		at = cut
	}
	for _, l := range languages {
		if strings.EqualFold(l.tag, locale[:at]) {
			return speaker{language: l, p: p, locale: l.tag + locale[at:]}
		}
	}
	return speaker{language: languages[0], p: p, locale: languages[0].tag}
}
