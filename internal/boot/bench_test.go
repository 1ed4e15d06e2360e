package boot

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkColdStart measures the time from exec to the first poll of a function, compared with a function that
// does nothing. DynamoDB and Secrets Manager respond immediately and without TLS, so this is the function's own
// share. Size and memory are those of this machine's architecture.
func BenchmarkColdStart(b *testing.B) {
	for _, c := range []struct{ name, dir string }{
		{"nothing", "./testdata/nothing"},
		{"earn", "../../functions/earn"},
		{"relay", "../../functions/relay"},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := bootstrap(b, c.dir)
			env := lambdaEnvironment(services(b, map[string]string{"perennial-secret": goodSecret}))
			var took []time.Duration
			var resident int64
			for b.Loop() {
				d, rss := coldStart(b, path, env)
				took, resident = append(took, d), max(resident, rss)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
			b.ReportMetric(float64(took[len(took)*9/10].Microseconds())/1000, "p90-ms")
			b.ReportMetric(float64(resident)/(1<<20), "resident-MB")
			if info, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(info.Size())/(1<<20), "binary-MB")
			}
		})
	}
}

func coldStart(b *testing.B, path string, env []string) (took time.Duration, resident int64) {
	f, _ := function(b, path, env)
	defer f.Close()
	start := time.Now()
	if err := f.Warm(b.Context()); err != nil {
		b.Fatal(err)
	}
	took = time.Since(start)
	for _, pid := range f.PIDs() {
		resident = residentBytes(pid)
	}
	return took, resident
}

// residentBytes returns the peak memory of a running process, or zero without /proc.
func residentBytes(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		return 0
	}
	return kilobytes << 10
}
