package alarms

import (
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// apiErrors counts responses of 500 or more in the access log. The resource ApiErrorCount of the template defines
// it. API Gateway's metric 5xx has the API's ID as its dimension, so that no deployment could watch it, and it
// includes the documented 503 responses to webhooks of unconfigured processors.
const apiErrors telemetry.Metric = "ApiErrors"

// A function is a Lambda function of the stack. Tests compare the list with the template.
type function struct {
	name    string // short name, such as earn
	timeout int    // seconds
	steady  bool   // whether its work is small; other functions work until their time limit
}

var (
	functions = []function{
		{"members", 10, true},
		{"earn", 10, true},
		{"redeem", 10, true},
		{"programs", 10, true},
		{"reminders", 29, true},
		{"webhooks", 10, true},
		{"reassess", 60, false},
		{"remind", 60, false},
		{"relay", 60, true},
	}
	scheduled     = functions[6:8]
	workQueues    = []string{"ReassessQueue", "RemindQueue"}
	failureQueues = []string{
		"ReassessDeadLetters", "RemindDeadLetters", "ScheduleDeadLetters", "FeedbackDeadLetters", "InvocationFailures",
		"RelayFailures",
	}
	tableOperations = []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "TransactWriteItems"}
)

func (f function) title() string { return strings.ToUpper(f.name[:1]) + f.name[1:] }

// id returns the function's logical ID.
func (f function) id() string { return f.title() + "Function" }

// ref returns the function's name on AWS.
func (f function) ref() string { return "${" + f.id() + "}" }

// version returns the number of the version that the template publishes.
func (f function) version() string { return "${" + f.id() + ".Version.Version}" }

// metric returns a Lambda metric of the function.
func (f function) metric(name, statistic string) Metric {
	return Metric{"AWS/Lambda", name, []Dimension{{"FunctionName", f.ref()}}, statistic}
}

// reported returns a metric of the product, for the whole stack or with additional dimensions.
func reported(m telemetry.Metric, statistic string, more ...Dimension) Metric {
	return Metric{
		telemetry.Namespace, string(m), append([]Dimension{{"stack", "${AWS::StackName}"}}, more...), statistic,
	}
}

func ofAPI(name, statistic string) Metric {
	return Metric{"AWS/ApiGateway", name, []Dimension{{"ApiId", "${Api}"}}, statistic}
}

func ofQueue(id, name string) Metric {
	return Metric{"AWS/SQS", name, []Dimension{{"QueueName", "${" + id + ".QueueName}"}}, "Maximum"}
}

func ofTable(name string) Metric {
	return Metric{"AWS/DynamoDB", name, []Dimension{{"TableName", "${Table}"}}, "Sum"}
}

func ofOperation(operation, name, statistic string) Metric {
	return Metric{"AWS/DynamoDB", name, []Dimension{{"TableName", "${Table}"}, {"Operation", operation}}, statistic}
}

// filled returns an expression over n metrics that treats missing data as zero.
func filled(operation string, n int) string {
	var terms []string
	for i := range n {
		terms = append(terms, fmt.Sprintf("FILL(m%d, 0)", i))
	}
	return operation + "([" + strings.Join(terms, ", ") + "])"
}

// shares returns the largest duration of the functions as a percentage of their timeouts. Durations are in
// milliseconds.
func shares(functions []function) string {
	var terms []string
	for i, f := range functions {
		terms = append(terms, fmt.Sprintf("FILL(m%d, 0) / %d", i, f.timeout*1000/100))
	}
	return "MAX([" + strings.Join(terms, ", ") + "])"
}

func each[E, R any](list []E, f func(E) R) (results []R) {
	for _, e := range list {
		results = append(results, f(e))
	}
	return results
}
