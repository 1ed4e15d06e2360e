package infra

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/alarms"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

func TestTemplateContainsListedAlarms(t *testing.T) {
	for _, problem := range wrongAlarms(t, readSource(t, "../template.yaml")) {
		t.Error(problem)
	}
}

func TestWrongAlarmsAreDetected(t *testing.T) {
	source := readSource(t, "../template.yaml")
	for mutation, replaced := range map[string]struct{ old, new string }{
		"an alarm is dropped": {
			"  SignatureFailures:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n",
			"  Other:\n    Type: AWS::SNS::Topic\n    Properties:\n",
		},
		"a threshold differs": {"Threshold: 20\n", "Threshold: 2000\n"},
		"a metric differs":    {"MetricName: Quarantined\n", "MetricName: Quarantine\n"},
		"an alarm is not in the list": {
			"\nOutputs:\n", "\n  Extra: { Type: AWS::CloudWatch::Alarm, Properties: { Threshold: 1 } }\n\nOutputs:\n",
		},
		"no deployment watches the API": {"Alarms: [!Ref ApiErrors, ", "Alarms: ["},
		"a deployment does not watch its function": {
			"Alarms: [!Ref EarnReleaseErrors]", "Alarms: [!Ref RedeemReleaseErrors]",
		},
		"the dashboard lacks a chart": {`"title":"IteratorAge"`, `"title":"Iterator"`},
	} {
		if !strings.Contains(source, replaced.old) {
			t.Fatalf("%s: the template does not contain %q", mutation, replaced.old)
		}
		if len(wrongAlarms(t, strings.Replace(source, replaced.old, replaced.new, 1))) == 0 {
			t.Errorf("not detected: %s", mutation)
		}
	}
}

// wrongAlarms lists the differences of a template from the list of alarms.
func wrongAlarms(t *testing.T, source string) (problems []string) {
	t.Helper()
	if updated, err := alarms.Update([]byte(source)); err != nil || string(updated) != source {
		problems = append(problems, "the generated part differs from the list; run make generate")
	}
	tpl, err := stack.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	watched := map[string][]string{} // alarms of each function's deployments
	for _, a := range alarms.List() {
		listed = append(listed, a.ID)
		for id := range tpl.Functions {
			if a.Release == alarms.Every || string(a.Release) == id {
				watched[id] = append(watched[id], a.ID)
			}
		}
	}
	slices.Sort(listed)
	if inTemplate := slices.Sorted(maps.Keys(tpl.OfType("AWS::CloudWatch::Alarm"))); !slices.Equal(inTemplate, listed) {
		problems = append(problems, "the alarms of the template differ from the list")
	}
	for id, f := range tpl.Functions {
		var got []string
		for _, alarm := range stack.List(stack.At(f.Properties, "DeploymentPreference", "Alarms")) {
			got = append(got, stack.Referent(alarm))
		}
		if !slices.Equal(got, watched[id]) {
			problems = append(problems, "deployments of "+id+" watch "+strings.Join(got, ", "))
		}
	}
	return problems
}

// emitters contains the metrics that AWS reports, with their documented dimensions.
var emitters = map[string][]string{
	"AWS/Lambda Errors":                          {"FunctionName,Resource,ExecutedVersion"},
	"AWS/Lambda Duration":                        {"FunctionName"},
	"AWS/Lambda Throttles":                       {"FunctionName"},
	"AWS/Lambda IteratorAge":                     {"FunctionName"},
	"AWS/Lambda AsyncEventsDropped":              {"FunctionName"},
	"AWS/Lambda DestinationDeliveryFailures":     {"FunctionName"},
	"AWS/SQS ApproximateAgeOfOldestMessage":      {"QueueName"},
	"AWS/SQS ApproximateNumberOfMessagesVisible": {"QueueName"},
	"AWS/DynamoDB SystemErrors":                  {"TableName,Operation"},
	"AWS/DynamoDB SuccessfulRequestLatency":      {"TableName,Operation"},
	"AWS/DynamoDB TransactionConflict":           {"TableName"},
	"AWS/DynamoDB ReadThrottleEvents":            {"TableName"},
	"AWS/DynamoDB WriteThrottleEvents":           {"TableName"},
	"AWS/ApiGateway Latency":                     {"ApiId"},
	"AWS/ApiGateway Count":                       {"ApiId"},
	"AWS/ApiGateway 4xx":                         {"ApiId"},
	"AWS/ApiGateway 5xx":                         {"ApiId"},
	telemetry.Namespace + " ApiErrors":           {"stack"}, // the metric filter of the access log
	telemetry.Namespace + " *":                   {"stack", "stack,function", "stack,function,version"},
}

func TestEveryAlarmMetricHasEmitter(t *testing.T) {
	reported := map[string]bool{}
	for _, m := range telemetry.Metrics() {
		reported[string(m)] = false
	}
	for _, a := range alarms.List() {
		for _, m := range slices.Concat(a.Metrics, a.Related) {
			name := m.Namespace + " " + m.Name
			if _, ok := reported[m.Name]; ok && m.Namespace == telemetry.Namespace {
				reported[m.Name] = true
				name = telemetry.Namespace + " *"
			}
			var dimensions []string
			for _, d := range m.Dimensions {
				dimensions = append(dimensions, d.Name)
			}
			if !slices.Contains(emitters[name], strings.Join(dimensions, ",")) {
				t.Errorf("%s: %s with the dimensions %v has no emitter", a.ID, name, dimensions)
			}
		}
	}
	for name, watched := range reported {
		if !watched {
			t.Errorf("no alarm watches the metric %s, which the functions report", name)
		}
	}
}

func TestAlarmsAreWithinCloudWatchLimits(t *testing.T) {
	for _, a := range alarms.List() {
		if n := len(a.Metrics); n > 10 || (n == 1) == (a.Expression != "") {
			t.Errorf("%s has %d metrics and the expression %q", a.ID, n, a.Expression)
		}
		if a.Period%60 != 0 || a.Period*a.Periods > 24*60*60 {
			t.Errorf("%s evaluates %d periods of %d seconds", a.ID, a.Periods, a.Period)
		}
		if len(a.Description) > 1024 || strings.Contains(a.Description, `"`) {
			t.Errorf("%s: %s", a.ID, a.Description)
		}
	}
}

// TestAlarmsCoverWholeStack checks that the list contains all functions, queues and operations of the template and
// the code.
func TestAlarmsCoverWholeStack(t *testing.T) {
	tpl := readStack(t)
	check := failureCheck{tpl: tpl, queues: map[string]bool{}}
	want := map[string][]string{} // values of the last dimension by section
	for id, f := range tpl.Functions {
		want["LambdaThrottles"] = append(want["LambdaThrottles"], "${"+id+"}")
		want["LambdaErrors"] = append(want["LambdaErrors"], "${"+id+".Version.Version}")
		want["ReleaseErrors"] = append(want["ReleaseErrors"], "${"+id+".Version.Version}")
		for _, e := range f.Events {
			check.event(f, e)
			switch e.Type {
			case "ScheduleV2":
				want["ScheduleLate"] = append(want["ScheduleLate"], f.Name)
			case "SQS":
				want["QueueAge"] = append(want["QueueAge"], "${"+e.Source+".QueueName}")
			}
		}
	}
	for queue := range check.queues {
		want["DeadLetters"] = append(want["DeadLetters"], "${"+queue+".QueueName}")
	}
	calls := regexp.MustCompile(`\.Client\.(\w+)\(ctx`).FindAllStringSubmatch(
		sources(t, "../internal/table/dynamotable/*.go"), -1,
	)
	for _, call := range calls {
		// CreateTable is called on one machine only, and DescribeContinuousBackups once an hour by a separate
		// check.
		if call[1] != "CreateTable" && call[1] != "DescribeContinuousBackups" {
			want["TableErrors"] = append(want["TableErrors"], call[1])
		}
	}
	got := map[string][]string{}
	for _, a := range alarms.List() {
		for _, m := range a.Metrics {
			got[a.Section] = append(got[a.Section], m.Dimensions[len(m.Dimensions)-1].Value)
		}
	}
	for section, values := range want {
		slices.Sort(values)
		slices.Sort(got[section])
		if !slices.Equal(got[section], slices.Compact(values)) {
			t.Errorf("%s watches %v, want %v", section, got[section], values)
		}
	}
}

func TestDurationIsComparedWithTimeout(t *testing.T) {
	tpl := readStack(t)
	i := slices.IndexFunc(alarms.List(), func(a alarms.Alarm) bool { return a.ID == "LambdaDuration" })
	alarm := alarms.List()[i]
	terms := regexp.MustCompile(`FILL\(m(\d+), 0\) / (\d+)`).FindAllStringSubmatch(alarm.Expression, -1)
	if len(terms) != len(alarm.Metrics) {
		t.Fatalf("%d terms for %d metrics", len(terms), len(alarm.Metrics))
	}
	for i, m := range alarm.Metrics {
		f := tpl.Functions[strings.Trim(m.Dimensions[0].Value, "${}")]
		if want := []string{strconv.Itoa(i), strconv.Itoa(f.Timeout * 1000 / 100)}; !slices.Equal(terms[i][1:], want) {
			t.Errorf("%s: m%s is divided by %s, want %v", f.ID, terms[i][1], terms[i][2], want)
		}
	}
}

// sources returns the text of Go files except tests.
func sources(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	var all strings.Builder
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			all.WriteString(readSource(t, path))
		}
	}
	return all.String()
}
