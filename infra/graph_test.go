package infra

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/infra/samtest"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// TestTransformedTemplateHasNoCircularDependency checks that the template has no circular references, with which
// CloudFormation cannot create the resources.
func TestTransformedTemplateHasNoCircularDependency(t *testing.T) {
	for i, tpl := range samtest.Transform(
		t, samtest.Parameters{"EnableCanary": "false"}, samtest.Parameters{"EnableCanary": "true"},
	) {
		if cycle := findCycle(dependencies(tpl)); cycle != nil {
			t.Errorf("canary %v: %s", i == 1, strings.Join(cycle, " -> "))
		}
	}
}

// TestGraphFindsReintroducedCycles checks that the graph contains the references that caused cycles in the past.
// Without them, the test above would prove nothing.
func TestGraphFindsReintroducedCycles(t *testing.T) {
	url := object{
		"Fn::If": []any{
			"HasDomain", "", object{"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
		},
	}
	for _, c := range []struct{ canary, function string }{
		{"false", "RemindersFunction"}, // Api -> alias -> function -> Api
		{"true", "RemindFunction"},     // Api -> alias -> deployment group -> alarm -> function -> Api
	} {
		tpl := samtest.Transform(t, samtest.Parameters{"EnableCanary": c.canary})[0]
		stack.At(tpl, "Resources", c.function, "Properties", "Environment", "Variables").(object)["PERENNIAL_URL"] = url
		cycle := findCycle(dependencies(tpl))
		if !slices.Contains(cycle, "Api") || !slices.Contains(cycle, c.function) {
			t.Errorf("canary %s: no cycle through Api and %s: %v", c.canary, c.function, cycle)
		}
	}
}

// dependencies returns, for each resource of a transformed template, the resources to which it refers in Ref,
// Fn::GetAtt, Fn::Sub or DependsOn, in both branches of an Fn::If.
func dependencies(tpl object) map[string][]string {
	resources := stack.At(tpl, "Resources").(object)
	graph := map[string][]string{}
	for name, r := range resources {
		found := map[string]bool{}
		for _, other := range append(references(r), texts(stack.At(r, "DependsOn"))...) {
			if resources[other] != nil {
				found[other] = true
			}
		}
		graph[name] = slices.Sorted(maps.Keys(found))
	}
	return graph
}

var substitution = regexp.MustCompile(`\$\{([^!.}][^.}]*)`)

// references returns the names to which a value refers. Some are parameters, pseudo parameters or variables of an
// Fn::Sub.
func references(v any) (names []string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			names = append(names, references(e)...)
		}
	case object:
		for k, e := range v {
			switch k {
			case "Ref":
				names = append(names, texts(e)...)
			case "Fn::GetAtt":
				name, _, _ := strings.Cut(texts(e)[0], ".")
				names = append(names, name)
			case "Fn::Sub":
				for _, m := range substitution.FindAllStringSubmatch(texts(e)[0], -1) {
					names = append(names, m[1])
				}
				names = append(names, references(e)...)
			default:
				names = append(names, references(e)...)
			}
		}
	}
	return names
}

// texts returns the strings of a value that is a string or a list.
func texts(v any) (all []string) {
	for _, e := range stack.List(v) {
		if s, ok := e.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// findCycle returns the names along one cycle of the graph, or nil.
func findCycle(graph map[string][]string) []string {
	var path []string
	done := map[string]bool{}
	var visit func(string) []string
	visit = func(name string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return append(slices.Clone(path[i:]), name)
		}
		if done[name] {
			return nil
		}
		path = append(path, name)
		for _, next := range graph[name] {
			if cycle := visit(next); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[name] = true
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(graph)) {
		if cycle := visit(name); cycle != nil {
			return cycle
		}
	}
	return nil
}
