package cost

import "strings"

// A Cost is a cost on AWS in dollars: the cost of each service, and the total.
type Cost struct {
	API     float64 `json:"api"` // API Gateway
	Lambda  float64 `json:"lambda"`
	Table   float64 `json:"table"`   // DynamoDB: requests, storage and backups
	Logs    float64 `json:"logs"`    // CloudWatch: logs and alarms
	Traces  float64 `json:"traces"`  // X-Ray
	Others  float64 `json:"others"`  // SQS, Scheduler, Secrets Manager, SES
	Dollars float64 `json:"dollars"` // the total
}

func (c Cost) plus(x Cost) Cost {
	return Cost{
		c.API + x.API, c.Lambda + x.Lambda, c.Table + x.Table, c.Logs + x.Logs, c.Traces + x.Traces,
		c.Others + x.Others,
		c.Dollars + x.Dollars,
	}
}

func (c Cost) times(n float64) Cost {
	return Cost{c.API * n, c.Lambda * n, c.Table * n, c.Logs * n, c.Traces * n, c.Others * n, c.Dollars * n}
}

func (c Cost) summed() Cost {
	c.Dollars = c.API + c.Lambda + c.Table + c.Logs + c.Traces + c.Others
	return c
}

// A Year contains the numbers of orders, refunds, redemptions, reads and emails of one member in a year.
type Year struct {
	Orders, Refunds, Redemptions, Reads, Emails float64
}

// An Estimate is the estimated cost of one item, such as a request.
type Estimate struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Unit string `json:"unit"` // the unit of the cost, such as "million"
	Cost
}

// Estimates returns the costs of requests, of a member in the first year, and of an idle stack. The estimates ignore
// free tiers, discounts and data transfer. They count the stream record of each entry as one invocation of the function
// relay, although one invocation reads up to 1,000 records under load.
func Estimates(y Year) []Estimate {
	e := estimator{ListPrices(), Measured(), Assumed()}
	order, activation := e.request("order"), e.scheduled("activation")
	const million = "million"
	all := []Estimate{
		{"order", "order", million, order},
		{"activation", "activation of an order's points", million, activation},
		{"order_activated", "order with activation", million, order.plus(activation)},
		{"refund", "refund", million, e.request("order_refunded")},
		{"redemption", "redemption: reserve, then commit", million, e.request("reserve").plus(e.request("commit"))},
		{"balance", "balance read", million, e.request("member")},
		{"member_year", "member", "year", e.member(y)},
		{"email", "reminder by email", million, Cost{Others: 1000 * e.prices.Emails}.summed()},
		{"idle", "idle stack", "month", e.idle()},
		{"key", "customer-managed KMS key", "month", Cost{Others: e.prices.KMSKey}.summed()},
	}
	for i := range all {
		if all[i].Unit == million && all[i].ID != "email" {
			all[i].Cost = all[i].times(1e6)
		}
	}
	return all
}

type estimator struct {
	prices   Prices
	measured Measurement
	assumed  Assumptions
}

func usage(id string) Usage {
	for _, u := range Usages() {
		if u.ID == id {
			return u
		}
	}
	panic("cost: no usage is called " + id)
}

// request returns the cost of one request to the API, including the stream record of the entry that the request writes.
func (e estimator) request(id string) Cost {
	u := usage(id)
	ms, measured := e.measured.Milliseconds[id]
	if !measured {
		panic("cost: the duration of " + id + " is not measured")
	}
	reads := float64(u.Steps)
	if u.Write > 0 {
		reads--
		ms += e.assumed.WriteMS
	}
	c := e.invocation(ms+reads*e.assumed.ReadMS, u.LogBytes+len(e.assumed.AccessLog)+1)
	c.API = e.prices.APIMillion / 1e6
	c.Table = e.units(u)
	c.Traces = e.assumed.TraceShare * e.prices.TraceMillion / 1e6
	if u.Write > 0 {
		c = c.plus(e.relay())
	}
	return c.summed()
}

// scheduled returns the cost of scheduled work for one member, including the stream record of the entry.
func (e estimator) scheduled(id string) Cost {
	c := e.relay()
	c.Lambda += e.assumed.ScheduledMS / 1000 * e.assumed.MemoryGB * e.prices.GBSecond
	c.Table += e.units(usage(id))
	return c.summed()
}

// relay returns the cost of appending an entry to the transparency log in its own batch.
func (e estimator) relay() Cost {
	u := usage("relay")
	c := e.invocation(e.assumed.RelayMS+e.assumed.ReadMS+e.assumed.WriteMS, u.LogBytes)
	c.Table = e.units(u)
	return c
}

// invocation returns the cost of an invocation of a function.
func (e estimator) invocation(ms float64, logged int) Cost {
	logged += len(strings.Join(e.assumed.LambdaLogs, "\n")) + 1
	return Cost{
		Lambda: e.prices.LambdaMillion/1e6 + ms/1000*e.assumed.MemoryGB*e.prices.GBSecond,
		Logs:   float64(logged) / 1e9 * e.prices.LogGB,
	}
}

func (e estimator) units(u Usage) float64 {
	return (u.Write*e.prices.WriteMillion + u.Read*e.prices.ReadMillion) / 1e6
}

// member returns the cost of a member's first year: the requests, the expiry of each order's points, and the storage of
// the entries. On average over the year, half of the entries exist.
func (e estimator) member(y Year) Cost {
	activation, expiry := e.scheduled("activation"), e.scheduled("expiry")
	c := e.request("order").plus(activation).plus(expiry).times(y.Orders)
	c = c.plus(e.request("order_refunded").times(y.Refunds))
	c = c.plus(e.request("reserve").plus(e.request("commit")).times(y.Redemptions))
	c = c.plus(e.request("member").times(y.Reads))
	entries := 3*y.Orders + y.Refunds + 2*y.Redemptions
	gb := (entries/2*e.assumed.EntryBytes + e.assumed.AccountBytes) / 1e9
	c.Table += 12 * gb * (e.prices.StorageGB + e.prices.BackupGB)
	c.Others += y.Emails / 1000 * e.prices.Emails
	return c.summed()
}

// idle returns the monthly cost of a stack that serves no requests.
func (e estimator) idle() Cost {
	const hours = 730
	starts := float64(e.assumed.Schedules) * hours
	c := e.invocation(100, 0).times(starts)
	c.Logs += float64(e.assumed.AlarmMetrics) * e.prices.AlarmMetric
	c.Others = float64(e.assumed.Secrets)*e.prices.Secret + starts/1e6*e.prices.SchedulerMillion +
		float64(e.assumed.Queues)*e.assumed.Polls/1e6*e.prices.SQSMillion
	return c.summed()
}
