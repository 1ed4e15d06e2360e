// Package alarms contains the list of the stack's CloudWatch alarms. It generates the alarms and the dashboard in
// template.yaml from this list.
//
// Each metric of an alarm is reported by a function (package telemetry), by the access log (through a metric filter in
// the template), or by an AWS service. An alarm is raised while its value exceeds the threshold for a number of
// consecutive periods. infra/runbook.md has a section for each alarm. Tests in infra compare the list with the runbook
// and with the template.
//
// If deployments watch an alarm, the alarm must not refer to the API. Otherwise there would be a circular reference:
// the API refers to the functions' aliases, an alias to its deployment group, and the deployment group to these alarms.
package alarms

//go:generate go run ./generate

// An Alarm is one alarm of the stack.
type Alarm struct {
	ID string // the logical ID in the template
	// Section names a section of the runbook and a chart of the dashboard. Several alarms may have the same section.
	Section     string
	Description string   // one sentence that states the problem
	Metrics     []Metric // at most ten, which is CloudWatch's limit for one alarm
	Expression  string   // a metric math expression with the metrics m0, m1, …; empty if there is only one metric
	Unit        string   // the unit of the value and of the threshold
	Threshold   int
	Period      int    // the length of a period in seconds
	Periods     int    // the number of consecutive periods above the threshold after which the alarm is raised
	Missing     string // the treatment of periods without data (a counter that is zero is not reported)
	Release     Release
	Related     []Metric // metrics that the chart also shows, although the alarm does not watch them
}

// Release selects the deployments that stop and roll back while an alarm is raised.
type Release string

const (
	None  Release = ""    // stops no deployment
	Every Release = "all" // stops the deployments of all functions
	// Any other value is the logical ID of one function. Such an alarm stops only the deployment of this function, and
	// sends no notification.
)

// These constants are treatments of periods without data.
const (
	notBreaching = "notBreaching"
	breaching    = "breaching"
)

// A Metric is a CloudWatch metric with one statistic.
type Metric struct {
	Namespace  string
	Name       string
	Dimensions []Dimension
	Statistic  string // Sum, Maximum, SampleCount, or a percentile such as p99
}

// A Dimension is a dimension of a metric. The value may contain references for Fn::Sub, such as ${Table}.
type Dimension struct{ Name, Value string }
