package explain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// languages are those that there are; the first one stands in for all others.
var languages = []*language{&english, &german}

// A language is how to say everything that this package says.
//
// In its sentences, {name} stands for a value, and {was|were} for the word that goes with the nearest count before
// it, or with the sentence's {points} if there is none: the first for one, the second for any other number. A
// merchant may call points anything, so no sentence may lean on the gender of the word, or on a case in which it has
// other forms: in German points are nominative or accusative, and {rule} is nominative.
type language struct {
	tag     string
	decimal string // between the whole and the fraction of a number
	group   string // between its thousands
	months  [12]string

	phrases map[string]string // what entries did, and the parts that sentences are made of
	reasons map[reason]string
}

// A reason is what a sentence is about: a What, and which case of it where one sentence does not fit all.
type reason struct {
	what loyalty.ReasonKind
	of   string
}

// A value is what stands in a sentence for a {name}.
type value struct {
	text   string
	number number
}

// number is what the words after a value agree with.
type number int

const (
	uncounted number = iota
	one
	several
)

// values are by name.
type values map[string]value

// phrase is a part of a sentence.
func (l *language) phrase(key string, with values) string { return say(l.phrases[key], with) }

// sentence is a whole one.
func (l *language) sentence(key string, with values) string { return capital(l.phrase(key, with)) }

// say puts the values into a form. What a value contains is never read as a form.
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

// capital is the sentence with a capital letter at its beginning.
func capital(sentence string) string {
	first, size := utf8.DecodeRuneInString(sentence)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + sentence[size:]
}
