package cost

import (
	"math"
	"testing"
)

func TestUsagesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range Usages() {
		if u.ID == "" || u.Request == "" || seen[u.ID] || u.Read == 0 && u.LogBytes == 0 {
			t.Errorf("%+v", u)
		}
		seen[u.ID] = true
	}
}

func TestEstimatesAreTheSumsOfTheirParts(t *testing.T) {
	year := Year{Orders: 12, Refunds: 1, Redemptions: 2, Reads: 24, Emails: 6}
	all := map[string]Cost{}
	for _, e := range Estimates(year) {
		all[e.ID] = e.Cost
		if sum := e.API + e.Lambda + e.Table + e.Logs + e.Traces + e.Others; !near(sum, e.Dollars) || sum <= 0 {
			t.Errorf("%s costs %g dollars, and its parts cost %g", e.ID, e.Dollars, sum)
		}
	}
	if got := all["order"].Dollars + all["activation"].Dollars; !near(got, all["order_activated"].Dollars) {
		t.Errorf("an order with activation costs %g, want %g", all["order_activated"].Dollars, got)
	}
	none := Year{Orders: 12, Refunds: 1, Redemptions: 2, Reads: 24}
	for _, e := range Estimates(none) {
		if got := e.Dollars + 6*all["email"].Dollars/1e6; e.ID == "member_year" &&
			!near(got, all["member_year"].Dollars) {
			t.Errorf("six emails make a year of %g dollars one of %g", e.Dollars, all["member_year"].Dollars)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

// The request reads a balance, and takes 2 ms in addition to the time of the table. The prices are round numbers.
func TestTheCostOfARequest(t *testing.T) {
	e := estimator{
		Prices{
			APIMillion: 1, LambdaMillion: 2, GBSecond: 1, WriteMillion: 7, ReadMillion: 3, LogGB: 1000,
			TraceMillion: 10,
		},
		Measurement{Milliseconds: map[string]float64{"member": 2}},
		Assumptions{
			MemoryGB: 0.5, ReadMS: 4, WriteMS: 8, TraceShare: 0.5, AccessLog: "123456789",
			LambdaLogs: []string{"123", "4567"},
		},
	}
	u := usage("member")
	want := Cost{
		API: 1e-6, Lambda: 2e-6 + 0.5*(0.002+0.004*float64(u.Steps)), Table: 3e-6 * u.Read,
		Logs: float64(u.LogBytes+10+9) * 1000 / 1e9, Traces: 5e-6,
	}.summed()
	got := e.request("member")
	for _, x := range [][2]float64{
		{got.API, want.API},
		{got.Lambda, want.Lambda},
		{got.Table, want.Table},
		{got.Logs, want.Logs},
		{got.Traces, want.Traces},
		{got.Dollars, want.Dollars},
	} {
		if !near(x[0], x[1]) {
			t.Errorf("%+v, want %+v", got, want)
			break
		}
	}
}
