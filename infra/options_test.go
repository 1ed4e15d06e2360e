package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// resolved returns the properties of a resource with the given parameters.
func resolved(t *testing.T, tpl *stack.Template, id string, parameters stack.Values) object {
	t.Helper()
	values := tpl.Names(
		stack.Deployment{Region: "eu-west-1", Account: "123456789012", StackName: "perennial", Resources: parameters},
	)
	properties := tpl.Resources[id].Properties
	if f := tpl.Functions[id]; f != nil {
		properties = f.Properties
	}
	v, err := tpl.Resolve(properties, values)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return v.(object)
}

func TestKeyEncryptsAllStoredData(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:123456789012:key/k"
	tpl := readStack(t)
	property := map[string][]string{ // the property with the key, by resource type
		"AWS::DynamoDB::Table":        {"SSESpecification", "KMSMasterKeyId"},
		"AWS::SecretsManager::Secret": {"KmsKeyId"},
		"AWS::SQS::Queue":             {"KmsMasterKeyId"},
		"AWS::Logs::LogGroup":         {"KmsKeyId"},
	}
	for id, r := range tpl.Resources {
		path := property[r.Type]
		if path == nil {
			continue
		}
		if got := stack.At(resolved(t, tpl, id, stack.Values{"KmsKeyArn": key}), path...); got != key {
			t.Errorf("%s is encrypted with %v", id, got)
		}
		if got := stack.At(resolved(t, tpl, id, nil), path...); got != nil {
			t.Errorf("without a key, %s is encrypted with %v", id, got)
		}
		if r.Type == "AWS::SQS::Queue" && resolved(t, tpl, id, nil)["SqsManagedSseEnabled"] != true {
			t.Errorf("without a key, %s is not encrypted", id)
		}
	}
	for stage, want := range map[string]any{"test": nil, "live": "KMS"} {
		table := resolved(t, tpl, "Table", stack.Values{"Stage": stage})
		if got := stack.At(table, "SSESpecification", "SSEType"); got != want {
			t.Errorf("stage %s: the table is encrypted with %v, want %v", stage, got, want)
		}
	}
}

// TestEveryRoleMayUseKey checks the key policy of each role. Tests of the functions' calls check that the roles may
// use the key through the services that they call.
func TestEveryRoleMayUseKey(t *testing.T) {
	tpl := readStack(t)
	attached := map[string]string{} // policies by role
	for _, id := range []string{"KeyPolicy", "QueueKeyPolicy"} {
		for _, role := range stack.List(tpl.Resources[id].Properties["Roles"]) {
			attached[stack.Referent(role)] += id + " "
		}
	}
	for id := range tpl.Functions {
		if !strings.Contains(attached[id+"Role"], "KeyPolicy") {
			t.Errorf("the role of %s may not use the key", id)
		}
	}
	if attached["ScheduleRole"] != "QueueKeyPolicy " {
		t.Errorf("ScheduleRole has %q but sends undelivered events to an encrypted queue", attached["ScheduleRole"])
	}
}

func TestParameterReservesConcurrency(t *testing.T) {
	tpl := readStack(t)
	for id, f := range tpl.Functions {
		ofAPI := slices.ContainsFunc(f.Events, func(e stack.Event) bool { return e.Type == "HttpApi" })
		want := "30"
		if ofAPI {
			want = "50"
		}
		got := resolved(
			t, tpl, id, stack.Values{"ApiConcurrency": "50", "WorkerConcurrency": "30"},
		)["ReservedConcurrentExecutions"]
		if got != want {
			t.Errorf("%s reserves %v, want %v", id, got, want)
		}
		if got := resolved(t, tpl, id, nil)["ReservedConcurrentExecutions"]; got != nil {
			t.Errorf("%s reserves %v without a parameter", id, got)
		}
	}
}

func TestParameterLimitsThroughput(t *testing.T) {
	tpl := readStack(t)
	for _, c := range []struct {
		parameters  stack.Values
		read, write any
	}{
		{nil, nil, nil},
		{stack.Values{"MaxReadUnits": "500"}, "500", nil},
		{stack.Values{"MaxWriteUnits": "-1"}, nil, "-1"},
		{stack.Values{"MaxReadUnits": "500", "MaxWriteUnits": "100"}, "500", "100"},
	} {
		table := resolved(t, tpl, "Table", c.parameters)
		for _, limited := range []any{table, stack.List(table["GlobalSecondaryIndexes"])[0]} {
			read := stack.At(limited, "OnDemandThroughput", "MaxReadRequestUnits")
			write := stack.At(limited, "OnDemandThroughput", "MaxWriteRequestUnits")
			if read != c.read || write != c.write {
				t.Errorf("%v: limits %v and %v", c.parameters, read, write)
			}
		}
	}
}

func TestLogsHaveRetention(t *testing.T) {
	tpl := readStack(t)
	groups := map[string]bool{}
	for id, f := range tpl.Functions {
		group := stack.Referent(stack.At(f.Properties, "LoggingConfig", "LogGroup"))
		if tpl.Resources[group].Type != "AWS::Logs::LogGroup" || groups[group] {
			t.Errorf("%s has no separate log group", id)
		}
		if stack.At(f.Properties, "LoggingConfig", "LogFormat") != "JSON" || f.Properties["Tracing"] != "Active" {
			t.Errorf("%s does not log JSON or is not traced", id)
		}
		groups[group] = true
	}
	for id := range tpl.OfType("AWS::Logs::LogGroup") {
		for _, c := range []struct {
			parameters stack.Values
			want       any
		}{
			{nil, uint64(30)},
			{stack.Values{"Stage": "live"}, uint64(365)},
			{stack.Values{"Stage": "live", "LogRetention": "90"}, "90"},
		} {
			if got := resolved(t, tpl, id, c.parameters)["RetentionInDays"]; got != c.want {
				t.Errorf("%v: %s retains logs for %v days, want %v", c.parameters, id, got, c.want)
			}
		}
	}
}
