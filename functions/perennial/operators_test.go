package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestOperatorsAreManagedInDataDirectory adds, changes and removes operators, and reads the audit list.
func TestOperatorsAreManagedInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	file := writeProgram(t)
	if _, err, status := run(t, "program", "publish", "--data", data, file); status != 0 {
		t.Fatal(err)
	}
	operators := func(want int, args ...string) string {
		t.Helper()
		args = append([]string{"operators", args[0], "--data", data, "--program", "bluebird"}, args[1:]...)
		out, err, status := run(t, args...)
		if status != want {
			t.Errorf("%v: %d %s %s", args, status, out, err)
		}
		return strings.TrimSpace(out) + err
	}
	owner := operators(0, "add", "--role", "owner", "Grace@shop.test")
	if !regexp.MustCompile(`^op_\w{12}$`).MatchString(owner) {
		t.Errorf("the command printed %q", owner)
	}
	again := operators(1, "add", "--role", "clerk", "grace@shop.test")
	if !strings.Contains(again, "already has an operator") {
		t.Error(again)
	}
	if got := operators(1, "remove", owner); !strings.Contains(got, "must have an owner") {
		t.Error(got)
	}
	if got := operators(1, "update", "--role", "clerk", "op_unknown"); !strings.Contains(got, "no such operator") {
		t.Error(got)
	}
	clerk := operators(0, "add", "--role", "clerk", "hal@shop.test")
	operators(0, "update", "--role", "support", "--max-adjustment", "50", clerk)
	operators(0, "remove", clerk)
	got := regexp.MustCompile(` +`).ReplaceAllString(operators(0, "list"), " ")
	for _, line := range []string{owner + " grace@shop.test owner invited", clerk + " hal@shop.test support removed"} {
		if !strings.Contains(got, line) {
			t.Errorf("the list has no line %q:\n%s", line, got)
		}
	}
	// The audit list is complete when the stack has stopped.
	if err := start(t, "--empty", "--json", "--data", data, "--program", file).stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--empty", "--json", "--data", data, "--program", file)
	_, answer, err := p.call("GET", "/v1/audit?page_size=100", "", "")
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, r := range answer["data"].([]any) {
		r := r.(map[string]any)
		resource := r["resource"].(string)
		if r["actor"].(map[string]any)["id"] == "command_line" && strings.HasPrefix(resource, "operator:") {
			actions = append(actions, r["action"].(string)+" "+resource)
		}
	}
	want := []string{
		"remove_operator operator:" + clerk, "update_operator operator:" + clerk, "create_operator operator:" + clerk,
		"create_operator operator:" + owner,
	}
	if !slices.Equal(actions, want) {
		t.Errorf("the audit list has %v", actions)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}
