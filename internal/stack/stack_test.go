package stack_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

const small = `
Parameters:
  Stage: { Type: String, Default: test, AllowedValues: [test, live] }
  Limit: { Type: Number, Default: 3 }
  Sender: { Type: String }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  HasSender: !Not [!Equals [!Ref Sender, ""]]
  SendsLive: !And [!Condition IsLive, !Condition HasSender]
  Either: !Or [!Condition IsLive, !Condition HasSender]
Globals:
  Function:
    Timeout: 10
    MemorySize: 512
    Layers: [global]
    Environment: { Variables: { STAGE: !Ref Stage, LIMIT: !Ref Limit } }
Resources:
  Table: { Type: AWS::DynamoDB::Table, DeletionPolicy: Retain }
  Queue: { Type: AWS::SQS::Queue, Condition: HasSender, Properties: { VisibilityTimeout: 360 } }
  EarnFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: build/earn/
      Timeout: 29
      Layers: [own]
      Environment:
        Variables:
          SENDER: !If [HasSender, !Ref Sender, !Ref AWS::NoValue]
          URL: !Sub "https://${Api}.${AWS::Region}/${!literal}"
      Policies:
        - Statement:
            - Sid: Read
              Effect: Allow
              Action: dynamodb:GetItem
              Resource: [!GetAtt Table.Arn, !Sub ["${Arn}/index/*", { Arn: !GetAtt Table.Arn }]]
              Condition:
                ForAllValues:StringLike:
                  dynamodb:LeadingKeys: ["P#*"]
            - !If [IsLive, { Sid: Live, Effect: Deny, Action: "kms:Decrypt", Resource: "*" }, !Ref AWS::NoValue]
      Events:
        Get: { Type: HttpApi, Properties: { Method: get, Path: "/v1/orders/{order}" } }
        Rest: { Type: HttpApi }
        Work: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } }
        Hourly: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 hour) } }
`

var values = stack.Values{
	"Sender": "", "Api": "a1", "AWS::Region": "eu-west-1", "Table.Arn": "arn:aws:dynamodb:eu-west-1:1:table/T",
}

func parse(t *testing.T, source string) *stack.Template {
	t.Helper()
	tpl, err := stack.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// with returns values with one of them replaced.
func with(name, value string) stack.Values {
	changed := stack.Values{name: value}
	for k, v := range values {
		if k != name {
			changed[k] = v
		}
	}
	return changed
}

func TestGlobalPropertiesAreMerged(t *testing.T) {
	tpl := parse(t, small)
	f, err := tpl.Function("earn")
	if err != nil {
		t.Fatal(err)
	}
	if f.ID != "EarnFunction" || f.Timeout != 29 || f.MemorySize != 512 {
		t.Errorf("got %s, timeout %d, memory %d", f.ID, f.Timeout, f.MemorySize)
	}
	if want := []any{"global", "own"}; !cmp.Equal(f.Properties["Layers"], any(want)) {
		t.Errorf("layers %v, want %v", f.Properties["Layers"], want)
	}
	if _, err := tpl.Function("redeem"); err == nil {
		t.Error("an unknown function was found")
	}
}

func TestEnvironmentResolvesReferences(t *testing.T) {
	tpl := parse(t, small)
	f := tpl.Functions["EarnFunction"]
	for _, c := range []struct {
		values stack.Values
		want   map[string]string
	}{
		{values, map[string]string{"STAGE": "test", "LIMIT": "3", "URL": "https://a1.eu-west-1/${literal}"}},
		{with("Sender", "Bird"), map[string]string{
			"STAGE": "test", "LIMIT": "3", "URL": "https://a1.eu-west-1/${literal}", "SENDER": "Bird",
		}},
	} {
		got, err := tpl.Environment(f, c.values)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := tpl.Environment(f, nil); err == nil || !strings.Contains(err.Error(), "no value for Sender") {
		t.Errorf("a reference without a value resolved: %v", err)
	}
}

func TestConditionsCombine(t *testing.T) {
	tpl := parse(t, small)
	for _, c := range []struct {
		stage, sender string
		and, or       bool
	}{
		{"test", "", false, false},
		{"live", "", false, true},
		{"test", "Bird", false, true},
		{"live", "Bird", true, true},
	} {
		v := stack.Values{"Stage": c.stage, "Sender": c.sender}
		for name, want := range map[string]bool{"SendsLive": c.and, "Either": c.or} {
			got, err := tpl.Resolve(stack.Object{"Condition": name}, v)
			if err != nil || got != want {
				t.Errorf("%s with %v is %v, %v; want %v", name, v, got, err, want)
			}
		}
	}
}

func TestResolveEvaluatesKnownFunctionsOnly(t *testing.T) {
	tpl := parse(t, small)
	join := stack.Object{"Fn::Join": []any{":", []any{"arn", stack.Object{"Ref": "Api"}}}}
	if got, err := tpl.Resolve(join, values); err != nil || got != "arn:a1" {
		t.Errorf("got %v, %v", got, err)
	}
	domain := stack.Object{
		"Fn::Select": []any{uint64(1), stack.Object{"Fn::Split": []any{"@", stack.Object{"Fn::Sub": "hello@${Api}@"}}}},
	}
	if got, err := tpl.Resolve(domain, values); err != nil || got != "a1" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []stack.Object{
		{"Fn::Select": []any{uint64(2), []any{"a", "b"}}},
		{"Fn::Split": []any{"@"}},
		{"Fn::ImportValue": "x"},
		{"Ref": "Nothing"},
		{"Condition": "Nothing"},
		{"Fn::If": []any{"IsLive", "one"}},
		{"Fn::Sub": "${Nothing}"},
		{"Fn::Equals": []any{"one"}},
		{"Fn::Not": []any{}},
	} {
		if got, err := tpl.Resolve(bad, values); err == nil {
			t.Errorf("%v resolved to %v", bad, got)
		}
	}
}

func TestStatementsAreResolved(t *testing.T) {
	tpl := parse(t, small)
	got, err := tpl.Statements(tpl.Functions["EarnFunction"], with("Stage", "live"))
	if err != nil {
		t.Fatal(err)
	}
	table := "arn:aws:dynamodb:eu-west-1:1:table/T"
	want := []stack.Statement{
		{
			Sid: "Read", Effect: "Allow", Action: []string{"dynamodb:GetItem"},
			Resource: []string{table, table + "/index/*"},
			Condition: []stack.Condition{
				{Operator: "ForAllValues:StringLike", Key: "dynamodb:LeadingKeys", Values: []string{"P#*"}},
			},
		},
		{Sid: "Live", Effect: "Deny", Action: []string{"kms:Decrypt"}, Resource: []string{"*"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := tpl.Statements(tpl.Functions["EarnFunction"], values); err != nil || len(got) != 1 {
		t.Errorf("the conditional statement is not dropped: %v, %v", got, err)
	}
}

func TestStatementsRejectUnknownParts(t *testing.T) {
	for _, policies := range []string{
		`AWSLambdaBasicExecutionRole`,
		`[{ DynamoDBCrudPolicy: { TableName: T } }]`,
		`[{ Statement: [{ Effect: Allow, Action: a:B, NotResource: "*" }] }]`,
		`[{ Statement: [{ Effect: Allow, NotAction: a:B, Resource: "*" }] }]`,
		`[{ Statement: [{ Effect: Maybe, Action: a:B, Resource: "*" }] }]`,
		`[{ Statement: [{ Effect: Allow, Action: a:B }] }]`,
		`[{ Statement: [{ Effect: Allow, Action: [a:B], Resource: "*" }] }]`,
	} {
		tpl := parse(
			t, `{ Resources: { F: { Type: AWS::Serverless::Function, Properties: { Policies: `+policies+` } } } }`,
		)
		if got, err := tpl.Statements(tpl.Functions["F"], nil); err == nil {
			t.Errorf("%s: %v", policies, got)
		}
	}
}

func TestEventsHaveSource(t *testing.T) {
	f := parse(t, small).Functions["EarnFunction"]
	var got []string
	for _, e := range f.Events {
		got = append(got, e.Name+" "+e.Type+" "+e.Route+e.Schedule+e.Source)
	}
	want := []string{
		"Get HttpApi GET /v1/orders/{order}", "Hourly ScheduleV2 rate(1 hour)", "Rest HttpApi $default",
		"Work SQS Queue",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	bad := `{ Resources: { F: { Type: AWS::Serverless::Function, Properties: { Events: { E: { Type: Kinesis } } } } } }`
	if _, err := stack.Parse([]byte(bad)); err == nil {
		t.Error("an event of an unknown type was accepted")
	}
}

func TestParametersAndResources(t *testing.T) {
	tpl := parse(t, small)
	want := map[string]stack.Parameter{
		"Stage":  {Type: "String", Default: "test", HasDefault: true, AllowedValues: []string{"test", "live"}},
		"Limit":  {Type: "Number", Default: "3", HasDefault: true},
		"Sender": {Type: "String"},
	}
	if diff := cmp.Diff(want, tpl.Parameters); diff != "" {
		t.Error(diff)
	}
	queues := tpl.OfType("AWS::SQS::Queue")
	if q, ok := queues["Queue"]; !ok || len(queues) != 1 || q.Condition != "HasSender" ||
		q.Properties["VisibilityTimeout"] != uint64(360) {
		t.Errorf("queues %v", queues)
	}
	if tpl.Resources["Table"].Attributes["DeletionPolicy"] != "Retain" {
		t.Error("the table's deletion policy is missing")
	}
}

func TestStatementsIncludePoliciesOfRole(t *testing.T) {
	tpl := parse(t, `
Parameters: { Key: { Type: String, Default: "" } }
Conditions: { HasKey: !Not [!Equals [!Ref Key, ""]] }
Resources:
  EarnFunction: { Type: AWS::Serverless::Function, Properties: { Policies: [] } }
  KeyPolicy:
    Type: AWS::IAM::Policy
    Condition: HasKey
    Properties:
      Roles: [!Ref OtherRole, !Ref EarnFunctionRole]
      PolicyDocument: { Statement: [{ Effect: Allow, Action: "kms:Decrypt", Resource: !Ref Key }] }
`)
	for key, want := range map[string]int{"": 0, "arn:aws:kms:eu-west-1:1:key/k": 1} {
		got, err := tpl.Statements(tpl.Functions["EarnFunction"], stack.Values{"Key": key})
		if err != nil || len(got) != want || want == 1 && got[0].Resource[0] != key {
			t.Errorf("with the key %q: %v, %v", key, got, err)
		}
	}
}

// A transformed template has each function's policies in the function's role.
func TestStatementsOfATransformedTemplate(t *testing.T) {
	source := `{"Resources": {
		"EarnFunction": {"Type": "AWS::Lambda::Function", "Properties": {
			"Role": {"Fn::GetAtt": ["EarnFunctionRole", "Arn"]}}},
		"EarnFunctionRole": {"Type": "AWS::IAM::Role", "Properties": {
			"Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [
				{"Sid": "Read", "Effect": "Allow", "Action": ["a:B"], "Resource": {"Fn::Sub": "${Table.Arn}"}}]}}]}}}}`
	tpl := parse(t, source)
	f, err := tpl.Function("earn")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tpl.Statements(f, values)
	want := []stack.Statement{{
		Sid: "Read", Effect: "Allow", Action: []string{"a:B"},
		Resource: []string{"arn:aws:dynamodb:eu-west-1:1:table/T"},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
