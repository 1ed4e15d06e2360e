package alarms

import (
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// apiErrors counts responses with a status of 500 or more in the access log. The resource ApiErrorCount of the template
// defines this metric. API Gateway's own metric 5xx cannot be used, for two reasons: its dimension is the ID of the
// API, so that no deployment could watch it, and it includes the documented 503 responses to webhooks of unconfigured
// processors.
const apiErrors telemetry.Metric = "ApiErrors"

// A function is a Lambda function of the stack. Tests compare the list of functions with the template.
type function struct {
	name    string // the short name, such as earn
	timeout int    // the timeout in seconds
	steady  bool   // true if each invocation does little work; other functions may work until their timeout
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

// id returns the logical ID of the function.
func (f function) id() string { return f.title() + "Function" }

// ref returns a reference to the name of the function on AWS.
func (f function) ref() string { return "${" + f.id() + "}" }

// version returns a reference to the number of the version that the template publishes.
func (f function) version() string { return "${" + f.id() + ".Version.Version}" }

// metric returns a metric that Lambda reports for the function.
func (f function) metric(name, statistic string) Metric {
	return Metric{"AWS/Lambda", name, []Dimension{{"FunctionName", f.ref()}}, statistic}
}

// reported returns a metric that the functions of the product report, with the dimension of the stack and the given
// additional dimensions.
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

// filled returns a metric math expression that applies an operation to n metrics. It treats missing data as zero.
func filled(operation string, n int) string {
	var terms []string
	for i := range n {
		terms = append(terms, fmt.Sprintf("FILL(m%d, 0)", i))
	}
	return operation + "([" + strings.Join(terms, ", ") + "])"
}

// shares returns a metric math expression. It divides the duration of each function by the function's timeout, and
// returns the greatest of these percentages. The metrics contain durations in milliseconds.
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
