package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// metered makes a bench log into a buffer. The returned function sums the metrics that were reported since its last
// call.
func metered(t *testing.T, b *bench) (counted func() map[string]float64) {
	t.Helper()
	var out bytes.Buffer
	b.Log = telemetry.NewLog(&out, slog.LevelInfo, "test")
	return func() map[string]float64 {
		t.Helper()
		sums := map[string]float64{}
		for text := range strings.Lines(out.String()) {
			var line struct {
				AWS struct {
					Directives []struct {
						Metrics []struct{ Name string }
					} `json:"CloudWatchMetrics"`
				} `json:"_aws"`
			}
			var values map[string]any
			if err := errors.Join(
				json.Unmarshal([]byte(text), &line), json.Unmarshal([]byte(text), &values),
			); err != nil {
				t.Fatal(err)
			}
			for _, d := range line.AWS.Directives {
				for _, m := range d.Metrics {
					sums[m.Name] += values[m.Name].(float64)
				}
			}
		}
		out.Reset()
		return sums
	}
}

func TestMessagesBeyondTheDeadlineAreReported(t *testing.T) {
	b := newBench(t, 40)
	b.dispatch(t, b.now)
	bodies := b.sent
	b.sent = nil
	counted := metered(t, b)
	ctx, cancel := context.WithTimeout(t.Context(), app.Reserve)
	defer cancel()
	if failed := b.deliver(t, ctx, bodies...); len(failed) != len(bodies) || len(b.sent) != 0 {
		t.Errorf("%d of %d messages were reported, and %d were sent", len(failed), len(bodies), len(b.sent))
	}
	got := counted()
	if got["Timeouts"] != 1 || got["Errors"] != float64(len(bodies)) {
		t.Errorf("counted %v for %d messages", got, len(bodies))
	}
}

// brittle is a table that panics on a read.
type brittle struct{ table.Table }

func (brittle) Get(context.Context, table.Key) (table.Item, error) { panic("as asked") }

func TestPanicFailsOneMessageAndIsLoggedWithTheRequestID(t *testing.T) {
	b := newBench(t, 0)
	var out bytes.Buffer
	b.Log = telemetry.NewLog(&out, slog.LevelInfo, "test")
	b.Programs = &app.Programs{Catalog: b.Catalog, Now: b.Now}
	b.Table = brittle{b.Table}
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	if failed := b.deliver(t, ctx, `{"program":"bluebird","shard":1}`); len(failed) != 1 {
		t.Errorf("%v failed", failed)
	}
	if n := strings.Count(out.String(), "as asked"); n != 1 ||
		!strings.Contains(out.String(), `"request_id":"request-1"`) {
		t.Errorf("logged %d times: %s", n, out.String())
	}
	if !strings.Contains(out.String(), `"Errors":1`) {
		t.Errorf("the panic is not counted: %s", out.String())
	}
}

func TestFailedScheduleAndFeedbackAreReturnedToLambda(t *testing.T) {
	schedule := func(name string) string {
		return fmt.Sprintf(`{"schedule":%q,"time":%q}`, name, noon.Format(time.RFC3339))
	}
	for name, c := range map[string]struct{ function, event string }{
		"the schedule of reassess": {"reassess", schedule("reassess")},
		"the schedule of remind":   {"remind", schedule("remind")},
		"feedback": {"remind", `{"source":"aws.ses","detail":{"eventType":"Bounce",` +
			`"mail":{"destination":["x@x.example"],` +
			`"tags":{"program":["bluebird"],"member":["mem_1"],"message":["msg_1"]}},` +
			`"bounce":{"bounceType":"Permanent"}}}`},
		"no event": {"remind", `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 0)
			counted := metered(t, b)
			b.Programs = &app.Programs{Catalog: b.Catalog, Now: b.Now}
			b.Table = failing{b.Table}
			h := Reassess(b.App)
			if c.function == "remind" {
				h = Remind((&provider{}).dispatcher)(b.App)
			}
			if out, err := h.Invoke(t.Context(), []byte(c.event)); err == nil {
				t.Errorf("answered %s", out)
			}
			if got := counted(); got["Errors"] != 1 {
				t.Errorf("counted %v", got)
			}
		})
	}
}

// failing is a table that cannot be read or written.
type failing struct{ table.Table }

func (failing) Get(context.Context, table.Key) (table.Item, error) {
	return table.Item{}, errors.New("as asked")
}

func (failing) Transact(context.Context, ...table.Op) error { return errors.New("as asked") }

func TestScheduleReportsHowLateItIs(t *testing.T) {
	b := newBench(t, 0)
	counted := metered(t, b)
	for _, late := range []time.Duration{0, 90 * time.Second, -time.Second} {
		b.now = noon.Add(late)
		want := max(0, late.Seconds())
		b.dispatch(t, noon)
		if got, ok := counted()["ScheduleLateSeconds"]; !ok || got != want {
			t.Errorf("reassess, %s late: %v, %t", late, got, ok)
		}
		event := fmt.Sprintf(`{"schedule":"remind","time":%q}`, noon.Format(time.RFC3339))
		if _, err := Remind((&provider{}).dispatcher)(b.App).Invoke(t.Context(), []byte(event)); err != nil {
			t.Fatal(err)
		}
		if got, ok := counted()["ScheduleLateSeconds"]; !ok || got != want {
			t.Errorf("remind, %s late: %v, %t", late, got, ok)
		}
	}
}

func TestWorkerCountsInvariantViolations(t *testing.T) {
	b := newBench(t, 40)
	b.dispatch(t, b.now)
	bodies := b.sent
	b.sent = nil
	it, err := b.Table.Get(t.Context(), table.Key{PK: "P#bluebird#M#" + string(memberID(7)), SK: "ACCOUNT"})
	if err != nil {
		t.Fatal(err)
	}
	it.Doc = []byte(strings.Replace(string(it.Doc), `"lots":[20271231,50]`, `"lots":[20271231,-90]`, 1)) // damaged
	if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	counted := metered(t, b)
	if failed := b.deliver(t, t.Context(), bodies...); len(failed) != 0 || b.due(t) != 1 {
		t.Errorf("%v failed, and %d members are still due", failed, b.due(t))
	}
	if got := counted(); got["InvariantViolations"] != 1 {
		t.Errorf("counted %v", got)
	}
}
