package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestVerifyChecksDataOfDev stops a stack once and kills it once. All entries are in the log after the next start.
func TestVerifyChecksDataOfDev(t *testing.T) {
	data, outside := t.TempDir(), t.TempDir()
	checkpoint := filepath.Join(outside, "bluebird.txt")
	enroll := func(p *process, id string) {
		t.Helper()
		body := `{"external_id":"` + id + `"}`
		if status, answer, err := p.call("POST", "/v1/members", "the-key-of-member-"+id, body); status != 201 {
			t.Fatal(status, answer, err)
		}
	}
	verify := func(want string, args ...string) string {
		t.Helper()
		out, errs, status := run(t, append([]string{"verify", "--data", data}, args...)...)
		if status != 0 || !strings.Contains(out, want) {
			t.Fatalf("%s\n%s\nwant %s", out, errs, want)
		}
		return out
	}
	p := start(t, "--empty", "--json", "--data", data, "--checkpoints", outside)
	enroll(p, "m1")
	_ = p.stop(syscall.SIGTERM)
	first, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	verify("not in the log yet 0, violations 0", "--checkpoint", checkpoint)
	if out := verify("violations 0"); !strings.Contains(out, "bluebird: not anchored") {
		t.Error(out)
	}

	p = start(t, "--json", "--data", data, "--checkpoints", outside)
	enroll(p, "m2")
	_ = p.stop(syscall.SIGKILL)
	p = start(t, "--json", "--data", data, "--checkpoints", outside)
	enroll(p, "m3")
	_, answer, err := p.call("GET", "/v1/checkpoint", "", "")
	if err != nil {
		t.Fatal(err)
	}
	_ = p.stop(syscall.SIGTERM)
	key, _ := answer["verifier_key"].(string)
	out := verify("members 3", "--checkpoint", checkpoint, "--key", key)
	if !strings.Contains(out, "not in the log yet 0, violations 0") || strings.Contains(out, "not anchored") {
		t.Error(out)
	}
	drill(t, data, checkpoint)
	if err := os.WriteFile(checkpoint, first, 0o600); err != nil {
		t.Fatal(err)
	}
	verify("violations 0", "--checkpoint", checkpoint)

	// The empty data of another stack are not an extension of the log.
	other := t.TempDir()
	p = start(t, "--empty", "--json", "--data", other)
	_ = p.stop(syscall.SIGTERM)
	out, errs, status := run(t, "verify", "--data", other, "--checkpoint", checkpoint)
	if status != 1 || !strings.Contains(out, "bluebird: log: it was truncated") {
		t.Error(status, out, errs)
	}
	out, errs, status = run(t, "reconcile", "--data", other, "--checkpoint", checkpoint, "--key", key)
	if status != 0 || !strings.Contains(out, "a new epoch begins with the checkpoint: the log had") ||
		!strings.Contains(out, "violations 0") {
		t.Error(status, out, errs)
	}
	if out, errs, status := run(t, "verify", "--data", other, "--checkpoint", checkpoint); status != 0 {
		t.Error(out, errs)
	}
	wrong := strings.Replace(key, "perennial/bluebird", "perennial/redbird", 1)
	if _, errs, status := run(t, "verify", "--data", data, "--checkpoint", checkpoint, "--key", wrong); status != 1 ||
		!strings.Contains(errs, "no --key is for the program bluebird") {
		t.Error(status, errs)
	}
}

// drill restores torn copies of a data directory until one lacks leaves of the log. A stack serves the restored data.
func drill(t *testing.T, data, checkpoint string) {
	t.Helper()
	for seed := 1; seed <= 50; seed++ {
		target := filepath.Join(t.TempDir(), "restored")
		args := []string{"drill", "--records", "4", "--seed", strconv.Itoa(seed)}
		args = append(args, "--data", data, "--target", target, "--checkpoint", checkpoint)
		out, errs, status := run(t, args...)
		if status != 0 || !strings.Contains(out, "proven: every violation") || strings.Contains(out, "not anchored") {
			t.Fatal(out, errs)
		}
		if _, errs, status := run(t, args...); status != 1 || !strings.Contains(errs, "must be new") {
			t.Error(status, errs)
		}
		if !strings.Contains(out, "a new epoch") {
			continue
		}
		violations := regexp.MustCompile(`violations \d+`).FindString(out)
		restored := start(t, "--json", "--data", target)
		if status, answer, err := restored.call("GET", "/v1/checkpoint", "", ""); status != 200 {
			t.Error(status, answer, err)
		}
		_ = restored.stop(syscall.SIGTERM)
		out, errs, _ = run(t, "verify", "--data", target, "--checkpoint", checkpoint)
		if !strings.Contains(out, violations) || strings.Contains(out, "not anchored") {
			t.Errorf("%s\n%s\nwant %s", out, errs, violations)
		}
		return
	}
	t.Error("no drill had the wanted effect")
}
