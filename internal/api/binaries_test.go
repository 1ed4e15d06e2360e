package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/deployment"
	"github.com/perennial-loyalty/perennial/internal/local/deployment/deploymenttest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// TestScriptsOnTheBinaries runs the scripts of TestScripts with the functions' binaries, behind the emulated Runtime
// API and services, under the policies of template.yaml.
func TestScriptsOnTheBinaries(t *testing.T) {
	skipped := map[string]string{
		"lists":     "the deployment lists members itself, at any time",
		"operators": "the binaries have no connection to the test issuer",
	}
	for _, file := range scripts(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			if why := skipped[name]; why != "" {
				t.Skip(why)
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tab := memory(t)
			w := newWorld(t, tab)
			w.runBinaries(tab)
			(&script{
				world: w, file: file, vars: map[string]string{}, replayed: map[string]bool{},
			}).run(strings.Split(string(raw), "\n"))
		})
	}
}

// runBinaries replaces the world's handlers with the functions' binaries, on the same table and clock.
func (w *world) runBinaries(tab table.Table) {
	w.t.Helper()
	d := deploymenttest.Start(w.t, deployment.Options{
		Parameters: deployment.Parameters("https://api.test"), Table: tab, Outbox: &w.outbox,
		Secrets: map[string]string{
			"Secret": string(w.app.Secret), "WebhooksSecret": "{}", "WebhookSecret": string(w.app.Secret),
			"CheckpointSecret": string(w.app.Secret),
		},
		DataKey: awsapi.Key(w.app.Root),
		Clock:   func() (time.Time, bool) { return w.clock(), true },
	})
	w.handlers = d.Handlers()
}
