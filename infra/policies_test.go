package infra

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/samtest"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

func TestPermissionsAreSpecific(t *testing.T) {
	known := []string{
		"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem",
		"dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "secretsmanager:GetSecretValue", "sqs:SendMessage",
		"ses:SendEmail", "sns:Publish", "events:PutEvents", describeBackups,
		"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey",
	}
	patterns := map[string]string{ // the resources that cannot be specified
		"sns:Publish":   "*", // a phone number; topics are denied
		"ses:SendEmail": "arn:aws:ses:eu-west-1:123456789012:identity/*@bluebird.test",
	}
	for name, policy := range stacktest.Guard(t).Policies {
		for _, s := range policy {
			for _, action := range s.Action {
				if !slices.Contains(known, action) {
					t.Errorf("%s may %s, which is misspelled or not needed", name, action)
				}
				checkKeys(t, name, action, s)
				for _, r := range s.Resource {
					if s.Effect == "Allow" && strings.Contains(r, "*") && patterns[action] != r {
						t.Errorf("%s may %s on every resource that matches %s", name, action, r)
					}
				}
			}
		}
	}
}

// describeBackups is the only action on the table that concerns no item.
const describeBackups = "dynamodb:DescribeContinuousBackups"

// checkKeys requires that access to the table is limited to named partitions. No function may write API keys, only the
// programs function may write programs, and only the relay may write transparency logs, audit lists and lists of
// members, and nothing else.
func checkKeys(t *testing.T, function, action string, s stack.Statement) {
	t.Helper()
	if !strings.HasPrefix(action, "dynamodb:") || action == describeBackups {
		return
	}
	if len(s.Condition) != 1 || s.Condition[0].Operator != "ForAllValues:StringLike" ||
		s.Condition[0].Key != "dynamodb:LeadingKeys" {
		t.Errorf("%s may %s with the conditions %v", function, action, s.Condition)
		return
	}
	if slices.Contains([]string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}, action) {
		return
	}
	for _, pattern := range s.Condition[0].Values {
		for key, writers := range map[string][]string{
			"KEY#k1": nil, "PROGRAMS": {"programs"}, "P#bluebird": nil, "P#bluebird#PROGRAM": {"programs"},
			"P#bluebird#LOG": {"relay"}, "P#bluebird#AUDIT": {"relay"}, "P#bluebird#LIST#mem_1": {"relay"},
		} {
			if access.Like(pattern, key) && !slices.Contains(writers, function) {
				t.Errorf("%s may %s in the partition %s", function, action, key)
			}
		}
	}
	for _, pattern := range s.Condition[0].Values {
		if function == "relay" && !slices.Contains([]string{"P#*#LOG", "P#*#AUDIT", "P#*#LIST#*"}, pattern) {
			t.Errorf("%s may %s in the partition %s", function, action, pattern)
		}
	}
}

// TestTransformedRolesHaveTestedPolicies checks that the policies of the transformed roles are those that the
// functions' tests evaluate. SAM only adds the permission to send failed invocations to their queue, which Lambda
// uses and no function.
func TestTransformedRolesHaveTestedPolicies(t *testing.T) {
	for _, parameters := range []samtest.Parameters{samtest.Parameters(stacktest.Parameters), {}} {
		transformed := transform(t, parameters)
		tpl := stacktest.Template(t)
		for _, id := range tpl.FunctionIDs() {
			written := statements(t, tpl, id, parameters)
			made := statements(t, transformed, id, parameters)
			for _, s := range made {
				if !slices.ContainsFunc(written, func(w stack.Statement) bool { return reflect.DeepEqual(w, s) }) &&
					!isDestination(s) {
					t.Errorf("%s: SAM adds %v", id, s)
				}
			}
			for _, w := range written {
				if !slices.ContainsFunc(made, func(s stack.Statement) bool { return reflect.DeepEqual(w, s) }) {
					t.Errorf("%s: SAM drops %v", id, w)
				}
			}
		}
	}
}

func isDestination(s stack.Statement) bool {
	return slices.Equal(s.Action, []string{"sqs:SendMessage"}) && len(s.Resource) == 1 &&
		strings.HasSuffix(s.Resource[0], "Failures")
}

func transform(t *testing.T, parameters samtest.Parameters) *stack.Template {
	t.Helper()
	source, err := json.Marshal(samtest.Transform(t, parameters)[0])
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := stack.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func statements(t *testing.T, tpl *stack.Template, id string, parameters samtest.Parameters) []stack.Statement {
	t.Helper()
	values := tpl.Names(stacktest.Deployment)
	for name, value := range parameters {
		values[name] = value
	}
	f := tpl.Functions[id]
	if f == nil {
		t.Fatalf("%s is not a function", id)
	}
	all, err := tpl.Statements(f, values)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
