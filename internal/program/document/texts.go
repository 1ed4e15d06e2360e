package document

import (
	"strings"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var language = lazyregexp.New(`^[a-z]{2}(-[A-Za-z0-9]{2,8})*$`)

// Words reads a text that members can read. If the file states no languages, the text has the undetermined language
// "und" and is shown to readers of every language.
func (c *Compiler) Words(n *Node) loyalty.Text {
	if n.Is(Text) {
		c.printable(n)
		return loyalty.Text{"und": n.Value}
	}
	t := loyalty.Text{}
	for _, f := range n.Pairs() {
		c.printable(f)
		t[f.Key.Name] = f.Text()
	}
	c.translations(n, t)
	return t
}

// WordsIf reads an optional text that members can read. It returns nil if there is none.
func (c *Compiler) WordsIf(n *Node) loyalty.Text {
	if n == nil {
		return nil
	}
	return c.Words(n)
}

// Label reads a single-line name from the merchant's systems, such as a store.
func (c *Compiler) Label(n *Node) string {
	c.printable(n)
	return n.Text()
}

// Labels reads a list of names from the merchant's systems.
func (c *Compiler) Labels(n *Node) (out []string) {
	for _, item := range n.List() {
		out = append(out, c.Label(item))
	}
	return out
}

// printable rejects texts that cannot be shown to members: empty texts and texts with unprintable characters.
func (c *Compiler) printable(n *Node) {
	if !n.Is(Text) {
		return
	}
	if strings.ContainsFunc(n.Value, func(r rune) bool { return !unicode.IsPrint(r) }) ||
		strings.TrimSpace(n.Value) == "" {
		c.Add(At(n, "%s is not a single line of text", Shown(n)))
	}
}

// translations warns if a text is missing in a language of the program's name.
func (c *Compiler) translations(n *Node, have loyalty.Text) {
	if n == nil {
		return
	}
	var missing []string
	for _, l := range c.Languages {
		if _, ok := have[l]; !ok && l != "und" {
			missing = append(missing, l)
		}
	}
	if len(missing) > 0 {
		c.Warn(AtKey(n, "is not translated to %s, unlike the program's name", strings.Join(missing, ", ")))
	}
}

// Units reads the singular and plural words for points. The file has either the same words for all languages, or words
// for each language.
func (c *Compiler) Units(n *Node) (u loyalty.Units) {
	u = loyalty.Units{One: loyalty.Text{}, Other: loyalty.Text{}}
	take := func(tag string, n *Node) {
		for _, f := range n.Pairs() {
			c.printable(f)
		}
		u.One[tag], u.Other[tag] = n.Get("one").Text(), n.Get("other").Text()
	}
	if n.Get("one") == nil && n.Get("other") == nil {
		for _, f := range n.Pairs() {
			take(f.Key.Name, f)
		}
		c.translations(n, u.One)
		return u
	}
	take("und", n)
	for _, f := range n.Pairs() {
		if language.MatchString(f.Key.Name) {
			c.Add(
				AtKey(
					f,
					"cannot be combined with one and other: "+
						"the words are either the same in all languages or translated",
				),
			)
		}
	}
	for _, name := range []string{"one", "other"} {
		if n.Get(name) == nil {
			p := AtKey(n, "is missing")
			p.Path = n.Child(name)
			c.Add(p)
		}
	}
	return u
}
