package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/program"
)

func TestPrintedCommandsWork(t *testing.T) {
	p := start(t)
	_, commands, ok := strings.Cut(p.said, "in another terminal:\n")
	if !ok {
		t.Fatalf("dev printed no commands:\n%s", p.said)
	}
	commands, _, _ = strings.Cut(commands, "\nMove the clock")
	if n := strings.Count(commands, "\ncurl "); n != 4 {
		t.Errorf("%d commands are printed, want four:\n%s", n, commands)
	}
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("install %s: the commands require it", tool)
		}
	}
	shell := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, want := range []string{
		`"status":"active"`, `"points":59,`, `"rewards":[`, `"status":"committed"`,
	} {
		if len(answers) != 4 || !strings.Contains(answers[i], want) {
			t.Fatalf("response %d lacks %s:\n%s", i+1, want, out)
		}
	}
}

func TestDevStopsCleanly(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		temporary := t.TempDir()
		t.Setenv("TMPDIR", temporary)
		p := start(t, "--empty", "--json")
		if err := p.stop(signal); err != nil {
			t.Errorf("%s: %v\n%s", signal, err, p.err)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("%s: remaining files %v, %v", signal, left, err)
		}
	}
}

// TestAcknowledgedOrdersSurviveKill checks that an order that was acknowledged before a kill -9 is stored, and that
// other orders are stored completely or not at all.
func TestAcknowledgedOrdersSurviveKill(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	const members, writers = 8, 16
	p := start(t, "--empty", "--json", "--data", data)
	for i := range members {
		if status, answer, err := p.call(
			"POST", "/v1/members", fmt.Sprintf("the-key-of-member-%d", i), fmt.Sprintf(`{"external_id":"m%d"}`, i),
		); status != 201 {
			t.Fatal(status, answer, err)
		}
	}
	var mu sync.Mutex
	acknowledged := map[string]any{} // points by order
	enough := make(chan struct{})
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := 0; ; n++ {
				order := fmt.Sprintf("%d-%d", w, n)
				status, answer, err := p.call("PUT", "/v1/orders/"+order, "", orderOf(n%members, time.Now()))
				if err != nil {
					return // the process was killed
				}
				if status != 201 {
					t.Errorf("order %s: %d", order, status)
				}
				mu.Lock()
				if acknowledged[order] = answer["points"]; len(acknowledged) == 500 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(patience):
		t.Fatal("too few orders before the kill")
	}
	_ = p.stop(syscall.SIGKILL)
	all.Wait()

	again := start(t, "--json", "--data", data)
	for order, points := range acknowledged {
		status, answer, err := again.call("GET", "/v1/orders/"+order, "", "")
		if status != 200 || answer["points"] != points {
			t.Errorf(
				"order %s was acknowledged with %v points and is lost: %d %v %v", order, points, status, answer, err,
			)
		}
	}
	checkWhole(t, again, members, writers)
}

// checkWhole compares every balance with the stored orders.
func checkWhole(t *testing.T, p *process, members, writers int) {
	t.Helper()
	pending := map[string]float64{}
	for w := range writers {
		for n := 0; ; n++ {
			status, answer, err := p.call("GET", fmt.Sprintf("/v1/orders/%d-%d", w, n), "", "")
			if status == 404 {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			pending[fmt.Sprint(answer["member"])] += answer["points"].(float64)
		}
	}
	for i := range members {
		_, m, err := p.call("GET", fmt.Sprintf("/v1/members/external:m%d", i), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if got := m["balance"].(map[string]any)["pending"]; got != pending[m["id"].(string)] {
			t.Errorf("member %d has %v points pending, and orders for %v", i, got, pending[m["id"].(string)])
		}
	}
}

func orderOf(member int, at time.Time) string {
	return fmt.Sprintf(`{"member":"external:m%d","placed_at":"%s","currency":"EUR","status":"paid",`+
		`"line_items": [{"id":"1","category":"mugs","quantity":1,"amount":2000}]}`, member,
		at.UTC().Format(time.RFC3339))
}

func TestClockCanBeFrozenAndAdvanced(t *testing.T) {
	p := start(t, "--empty", "--json", "--clock", "2026-12-01T10:00:00Z")
	for _, c := range []struct{ by, want string }{
		{"", "2026-12-01T10:00:00Z\n"},
		{"+30d", "2026-12-31T10:00:00Z\n"},
		{"90m", "2026-12-31T11:30:00Z\n"},
		{"", "2026-12-31T11:30:00Z\n"},
	} {
		args := []string{"clock", "--url", p.url}
		if c.by != "" {
			args = append(args, c.by)
		}
		if out, err, status := run(t, args...); out != c.want || status != 0 {
			t.Errorf("clock %s: %q %q %d", c.by, out, err, status)
		}
	}
	const fired = `2027-01-01T11:30:00Z
reassess   last run for 2027-01-01T11:05:00Z, 0s late, took …; 0 messages failed
remind     last run for 2027-01-01T10:35:00Z, 0s late, took …; 0 messages failed
`
	if out, err, status := run(t, "clock", "--schedules", "--url", p.url, "+1d"); status != 0 || !like(fired, out) {
		t.Errorf("clock --schedules: %q %q %d", out, err, status)
	}
	if _, err, status := run(t, "clock", "--url", p.url, "yesterday"); status != 1 ||
		!strings.Contains(err, "such as 30d") {
		t.Errorf("%q %d", err, status)
	}
}

func TestClockOffsetIsStoredWithData(t *testing.T) {
	data := t.TempDir()
	p := start(t, "--empty", "--json", "--data", data)
	if _, err, status := run(t, "clock", "--url", p.url, "+400d"); status != 0 {
		t.Fatal(err)
	}
	_ = p.stop(syscall.SIGKILL)
	again := start(t, "--json", "--data", data)
	out, _, _ := run(t, "clock", "--url", again.url)
	if now, err := time.Parse(time.RFC3339, strings.TrimSpace(out)); err != nil || time.Until(now) < 399*24*time.Hour {
		t.Errorf("after a restart the time is %s", out)
	}
}

func TestDevErrorsAreOneSentence(t *testing.T) {
	data := t.TempDir()
	p := start(t, "--empty", "--json", "--data", data)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(
		bad, []byte(strings.Replace(string(program.Demo()), "rounding: down", "rounding: sideways", 1)), 0o600,
	); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.MkdirAll(filepath.Join(foreign, "table"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "table", "letters.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{
			"the port is in use",
			[]string{"dev", "--addr", strings.TrimPrefix(p.url, "http://")},
			"another program listens on 127.0.0.1:",
		},
		{
			"the data directory is in use",
			[]string{"dev", "--addr", "127.0.0.1:0", "--data", data},
			"in use by another process",
		},
		{
			"the directory of another program",
			[]string{"dev", "--addr", "127.0.0.1:0", "--data", foreign},
			"not a directory of Perennial",
		},
		{"the program file is missing", []string{"dev", "--program", "nowhere.yaml"}, "does not exist"},
		{"the program file has a problem", []string{"dev", "--program", bad}, "line 13"},
		{"an address without a host", []string{"dev", "--addr", ":8080"}, "every network"},
		{"no address", []string{"dev", "--addr", "localhost"}, "must be like 127.0.0.1:8080"},
		{"two places", []string{"dev", "--dynamodb", "http://127.0.0.1:1", "--data", data}, "two different places"},
		{
			"no endpoint",
			[]string{"dev", "--addr", "127.0.0.1:0", "--dynamodb", "DynamoDB"},
			"must be a URL like http://",
		},
		{"no stack at the address", []string{"clock", "--url", "http://127.0.0.1:1"}, "is perennial dev running"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err, status := run(t, c.args...)
			if status != 1 || !strings.Contains(err, c.want) || strings.Contains(err, "goroutine") {
				t.Errorf("status %d:\n%s", status, err)
			}
		})
	}
}

func TestDevListensOnGivenAddress(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	p := start(t, "--empty", "--addr", addr)
	if !strings.Contains(p.said, "http://"+addr+"\n") {
		t.Errorf("dev printed %s", p.said)
	}
	if strings.Contains(p.said, "/v1/redemptions") {
		t.Error("dev prints how to redeem for a missing member")
	}
	if n := len(regexp.MustCompile(`(?m)^curl `).FindAllString(p.said, -1)); n != 3 {
		t.Errorf("%d commands are printed", n)
	}
}
