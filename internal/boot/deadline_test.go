package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// client handles the calls of an AWS client.
type client func(*http.Request) (*http.Response, error)

func (f client) Do(r *http.Request) (*http.Response, error) { return f(r) }

// silent never responds: it waits until the caller gives up.
func silent(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// refuses responds to every call with an error of DynamoDB.
func refuses(code string) client {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusBadRequest, Header: http.Header{},
			Body: io.NopCloser(
				strings.NewReader(`{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"x"}`),
			),
		}, nil
	}
}

// request sends one request to the function earn with a table that uses the given client, and Lambda's usual ten
// seconds.
func request(t *testing.T, answers client) (answer events.APIGatewayV2HTTPResponse, took time.Duration, log string) {
	t.Helper()
	var out bytes.Buffer
	tab := environment{tableName: "perennial", http: awshttp.NewBuildableClient()}.table()
	tab.Client = dynamotable.NewClient(dynamodb.New(
		dynamodb.Options{Region: "eu-central-1", HTTPClient: answers, Credentials: aws.AnonymousCredentials{}},
	))
	a := &app.App{
		Table: tab, Now: time.Now, Log: telemetry.NewLog(&out, slog.LevelInfo, "test"), Stage: app.Test,
		Secret: []byte(goodSecret), Version: "7",
	}
	if err := a.Wire(); err != nil {
		t.Fatal(err)
	}
	event, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		RouteKey: "GET /v1/orders/{order}", PathParameters: map[string]string{"order": "1"},
		Headers: map[string]string{
			"authorization": "Bearer sk_test_" + strings.Repeat("a", 12) + "_" + strings.Repeat("A", 43),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	raw, err := api.Earn(a).Invoke(ctx, event)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	return answer, time.Since(start), out.String()
}

func TestFunctionRespondsBeforeTimeoutIfTableDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer, took, log := request(t, silent)
		if answer.StatusCode != 503 || answer.Headers["retry-after"] == "" ||
			!strings.Contains(answer.Body, `"code":"temporarily_unavailable"`) {
			t.Errorf("answered %d %v %s", answer.StatusCode, answer.Headers, answer.Body)
		}
		if took < time.Second || took > 4*time.Second {
			t.Errorf("answered after %s", took)
		}
		if !strings.Contains(log, `"Errors":1`) || !strings.Contains(log, `"version":"7"`) {
			t.Errorf("the log says %s", log)
		}
	})
}

func TestRefusedAttemptsAreCountedWithTheirRequest(t *testing.T) {
	for code, want := range map[string]string{
		"ThrottlingException": `"Throttles":5`, "TransactionConflictException": `"Conflicts":5`,
	} {
		synctest.Test(t, func(t *testing.T) {
			answer, _, log := request(t, refuses(code))
			if answer.StatusCode != 503 || !strings.Contains(log, want) ||
				strings.Contains(log, `"Conflicts"`) && strings.Contains(log, `"Throttles"`) {
				t.Errorf("%s: answered %d: %s", code, answer.StatusCode, log)
			}
		})
	}
}
