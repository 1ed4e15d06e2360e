package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkColdStart measures the start of functions until their first poll, and of a function that does nothing: the
// elapsed time, the CPU time of the process, and its memory. DynamoDB and Secrets Manager respond immediately and
// without TLS, so the results exclude their latency. Binaries are built for the architecture of this machine.
func BenchmarkColdStart(b *testing.B) {
	for _, c := range []struct{ name, dir string }{
		{"nothing", "./testdata/nothing"},
		{"earn", "../../functions/earn"},
		{"members", "../../functions/members"},
		{"programs", "../../functions/programs"},
		{"remind", "../../functions/remind"},
		{"relay", "../../functions/relay"},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := bootstrap(b, c.dir)
			env := lambdaEnvironment(services(b, map[string]string{"perennial-secret": goodSecret}))
			var took, used []time.Duration
			var resident int64
			for b.Loop() {
				c := coldStart(b, path, env)
				took, used, resident = append(took, c.took), append(used, c.cpu), max(resident, c.resident)
			}
			slices.Sort(took)
			slices.Sort(used)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(took[len(took)*9/10].Microseconds())/1000, "p90-ms")
			b.ReportMetric(float64(used[len(used)/2].Microseconds())/1000, "cpu-ms")
			b.ReportMetric(float64(resident)/(1<<20), "resident-MB")
			if info, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(info.Size())/(1<<20), "binary-MB")
			}
		})
	}
}

// A startCost is the cost of the start of a function until its first poll.
type startCost struct {
	took, cpu time.Duration
	resident  int64 // the resident memory in bytes at the first poll
}

func coldStart(b *testing.B, path string, env []string) startCost {
	f, output := function(b, path, env)
	defer f.Close()
	begin := time.Now()
	if err := f.Warm(b.Context()); err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	s := startCost{took: time.Since(begin)}
	for _, pid := range f.PIDs() {
		s.cpu += cpuTime(b, pid)
		s.resident = residentBytes(pid)
	}
	return s
}

// cpuTime returns the time that the threads of a running process have used, or zero without /proc. It reads schedstat,
// because the unit of the times in stat is 10 ms.
func cpuTime(b *testing.B, pid int) time.Duration {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		b.Fatal(err)
	}
	var sum time.Duration
	for _, thread := range threads {
		line, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has exited
		}
		var used int64 // nanoseconds
		if _, err := fmt.Sscan(string(line), &used); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(used)
	}
	return sum
}

// residentBytes returns the resident memory of a running process, or zero without /proc.
func residentBytes(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kilobytes int64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		return 0
	}
	return kilobytes << 10
}
