package stacktest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

func TestGuardHasPoliciesOfEachFunction(t *testing.T) {
	g := stacktest.Guard(t)
	for _, f := range stacktest.Template(t).Functions {
		if len(g.Policies[f.Name]) == 0 {
			t.Errorf("%s has no policies", f.Name)
		}
	}
	if !strings.Contains(g.TableARN, ":table/perennial-Table") {
		t.Errorf("the table is %s", g.TableARN)
	}
}

// TestGuardReportsDenials checks that a denied call fails the guard's test.
func TestGuardReportsDenials(t *testing.T) {
	g := stacktest.Guard(t)
	var denied []error
	g.Denied = func(err error) { denied = append(denied, err) }
	create := access.Call{
		Operation: "dynamodb:PutItem", Resource: g.TableARN, Ops: []access.Op{{Action: "PutItem", Key: "KEY#k1"}},
	}
	for name := range g.Policies {
		if err := g.Check(name, create); err == nil {
			t.Errorf("%s may create an API key", name)
		}
	}
	if len(denied) != len(g.Policies) {
		t.Errorf("%d denials were reported for %d functions", len(denied), len(g.Policies))
	}
}

func TestNoFunctionMayMakeAForbiddenCall(t *testing.T) {
	g := stacktest.Guard(t)
	for name, policy := range g.Policies {
		for _, c := range stacktest.Forbidden(g) {
			if policy.Allows([]access.Call{c}) {
				t.Errorf("%s may call %s on %s %v", name, c.Operation, c.Resource, c.Ops)
			}
		}
	}
}

// TestUnconfiguredChannelIsDenied checks that without email, text messages or a bus, no function may send that way.
func TestUnconfiguredChannelIsDenied(t *testing.T) {
	tpl := stacktest.Template(t)
	g, err := access.New(tpl, tpl.Names(stacktest.Deployment))
	if err != nil {
		t.Fatal(err)
	}
	for name, policy := range g.Policies {
		for _, s := range policy {
			for _, action := range s.Action {
				if s.Effect == "Allow" &&
					slices.Contains([]string{"ses:SendEmail", "sns:Publish", "events:PutEvents"}, action) {
					t.Errorf("%s may %s", name, action)
				}
			}
		}
	}
}
