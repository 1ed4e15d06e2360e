// Package alarms contains the list of the stack's CloudWatch alarms and generates the alarms and the dashboard in
// template.yaml from it.
//
// An alarm watches metrics that have an emitter: a function (package telemetry), the access log (through a metric
// filter in the template) or an AWS service. It is raised while the value exceeds the threshold for a number of
// consecutive periods. infra/runbook.md has a section for each alarm; tests in infra compare the list with the
// runbook and with the template.
//
// Alarms that deployments watch must not refer to the API: the API refers to the functions' aliases, an alias to
// its deployment group, and the deployment group to these alarms.
package alarms

//go:generate go run ./generate

// An Alarm is one alarm of the stack.
type Alarm struct {
	ID          string   // logical ID
	Section     string   // section of the runbook and chart of the dashboard, which alarms may share
	Description string   // one sentence that states the problem
	Metrics     []Metric // at most ten, CloudWatch's limit for one alarm
	Expression  string   // metric math with the metrics m0, m1, …; empty for a single metric
	Unit        string   // of the value and the threshold
	Threshold   int
	Period      int    // seconds
	Periods     int    // consecutive periods above the threshold that raise the alarm
	Missing     string // treatment of periods without data; counters are reported only if they are not zero
	Release     Release
	Related     []Metric // additional metrics for the chart that the alarm does not watch
}

// Release selects the deployments that stop and roll back while an alarm is raised.
type Release string

const (
	None  Release = ""    // no deployment
	Every Release = "all" // the deployments of all functions
	// Any other value is the logical ID of one function. Its alarm only stops deployments and does not notify.
)

// Treatments of periods without data.
const (
	notBreaching = "notBreaching"
	breaching    = "breaching"
)

// A Metric is a CloudWatch metric with one statistic.
type Metric struct {
	Namespace  string
	Name       string
	Dimensions []Dimension
	Statistic  string // Sum, Maximum, SampleCount or a percentile such as p99
}

// A Dimension is a name and a value. The value is the text of an Fn::Sub, such as ${Table}.
type Dimension struct{ Name, Value string }
