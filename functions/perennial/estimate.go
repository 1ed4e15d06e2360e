package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/perennial-loyalty/perennial/internal/cost"
)

type estimateCmd struct {
	Cost  estimateCost  `cmd:"" help:"Estimate the costs of requests, members and an idle stack on AWS."`
	Night estimateNight `cmd:"" help:"Estimate the time, units and cost of a night with many due members."`
}

type estimateCost struct {
	Orders      float64 `default:"12" help:"Orders per member and year."`
	Refunds     float64 `default:"1" help:"Refunds per member and year."`
	Redemptions float64 `default:"2" help:"Redemptions per member and year, each reserved and then committed."`
	Reads       float64 `default:"24" help:"Balance reads per member and year."`
	Emails      float64 `default:"0" help:"Email reminders per member and year."`
	JSON        bool    `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (*estimateCost) Help() string {
	p, m, a := cost.ListPrices(), cost.Measured(), cost.Assumed()
	return fmt.Sprintf(`The figures are AWS's list prices of %s in %s, without free tiers, discounts and data transfer.
They multiply what tests measure: request units and log bytes exactly, durations on the functions' binaries
(%s), to which %g ms for each step that reads and %g ms for a write are added for DynamoDB.

Each ledger entry is counted as one invocation of the function relay, which reads up to 1,000 at once under
load. A member's year includes the activation and the expiry of each order's points, and the storage of a
first year. The idle stack has %d alarm metrics, of which AWS charges nothing for the first ten.`,
		p.Date, p.Region, m.Date, a.ReadMS, a.WriteMS, a.AlarmMetrics)
}

// Run prints the estimated costs.
func (c *estimateCost) Run() error {
	for _, n := range []float64{c.Orders, c.Refunds, c.Redemptions, c.Reads, c.Emails} {
		if !(n >= 0 && n <= 1e6) { // also true if n is NaN
			return fmt.Errorf("each number per member and year must be from 0 to 1,000,000, not %g", n)
		}
	}
	all := cost.Estimates(
		cost.Year{Orders: c.Orders, Refunds: c.Refunds, Redemptions: c.Redemptions, Reads: c.Reads, Emails: c.Emails},
	)
	if c.JSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"prices": cost.ListPrices(), "estimates": all})
	}
	return printEstimates(os.Stdout, all)
}

func printEstimates(out io.Writer, all []cost.Estimate) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "dollars\tAPI\tLambda\ttable\tlogs\tother\t  for")
	for _, e := range all {
		unit := "one " + e.Name + " for a " + e.Unit
		if e.Unit == "million" {
			unit = "a million: " + e.Name
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t  %s\n",
			dollars(e.Dollars), dollars(e.API), dollars(e.Lambda), dollars(e.Table), dollars(e.Logs),
			dollars(e.Traces+e.Others), unit)
	}
	return w.Flush()
}

// dollars formats an amount in dollars with two decimals. If the amount is less than a cent, it uses two significant
// digits.
func dollars(n float64) string {
	if n != 0 && n < 0.01 {
		return fmt.Sprintf("%.2g", n)
	}
	return fmt.Sprintf("%.2f", n)
}
