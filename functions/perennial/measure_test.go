package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/cost"
)

var measure = flag.Bool(
	"measure", false, "measure durations on the functions' binaries, and write internal/cost/measured.json",
)

// measuredRounds is the number of times that each request is sent. The first requests, in cold processes, do not change
// the median.
const measuredRounds = 200

// TestMeasureDurations writes how long requests take in the functions' binaries. It asserts nothing about time.
func TestMeasureDurations(t *testing.T) {
	if !*measure {
		t.Skip("run it with -measure on an idle machine")
	}
	p, log := startFunctions(t)
	took := map[string][]float64{}
	send := func(id, method, path, idempotency, body string) map[string]any {
		t.Helper()
		status, answer, err := p.call(method, path, idempotency, body)
		if err != nil || status >= 300 {
			t.Fatalf("%s: %d %v %v", id, status, answer, err)
		}
		took[id] = append(took[id], log.latency(t))
		return answer
	}
	for i := range measuredRounds {
		member := fmt.Sprintf("external:demo-%03d", 1+i%100)
		at := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
		order := func(more string) string {
			return fmt.Sprintf(`{"member": %q, "placed_at": %q, "currency": "EUR", "status": "paid",
				"tenders": [{"kind": "card", "amount": 7678}],
				"line_items": [{"id": "1", "sku": "BEAN-1", "category": "coffee-beans", "quantity": 2, "amount": 5598},
				{"id": "2", "sku": "MUG-01", "category": "mugs", "quantity": 1, "amount": 1490},
				{"id": "3", "sku": "FILTER", "quantity": 1, "amount": 590}]%s}`,
				member, at, more)
		}
		path := fmt.Sprint("/v1/orders/measured-", i)
		send("order", "PUT", path, "", order(""))
		send(
			"order_refunded", "PUT", path, "",
			order(
				fmt.Sprintf(
					`, "refunds": [{"id": "re_1", "at": %q, "amount": 1490, `+
						`"line_items": [{"id": "2", "quantity": 1, "amount": 1490}]}]`,
					at,
				),
			),
		)
		send("member", "GET", "/v1/members/"+member, "", "")
		key := fmt.Sprintf("measured-%020d", i)
		send("adjustment", "POST", "/v1/members/"+member+"/adjustments", key, `{"points": 300, "reason": "to measure"}`)
		rd := send(
			"reserve", "POST", "/v1/redemptions", key,
			fmt.Sprintf(`{"member": %q, "reward": "free-shipping"}`, member),
		)
		send("commit", "POST", fmt.Sprintf("/v1/redemptions/%s/commit", rd["id"]), key, "{}")
	}
	m := cost.Measured()
	m.Date, m.Machine, m.Milliseconds = time.Now().UTC().Format(time.DateOnly), fmt.Sprintf(
		"%d CPUs, %s", runtime.NumCPU(), runtime.GOARCH,
	), map[string]float64{}
	for _, id := range []string{"order", "order_refunded", "member", "reserve", "commit"} {
		slices.Sort(took[id])
		m.Milliseconds[id] = math.Ceil(10*took[id][len(took[id])/2]) / 10
		t.Logf("%s: median %g ms", id, m.Milliseconds[id])
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../internal/cost/measured.json", append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A functionLines is the log of the functions, which is read line by line.
type functionLines struct{ lines chan string }

// latency returns the latency of the next request that a function logs.
func (l functionLines) latency(t *testing.T) float64 {
	t.Helper()
	for {
		select {
		case line := <-l.lines:
			_, entry, _ := strings.Cut(line, ": ")
			var r struct {
				Route   string
				Latency *float64 `json:"latency_ms"`
			}
			if json.Unmarshal([]byte(entry), &r) == nil && r.Latency != nil {
				return *r.Latency
			}
		case <-time.After(patience):
			t.Fatal("no function logs the request")
		}
	}
}

// startFunctions runs perennial dev with the functions' binaries, and returns once it is ready.
func startFunctions(t *testing.T) (*process, functionLines) {
	t.Helper()
	cmd := exec.Command(binary, "dev", "--addr", "127.0.0.1:0", "--json", "--functions", "--verbose")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	log := functionLines{make(chan string, 10_000)}
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			log.lines <- lines.Text()
		}
	}()
	first := bufio.NewScanner(out)
	var line struct{ URL, Key string }
	if !first.Scan() || json.Unmarshal(first.Bytes(), &line) != nil {
		t.Fatalf("it said %q", first.Text())
	}
	return &process{t: t, url: line.URL, key: line.Key}, log
}
