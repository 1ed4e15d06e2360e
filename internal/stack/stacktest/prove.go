package stacktest

import (
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// A Part is a part of a function's policies. For each part, one test proves that the part is needed and sufficient.
type Part string

const (
	Table Part = "table" // the access to the table
	Rest  Part = "rest"  // the access to all other services
)

// partOf returns the part to which a statement belongs.
func partOf(s stack.Statement) Part {
	if strings.HasPrefix(s.Action[0], "dynamodb:") {
		return Table
	}
	return Rest
}

// Prove fails the test unless a part of a function's policies is exactly what the recorded calls need. No grant may be
// unused. If one statement, action, resource or key pattern is removed, the policy must deny a recorded call or, for a
// Deny statement, allow a call of Forbidden. Prove does not check that the policies allow the recorded calls, because
// this was checked when the calls were recorded.
func Prove(t testing.TB, g *access.Guard, function string, part Part, recorder *access.Recorder) {
	t.Helper()
	calls := recorder.Calls(function)
	if len(calls) == 0 {
		t.Errorf("%s: no calls were recorded", function)
		return
	}
	proved, other := split(g.Policies[function], part)
	for _, grant := range proved.Unused(calls, "dynamodb", "secretsmanager", "sqs", "ses", "sns", "events") {
		t.Errorf("%s: no test needs %s", function, grant)
	}
	forbidden := Forbidden(g)
	for _, m := range proved.Mutants() {
		mutant := slices.Concat(m.Policy, other)
		if !mutant.Denies(calls) && !mutant.Allows(forbidden) {
			t.Errorf("%s: no test detects that a policy lacks %s", function, m.Lacks)
		}
	}
}

// split returns the statements of the given part, and separately all other statements.
func split(p access.Policy, part Part) (of, other access.Policy) {
	for _, s := range p {
		if partOf(s) == part {
			of = append(of, s)
		} else {
			other = append(other, s)
		}
	}
	return of, other
}

// Forbidden returns calls that no function's policies may allow.
func Forbidden(g *access.Guard) (calls []access.Call) {
	write := func(action, key string) access.Call {
		return access.Call{
			Operation: "dynamodb:" + action, Resource: g.TableARN, Ops: []access.Op{{Action: action, Key: key}},
			Key: g.KeyARN,
		}
	}
	for _, action := range []string{"PutItem", "UpdateItem", "DeleteItem"} {
		calls = append(calls, write(action, "KEY#k1"), write(action, "P#bluebird"))
	}
	elsewhere := write("GetItem", "P#bluebird#M#mem_1")
	elsewhere.Resource = strings.Replace(g.TableARN, ":table/", ":table/other-", 1)
	return append(
		calls, elsewhere, write("Scan", "P#bluebird#M#mem_1"),
		access.Call{Operation: "sns:Publish", Resource: "arn:aws:sns:eu-west-1:123456789012:alarms"},
		access.Call{Operation: "sns:Publish", Resource: "arn:aws:sns:eu-west-1:123456789012:endpoint/APNS/app/1"},
		access.Call{Operation: "ses:SendEmail", Resource: "arn:aws:ses:eu-west-1:123456789012:identity/other.test"},
		access.Call{
			Operation: "ses:SendEmail", Resource: "arn:aws:ses:eu-west-1:123456789012:identity/hello@other.test",
		},
		access.Call{Operation: "ses:SendEmail", Resource: "arn:aws:ses:eu-west-1:123456789012:configuration-set/other"},
		access.Call{Operation: "events:PutEvents", Resource: "arn:aws:events:eu-west-1:123456789012:event-bus/default"},
		access.Call{
			Operation: "secretsmanager:GetSecretValue",
			Resource:  "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-a1b2c3", Key: g.KeyARN,
		},
		access.Call{Operation: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:123456789012:other", Key: g.KeyARN},
		access.Call{
			Operation: "kms:Decrypt", Resource: g.KeyARN,
		}, // a direct use of the key, not through another service
	)
}
