package program

import (
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // makes time zones available, and equal, on all machines

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// A compiler converts the tree to a program and collects problems. It treats missing values and values of the wrong
// kind as absent, because the schema reports them.
type compiler struct {
	p                  *loyalty.Program // the part that has been read
	problems, warnings Problems
	languages          []string // languages of the program's name, in which other texts should also exist
	entries            []entry  // every rule and campaign
	source             []string // the lines of the file, to find the position of a condition
}

func (c *compiler) add(p Problem)  { c.problems = append(c.problems, p) }
func (c *compiler) warn(p Problem) { c.warnings = append(c.warnings, p) }

// file reads everything except the examples. Sections that others refer to come first: events, currencies, levels,
// groups.
func (c *compiler) file(root *node) *File {
	c.p = &loyalty.Program{
		ID:   root.get("program").text(),
		Zone: c.zone(root.get("timezone")),
		Name: c.words(root.get("name")),
	}
	c.languages = slices.Sorted(maps.Keys(c.p.Name))
	c.p.Unit = c.units(root.get("points"))
	c.p.Events = c.events(root.get("events"))
	c.p.Earn.Rates = byCurrency(c, root.get("earn").get("purchase").get("rates"), c.rate)
	c.p.Exchange = c.exchange(root.get("exchange"))
	c.p.Tiers = c.tiers(root.get("tiers"))
	c.p.TierGroups = c.tierGroups(root)
	c.p.Groups = c.groups(root.get("stacking"))
	c.p.Wallets = c.wallets(root.get("wallets"))
	c.earn(root.get("earn"))
	c.p.Campaigns = c.rules(root.get("campaigns"))
	c.p.Milestones = c.milestones(root.get("milestones"))
	c.p.Rewards = c.rewards(root.get("rewards"))
	c.p.Redemption = c.redeeming(root.get("redemption"))
	c.p.Payments = c.payments(root.get("payments"))
	c.p.Conversions = c.conversions(root.get("conversions"))
	c.circles(root)
	c.p.Transfers = c.transfers(root.get("transfers"))
	c.p.Households = c.households(root.get("households"))
	c.p.Reminders = c.reminders(root.get("reminders"))
	c.refunds(root.get("clawback"))
	c.advanceNotice(root)
	c.promises(root)
	c.sense(root)
	return &File{Program: c.p, Reporting: c.reporting(root.get("reporting"))}
}

// finish validates and prepares the program, and runs the examples.
func (c *compiler) finish(f *File, root *node) {
	if err := engine.Compile(f.Program); err != nil {
		c.add(at(root, "%s", err))
		return
	}
	if n := len(snapshot.Encode(f.Program)); n > snapshot.MaxBytes {
		c.add(at(
			root, "is too large: with its aliases expanded, the rules have %d bytes; the limit is %d", n,
			snapshot.MaxBytes,
		))
		return
	}
	if c.twice(); len(c.problems) > 0 {
		return
	}
	c.examples(f.Program, root.get("examples"))
}

// zones lists time zones to suggest if correcting only case and spaces does not yield a valid name.
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
	guess := nearest.Word(strings.ToLower(strings.ReplaceAll(name, " ", "_")), lower(zones))
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
		c.add(at(value, "is in %s, but the program's currency is %s", code, r.Currency))
	}
	r.PointValue = exact
	return r
}

// unique rejects an ID that an earlier entry of the list has.
func (c *compiler) unique(entries []*node) {
	seen := map[string]int{}
	for _, e := range entries {
		id := e.get("id")
		if id.text() == "" {
			continue
		}
		if line, ok := seen[id.value]; ok {
			c.add(at(id, "%q is already the id of the entry on line %d", clip(id.value), line))
			continue
		}
		seen[id.value] = id.line
	}
}
