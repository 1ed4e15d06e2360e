package loyalty

import "strings"

// Text is a text by language tag ("en", "de").
type Text map[string]string

// In returns the text in the language of locale ("de-AT" finds "de"). If there is none, it returns the text in English,
// or else in the language whose tag sorts first.
func (t Text) In(locale string) string {
	for ; locale != ""; locale = locale[:max(0, strings.LastIndexAny(locale, "-_"))] {
		if s, ok := t[locale]; ok {
			return s
		}
	}
	if s, ok := t["en"]; ok {
		return s
	}
	least := ""
	for tag := range t {
		if least == "" || tag < least {
			least = tag
		}
	}
	return t[least]
}

// Units is the name of a point in the singular and the plural: one bean, two beans.
type Units struct{ One, Other Text }
