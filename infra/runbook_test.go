package infra

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/alarms"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

func TestRunbookHasSectionForEachAlarm(t *testing.T) {
	_, rest, _ := strings.Cut(readSource(t, "runbook.md"), "\n## Alarms\n")
	chapter, _, _ := strings.Cut(rest, "\n## ")
	sections := strings.Split(chapter, "\n### ")[1:]
	var described []string
	for _, section := range sections {
		title, text, _ := strings.Cut(section, "\n")
		described = append(described, title)
		for _, part := range []string{"\n**Meaning.** ", "\n**Look at** ", "\n**Do.** "} {
			if !strings.Contains(text, part) {
				t.Errorf("the section %s has no paragraph %q", title, strings.TrimSpace(part))
			}
		}
	}
	var listed []string
	for _, a := range alarms.List() {
		if !slices.Contains(listed, a.Section) {
			listed = append(listed, a.Section)
		}
	}
	slices.Sort(listed)
	slices.Sort(described)
	if !slices.Equal(described, listed) {
		t.Errorf("the runbook describes %v, and the list has %v", described, listed)
	}
}

// TestRunbookNamesExist checks the parameters, outputs and commands in the runbook.
func TestRunbookNamesExist(t *testing.T) {
	runbook := readSource(t, "runbook.md")
	tpl := readStack(t)
	for _, name := range []string{
		"AlarmTopicArn", "EnableCanary", "KmsKeyArn", "ApiConcurrency", "WorkerConcurrency", "MaxReadUnits",
		"MaxWriteUnits",
	} {
		if _, ok := tpl.Parameters[name]; !ok || !strings.Contains(runbook, name) {
			t.Errorf("the template or the runbook has no parameter %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`([A-Z][A-Za-z]+(?:Secret|Queues))`").FindAllStringSubmatch(runbook, -1) {
		if _, ok := tpl.Resources[m[1]]; !ok && stack.At(tpl.Document, "Outputs", m[1]) == nil {
			t.Errorf("the template has no %s", m[1])
		}
	}
}

// TestRunbookKeyPolicyIsComplete checks that the key policy in the runbook allows every service that uses the key
// directly: those to which the template gives no role.
func TestRunbookKeyPolicyIsComplete(t *testing.T) {
	_, rest, _ := strings.Cut(readSource(t, "runbook.md"), "```json\n")
	text, _, _ := strings.Cut(rest, "```")
	var policy object
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		t.Fatal(err)
	}
	services := map[string]string{}
	for _, s := range stack.List(policy["Statement"]) {
		services[fmt.Sprint(stack.At(s, "Principal", "Service"))] = fmt.Sprint(stack.At(s, "Action"))
	}
	tpl := readStack(t)
	if len(tpl.OfType("AWS::Logs::LogGroup")) > 0 &&
		!strings.Contains(services["logs.eu-west-1.amazonaws.com"], "kms:Encrypt") {
		t.Error("the key policy does not allow log groups")
	}
	if len(tpl.OfType("AWS::SQS::QueuePolicy")) > 0 &&
		!strings.Contains(services["events.amazonaws.com"], "kms:GenerateDataKey") {
		t.Error("the key policy does not allow the rule to send to an encrypted queue")
	}
	prefix := strings.TrimSuffix(regexp.MustCompile(`log-group:(\S*)\*`).FindStringSubmatch(text)[1], "*")
	for id := range tpl.OfType("AWS::Logs::LogGroup") {
		name := resolved(t, tpl, id, nil)["LogGroupName"].(string)
		if !strings.HasPrefix(name, prefix) {
			t.Errorf("the key policy does not allow the log group %s", name)
		}
	}
}
