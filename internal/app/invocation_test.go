package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

func TestInvocationEndsBeforeLambdasDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		ctx, _, end := Begin(parent)
		defer end()
		start := time.Now()
		<-ctx.Done()
		if left := 10*time.Second - time.Since(start); left != Reserve || parent.Err() != nil {
			t.Errorf("%s remain for the response", left)
		}
	})
	ctx, _, end := Begin(t.Context())
	defer end()
	if _, ok := ctx.Deadline(); ok || ctx.Err() != nil {
		t.Error("Begin added a deadline to a context without one")
	}
}

func TestRunReportsFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		work   func(context.Context) ([]byte, error)
		failed bool
		counts map[telemetry.Metric]float64
		errors int // log lines with level ERROR
	}{
		{"success", func(context.Context) ([]byte, error) { return []byte("{}"), nil }, false, nil, 0},
		{
			"an error", func(context.Context) ([]byte, error) { return nil, errors.New("as asked") },
			true,
			map[telemetry.Metric]float64{telemetry.Errors: 1},
			1,
		},
		{
			"a panic", func(context.Context) ([]byte, error) { panic("as asked") },
			true,
			map[telemetry.Metric]float64{telemetry.Errors: 1},
			1,
		},
		{
			"the deadline", func(ctx context.Context) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() },
			true,
			map[telemetry.Metric]float64{telemetry.Errors: 1, telemetry.Timeouts: 1},
			1,
		},
		{
			"a failed message", func(ctx context.Context) ([]byte, error) {
				telemetry.Count(ctx, telemetry.Errors, 2)
				return []byte("{}"), nil
			},
			false,
			map[telemetry.Metric]float64{telemetry.Errors: 2},
			0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			a := &App{Now: time.Now, Log: telemetry.NewLog(&out, slog.LevelInfo, "test"), Version: "7"}
			ctx, cancel := context.WithTimeout(t.Context(), Reserve+2*time.Millisecond)
			defer cancel()
			ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
			raw, err := a.Run(ctx, "reassess", c.work)
			if (err != nil) != c.failed || (raw == nil) != c.failed {
				t.Errorf("returned %s, %v", raw, err)
			}
			if n := strings.Count(out.String(), `"level":"ERROR"`); n != c.errors ||
				n != strings.Count(out.String(), "as asked")+strings.Count(out.String(), "deadline exceeded") {
				t.Errorf("logged %d errors: %s", n, out.String())
			}
			got := map[telemetry.Metric]float64{}
			for text := range strings.Lines(out.String()) {
				var line map[string]any
				if err := json.Unmarshal([]byte(text), &line); err != nil {
					t.Fatal(err)
				}
				if line["request_id"] != "request-1" || line["function"] != "reassess" {
					t.Errorf("the log line lacks its origin: %s", text)
				}
				for _, m := range telemetry.Metrics() {
					if n, ok := line[string(m)].(float64); ok {
						got[m] += n
					}
				}
			}
			if len(got) != len(c.counts) {
				t.Errorf("counted %v, want %v", got, c.counts)
			}
			for m, want := range c.counts {
				if got[m] != want {
					t.Errorf("%s is %v, want %v", m, got[m], want)
				}
			}
		})
	}
}
