package runtimeapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/local/runtimeapi"
)

// roleVariable makes this test's executable act as a function.
const roleVariable = "RUNTIMEAPI_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "function":
		lambda.Start(function)
	case "exits":
		os.Exit(3)
	case "init error":
		url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
		resp, err := http.Post(
			url, "application/json", strings.NewReader(`{"errorType":"Config","errorMessage":"no table"}`),
		)
		if err == nil {
			fmt.Println(resp.StatusCode)
		}
		select {} // Lambda ends the process
	}
}

// A request is the instruction for the tests' function.
type request struct {
	Do     string `json:"do"`
	Millis int    `json:"millis,omitzero"`
}

// A report contains the event and the environment as the tests' function receives them.
type report struct {
	PID           int               `json:"pid"`
	RequestID     string            `json:"request_id"`
	ARN           string            `json:"arn"`
	Left          time.Duration     `json:"left"` // time until the deadline
	ClientContext map[string]string `json:"client_context"`
	Trace         string            `json:"trace"`
	Environment   []string          `json:"environment"`
}

func function(ctx context.Context, in request) (any, error) {
	switch in.Do {
	case "fail":
		return nil, errors.New("the table does not exist")
	case "panic":
		panic("at the disco")
	case "exit":
		os.Exit(7)
	case "sleep":
		time.Sleep(time.Duration(in.Millis) * time.Millisecond)
	case "large":
		return strings.Repeat("x", 6<<20), nil
	case "say":
		fmt.Print("hello ")
		fmt.Print("from\nthe function\nand no end")
	}
	deadline, _ := ctx.Deadline()
	lc, _ := lambdacontext.FromContext(ctx)
	return report{
		PID: os.Getpid(), RequestID: lc.AwsRequestID, ARN: lc.InvokedFunctionArn, Left: time.Until(deadline),
		ClientContext: lc.ClientContext.Custom, Trace: os.Getenv("_X_AMZN_TRACE_ID"), Environment: os.Environ(),
	}, nil
}

func newFunction(t *testing.T, change func(*runtimeapi.Function)) *runtimeapi.Function {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &runtimeapi.Function{
		Name: "test", Path: path, ARN: "arn:aws:lambda:local:000000000000:function:test:live",
		Timeout:   10 * time.Second,
		Processes: 2, Env: []string{roleVariable + "=function", "GREETING=hello"},
	}
	if change != nil {
		change(f)
	}
	t.Cleanup(f.Close)
	return f
}

func invoke(t *testing.T, f *runtimeapi.Function, in request) (report, error) {
	t.Helper()
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Invoke(t.Context(), payload)
	if err != nil {
		return report{}, err
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r, nil
}

// wantError requires an error of the given type whose message contains text.
func wantError(t *testing.T, err error, kind, text string) {
	t.Helper()
	var e *runtimeapi.Error
	if !errors.As(err, &e) || e.Type != kind || !strings.Contains(e.Message, text) {
		t.Errorf("got %v, want %s: %s", err, kind, text)
	}
}

// wantProcesses waits until the function has the given number of processes.
func wantProcesses(t *testing.T, f *runtimeapi.Function, want int) {
	t.Helper()
	patience, tick := time.After(30*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(f.PIDs()) != want {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("got %d processes, want %d", len(f.PIDs()), want)
		}
	}
}

func TestFunctionReceivesEventsAsOnLambda(t *testing.T) {
	f := newFunction(t, func(f *runtimeapi.Function) {
		f.ClientContext = func() string { return `{"custom":{"clock":"2026-12-01T10:00:00Z"}}` }
	})
	first, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.RequestID) != 36 || first.ARN != "arn:aws:lambda:local:000000000000:function:test:live" {
		t.Errorf("request ID %q, ARN %q", first.RequestID, first.ARN)
	}
	if first.Left <= 9*time.Second || first.Left > 10*time.Second {
		t.Errorf("%s remain until the deadline, of 10 s", first.Left)
	}
	if first.ClientContext["clock"] != "2026-12-01T10:00:00Z" {
		t.Errorf("the client context is %v", first.ClientContext)
	}
	if !strings.HasPrefix(first.Trace, "Root=1-") ||
		len(first.Trace) != len("Root=1-01234567-0123456789abcdef01234567;Sampled=0") {
		t.Errorf("the trace header is %q", first.Trace)
	}
	if env := strings.Join(first.Environment, "\n"); !strings.Contains(env, "GREETING=hello") ||
		strings.Contains(env, "HOME=") {
		t.Errorf("the environment differs from the configured one:\n%s", env)
	}
	second, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	if second.PID != first.PID || second.RequestID == first.RequestID {
		t.Errorf(
			"the second event has process %d and request ID %s, the first %d and %s", second.PID, second.RequestID,
			first.PID, first.RequestID,
		)
	}
}

func TestFunctionErrorKeepsProcess(t *testing.T) {
	f := newFunction(t, nil)
	before, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = invoke(t, f, request{Do: "fail"})
	wantError(t, err, "errorString", "the table does not exist")
	after, err := invoke(t, f, request{})
	if err != nil || after.PID != before.PID {
		t.Errorf("process %d, then %d: %v", before.PID, after.PID, err)
	}
}

func TestEndedProcessIsReplaced(t *testing.T) {
	for _, c := range []struct {
		do         request
		kind, text string
	}{
		{request{Do: "panic"}, "string", "at the disco"},
		{request{Do: "exit"}, "Runtime.ExitError", "Runtime exited with error: exit status 7"},
		{request{Do: "sleep", Millis: 60_000}, "Sandbox.Timedout", "Task timed out after 0.50 seconds"},
	} {
		t.Run(c.do.Do, func(t *testing.T) {
			f := newFunction(t, func(f *runtimeapi.Function) { f.Timeout = 500 * time.Millisecond })
			before, err := invoke(t, f, request{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = invoke(t, f, c.do)
			wantError(t, err, c.kind, c.text)
			after, err := invoke(t, f, request{})
			if err != nil || after.PID == before.PID {
				t.Errorf("process %d, then %d: %v", before.PID, after.PID, err)
			}
			wantProcesses(t, f, 1)
		})
	}
}

func TestEndedIdleProcessIsReplaced(t *testing.T) {
	f := newFunction(t, nil)
	before, err := invoke(t, f, request{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(before.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	wantProcesses(t, f, 0)
	after, err := invoke(t, f, request{})
	if err != nil || after.PID == before.PID {
		t.Errorf("process %d, then %d: %v", before.PID, after.PID, err)
	}
}

func TestInitErrorsAreReported(t *testing.T) {
	for role, want := range map[string]struct{ kind, text string }{
		"exits":      {"Runtime.ExitError", "exit status 3"},
		"init error": {"Config", "no table"},
	} {
		f := newFunction(t, func(f *runtimeapi.Function) { f.Env = []string{roleVariable + "=" + role} })
		wantError(t, f.Warm(t.Context()), want.kind, want.text)
		_, err := invoke(t, f, request{})
		wantError(t, err, want.kind, want.text)
		wantProcesses(t, f, 0)
	}
	missing := newFunction(t, func(f *runtimeapi.Function) { f.Path = "/nowhere/bootstrap" })
	wantError(t, missing.Warm(t.Context()), "ServiceException", "/nowhere")
}

func TestPayloadLimit(t *testing.T) {
	f := newFunction(t, nil)
	_, err := f.Invoke(t.Context(), bytes.Repeat([]byte("x"), 6<<20+1))
	wantError(t, err, "RequestEntityTooLarge", "6291457 bytes")
	_, err = invoke(t, f, request{Do: "large"})
	wantError(t, err, "Function.ResponseSizeTooLarge", "maximum allowed payload size")
}

// TestProcessesStartUnderLoadUpToLimit checks that each process handles one event at a time, and that events wait
// when all processes are busy.
func TestProcessesStartUnderLoadUpToLimit(t *testing.T) {
	f := newFunction(t, func(f *runtimeapi.Function) { f.Processes = 3 })
	var mu sync.Mutex
	pids := map[int]int{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			r, err := invoke(t, f, request{Do: "sleep", Millis: 50})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			pids[r.PID]++
		})
	}
	all.Wait()
	if len(pids) < 2 || len(pids) > 3 || len(f.PIDs()) > 3 {
		t.Errorf("events by process: %v; %d processes", pids, len(f.PIDs()))
	}
}

func TestWaitForProcessEndsWithContext(t *testing.T) {
	f := newFunction(t, func(f *runtimeapi.Function) { f.Processes = 1 })
	busy := make(chan error, 1)
	go func() {
		_, err := invoke(t, f, request{Do: "sleep", Millis: 60_000})
		busy <- err
	}()
	wantProcesses(t, f, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := f.Invoke(ctx, []byte(`{}`))
	wantError(t, err, "TooManyRequestsException", "all 1 processes of test are busy")
	f.Close()
	wantError(t, <-busy, "Runtime.ExitError", "killed")
	_, err = f.Invoke(t.Context(), []byte(`{}`))
	wantError(t, err, "ServiceException", "closed")
}

func TestOutputIsPassedOnInLines(t *testing.T) {
	var lines []string // one process writes the lines, and they are read after it has ended
	f := newFunction(t, func(f *runtimeapi.Function) {
		f.Output = func(line []byte) { lines = append(lines, string(line)) }
		f.Processes = 1
	})
	if _, err := invoke(t, f, request{Do: "say"}); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if want := []string{"hello from", "the function", "and no end"}; !slices.Equal(lines, want) {
		t.Errorf("lines %q, not %q", lines, want)
	}
}
