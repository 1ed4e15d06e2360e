package boot

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// How long a function takes from exec to its first poll, beside one that does nothing. DynamoDB and Secrets
// Manager answer at once and without TLS, so this is our own share. Size and memory are of this machine's
// architecture.
func BenchmarkColdStart(b *testing.B) {
	for _, c := range []struct{ name, dir string }{
		{"nothing", "./testdata/nothing"},
		{"earn", "../../functions/earn"},
		{"relay", "../../functions/relay"},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := bootstrap(b, c.dir)
			l := newLambdaAround(b)
			var took []time.Duration
			var resident int64
			for b.Loop() {
				d, rss := coldStart(b, l, path)
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

func coldStart(b *testing.B, l *lambdaAround, path string) (took time.Duration, resident int64) {
	cmd := exec.Command(path)
	cmd.Env = l.environment()
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	select {
	case at := <-l.polled:
		took = at.Sub(start)
	case <-time.After(30 * time.Second):
		b.Fatal("it never polled")
	}
	resident = residentBytes(cmd.Process.Pid)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return took, resident
}

// residentBytes is the most memory that a running process has had; zero where there is no /proc.
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
