package explain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// languages lists the supported languages. The first one is used if a language is not supported.
var languages = []*language{&english, &german}

// A language contains all texts of this package in one language.
//
// A value replaces each {name} in a sentence. A choice such as {was|were} agrees in number with the nearest count
// before it, or with the sentence's {points} if no count precedes it: the first form is used for one, the second for
// any other number. A merchant may choose any name for points. Therefore no sentence may depend on the gender of the
// name, or use a case in which its form changes. In German, points are nominative or accusative, and {rule} is
// nominative.
type language struct {
	tag     string
	decimal string // separates the integer part of a number from the fraction
	group   string // separates groups of three digits
	months  [12]string

	phrases map[string]string // sentences for the effects of entries, and parts of sentences
	reasons map[reason]string
}

// A reason identifies a sentence: a kind of reason, and a variant if the kind has several sentences.
type reason struct {
	what loyalty.ReasonKind
	of   string
}

// A value is a text that replaces a {name} in a sentence.
type value struct {
	text   string
	number number
}

// number is the grammatical number of a value. The words after the value agree with it.
type number int

const (
	uncounted number = iota
	one
	several
)

// values maps the names in a sentence to values.
type values map[string]value

// phrase returns a part of a sentence, with the given values inserted.
func (l *language) phrase(key string, with values) string { return say(l.phrases[key], with) }

// sentence returns a complete sentence, with the given values inserted.
func (l *language) sentence(key string, with values) string { return capital(l.phrase(key, with)) }

// say inserts the values into a text. It does not interpret braces inside a value.
func say(form string, with values) string {
	var out strings.Builder
	count := with["points"].number
	for {
		text, rest, found := strings.Cut(form, "{")
		out.WriteString(text)
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		form = after
		if singular, plural, agrees := strings.Cut(name, "|"); !agrees {
			v := with[name]
			out.WriteString(v.text)
			if v.number != uncounted {
				count = v.number
			}
		} else if count == one {
			out.WriteString(singular)
		} else {
			out.WriteString(plural)
		}
	}
}

// capital capitalizes the first character of a sentence.
func capital(sentence string) string {
	first, size := utf8.DecodeRuneInString(sentence)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + sentence[size:]
}

// A speaker formats sentences about one program in one language.
type speaker struct{ namer }

// A namer formats the names, numbers and dates of one program in one language.
type namer struct {
	*language
	p      *loyalty.Program
	locale string // the locale in which the program's own texts are shown
	wallet string // the wallet whose points the text describes
	group  string // the name of the tier group whose levels the text describes; empty for the main tiers
}

// unit returns the name of the wallet's points.
func (s namer) unit() loyalty.Units {
	if w, ok := posting.Wallet(s.p.Wallets, s.wallet); ok {
		return w.Unit
	}
	return s.p.Unit
}
