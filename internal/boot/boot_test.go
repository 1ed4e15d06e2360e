package boot

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/local/runtimeapi"
	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

const goodSecret = "q8v4Zr1TnXw7Lk2Pm9Yc5Hs3Bd6Fg0Ja"

// services starts a fake of Secrets Manager with the given secrets, and of DynamoDB with an empty table. The
// function may call only the given actions, or all if there are none.
func services(tb testing.TB, secrets map[string]string, actions ...string) (url string) {
	tb.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		tb.Fatal(err)
	}
	if len(actions) == 0 {
		actions = []string{"*"}
	}
	allowed := stack.Statement{Effect: "Allow", Action: actions, Resource: []string{"*"}}
	server := httptest.NewServer(&awsapi.Server{
		Guard: &access.Guard{Policies: map[string]access.Policy{"test": {allowed}}}, Log: slog.New(slog.DiscardHandler),
		DynamoDB: &dynamodbapi.API{Table: tab, Name: "perennial"}, Secrets: secrets,
	})
	tb.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := tab.Close(); err != nil {
			tb.Error(err)
		}
	})
	return server.URL
}

// lambdaEnvironment returns the variables that the template and Lambda set, and the addresses of the services.
func lambdaEnvironment(url string, change ...string) []string {
	return append([]string{
		"PERENNIAL_STAGE=test", "PERENNIAL_TABLE=perennial", "PERENNIAL_SECRET=perennial-secret",
		"PERENNIAL_DATA_KEY=arn:key",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=" + awsapi.AccessKeyID("test"), "AWS_SECRET_ACCESS_KEY=b",
		"AWS_ENDPOINT_URL=" + url,
	}, change...)
}

// function runs a binary and collects its output.
func function(tb testing.TB, path string, env []string) (f *runtimeapi.Function, output *bytes.Buffer) {
	output = new(bytes.Buffer)
	f = &runtimeapi.Function{
		Name: "test", Path: path, Timeout: 10 * time.Second, Processes: 1, Env: env,
		Output: func(line []byte) { output.Write(append(line, '\n')) },
	}
	tb.Cleanup(f.Close)
	return f, output
}

// bootstrap builds a function for this machine with the flags of infra/build.
func bootstrap(tb testing.TB, dir string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "bootstrap")
	build := exec.Command(
		"go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, dir,
	)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build %s: %v\n%s", dir, err, out)
	}
	return path
}

func TestFunctionStartsFromEnvironment(t *testing.T) {
	url := services(t, map[string]string{"perennial-secret": goodSecret})
	path := bootstrap(t, "../../functions/earn")
	f, output := function(t, path, lambdaEnvironment(url))
	event, err := json.Marshal(
		events.APIGatewayV2HTTPRequest{
			RouteKey: "GET /v1/orders/{order}", PathParameters: map[string]string{"order": "1"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := f.Invoke(t.Context(), event)
	if err != nil {
		f.Close()
		t.Fatalf("%v\n%s", err, output)
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &answer); err != nil || answer.StatusCode != 401 {
		t.Errorf("%s %v", raw, err)
	}

	for _, c := range []struct{ name, change, want string }{
		{"no table", "PERENNIAL_TABLE=", "the environment lacks PERENNIAL_TABLE"},
		{"an unknown stage", "PERENNIAL_STAGE=prod", `stage \"prod\"`},
		{"no credentials", "AWS_ACCESS_KEY_ID=", "no credentials"},
		{"an unknown clock", "PERENNIAL_TEST_CLOCK=sundial", "PERENNIAL_TEST_CLOCK"},
	} {
		t.Run(c.name, func(t *testing.T) { checkRefusal(t, path, lambdaEnvironment(url, c.change), c.want) })
	}
	for secret, want := range map[string]string{
		"": "find the specified secret", "changeme-changeme-changeme-changeme": "placeholder",
	} {
		secrets := map[string]string{"perennial-secret": secret}
		if secret == "" {
			secrets = nil
		}
		checkRefusal(t, path, lambdaEnvironment(services(t, secrets)), want)
	}
}

// TestFunctionWithoutTableDoesNotReadIt starts the relay, which has no permission to read the table.
func TestFunctionWithoutTableDoesNotReadIt(t *testing.T) {
	url := services(t, map[string]string{"perennial-secret": goodSecret}, "secretsmanager:GetSecretValue")
	for dir, reads := range map[string]bool{"relay": false, "earn": true} {
		f, output := function(t, bootstrap(t, "../../functions/"+dir), lambdaEnvironment(url))
		if err := f.Warm(t.Context()); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		f.Close()
		if strings.Contains(output.String(), "not authorized to perform: dynamodb:GetItem") != reads {
			t.Errorf("%s: unexpected access to the table: %s", dir, output)
		}
	}
}

func TestLiveStackHasNoTestClock(t *testing.T) {
	for setting, ok := range map[string]bool{"": true, "event": false} {
		clock, err := testClock(setting, app.Live)
		if (err == nil) != ok || clock != nil {
			t.Errorf("%q: %v %v", setting, clock, err)
		}
	}
}

func TestWebhooksFunctionRejectsInvalidSecrets(t *testing.T) {
	path := bootstrap(t, "../../functions/webhooks")
	for document, want := range map[string]string{
		"not JSON":                "not JSON of the form",
		`{"bluebird":{"strip":1}`: "not JSON of the form",
		`{"bluebird":{"stripe":{"secrets":["changeme-changeme"]}}}`: "webhooks of bluebird/stripe: " +
			"the secret is a placeholder",
		`{"bluebird":{"paypal":{"webhook_id":"WEBHOOK_ID"}}}`: "webhooks of bluebird/paypal: " +
			"the webhook_id is a placeholder",
		`{"bluebird":{"shopify":{"secrets":["short"]}}}`: "webhooks of bluebird/shopify: the secret is too short",
		`{"bluebird":{"stripe":{"secrets":["whsec_5b1f0c7e9a2d4863"]}},` +
			`"other":{"shopify":{"secrets":["whsec_5b1f0c7e9a2d4863"]}}}`: "is used again",
	} {
		secrets := map[string]string{"perennial-secret": goodSecret, "perennial-webhooks": document}
		checkRefusal(t, path, lambdaEnvironment(services(t, secrets), "PERENNIAL_WEBHOOKS=perennial-webhooks"), want)
	}
}

// TestWebhooksFunctionStartsWithoutSecrets starts the function in a new stack, which has no secrets of payment
// processors yet. It reports this in its response.
func TestWebhooksFunctionStartsWithoutSecrets(t *testing.T) {
	url := services(t, map[string]string{"perennial-secret": goodSecret})
	f, output := function(
		t, bootstrap(t, "../../functions/webhooks"), lambdaEnvironment(url, "PERENNIAL_WEBHOOKS=perennial-webhooks"),
	)
	event, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		RouteKey:       "POST /v1/webhooks/{program}/{provider}",
		PathParameters: map[string]string{"program": "bluebird", "provider": "stripe"}, Body: "{}",
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := f.Invoke(t.Context(), event)
	if err != nil {
		f.Close()
		t.Fatalf("%v\n%s", err, output)
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &answer); err != nil || answer.StatusCode != 503 ||
		!strings.Contains(answer.Body, "webhook_not_configured") {
		t.Errorf("%s %v", raw, err)
	}
}

// checkRefusal requires that a function ends before its first event and logs the reason in one line.
func checkRefusal(t *testing.T, path string, env []string, want string) {
	t.Helper()
	f, output := function(t, path, env)
	err := f.Warm(t.Context())
	f.Close()
	var e *runtimeapi.Error
	if !errors.As(err, &e) || e.Type != "Runtime.ExitError" || !strings.Contains(output.String(), want) ||
		strings.Contains(output.String(), "goroutine") {
		t.Errorf("got %v, want %q: %s", err, want, output)
	}
}
