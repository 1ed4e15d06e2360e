package program

import (
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // embeds the time zone database, so that time zones are the same on every machine

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// parseFile reads everything except the examples. It reads events, currencies, levels and groups first, because other
// sections refer to them.
func parseFile(c *document.Compiler, root *document.Node) *File {
	c.P = &loyalty.Program{
		ID:   root.Get("program").Text(),
		Zone: parseZone(c, root.Get("timezone")),
		Name: c.Words(root.Get("name")),
	}
	c.Languages = slices.Sorted(maps.Keys(c.P.Name))
	c.P.Unit = c.Units(root.Get("points"))
	c.P.Events = parseEvents(c, root.Get("events"))
	c.P.Earn.Rates = byCurrency(c, root.Get("earn").Get("purchase").Get("rates"), (*document.Compiler).Rate)
	c.P.Exchange = parseExchange(c, root.Get("exchange"))
	c.P.Tiers = parseTiers(c, root.Get("tiers"))
	c.P.TierGroups = tierGroups(c, root)
	c.P.Groups = parseGroups(c, root.Get("stacking"))
	c.P.Wallets = parseWallets(c, root.Get("wallets"))
	parseEarn(c, root.Get("earn"))
	c.P.Campaigns = parseRules(c, root.Get("campaigns"))
	c.P.Milestones = parseMilestones(c, root.Get("milestones"))
	c.P.Rewards = parseRewards(c, root.Get("rewards"))
	c.P.Redemption = parseRedeeming(c, root.Get("redemption"))
	c.P.Payments = parsePayments(c, root.Get("payments"))
	c.P.Conversions = parseConversions(c, root.Get("conversions"))
	circles(c, root)
	c.P.Transfers = parseTransfers(c, root.Get("transfers"))
	c.P.Households = parseHouseholds(c, root.Get("households"))
	c.P.Reminders = parseReminders(c, root.Get("reminders"))
	validate.Refunds(c, root.Get("clawback"))
	parseAdvanceNotice(c, root)
	validate.Promises(c, root)
	validate.Sense(c, root)
	return &File{Program: c.P, Reporting: parseReporting(c, root.Get("reporting"))}
}

// finish prepares and validates the complete program, and runs the examples.
func finish(c *document.Compiler, f *File, root *document.Node) {
	if err := engine.Compile(f.Program); err != nil {
		c.Add(document.At(root, "%s", err))
		return
	}
	if n := len(snapshot.Encode(f.Program)); n > snapshot.MaxBytes {
		c.Add(document.At(
			root, "is too large: with its aliases expanded, the rules have %d bytes; the limit is %d", n,
			snapshot.MaxBytes,
		))
		return
	}
	if validate.Twice(c); len(c.Problems) > 0 {
		return
	}
	validate.Examples(c, root.Get("examples"))
}

// zones lists common time zones. The nearest one is suggested if a name is still invalid after its case and spaces are
// corrected.
var zones = strings.Fields("UTC Europe/London Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Amsterdam " +
	"Europe/Vienna Europe/Zurich Europe/Warsaw Europe/Stockholm Europe/Istanbul America/New_York America/Chicago " +
	"America/Denver America/Los_Angeles America/Toronto America/Mexico_City America/Sao_Paulo Asia/Tokyo Asia/Seoul " +
	"Asia/Shanghai Asia/Singapore Asia/Kolkata Asia/Dubai Australia/Sydney Pacific/Auckland Africa/Johannesburg")

func parseZone(c *document.Compiler, n *document.Node) *time.Location {
	name := n.Text()
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
	c.Add(document.At(n, "%q is not a time zone like Europe/Berlin", document.Clip(name)).Suggest(guess))
	return time.UTC
}

func lower(words []string) (out []string) {
	for _, w := range words {
		out = append(out, strings.ToLower(w))
	}
	return out
}

func parseReporting(c *document.Compiler, n *document.Node) (r Reporting) {
	if n == nil {
		return r
	}
	books, value := n.Get("currency"), n.Get("point_value")
	if code := books.Text(); code != "" && c.Currency(books, code) {
		r.Currency = loyalty.Currency(code)
	}
	amount, code, _ := strings.Cut(value.Text(), " ")
	exact, ok := document.Decimal(amount)
	switch {
	case !ok:
		c.Malformed(value, "money")
	case c.Currency(value, code) && r.Currency != "" && code != string(r.Currency):
		c.Add(document.At(value, "is in %s, but the program's currency is %s", code, r.Currency))
	}
	r.PointValue = exact
	return r
}
