// Package infra contains the scripts that check, build and deploy the product. Its tests compare template.yaml with
// the code, and check properties that cfn-lint does not check.
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

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

type object = stack.Object

func readStack(t *testing.T) *stack.Template {
	t.Helper()
	tpl, err := stack.Read("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func readSource(t *testing.T, path string) string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

func TestRoutesMatchInCodeOpenAPIAndTemplate(t *testing.T) {
	served := map[string]string{request.DefaultRoute: request.DefaultFunction} // function by route
	for _, r := range request.Routes() {
		served[r.Pattern] = r.Function
	}
	tpl := readStack(t)
	deployed := map[string]string{}
	for id, f := range tpl.Functions {
		for _, e := range f.Events {
			if e.Type != "HttpApi" {
				continue
			}
			if deployed[e.Route] != "" {
				t.Errorf("%s is routed twice", e.Route)
			}
			if stack.Referent(e.Properties["ApiId"]) != "Api" {
				t.Errorf("the event %s of %s belongs to no API", e.Name, id)
			}
			deployed[e.Route] = f.Name
		}
	}
	if !maps.Equal(served, deployed) {
		t.Errorf("request.Routes and the template differ:\n%v\n%v", served, deployed)
	}
	checkThrottles(t, tpl, served)
	delete(served, request.DefaultRoute)
	if got, want := describedRoutes(t), slices.Sorted(maps.Keys(served)); !slices.Equal(got, want) {
		t.Errorf("openapi.yaml and request.Routes differ:\n%v\n%v", got, want)
	}
}

// describedRoutes returns the routes of openapi.yaml, sorted.
func describedRoutes(t *testing.T) (routes []string) {
	t.Helper()
	description, err := stack.ParseYAML([]byte(readSource(t, "../internal/api/openapi.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	for path, operations := range description["paths"].(object) {
		for method := range operations.(object) {
			if slices.Contains([]string{"get", "put", "post", "patch", "delete"}, method) {
				routes = append(routes, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(routes)
	return routes
}

func checkThrottles(t *testing.T, tpl *stack.Template, served map[string]string) {
	t.Helper()
	settings := tpl.Resources["Api"].Properties
	for route := range settings["RouteSettings"].(object) {
		if served[route] == "" {
			t.Errorf("there is a throttle for %s, which is not a route", route)
		}
	}
	if stack.At(settings, "DefaultRouteSettings", "ThrottlingRateLimit") == nil {
		t.Error("the default throttle is missing")
	}
}

func TestEveryFunctionIsBuiltAndDeployedOnce(t *testing.T) {
	mains, err := filepath.Glob("../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, main := range mains {
		if name := filepath.Base(filepath.Dir(main)); name != "perennial" {
			written = append(written, name)
		}
	}
	var deployed []string
	for _, f := range readStack(t).Functions {
		deployed = append(deployed, f.Name)
	}
	if slices.Sort(deployed); !slices.Equal(written, deployed) {
		t.Errorf("functions/ has %v and the template %v", written, deployed)
	}
	line := regexp.MustCompile(`(?m)^FUNCTIONS := (.*)$`).FindStringSubmatch(readSource(t, "../Makefile"))
	built := strings.Fields(line[1])
	if slices.Sort(built); !slices.Equal(built, deployed) {
		t.Errorf("the Makefile builds %v and the template has %v", built, deployed)
	}
}

func TestSchedulesMatchLocalStack(t *testing.T) {
	deployed := map[string]string{}
	for _, f := range readStack(t).Functions {
		for _, e := range f.Events {
			if e.Type != "ScheduleV2" {
				continue
			}
			deployed[f.Name] = e.Schedule
			if e.Properties["ScheduleExpressionTimezone"] != "UTC" {
				t.Errorf("the schedule of %s is not in UTC", f.Name)
			}
			want := fmt.Sprintf(`{"schedule":%q,"time":"<aws.scheduler.scheduled-time>"}`, f.Name)
			if e.Properties["Input"] != want {
				t.Errorf("the schedule of %s sends %v, want %s", f.Name, e.Properties["Input"], want)
			}
		}
	}
	onOneMachine := map[string]string{}
	for _, s := range local.Schedules() {
		onOneMachine[s.Function] = s.Expression
	}
	if !maps.Equal(deployed, onOneMachine) {
		t.Errorf("the template has %v and the local stack %v", deployed, onOneMachine)
	}
}

func TestSAMConfigSetsKnownParameters(t *testing.T) {
	tpl := readStack(t)
	settings := regexp.MustCompile(`"(\w+)=([^"]*)"`).FindAllStringSubmatch(readSource(t, "../samconfig.toml"), -1)
	if len(settings) == 0 {
		t.Error("samconfig.toml sets no parameter")
	}
	for _, m := range settings {
		p, ok := tpl.Parameters[m[1]]
		if !ok || p.AllowedValues != nil && !slices.Contains(p.AllowedValues, m[2]) {
			t.Errorf("samconfig.toml sets %s, which the template does not allow", m[0])
		}
	}
}
