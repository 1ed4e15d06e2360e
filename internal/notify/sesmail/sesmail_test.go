package sesmail

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/perennial-loyalty/perennial/internal/notify"
)

// against returns a sender whose provider responds with the given status, and the requests that it receives.
func against(t *testing.T, status int, answer string) (*Sender, *[]map[string]any) {
	t.Helper()
	var calls []map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		calls = append(calls, in)
		w.Header().Set("Content-Type", "application/json")
		if status >= 400 {
			w.Header().Set("X-Amzn-ErrorType", answer)
		}
		w.WriteHeader(status)
		io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	client := sesv2.New(sesv2.Options{
		Region: "eu-central-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "x", SecretAccessKey: "y"}, nil
		}),
	})
	return &Sender{SendEmail: client.SendEmail, From: "Bluebird <hello@example.com>", Set: "set"}, &calls
}

var hello = notify.Message{
	ID: "msg_1", Program: "bluebird", Member: "mem_ada", Reminder: "points-30d", To: "ada@example.com", Subject: "S",
	Text: "T", HTML: "<p>H</p>",
	Unsubscribe: "https://api.example/v1/unsubscribe/x.y",
}

func TestEmailHasBodiesHeadersAndTags(t *testing.T) {
	s, calls := against(t, 200, "")
	if err := s.Send(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal((*calls)[0])
	want := `{"ConfigurationSetName":"set","Content":{"Simple":{"Body":{"Html":{"Charset":"UTF-8",` +
		`"Data":"\u003cp\u003eH\u003c/p\u003e"},"Text":{"Charset":"UTF-8","Data":"T"}},` +
		`"Headers":[{"Name":"List-Unsubscribe","Value":"\u003chttps://api.example/v1/unsubscribe/x.y\u003e"},` +
		`{"Name":"List-Unsubscribe-Post","Value":"List-Unsubscribe=One-Click"}],` +
		`"Subject":{"Charset":"UTF-8","Data":"S"}}},"Destination":{"ToAddresses":["ada@example.com"]},` +
		`"EmailTags":[{"Name":"program","Value":"bluebird"},{"Name":"member","Value":"mem_ada"},{"Name":"message",` +
		`"Value":"msg_1"},{"Name":"reminder","Value":"points-30d"}],` +
		`"FromEmailAddress":"Bluebird \u003chello@example.com\u003e"}`
	if string(got) != want {
		t.Errorf("sent\n%s, not\n%s", got, want)
	}
}

func TestGiftMessageHasNoUnsubscribeHeaders(t *testing.T) {
	s, calls := against(t, 200, "")
	m := hello
	m.Unsubscribe = ""
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal((*calls)[0]); strings.Contains(string(got), "Headers") {
		t.Errorf("sent %s", got)
	}
}

func TestSendIsNotRetriedAndOnlyRefusalIsCertain(t *testing.T) {
	for status, c := range map[int]struct {
		answer  string
		certain bool
	}{
		400: {"MessageRejected", true}, 429: {"TooManyRequestsException", true}, 500: {"InternalServiceError", false},
	} {
		s, calls := against(t, status, c.answer)
		err := s.Send(t.Context(), hello)
		if err == nil || errors.Is(err, notify.ErrNotSent) != c.certain || len(*calls) != 1 {
			t.Errorf("status %d: %v after %d calls", status, err, len(*calls))
		}
	}
}
