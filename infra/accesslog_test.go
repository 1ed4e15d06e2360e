package infra

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// TestAccessLogMetricCountsFailedResponses tests the metric filter ApiErrors, which counts responses of 500 or more
// in the API's access log.
func TestAccessLogMetricCountsFailedResponses(t *testing.T) {
	tpl := readStack(t)
	format := stack.At(resolved(t, tpl, "Api", stack.Values{"Stage": "test"}), "AccessLogSettings", "Format").(string)
	filter := resolved(t, tpl, "ApiErrorCount", nil)
	for _, c := range []struct {
		route, status string
		counted       bool
	}{
		{"PUT /v1/orders/{order}", "201", false},
		{"PUT /v1/orders/{order}", "409", false},
		{"PUT /v1/orders/{order}", "500", true},
		{"PUT /v1/orders/{order}", "503", true},
		{"POST /v1/webhooks/{program}/{provider}", "200", false},
		{"POST /v1/webhooks/{program}/{provider}", "500", true},
		{"POST /v1/webhooks/{program}/{provider}", "503", false}, // not configured
		{"$default", "404", false},
	} {
		text := regexp.MustCompile(`\$context\.[\w.]+`).ReplaceAllStringFunc(format, func(variable string) string {
			switch variable {
			case "$context.status":
				return c.status
			case "$context.routeKey":
				return c.route
			}
			return "-"
		})
		var line map[string]string
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if got := matches(t, filter["FilterPattern"].(string), line); got != c.counted {
			t.Errorf("%s of %s is counted: %v, want %v", c.status, c.route, got, c.counted)
		}
		dimension := stack.List(stack.At(stack.List(filter["MetricTransformations"])[0], "Dimensions"))[0]
		if stack.At(dimension, "Key") != "stack" ||
			line[strings.TrimPrefix(stack.At(dimension, "Value").(string), "$.")] != "perennial" {
			t.Errorf("the metric has the dimension %v", dimension)
		}
	}
}

// matches evaluates a CloudWatch Logs filter pattern for JSON lines. Except for = in place of ==, its grammar is
// Go's.
func matches(t *testing.T, pattern string, line map[string]string) bool {
	t.Helper()
	source := strings.Trim(strings.ReplaceAll(pattern, " = ", " == "), "{} ")
	expression, err := parser.ParseExpr(strings.ReplaceAll(source, "$.", ""))
	if err != nil {
		t.Fatal(err)
	}
	var holds func(ast.Expr) bool
	holds = func(e ast.Expr) bool {
		if p, ok := e.(*ast.ParenExpr); ok {
			return holds(p.X)
		}
		b := e.(*ast.BinaryExpr)
		switch b.Op {
		case token.LAND:
			return holds(b.X) && holds(b.Y)
		case token.LOR:
			return holds(b.X) || holds(b.Y)
		}
		value, ok := line[b.X.(*ast.Ident).Name]
		wanted, err := strconv.Unquote(b.Y.(*ast.BasicLit).Value)
		if !ok || err != nil {
			t.Fatalf("%s: the line lacks the field: %v", pattern, line)
		}
		glob := "^" + strings.ReplaceAll(regexp.QuoteMeta(wanted), `\*`, ".*") + "$"
		return regexp.MustCompile(glob).MatchString(value) == (b.Op == token.EQL)
	}
	return holds(expression)
}
