package infra

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/samtest"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A change is a new value of one parameter.
type change struct {
	before, after samtest.Parameters
	functions     []string // short names of the functions whose configuration changes
}

var everyFunction = []string{
	"earn", "members", "programs", "reassess", "redeem", "relay", "remind", "reminders", "webhooks",
}

// changes has an entry for every parameter of the template.
var changes = map[string]change{
	"Stage":         {after: samtest.Parameters{"Stage": "live"}, functions: everyFunction},
	"EnableCanary":  {after: samtest.Parameters{"EnableCanary": "true"}},
	"AlarmTopicArn": {after: samtest.Parameters{"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"}},
	"MailFrom": {
		after: samtest.Parameters{"MailFrom": "hello@example.com"}, functions: []string{"remind", "reminders"},
	},
	"SmsSender": {after: samtest.Parameters{"SmsSender": "Bluebird"}, functions: []string{"remind", "reminders"}},
	"PushBus":   {after: samtest.Parameters{"PushBus": "push"}, functions: []string{"remind", "reminders"}},
	"WebhookUrl": {
		after: samtest.Parameters{"WebhookUrl": "https://example.com/in"}, functions: []string{"remind", "reminders"},
	},
	"OidcIssuer":      {after: samtest.Parameters{"OidcIssuer": "https://i.example"}, functions: []string{"programs"}},
	"OidcClientId":    {after: samtest.Parameters{"OidcClientId": "console"}, functions: []string{"programs"}},
	"OidcRedirectUrl": {after: samtest.Parameters{"OidcRedirectUrl": "https://c"}, functions: []string{"programs"}},
	"PublicUrl": {
		after: samtest.Parameters{"PublicUrl": "https://api.example.com"}, functions: []string{"remind"},
	},
	"DomainName":     {domain("a.example.com"), domain("b.example.com"), []string{"remind"}},
	"CertificateArn": {samtest.Parameters{"DomainName": "a.example.com"}, domain("a.example.com"), []string{"remind"}},
	"HostedZoneId":   {after: samtest.Parameters{"HostedZoneId": "Z1"}},

	"KmsKeyArn":         {after: samtest.Parameters{"KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k"}},
	"LogRetention":      {after: samtest.Parameters{"LogRetention": "7"}},
	"ApiConcurrency":    {after: samtest.Parameters{"ApiConcurrency": "50"}},
	"WorkerConcurrency": {after: samtest.Parameters{"WorkerConcurrency": "20"}},
	"MaxReadUnits":      {after: samtest.Parameters{"MaxReadUnits": "1000"}},
	"MaxWriteUnits":     {after: samtest.Parameters{"MaxWriteUnits": "1000"}},
}

func domain(name string) samtest.Parameters {
	return samtest.Parameters{"DomainName": name, "CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/1"}
}

// TestNewValueOfParameterPublishesVersions checks the aliases through which requests reach a function. A
// parameter's new value takes effect if the alias moves to a new version of exactly the functions whose
// configuration has changed: Lambda does not publish a second version of an unchanged function.
func TestNewValueOfParameterPublishesVersions(t *testing.T) {
	tpl := samtest.Templates(t, samtest.Parameters{"EnableCanary": "true"})[0]
	for name := range tpl.Parameters {
		c, ok := changes[name]
		if !ok {
			t.Errorf("the test has no change of %s", name)
			continue
		}
		before, after := deploy(t, tpl, c.before), deploy(t, tpl, c.after)
		if got := differing(before.configurations, after.configurations); !slices.Equal(got, c.functions) {
			t.Errorf("%s changes the configuration of %v, want %v", name, got, c.functions)
		}
		if got := differing(before.versions, after.versions); !slices.Equal(got, c.functions) {
			t.Errorf("%s moves the aliases of %v to new versions, want %v", name, got, c.functions)
		}
	}
}

// TestTransformDoesNotDependOnValues justifies that the test above deploys one transformed template with many
// values: SAM does not replace references to parameters, so the transformed template is the same for all values.
func TestTransformDoesNotDependOnValues(t *testing.T) {
	all := samtest.Parameters{}
	for _, c := range changes {
		maps.Copy(all, c.after)
	}
	both := samtest.Transform(t, samtest.Parameters{"EnableCanary": "true"}, all)
	if !reflect.DeepEqual(both[0], both[1]) {
		t.Error("the transformed template depends on the values of parameters")
	}
}

func TestVersionCheckDetectsMutations(t *testing.T) {
	for _, c := range []struct {
		mutation  string
		resource  string
		old, new  string
		parameter string
	}{
		{"a setting is not counted", "SenderSettings", "${WebhookUrl}", "", "WebhookUrl"},
		{
			"the count is not in the description", "RemindFunctionVersion", "${LinkSettings.VersionNumber}", "",
			"PublicUrl",
		},
		{
			"the description has a value that the function does not get", "EarnFunctionVersion", "${Stage}",
			"${PushBus}", "PushBus",
		},
	} {
		tpl := samtest.Templates(t, samtest.Parameters{"EnableCanary": "true"})[0]
		for id, r := range tpl.Resources {
			if strings.HasPrefix(id, c.resource) {
				r.Properties = edited(t, r.Properties, c.old, c.new)
				tpl.Resources[id] = r
			}
		}
		change := changes[c.parameter]
		before, after := deploy(t, tpl, change.before), deploy(t, tpl, change.after)
		if got := differing(before.versions, after.versions); slices.Equal(got, change.functions) {
			t.Errorf("not detected: %s", c.mutation)
		}
	}
}

// edited returns a copy of an object with a text replaced. The text must occur in it.
func edited(t *testing.T, o object, old, replacement string) (changed object) {
	t.Helper()
	source := encode(t, o)
	if !strings.Contains(source, old) {
		t.Fatalf("no %s in %s", old, source)
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(source, old, replacement)), &changed); err != nil {
		t.Fatal(err)
	}
	return changed
}

// A deployed contains the versions of a stack's functions. Both maps are by the function's short name.
type deployed struct {
	configurations map[string]string // the configuration that Lambda stores with a version
	versions       map[string]string // the version of the alias
}

// deploy computes the result of a deployment by CloudFormation. CloudFormation replaces function versions and
// hosted configurations when any of their properties changes; the new resource has a new number.
func deploy(t *testing.T, tpl *stack.Template, parameters samtest.Parameters) deployed {
	t.Helper()
	values := tpl.Names(stack.Deployment{Region: "eu-west-1", Account: "123456789012", StackName: "perennial"})
	for name, value := range parameters {
		values[name] = value
	}
	resolve := func(v any) string {
		resolved, err := tpl.Resolve(v, values)
		if err != nil {
			t.Fatal(err)
		}
		return encode(t, resolved)
	}
	for id, r := range tpl.OfType("AWS::AppConfig::HostedConfigurationVersion") {
		values[id+".VersionNumber"] = resolve(r.Properties)
	}
	for id, r := range tpl.OfType("AWS::Lambda::Version") {
		values[id+".Version"] = id + resolve(r.Properties)
	}
	d := deployed{map[string]string{}, map[string]string{}}
	for _, f := range tpl.Functions {
		stored := maps.Clone(f.Properties)
		delete(stored, "ReservedConcurrentExecutions") // belongs to the function, not to a version
		delete(stored, "Tags")
		d.configurations[f.Name] = resolve(stored)
	}
	for _, r := range tpl.OfType("AWS::Lambda::Alias") {
		d.versions[tpl.Functions[stack.Referent(r.Properties["FunctionName"])].Name] = resolve(
			r.Properties["FunctionVersion"],
		)
	}
	return d
}

// differing returns the keys whose values differ.
func differing(a, b map[string]string) (keys []string) {
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if a[k] != b[k] {
			keys = append(keys, k)
		}
	}
	return keys
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
