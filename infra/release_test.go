package infra

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/infra/samtest"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// TestFailingVersionRaisesItsReleaseAlarm checks that a version that returns status 500 raises the alarm that its
// deployment watches, and no other function's alarm. The metric is read from the function's log line.
func TestFailingVersionRaisesItsReleaseAlarm(t *testing.T) {
	tpl := samtest.Templates(t, samtest.Parameters{"EnableCanary": "true"})[0]
	values := tpl.Names(stack.Deployment{Region: "eu-west-1", Account: "123456789012", StackName: "perennial"})
	for id := range tpl.OfType("AWS::Lambda::Version") {
		values[id+".Version"] = "8"
	}
	for _, c := range []struct {
		status  int
		version string
		raised  []string
	}{
		{500, "8", []string{"EarnReleaseErrors"}},
		{503, "8", []string{"EarnReleaseErrors"}},
		{500, "7", nil}, // the previous version, which still serves most requests
		{409, "8", nil},
		{201, "8", nil},
	} {
		published := publish(t, func(log *slog.Logger) {
			telemetry.Answered(t.Context(), log, telemetry.Request{
				Origin: telemetry.Origin{Function: "earn", Version: c.version}, Status: c.status, At: time.Unix(0, 0),
			})
		})
		var raised []string
		for id, r := range tpl.OfType("AWS::CloudWatch::Alarm") {
			if strings.HasSuffix(id, "ReleaseErrors") && published[metricOf(t, tpl, r, values)] > 0 {
				raised = append(raised, id)
			}
		}
		if !slices.Equal(raised, c.raised) {
			t.Errorf("status %d of version %s raises %v, want %v", c.status, c.version, raised, c.raised)
		}
	}
	group := stack.At(tpl.Resources["EarnFunctionDeploymentGroup"].Properties, "AlarmConfiguration")
	if stack.At(group, "Enabled") != true || !strings.Contains(encode(t, group), `{"Ref":"EarnReleaseErrors"}`) {
		t.Errorf("the deployment group watches %v", group)
	}
}

// publish returns the metrics in the lines that f logs, as CloudWatch reads them: values by namespace, name and
// dimensions.
func publish(t *testing.T, f func(*slog.Logger)) map[string]float64 {
	t.Helper()
	var out bytes.Buffer
	f(telemetry.NewLog(&out, slog.LevelInfo, "perennial"))
	published := map[string]float64{}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for _, directive := range stack.List(stack.At(line, "_aws", "CloudWatchMetrics")) {
		for _, set := range stack.List(stack.At(directive, "Dimensions")) {
			var dimensions []string
			for _, name := range stack.List(set) {
				dimensions = append(dimensions, name.(string)+"="+line[name.(string)].(string))
			}
			for _, m := range stack.List(stack.At(directive, "Metrics")) {
				name := stack.At(m, "Name").(string)
				published[stack.At(directive, "Namespace").(string)+" "+name+" "+
					strings.Join(dimensions, ",")] = line[name].(float64)
			}
		}
	}
	return published
}

// metricOf returns the namespace, name and dimensions of an alarm's metric.
func metricOf(t *testing.T, tpl *stack.Template, alarm stack.Resource, values stack.Values) string {
	t.Helper()
	resolved, err := tpl.Resolve(alarm.Properties, values)
	if err != nil {
		t.Fatal(err)
	}
	var dimensions []string
	for _, d := range stack.List(stack.At(resolved, "Dimensions")) {
		dimensions = append(dimensions, stack.At(d, "Name").(string)+"="+stack.At(d, "Value").(string))
	}
	return stack.At(resolved, "Namespace").(string) + " " + stack.At(resolved, "MetricName").(string) + " " +
		strings.Join(dimensions, ",")
}
