package stack_test

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// TestShippedTemplateIsRead checks that every value of template.yaml that the package serves can be read and
// resolved.
func TestShippedTemplateIsRead(t *testing.T) {
	tpl, err := stack.Read("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := tpl.Names(stack.Deployment{Region: "eu-west-1", Account: "123456789012", StackName: "perennial"})
	if len(tpl.Functions) == 0 {
		t.Fatal("no functions")
	}
	for _, id := range tpl.FunctionIDs() {
		f := tpl.Functions[id]
		if f.Code != "build/"+f.Name+"/" || !strings.EqualFold(id, f.Name+"Function") {
			t.Errorf("%s has the code %q", id, f.Code)
		}
		if f.Timeout == 0 || f.MemorySize == 0 || len(f.Events) == 0 {
			t.Errorf("%s: timeout %d, memory %d, %d events", id, f.Timeout, f.MemorySize, len(f.Events))
		}
		statements, err := tpl.Statements(f, names)
		if err != nil || len(statements) == 0 {
			t.Errorf("%s: statements %v, %v", id, statements, err)
		}
		env, err := tpl.Environment(f, names)
		if err != nil || env["PERENNIAL_TABLE"] != "perennial-Table" {
			t.Errorf("%s: environment %v, %v", id, env, err)
		}
		for _, e := range f.Events {
			if e.Type == "SQS" && tpl.Resources[e.Source].Type != "AWS::SQS::Queue" {
				t.Errorf("%s: %s reads from %q, which is not a queue", id, e.Name, e.Source)
			}
		}
	}
}
