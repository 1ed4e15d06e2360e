package program

import (
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // so that a time zone means the same on every machine, also where none are installed
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// A compiler turns the tree into a program and gathers what is wrong on the way. Whatever is missing or of a
// wrong kind it takes for absent: the schema reports that.
type compiler struct {
	problems, warnings Problems
	languages          []string // of the program's name, which other texts should have too
}

func (c *compiler) add(p Problem)  { c.problems = append(c.problems, p) }
func (c *compiler) warn(p Problem) { c.warnings = append(c.warnings, p) }

// file reads everything but the examples.
func (c *compiler) file(root *node) *File {
	p := &loyalty.Program{
		ID:   root.get("program").text(),
		Zone: c.zone(root.get("timezone")),
		Name: c.words(root.get("name")),
	}
	for language := range p.Name {
		c.languages = append(c.languages, language)
	}
	slices.Sort(c.languages)
	p.Unit = c.units(root.get("points"))
	p.Earn = c.earn(root.get("earn"))
	p.Tiers = c.tiers(root.get("tiers"))
	p.Rewards = c.rewards(root.get("rewards"), p.Earn.Rates)
	p.TakeBack = takeBack[root.get("refunds").get("take_back").text()]
	p.Hold = c.hold(root.get("redeeming").get("hold"))
	return &File{Program: p, Reporting: c.reporting(root.get("reporting"))}
}

// takeBack is how far a clawback reaches, by the words of the file; debt unless given.
var takeBack = map[string]loyalty.TakeBack{
	"within_balance": loyalty.TakeBackWithinBalance,
	"pending_only":   loyalty.TakeBackPendingOnly,
}

// finish lets the program check and prepare itself, and runs the examples.
func (c *compiler) finish(f *File, root *node) {
	if err := f.Program.Compile(); err != nil {
		c.add(at(root, "%s", err))
		return
	}
	if n := len(snapshot.Encode(f.Program)); n > snapshot.MaxBytes {
		c.add(at(root, "is too large: with all that its aliases repeat the rules take %d bytes, and at most %d are kept", n, snapshot.MaxBytes))
		return
	}
	c.examples(f.Program, root.get("examples"))
}

// zones is time zones to suggest from, where the case or the spaces alone do not explain a slip.
var zones = strings.Fields("UTC Europe/London Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Amsterdam " +
	"Europe/Vienna Europe/Zurich Europe/Warsaw Europe/Stockholm Europe/Istanbul America/New_York America/Chicago " +
	"America/Denver America/Los_Angeles America/Toronto America/Mexico_City America/Sao_Paulo Asia/Tokyo Asia/Seoul " +
	"Asia/Shanghai Asia/Singapore Asia/Kolkata Asia/Dubai Australia/Sydney Pacific/Auckland Africa/Johannesburg")

func (c *compiler) zone(n *node) *time.Location {
	name := n.text()
	if name == "" {
		return time.UTC
	}
	zone, err := time.LoadLocation(name)
	if err == nil && name != "Local" && len(name) <= 64 {
		return zone
	}
	guess := nearest(strings.ToLower(strings.ReplaceAll(name, " ", "_")), lower(zones))
	if i := slices.Index(lower(zones), guess); i >= 0 {
		guess = zones[i]
	}
	c.add(at(n, "%q is not a time zone like Europe/Berlin", clip(name)).Suggest(guess))
	return time.UTC
}

func lower(words []string) (out []string) {
	for _, w := range words {
		out = append(out, strings.ToLower(w))
	}
	return out
}

var language = regexp.MustCompile(`^[a-z]{2}(-[A-Za-z0-9]{2,8})*$`)

// words reads a text. One that is not by language is of the undetermined language ("und"), which readers
// of every language are shown.
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

// label reads a name that the shop uses: one line, as it is.
func (c *compiler) label(n *node) string {
	c.printable(n)
	return n.text()
}

// printable refuses what a member could not be shown.
func (c *compiler) printable(n *node) {
	if !n.is(text) {
		return
	}
	if strings.ContainsFunc(n.value, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(n.value) == "" {
		c.add(at(n, "%s is not a line of text", shown(n)))
	}
}

// translations warns of a text that is missing a language of the program's name.
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
		c.warn(atKey(n, "is not translated to %s, as the program's name is", strings.Join(missing, ", ")))
	}
}

// units reads the words for points, once or by language.
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
			c.add(atKey(f, "cannot stand beside one and other: the words are either the same in all languages or given for each"))
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

func (c *compiler) reporting(n *node) (r Reporting) {
	if n == nil {
		return r
	}
	books, value := n.get("currency"), n.get("point_value")
	if code := books.text(); code != "" && c.currency(books, code) {
		r.Currency = loyalty.Currency(code)
	}
	amount, code, _ := strings.Cut(value.text(), " ")
	exact, ok := decimal(amount)
	switch {
	case !ok:
		c.malformed(value, "money")
	case c.currency(value, code) && r.Currency != "" && code != string(r.Currency):
		c.add(at(value, "is in %s, but the books are in %s", code, r.Currency))
	}
	r.PointValue = exact
	return r
}

// hold reads how long a redemption stays reserved: up to a week, so that carts do not lock points away.
func (c *compiler) hold(n *node) time.Duration {
	const most = 7 * 24 * time.Hour
	if n == nil {
		return 30 * time.Minute
	}
	p := c.period(n)
	d := time.Duration(p.Days*24+p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute
	if p.Months > 0 || d > most || d <= 0 && !p.IsZero() || p.IsZero() && durationForm.MatchString(n.text()) {
		c.add(at(n, "%s is not above 0 minutes and at most 7 days", n.value))
	}
	return d
}

// unique refuses an id that an earlier entry of the list has.
func (c *compiler) unique(entries []*node) {
	seen := map[string]int{}
	for _, e := range entries {
		id := e.get("id")
		if id.text() == "" {
			continue
		}
		if line, ok := seen[id.value]; ok {
			c.add(at(id, "%q is the id of another entry too, on line %d", clip(id.value), line))
			continue
		}
		seen[id.value] = id.line
	}
}
