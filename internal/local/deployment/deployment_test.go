package deployment

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestMain makes this test's executable act as a function if a Runtime API started it.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	lambda.Start(func(ctx context.Context) (any, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return report{
			os.Environ(), lc.InvokedFunctionArn, lc.ClientContext.Custom,
			time.Until(deadline).Round(time.Second).String(),
		}, nil
	})
}

// A report contains the environment and the event of the tests' function.
type report struct {
	Environment []string
	ARN         string
	Context     map[string]string
	Left        string
}

const template = `
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Stage: { Type: String, Default: test }
  MailFrom: { Type: String, Default: "" }
Conditions:
  HasMail: !Not [!Equals [!Ref MailFrom, ""]]
Globals:
  Function:
    Handler: bootstrap
    MemorySize: 512
    Timeout: 10
    AutoPublishAlias: live
    Environment: { Variables: { STAGE: !Ref Stage, TABLE: !Ref Table, SECRET: !Ref Secret } }
Resources:
  Table: { Type: AWS::DynamoDB::Table, Properties: {} }
  Secret: { Type: AWS::SecretsManager::Secret, Properties: {} }
  Work: { Type: AWS::SQS::Queue, Properties: {} }
  Logs: { Type: AWS::Logs::LogGroup, Properties: {} }
  ProbeFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: build/probe/
      Timeout: 29
      LoggingConfig: { LogFormat: JSON, LogGroup: !Ref Logs }
      Environment: { Variables: { QUEUE: !Ref Work, MAIL: !If [HasMail, !Ref MailFrom, none] } }
      Policies: [{ Statement: [{ Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Work.Arn }] }]
`

// probe starts a deployment whose only function is this test's executable.
func probe(t *testing.T, clock func() (time.Time, bool)) *Deployment {
	t.Helper()
	tpl, err := stack.Parse([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "probe"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "probe", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Start(Options{
		Template: tpl, Binaries: dir, Parameters: map[string]string{"MailFrom": "hello@example.com"}, Table: tab,
		Outbox: &notify.Outbox{}, Clock: clock, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func invoke(t *testing.T, d *Deployment) (r report, env map[string]string) {
	t.Helper()
	out, err := d.Handlers()["probe"].Invoke(t.Context(), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	env = map[string]string{}
	for _, v := range r.Environment {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	return r, env
}

func TestFunctionHasEnvironmentOfTemplateAndLambda(t *testing.T) {
	d := probe(t, nil)
	r, env := invoke(t, d)
	if r.ARN != "arn:aws:lambda:us-east-1:000000000000:function:perennial-dev-ProbeFunction:live" || r.Left != "29s" ||
		r.Context != nil {
		t.Errorf("%+v", r)
	}
	for _, changing := range []string{
		"AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID", "LAMBDA_TASK_ROOT", "AWS_ENDPOINT_URL",
	} {
		if env[changing] == "" {
			t.Errorf("%s is not set", changing)
		}
		delete(env, changing)
	}
	want := map[string]string{
		"STAGE": "test", "TABLE": "perennial-dev-Table", "MAIL": "hello@example.com",
		"SECRET": "arn:aws:secretsmanager:us-east-1:000000000000:secret:perennial-dev-Secret-a1b2c3",
		"QUEUE":  "https://sqs.us-east-1.amazonaws.com/000000000000/perennial-dev-Work",

		"AWS_LAMBDA_FUNCTION_NAME": "perennial-dev-ProbeFunction", "AWS_LAMBDA_FUNCTION_VERSION": "1",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": "perennial-dev-Logs", "AWS_LAMBDA_LOG_STREAM_NAME": "local/[1]probe",
		"AWS_LAMBDA_LOG_FORMAT": "JSON",
		"AWS_REGION":            "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "_HANDLER": "bootstrap",
		"AWS_ACCESS_KEY_ID": "LOCALprobe", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local",
		"LAMBDA_RUNTIME_DIR": "/var/runtime", "LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ": ":UTC",
	}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestEventContainsTimeOfStackClock(t *testing.T) {
	at := time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)
	d := probe(t, func() (time.Time, bool) { return at, true })
	r, env := invoke(t, d)
	if env["PERENNIAL_TEST_CLOCK"] != "event" ||
		!slices.Contains(slices.Collect(maps.Values(r.Context)), "2027-03-01T10:00:00Z") {
		t.Errorf("clock %q, context %v", env["PERENNIAL_TEST_CLOCK"], r.Context)
	}
}

func TestWarmReportsFunctionThatCannotStart(t *testing.T) {
	d := probe(t, nil)
	if err := d.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.functions["probe"].Path = "/nowhere"
	if err := d.Warm(t.Context()); err == nil || !strings.Contains(err.Error(), "start probe") {
		t.Errorf("%v", err)
	}
}
