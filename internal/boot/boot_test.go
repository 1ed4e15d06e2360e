package boot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// lambdaAround stands in for Lambda's Runtime API, Secrets Manager and DynamoDB (which holds nothing): one server,
// told apart by path and target.
type lambdaAround struct {
	*httptest.Server
	polled  chan time.Time // the function asked for an invocation
	event   chan []byte    // what it gets
	answers chan []byte

	mu       sync.Mutex
	secret   string // what Secrets Manager gives; empty: an error
	webhooks string // and for the secret of payment processors
	signed   string // the Authorization headers of all requests
}

const goodSecret = "q8v4Zr1TnXw7Lk2Pm9Yc5Hs3Bd6Fg0Ja"

func newLambdaAround(tb testing.TB) *lambdaAround {
	l := &lambdaAround{polled: make(chan time.Time, 16), event: make(chan []byte), answers: make(chan []byte, 16), secret: goodSecret}
	l.Server = httptest.NewServer(l)
	tb.Cleanup(func() {
		l.CloseClientConnections()
		l.Close()
	})
	return l
}

func (l *lambdaAround) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	target := r.Header.Get("X-Amz-Target")
	l.mu.Lock()
	l.signed += r.Header.Get("Authorization") + "\n"
	l.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocation/next"):
		l.polled <- time.Now()
		select {
		case event := <-l.event:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "invocation-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
	case strings.HasSuffix(r.URL.Path, "/response"), strings.HasSuffix(r.URL.Path, "/error"):
		l.answers <- body
		w.WriteHeader(http.StatusAccepted)
	case target == "secretsmanager.GetSecretValue":
		l.secrets(w, strings.Contains(string(body), "perennial-webhooks"))
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

func (l *lambdaAround) secrets(w http.ResponseWriter, webhooks bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	secret := l.secret
	if webhooks {
		secret = l.webhooks
	}
	if secret == "" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","Message":"no such secret"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": secret})
}

// environment is what the template and Lambda set, and where the stand-ins are.
func (l *lambdaAround) environment(change ...string) []string {
	env := append([]string{
		"PERENNIAL_STAGE=test", "PERENNIAL_TABLE=perennial", "PERENNIAL_SECRET=perennial-secret",
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
		"AWS_ENDPOINT_URL_DYNAMODB=" + l.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER=" + l.URL,
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(l.URL, "http://"),
	}, change...)
	return env
}

// bootstrap builds a function for this machine, with the flags of infra/build.
func bootstrap(tb testing.TB, dir string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, dir)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build %s: %v\n%s", dir, err, out)
	}
	return path
}

func TestAFunctionStartsOnTheEnvironmentAloneAndAnswers(t *testing.T) {
	l := newLambdaAround(t)
	path := bootstrap(t, "../../functions/earn")
	l.checkAnswer(t, path, l.environment())

	for _, c := range []struct{ name, change, want string }{
		{"no table", "PERENNIAL_TABLE=", "the environment lacks PERENNIAL_TABLE"},
		{"a stage that is none", "PERENNIAL_STAGE=prod", `stage \"prod\"`},
		{"no credentials", "AWS_ACCESS_KEY_ID=", "no credentials"},
	} {
		t.Run(c.name, func(t *testing.T) { checkRefusal(t, path, l.environment(c.change), c.want) })
	}
	t.Run("one address for all services", func(t *testing.T) {
		env := l.environment("AWS_ENDPOINT_URL_DYNAMODB=", "AWS_ENDPOINT_URL_SECRETS_MANAGER=", "AWS_ENDPOINT_URL="+l.URL)
		l.checkAnswer(t, path, env)
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, service := range []string{"dynamodb", "secretsmanager"} {
			if !strings.Contains(l.signed, "/eu-central-1/"+service+"/") {
				t.Errorf("no request to %s was signed: %s", service, l.signed)
			}
		}
	})
	for secret, want := range map[string]string{"": "no such secret", "changeme-changeme-changeme-changeme": "placeholder"} {
		l.mu.Lock()
		l.secret = secret
		l.mu.Unlock()
		checkRefusal(t, path, l.environment(), want)
	}
}

// checkAnswer starts a function with an environment and sends it a request without a key.
func (l *lambdaAround) checkAnswer(t *testing.T, path string, env []string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(path)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	event, err := json.Marshal(events.APIGatewayV2HTTPRequest{RouteKey: "GET /v1/orders/{order}", PathParameters: map[string]string{"order": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	select {
	case l.event <- event:
		raw = <-l.answers
	case <-time.After(30 * time.Second):
		t.Fatalf("it never asked for an invocation:\n%s", out.String())
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &answer); err != nil || answer.StatusCode != 401 {
		t.Errorf("%s %v", raw, err)
	}
}

func TestTheFunctionOfWebhooksStopsAtASecretThatIsNone(t *testing.T) {
	l := newLambdaAround(t)
	path := bootstrap(t, "../../functions/webhooks")
	for document, want := range map[string]string{
		"":                        "no such secret",
		"not JSON":                "no JSON",
		`{"bluebird":{"strip":1}`: "no JSON",
		`{"bluebird":{"stripe":{"secrets":["changeme-changeme"]}}}`:                                                                 "webhooks of bluebird/stripe: the secret is a placeholder",
		`{"bluebird":{"paypal":{"webhook_id":"WEBHOOK_ID"}}}`:                                                                       "webhooks of bluebird/paypal: the webhook_id is a placeholder",
		`{"bluebird":{"shopify":{"secrets":["short"]}}}`:                                                                            "webhooks of bluebird/shopify: the secret is too short",
		`{"bluebird":{"stripe":{"secrets":["whsec_5b1f0c7e9a2d4863"]}},"other":{"shopify":{"secrets":["whsec_5b1f0c7e9a2d4863"]}}}`: "is used again",
	} {
		l.mu.Lock()
		l.webhooks = document
		l.mu.Unlock()
		checkRefusal(t, path, l.environment("PERENNIAL_WEBHOOKS=perennial-webhooks"), want)
	}
}

func checkRefusal(t *testing.T, path string, env []string, want string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "goroutine") {
		t.Errorf("%v, and not %q: %s", err, want, out)
	}
}
