package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/program"
)

// programFile writes the demo program with another ID and another cost for one reward.
func programFile(t *testing.T, id, cost string) string {
	t.Helper()
	source := strings.Replace(string(program.Demo()), "program: bluebird", "program: "+id, 1)
	source = strings.Replace(source, "cost: 500", "cost: "+cost, 1)
	path := filepath.Join(t.TempDir(), id+".yaml")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// liveProgram returns the ID and the live version of the printed key's program.
func liveProgram(t *testing.T, p *process) (id string, version float64) {
	t.Helper()
	status, answer, err := p.call("GET", "/v1/program", "", "")
	if err != nil || status != 200 {
		t.Fatal(status, answer, err)
	}
	return answer["program"].(string), answer["version"].(float64)
}

func TestRestartKeepsTheLiveVersionOfAFilePublishedBefore(t *testing.T) {
	data, first := t.TempDir(), programFile(t, "corner", "500")
	p := start(t, "--empty", "--json", "--data", data, "--program", first)
	if _, version := liveProgram(t, p); version != 1 {
		t.Fatalf("the first start publishes version %v", version)
	}
	_ = p.stop(syscall.SIGTERM)
	out, errs, status := run(t, "program", "publish", "--data", data, programFile(t, "corner", "450"))
	if status != 0 {
		t.Fatal(out, errs)
	}

	again := start(t, "--data", data, "--program", first)
	if !strings.Contains(again.said, "(corner), version 2\n           the file was published before, as version 1\n") {
		t.Errorf("the start does not print the live version:\n%s", again.said)
	}
	_ = again.stop(syscall.SIGTERM)
	changed := start(t, "--json", "--data", data, "--program", programFile(t, "corner", "400"))
	if _, version := liveProgram(t, changed); version != 3 {
		t.Errorf("a changed file is live as version %v", version)
	}
}

func TestRestartWithoutAProgramServesTheStoredOne(t *testing.T) {
	data := t.TempDir()
	p := start(t, "--empty", "--json", "--data", data, "--program", programFile(t, "corner", "500"))
	_ = p.stop(syscall.SIGTERM)
	again := start(t, "--json", "--data", data)
	if id, version := liveProgram(t, again); id != "corner" || version != 1 {
		t.Errorf("dev serves %s version %v", id, version)
	}
	if status, _, _ := again.call("GET", "/v1/members/external:demo-001", "", ""); status != 404 {
		t.Errorf("reading a demo member: %d; the demo must not be added to existing data", status)
	}
}

func TestSchedulesRunForEveryProgramInTheData(t *testing.T) {
	data, first := t.TempDir(), programFile(t, "corner", "500")
	p := start(t, "--empty", "--json", "--data", data, "--program", first)
	_ = p.stop(syscall.SIGTERM)
	if out, errs, status := run(t, "program", "publish", "--data", data, programFile(t, "second", "500")); status != 0 {
		t.Fatal(out, errs)
	}
	out, errs, status := run(t, "keys", "create", "--data", data, "--program", "second", "--scope", "admin")
	key := strings.TrimSpace(out)
	if at := strings.Index(out, "sk_"); at >= 0 {
		key = strings.Fields(out[at:])[0]
	}
	if status != 0 || key == "" {
		t.Fatal(out, errs)
	}

	again := start(t, "--json", "--data", data, "--program", first, "--clock", "2026-12-01T10:00:00Z")
	again.key = key
	enroll := `{"external_id":"m1"}`
	if status, answer, err := again.call("POST", "/v1/members", "the-key-of-member-1", enroll); status != 201 {
		t.Fatal(status, answer, err)
	}
	order := `{"member":"external:m1","placed_at":"2026-12-01T09:00:00Z","currency":"EUR","status":"paid",` +
		`"line_items": [{"id":"1","category":"mugs","quantity":1,"amount":2000}]}`
	if status, answer, err := again.call("PUT", "/v1/orders/1", "", order); status != 201 {
		t.Fatal(status, answer, err)
	}
	if _, errs, status := run(t, "clock", "--url", again.url, "+15d"); status != 0 {
		t.Fatal(errs)
	}
	_, answer, err := again.call("GET", "/v1/members/external:m1/entries", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if newest := answer["data"].([]any)[0].(map[string]any)["kind"]; newest != "activate" {
		t.Errorf("the newest entry in the second program is %v", newest)
	}
}
