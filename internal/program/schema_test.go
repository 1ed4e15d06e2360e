package program

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// eachKey calls f with every key that the schema describes, by its path, with * for the entries of lists.
func eachKey(t *testing.T, f func(path string, schema map[string]any)) {
	t.Helper()
	form, err := document.TheForm()
	if err != nil {
		t.Fatal(err)
	}
	var walk func(path string, schema map[string]any)
	walk = func(path string, schema map[string]any) {
		for _, place := range []string{"properties", "patternProperties"} {
			for name, s := range document.AsMap(schema[place]) {
				f(validate.Join(path, name), document.AsMap(s))
				walk(validate.Join(path, name), document.AsMap(s))
			}
		}
		if items := document.AsMap(schema["items"]); items != nil {
			walk(validate.Join(path, "*"), items)
		}
	}
	walk("", document.AsMap(form.Plain))
	for name, s := range document.AsMap(document.AsMap(form.Plain)["definitions"]) {
		f("#"+name, document.AsMap(s))
		walk("#"+name, document.AsMap(s))
	}
}

func TestTheSchemaDescribesEveryKey(t *testing.T) {
	keys := 0
	eachKey(t, func(path string, schema map[string]any) {
		keys++
		if _, isRef := schema["$ref"]; isRef {
			return // the definition to which it refers has the description
		}
		if s, _ := schema["description"].(string); !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, ".)") {
			t.Errorf("%s is described as %q", path, s)
		}
	})
	if keys < 100 {
		t.Errorf("only %d keys were looked at", keys)
	}
}

// Each example must match the schema of its key. A key that is only a $ref has the examples of its definition.
func TestTheSchemaHasExamplesOfEveryKey(t *testing.T) {
	eachKey(t, func(path string, schema map[string]any) {
		if _, isRef := schema["$ref"]; isRef {
			return
		}
		examples, _ := schema["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("%s has no examples", path)
			return
		}
		alone := map[string]any{"definitions": definitions(t)}
		for k, v := range schema {
			alone[k] = v
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("alone.json", alone); err != nil {
			t.Fatal(err)
		}
		compiled, err := compiler.Compile("alone.json")
		if err != nil {
			t.Fatal(path, err)
		}
		for _, example := range examples {
			if err := compiled.Validate(example); err != nil {
				t.Errorf("%s: %v is no example: %v", path, example, err)
			}
		}
	})
}

func definitions(t *testing.T) any {
	t.Helper()
	form, err := document.TheForm()
	if err != nil {
		t.Fatal(err)
	}
	return document.AsMap(form.Plain)["definitions"]
}

func TestTheSchemaSaysOfTheSameKeysAsTheCodeThatTheyAreNotSupportedYet(t *testing.T) {
	var said []string
	words := map[string]string{}
	eachKey(t, func(path string, schema map[string]any) {
		description, _ := schema["description"].(string)
		if strings.HasPrefix(description, "Not supported yet. ") && !strings.HasPrefix(path, "#") {
			said = append(said, path)
		} else if strings.Contains(description, "not supported yet") {
			words[path] = description
		}
	})
	said = slices.DeleteFunc(said, func(path string) bool {
		return slices.ContainsFunc(
			validate.Later, func(section string) bool { return strings.HasPrefix(path, section+".") },
		)
	})
	slices.Sort(said)
	if diff := cmp.Diff(validate.Later, said); diff != "" {
		t.Errorf("the code (-) and the schema (+) differ:\n%s", diff)
	}
	for path, later := range validate.LaterValues {
		for _, word := range later {
			if !strings.Contains(words[path], word) {
				t.Errorf("of %s the schema says %q, nothing of %s", path, words[path], word)
			}
		}
	}
	if len(words) != len(validate.LaterValues) {
		t.Errorf("the schema has %d such enumerations, the code %d", len(words), len(validate.LaterValues))
	}
}

func TestTheReadmeAndTheChangelogListWhatIsNotSupportedYet(t *testing.T) {
	list := slices.Clone(validate.Later)
	for _, path := range slices.Sorted(maps.Keys(validate.LaterValues)) {
		for _, word := range validate.LaterValues[path] {
			list = append(list, path+": "+word)
		}
	}
	want := "\"not supported yet\" (`" + strings.Join(list, "`, `") + "`)"
	for _, name := range []string{"README.md", "CHANGELOG.md"} {
		source, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(strings.Fields(string(source)), " "), want) {
			t.Errorf("%s does not list what is %s", name, want)
		}
	}
}

func TestTheSchemaBoundsTheLengthOfEveryList(t *testing.T) {
	eachKey(t, func(path string, schema map[string]any) {
		if schema["type"] == "array" && schema["maxItems"] == nil {
			t.Errorf("%s has no bound", path)
		}
	})
}

func TestListsAreBounded(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i, i)
		}
		return b.String()
	}
	base := "version: 1\nprogram: corner\nname: Corner\npoints: { one: point, other: points }\ntimezone: UTC\n" +
		"earn:\n  purchase: { rates: { EUR: 1 per 1.00 }, pending: 0 days, expires: never }\n"
	tiers := "tiers:\n  qualify: { by: orders, window: lifetime }\n  keep_for: 1 year\n  levels:\n"
	cases := []struct {
		path, head, entry string
		most              int
	}{
		{"rewards", "rewards:\n", "  - { id: r%d, type: free_shipping, cost: 1, name: R%d }\n", 500},
		{"earn.categories", "  categories:\n", "    - { id: c%d, category: c%d, multiply: 2 }\n", 200},
		{"tiers.levels", tiers, "    - { id: l%d, name: L, from: %d }\n", 50},
		{"earn.rules", "  rules:\n", "    - { id: r%d, fixed: 1, channels: [c%d] }\n", 1000},
		{
			"earn.actions", "  actions:\n", "    - { id: a%d, event: review.approved, points: 1, segments: [s%d] }\n",
			200,
		},
		{
			"campaigns", "campaigns:\n",
			"  - { id: c%d, fixed: 1, channels: [c%d], from: 2026-07-01T00:00, until: 2026-08-01T00:00 }\n", 5000,
		},
		{"stacking", "stacking:\n", "  - { id: g%d, mode: best } # %d\n", 50},
		{"milestones", "milestones:\n", "  - { id: m%d, count: order.completed, target: 5, points: 1 } # %d\n", 200},
		{"events", "events:\n", "  e%d: { states: [s%d] }\n", 100},
		{
			"examples", "examples:\n",
			"  - { name: S%d, at: 2026-12-01T10:00, " +
				"order: { currency: EUR, line_items: [ { sku: s%d, amount: 1.00 } ] }, expect: 1 }\n",
			200,
		},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			_, problems := Compile([]byte(base + c.head + many(c.most, c.entry)))
			if err := problems.Err(); err != nil {
				t.Errorf("%d are refused: %v", c.most, err)
			}
			_, problems = Compile([]byte(base + c.head + many(c.most+1, c.entry)))
			if len(problems) != 1 || problems[0].Path != c.path ||
				!strings.Contains(problems[0].Message, fmt.Sprint(c.most)) {
				t.Errorf("%d are answered with %v", c.most+1, problems)
			}
		})
	}
}
