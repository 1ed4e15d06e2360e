package relay

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/cost"
	"github.com/perennial-loyalty/perennial/internal/cost/costtest"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
	"github.com/perennial-loyalty/perennial/internal/translog"
)

// TestUsageOfStreamRecord checks what a batch with one entry uses, when the log has 20,000 entries, and what a batch
// with one new member uses.
func TestUsageOfStreamRecord(t *testing.T) {
	var log bytes.Buffer
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	meter := &tabletest.Meter{Table: tab}
	a := &app.App{
		Log: telemetry.NewLog(&log, slog.LevelInfo, "perennial"), Now: time.Now,
		Table: stacktest.Guard(t).Table(meter), CheckpointSecret: signing,
	}
	relay := access.Handler("relay", Entries(a))
	l := translog.Log{Table: tab, Secret: signing}
	for first := range 20 {
		b := translog.Batch{Shard: "shard-1"}
		for n := range 1_000 {
			n += first * 1_000
			b.Records = append(b.Records, translog.Record{
				Hash: hashOf(n), Recorded: time.UnixMilli(recorded), Position: fmt.Sprintf("%021d", n),
			})
		}
		if _, err := l.Append(t.Context(), "bluebird", b); err != nil {
			t.Fatal(err)
		}
	}
	event := `{"shardId":"shard-1","Records":[` + entry("bluebird", 20_001) + `]}`
	out, err := relay.Invoke(t.Context(), []byte(event))
	if err != nil || !bytes.Contains(out, []byte(complete[1:])) {
		t.Fatalf("%s %v", out, err)
	}
	used := meter.Take()
	usage := []cost.Usage{{
		ID: "relay", Read: used.Read, Write: used.Write, LogBytes: costtest.LogBytes(log.String()),
	}}
	log.Reset()
	b := &bench{table: &failing{Table: tab}}
	profile, _ := b.member(t, "mem_1", "silver")
	if out, err := relay.Invoke(t.Context(), []byte(`{"shardId":"shard-1","Records":[`+profile+`]}`)); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	used = meter.Take()
	costtest.Compare(t, append(usage, cost.Usage{
		ID: "relay_member", Read: used.Read, Write: used.Write, LogBytes: costtest.LogBytes(log.String()),
	}))
}
