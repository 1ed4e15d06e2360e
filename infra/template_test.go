// Package infra holds what is not the application: scripts that check, build and try it. Its tests hold the
// template to the code, and to what cfn-lint lets pass.
package infra

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

type object = stack.Object

// A template is template.yaml as stack reads it, with its parts by name.
type template struct {
	all       object
	resources object
	functions map[string]object // properties by the name of the code directory, without Globals
}

func readYAML(t *testing.T, path string) object {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	document, err := stack.ParseYAML(source)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func readTemplate(t *testing.T) template {
	t.Helper()
	tpl := template{all: readYAML(t, "../template.yaml"), functions: map[string]object{}}
	tpl.resources = stack.At(tpl.all, "Resources").(object)
	for logical, r := range tpl.resources {
		if stack.At(r, "Type") != "AWS::Serverless::Function" {
			continue
		}
		uri, _ := stack.At(r, "Properties", "CodeUri").(string)
		name, ok := strings.CutPrefix(strings.TrimSuffix(uri, "/"), "build/")
		if !ok || tpl.functions[name] != nil {
			t.Fatalf("%s: CodeUri %q names no function of its own", logical, uri)
		}
		if want := strings.ToUpper(name[:1]) + name[1:] + "Function"; logical != want {
			t.Errorf("the function in %s is called %s, not %s", uri, logical, want)
		}
		tpl.functions[name] = stack.At(r, "Properties").(object)
	}
	return tpl
}

// ofType lists the resources of a type by name.
func (tpl template) ofType(want string) map[string]object {
	found := map[string]object{}
	for name, r := range tpl.resources {
		if stack.At(r, "Type") == want {
			found[name] = stack.At(r, "Properties").(object)
		}
	}
	return found
}

func TestRoutesAreTheSameInTheAPIItsDescriptionAndTheTemplate(t *testing.T) {
	tpl := readTemplate(t)
	served := map[string]string{} // function by route
	for _, r := range api.Routes() {
		served[r.Pattern] = r.Function
	}
	deployed := map[string]string{}
	for name, f := range tpl.functions {
		for event, e := range object(stack.At(f, "Events").(object)) {
			if stack.At(e, "Type") != "HttpApi" {
				continue
			}
			route := fmt.Sprint(stack.At(e, "Properties", "Method"), " ", stack.At(e, "Properties", "Path"))
			if stack.At(e, "Properties", "Method") == nil && stack.At(e, "Properties", "Path") == nil {
				route = api.DefaultRoute // SAM's reading of an event without both
			}
			if deployed[route] != "" {
				t.Errorf("%s is routed twice", route)
			}
			if stack.At(e, "Properties", "ApiId", "Ref") != "Api" {
				t.Errorf("%s of %s belongs to no API", event, name)
			}
			deployed[route] = name
		}
	}
	if deployed[api.DefaultRoute] != api.DefaultFunction {
		t.Errorf("%q serves requests that no route takes", deployed[api.DefaultRoute])
	}
	delete(deployed, api.DefaultRoute)
	if !maps.Equal(served, deployed) {
		t.Errorf("api.Routes and the template differ:\n%v\n%v", served, deployed)
	}
	described := []string{}
	for path, operations := range stack.At(readYAML(t, "../internal/api/openapi.yaml"), "paths").(object) {
		for method := range operations.(object) {
			if slices.Contains([]string{"get", "put", "post", "patch", "delete"}, method) {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(described)
	if want := slices.Sorted(maps.Keys(served)); !slices.Equal(described, want) {
		t.Errorf("openapi.yaml and api.Routes differ:\n%v\n%v", described, want)
	}
	for route := range stack.At(tpl.resources, "Api", "Properties", "RouteSettings").(object) {
		if served[route] == "" {
			t.Errorf("there is a throttle for %s, which is no route", route)
		}
	}
	if stack.At(tpl.resources, "Api", "Properties", "DefaultRouteSettings", "ThrottlingRateLimit") == nil {
		t.Error("routes without a throttle of their own have none")
	}
}

func TestEveryFunctionIsBuiltAndDeployedOnce(t *testing.T) {
	mains, err := filepath.Glob("../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, main := range mains {
		if name := filepath.Base(filepath.Dir(main)); name != "perennial" {
			dirs = append(dirs, name)
		}
	}
	deployed := slices.Sorted(maps.Keys(readTemplate(t).functions))
	if !slices.Equal(dirs, deployed) {
		t.Errorf("functions/ has %v and the template %v", dirs, deployed)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^FUNCTIONS := (.*)$`).FindSubmatch(makefile)
	built := strings.Fields(string(line[1]))
	if slices.Sort(built); !slices.Equal(built, deployed) {
		t.Errorf("the Makefile builds %v and the template wants %v", built, deployed)
	}
}

func TestSchedulesAreThoseOfTheLocalStack(t *testing.T) {
	deployed := map[string]string{}
	for name, f := range readTemplate(t).functions {
		for _, e := range stack.At(f, "Events").(object) {
			if stack.At(e, "Type") != "ScheduleV2" {
				continue
			}
			deployed[name] = stack.At(e, "Properties", "ScheduleExpression").(string)
			if stack.At(e, "Properties", "ScheduleExpressionTimezone") != "UTC" {
				t.Errorf("the schedule of %s is not in UTC", name)
			}
			if want := fmt.Sprintf(`{"schedule":%q,"time":"<aws.scheduler.scheduled-time>"}`, name); stack.At(e, "Properties", "Input") != want {
				t.Errorf("the schedule of %s sends %v, not %s", name, stack.At(e, "Properties", "Input"), want)
			}
		}
	}
	onOne := map[string]string{}
	for _, s := range local.Schedules() {
		onOne[s.Function] = s.Expression
	}
	if !maps.Equal(deployed, onOne) {
		t.Errorf("the template has %v and the local stack %v", deployed, onOne)
	}
}

func TestNoParameterIsUnused(t *testing.T) {
	tpl := readTemplate(t)
	source, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parameters := stack.At(tpl.all, "Parameters").(object)
	for name := range parameters {
		if !regexp.MustCompile(`!Ref ` + name + `\b|\$\{` + name + `\}`).Match(source) {
			t.Errorf("parameter %s is used nowhere", name)
		}
	}
	settings, err := os.ReadFile("../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`"(\w+)=([^"]*)"`).FindAllStringSubmatch(string(settings), -1) {
		allowed := stack.List(stack.At(parameters, m[1], "AllowedValues"))
		if parameters[m[1]] == nil || len(allowed) > 0 && !slices.Contains(allowed, any(m[2])) {
			t.Errorf("samconfig.toml sets %s, which the template does not take", m[0])
		}
	}
}
