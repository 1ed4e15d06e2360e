// Package explain describes ledger entries in the language of a member. It describes the effect of an entry in one or
// two sentences, and each of its reasons in a sentence.
//
// The rules state a reason as a kind with arguments, independent of language. This package has a sentence for each kind
// in each language, and no other package depends on languages. A language is one file (english.go, german.go) with
// sentences, months and the format of numbers. A test checks that each language has all sentences.
//
// Every entry has a description. If this release does not know a kind of entry or reason, or if the program no longer
// has a level, the package uses a general sentence or the ID. It never returns an error and never shows the name of a
// kind of reason. Amounts are formatted exactly from their digits, or rounded to four decimals and preceded by "about".
// Dates are in the program's time zone. The text is plain: a caller that inserts it into HTML must escape it.
//
// The package deliberately does not decide or compute points. It also does not describe programs: see package describe.
package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Words contains the description of an entry or a quote in a member's language.
type Words struct {
	Language string   // the language of the text, as a BCP 47 tag: "en", "de"
	Summary  string   // the effect of the entry, in one or more sentences; empty for a quote
	Reasons  []string // a sentence for each reason, in order; reasons of shadow rules are omitted
}

// Entry describes the effect and the reasons of a ledger entry. The text is in the language of locale ("de-AT" selects
// "de"), or in English if the language is not supported. The program p provides the names of points, rewards and
// levels. It can be any version of the entry's program. Objects that this version does not have are shown with their
// IDs.
func Entry(p *loyalty.Program, e loyalty.Entry, locale string) Words {
	s := speak(p, locale).on(e.TierGroup)
	return Words{Language: s.tag, Summary: s.summaries(e), Reasons: s.because(e.Reasons)}
}

// Reasons describes reasons in the same way as Entry, but without a summary. It is for quotes, which are not entries.
func Reasons(p *loyalty.Program, because []loyalty.Reason, locale string) Words {
	s := speak(p, locale)
	return Words{Language: s.tag, Reasons: s.because(because)}
}

// on returns a copy of the speaker that describes the levels of a tier group. If group is empty, it returns s.
func (s speaker) on(group string) speaker {
	if group == "" {
		return s
	}
	s.group = group
	if i := slices.IndexFunc(s.p.TierGroups, func(l loyalty.TierGroup) bool { return l.ID == group }); i >= 0 {
		s.group = cmp.Or(s.p.TierGroups[i].Name.In(s.locale), group)
	}
	s.p, _, _ = tier.TierGroupStanding(s.p, loyalty.Account{}, group)
	return s
}

func speak(p *loyalty.Program, locale string) speaker {
	at := len(locale)
	if cut := strings.IndexAny(locale, "-_"); cut >= 0 {
		at = cut
	}
	for _, l := range languages {
		if strings.EqualFold(l.tag, locale[:at]) {
			return speaker{namer{language: l, p: p, locale: l.tag + locale[at:]}}
		}
	}
	return speaker{namer{language: languages[0], p: p, locale: languages[0].tag}}
}
