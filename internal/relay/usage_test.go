package relay

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/cost"
	"github.com/perennial-loyalty/perennial/internal/cost/costtest"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// TestUsageOfStreamRecord checks that reading the stream record of an entry uses no request units.
func TestUsageOfStreamRecord(t *testing.T) {
	var log bytes.Buffer
	a := &app.App{
		Log: telemetry.NewLog(&log, slog.LevelInfo, "perennial"), Now: time.Now, Table: stacktest.Guard(t).Table(nil),
	}
	const entry = `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"P#bluebird#E#O#1042"},` +
		`"sk":{"S":"000001"}},` +
		`"NewImage":{"doc":{"M":{"q":{"N":"1"}}},"v":{"N":"1"}}}}`
	out, err := access.Handler("relay", Entries(a)).Invoke(t.Context(), []byte(`{"Records":[`+entry+`]}`))
	if err != nil || string(out) != `{"batchItemFailures":[]}` {
		t.Fatalf("%s %v", out, err)
	}
	costtest.Compare(t, []cost.Usage{{ID: "relay", LogBytes: costtest.LogBytes(log.String())}})
}
