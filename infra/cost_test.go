package infra

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/alarms"
	"github.com/perennial-loyalty/perennial/internal/cost"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// TestCostEstimateMatchesTemplate checks that the estimate of costs assumes the resources of the template.
func TestCostEstimateMatchesTemplate(t *testing.T) {
	source := readSource(t, "../template.yaml")
	tpl, err := stack.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	assumed := cost.Assumed()
	metrics, queues, schedules := 0, 0, 0
	for _, a := range alarms.List() {
		metrics += len(a.Metrics)
	}
	for _, f := range tpl.Functions {
		if float64(f.MemorySize)/1024 != assumed.MemoryGB {
			t.Errorf("%s has %d MB, and the estimate assumes %g GB", f.Name, f.MemorySize, assumed.MemoryGB)
		}
		for _, e := range f.Events {
			switch e.Type {
			case "SQS":
				queues++
			case "ScheduleV2":
				schedules++
				if s, _ := e.Properties["ScheduleExpression"].(string); !regexp.MustCompile(
					`^cron\([0-9]+ \* \* \* \? \*\)$`,
				).MatchString(s) {
					t.Errorf("%s runs at %s, and the estimate assumes once an hour", f.Name, s)
				}
			}
		}
	}
	secrets := len(tpl.OfType("AWS::SecretsManager::Secret"))
	if metrics != assumed.AlarmMetrics || queues != assumed.Queues || schedules != assumed.Schedules ||
		secrets != assumed.Secrets {
		t.Errorf("the template has %d alarm metrics, %d queues with workers, %d schedules and %d secrets, "+
			"and the estimate assumes %+v",
			metrics, queues, schedules, secrets, assumed)
	}
}

func TestCostEstimateAssumesAccessLog(t *testing.T) {
	source := readSource(t, "../template.yaml")
	_, format, _ := strings.Cut(source, "        Format: !Sub >-\n")
	format, _, _ = strings.Cut(format, "}\n")
	fields := func(line string) (names []string) {
		var entry map[string]string
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for name := range entry {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	want, got := fields(strings.ReplaceAll(format, "\n", " ")+"}"), fields(cost.Assumed().AccessLog)
	if !slices.Equal(want, got) {
		t.Errorf("the access log has %q, and the estimate assumes %q", want, got)
	}
}
