package infra

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

func TestTemplateHasNoMistakes(t *testing.T) {
	for _, mistake := range mistakes(readStack(t)) {
		t.Error(mistake)
	}
}

func TestMistakesAreDetected(t *testing.T) {
	source := readSource(t, "../template.yaml")
	for _, c := range []struct{ old, mistake string }{
		{"StreamViewType: NEW_IMAGE", "StreamViewType: NEW_IMAGES"},
		{"cron(35 * * * ? *)", "rate(1 minutes)"},
		{"cron(35 * * * ? *)", "cron(35 * * * *)"},
		{"Type: Canary10Percent5Minutes", "Type: Canary10Percent5Min"},
		{"Method: DELETE", "Method: DELET"},
		{"Action: [sqs:SendMessage]", "Action: [sqs:SendMesage]"},
		{"CodeUri: build/relay/", "CodeUri: build/replay/"},
		{"  MailFrom:\n", "  Unused: { Type: String, Default: \"\" }\n  MailFrom:\n"},
		{"  HasMail: ", "  Unused: !Equals [!Ref Stage, live]\n  HasMail: "},
		{"Metadata: { SkipBuild: true }", "Metadata: { SkipBuild: false }"},
		{"AttributeName: ttl", "AttributeName: expires"},
		{"DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false"},
		{"PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"},
	} {
		if !strings.Contains(source, c.old) {
			t.Fatalf("the template does not contain %q", c.old)
		}
		tpl, err := stack.Parse([]byte(strings.Replace(source, c.old, c.mistake, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if len(mistakes(tpl)) == 0 {
			t.Errorf("not detected: %s", c.mistake)
		}
	}
}

// mistakes returns problems that AWS would reject or that have no effect, and that cfn-lint 1.58 accepts.
func mistakes(tpl *stack.Template) []string {
	return slices.Concat(tableMistakes(tpl), functionMistakes(tpl), wrongActions(tpl.Document), unused(tpl))
}

func tableMistakes(tpl *stack.Template) (found []string) {
	for id, r := range tpl.OfType("AWS::DynamoDB::Table") {
		for property, want := range map[string]struct {
			path []string
			want any
		}{
			"new images in its stream, which the relay reads": {
				[]string{"StreamSpecification", "StreamViewType"}, "NEW_IMAGE",
			},
			"the attribute ttl":        {[]string{"TimeToLiveSpecification", "AttributeName"}, "ttl"},
			"protection from deletion": {[]string{"DeletionProtectionEnabled"}, true},
			"point-in-time recovery": {
				[]string{"PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"}, true,
			},
			"a recovery period of 35 days": {
				[]string{"PointInTimeRecoverySpecification", "RecoveryPeriodInDays"}, uint64(35),
			},
		} {
			if stack.At(r.Properties, want.path...) != want.want {
				found = append(found, fmt.Sprintf("%s lacks %s", id, property))
			}
		}
	}
	return found
}

var (
	schedule = regexp.MustCompile(
		`^(rate\((1 (minute|hour|day)|([2-9]|\d{2,}) (minutes|hours|days))\)|cron\((\S+ ){5}\S+\))$`,
	)
	method = regexp.MustCompile(`^(GET|PUT|POST|PATCH|DELETE) /|^\$default$`)
	shifts = []string{ // CodeDeploy's predefined deployments of Lambda functions
		"AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes",
		"Canary10Percent30Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes",
		"Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes",
	}
)

func functionMistakes(tpl *stack.Template) (found []string) {
	wrong := func(f *stack.Function, format string, values ...any) {
		found = append(found, f.ID+": "+fmt.Sprintf(format, values...))
	}
	for _, f := range tpl.Functions {
		if _, err := os.Stat("../functions/" + f.Name + "/main.go"); err != nil || f.Code != "build/"+f.Name+"/" {
			wrong(f, "there is no function for the code %s", f.Code)
		}
		if stack.At(tpl.Resources[f.ID].Attributes, "Metadata", "SkipBuild") != true {
			wrong(f, "sam build would use other flags")
		}
		if shift := fmt.Sprint(
			stack.At(f.Properties, "DeploymentPreference", "Type"),
		); !slices.Contains(shifts, shift) {
			wrong(f, "CodeDeploy has no deployment %s", shift)
		}
		for _, e := range f.Events {
			if e.Type == "HttpApi" && !method.MatchString(e.Route) {
				wrong(f, "%s is not a route", e.Route)
			}
			if e.Type == "ScheduleV2" && !schedule.MatchString(e.Schedule) {
				wrong(f, "%s is not a schedule", e.Schedule)
			}
		}
	}
	return found
}

// actions contains all actions that the template may allow. Tests of the functions check that each function needs
// its actions.
var actions = []string{
	"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem",
	"dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "dynamodb:DescribeContinuousBackups",
	"secretsmanager:GetSecretValue", "sqs:SendMessage", "ses:SendEmail", "sns:Publish", "events:PutEvents",
	"lambda:InvokeFunction", "sts:AssumeRole",
	"kms:*", // in the policy of the key DataKey, for the account that owns it
	"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey",
}

// wrongActions returns the actions in all policies of the template that do not exist or are not needed.
func wrongActions(v any) (found []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			found = append(found, wrongActions(e)...)
		}
	case object:
		for _, action := range stack.List(v["Action"]) {
			if !slices.Contains(actions, fmt.Sprint(action)) {
				found = append(found, fmt.Sprintf("the action %v is misspelled or not needed", action))
			}
		}
		for _, e := range v {
			found = append(found, wrongActions(e)...)
		}
	}
	return found
}

// unused returns the parameters and conditions that have no effect.
func unused(tpl *stack.Template) (found []string) {
	document := maps.Clone(tpl.Document)
	delete(document, "Parameters")
	delete(document, "Rules") // a rule gives a parameter no effect
	used := map[string]bool{}
	for _, name := range references(document) {
		used[name] = true
	}
	for name := range tpl.Parameters {
		if !used[name] {
			found = append(found, "the parameter "+name+" is unused")
		}
	}
	conditions := usedConditions(document)
	for name := range tpl.Conditions {
		if !slices.Contains(conditions, name) {
			found = append(found, "the condition "+name+" is unused")
		}
	}
	return found
}

// usedConditions returns the conditions to which a value refers.
func usedConditions(v any) (names []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			names = append(names, usedConditions(e)...)
		}
	case object:
		for k, e := range v {
			if name, ok := e.(string); ok && k == "Condition" {
				names = append(names, name)
			}
			if k == "Fn::If" {
				names = append(names, fmt.Sprint(stack.List(e)[0]))
			}
			names = append(names, usedConditions(e)...)
		}
	}
	return names
}
