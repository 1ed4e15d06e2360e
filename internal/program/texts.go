package program

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var language = regexp.MustCompile(`^[a-z]{2}(-[A-Za-z0-9]{2,8})*$`)

// words reads a text. A text without languages has the undetermined language "und" and is shown to readers of every
// language.
func (c *compiler) words(n *node) loyalty.Text {
	if n.is(text) {
		c.printable(n)
		return loyalty.Text{"und": n.value}
	}
	t := loyalty.Text{}
	for _, f := range n.pairs() {
		c.printable(f)
		t[f.key.name] = f.text()
	}
	c.translations(n, t)
	return t
}

// wordsIf reads an optional text. It returns nil if there is none.
func (c *compiler) wordsIf(n *node) loyalty.Text {
	if n == nil {
		return nil
	}
	return c.words(n)
}

// label reads a single-line name that the shop defines.
func (c *compiler) label(n *node) string {
	c.printable(n)
	return n.text()
}

// printable rejects texts that cannot be shown to members: empty ones and ones with unprintable characters.
func (c *compiler) printable(n *node) {
	if !n.is(text) {
		return
	}
	if strings.ContainsFunc(n.value, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(n.value) == "" {
		c.add(at(n, "%s is not a single line of text", shown(n)))
	}
}

// translations warns of a text that lacks a language of the program's name.
func (c *compiler) translations(n *node, have loyalty.Text) {
	if n == nil {
		return
	}
	var missing []string
	for _, l := range c.languages {
		if _, ok := have[l]; !ok && l != "und" {
			missing = append(missing, l)
		}
	}
	if len(missing) > 0 {
		c.warn(atKey(n, "is not translated to %s, unlike the program's name", strings.Join(missing, ", ")))
	}
}

// units reads the words for points, either for all languages or for each.
func (c *compiler) units(n *node) (u loyalty.Units) {
	u = loyalty.Units{One: loyalty.Text{}, Other: loyalty.Text{}}
	take := func(tag string, n *node) {
		for _, f := range n.pairs() {
			c.printable(f)
		}
		u.One[tag], u.Other[tag] = n.get("one").text(), n.get("other").text()
	}
	if n.get("one") == nil && n.get("other") == nil {
		for _, f := range n.pairs() {
			take(f.key.name, f)
		}
		c.translations(n, u.One)
		return u
	}
	take("und", n)
	for _, f := range n.pairs() {
		if language.MatchString(f.key.name) {
			c.add(atKey(f, "cannot be combined with one and other: the words are either the same in all languages or translated"))
		}
	}
	for _, name := range []string{"one", "other"} {
		if n.get(name) == nil {
			p := atKey(n, "is missing")
			p.Path = n.child(name)
			c.add(p)
		}
	}
	return u
}
