package deployment

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
)

func newBus(t *testing.T, pattern string, h lambda.Handler) *bus {
	t.Helper()
	var source any
	if err := json.Unmarshal([]byte(pattern), &source); err != nil {
		t.Fatal(err)
	}
	r, err := newRule("remind", source, h)
	if err != nil {
		t.Fatal(err)
	}
	return &bus{
		region: Region, account: account, reported: []string{"BOUNCE", "COMPLAINT"}, now: time.Now,
		log: slog.New(slog.DiscardHandler), rules: []rule{r},
	}
}

func TestMailboxSimulatorReportsFeedback(t *testing.T) {
	var got []string
	b := newBus(t, `{"source":["aws.ses"]}`, handlerFunc(func(payload []byte) ([]byte, error) {
		got = append(got, string(payload))
		return nil, nil
	}))
	email := func(to string) awsapi.Email {
		return awsapi.Email{
			MessageID: "m1", To: []string{to}, Tags: map[string]string{"member": "mem_ada"},
			ConfigurationSet: "arn:set",
		}
	}
	for _, to := range []string{
		"ada@example.com", "bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com",
		"success@simulator.amazonses.com",
	} {
		b.report(email(to))
		b.deliveries.Wait()
	}
	without := email("bounce@simulator.amazonses.com")
	without.ConfigurationSet = ""
	b.report(without)
	b.deliveries.Wait()
	if len(got) != 2 { // the configuration set does not report deliveries
		t.Fatalf("%d events: %s", len(got), got)
	}
	for i, want := range [][]string{
		{
			`"detail-type":"Email Bounced"`, `"eventType":"Bounce"`, `"bounceType":"Permanent"`,
			`"tags":{"member":["mem_ada"]}`, `"resources":["arn:set"]`,
		},
		{`"detail-type":"Email Complaint Received"`, `"eventType":"Complaint"`, `"complainedRecipients"`},
	} {
		for _, part := range want {
			if !strings.Contains(got[i], part) {
				t.Errorf("event %d has no %s: %s", i, part, got[i])
			}
		}
	}
}

func TestEventIsRetriedAndDeliveredToMatchingRulesOnly(t *testing.T) {
	var calls atomic.Int32
	failing := handlerFunc(func([]byte) ([]byte, error) {
		calls.Add(1)
		return nil, errors.New("not now")
	})
	email := awsapi.Email{To: []string{"bounce@simulator.amazonses.com"}, ConfigurationSet: "arn:set"}
	for pattern, want := range map[string]int32{`{"source":["aws.ses"]}`: 3, `{"source":["aws.s3"]}`: 0} {
		calls.Store(0)
		b := newBus(t, pattern, failing)
		b.report(email)
		b.deliveries.Wait()
		if calls.Load() != want {
			t.Errorf("%s: got %d deliveries, want %d", pattern, calls.Load(), want)
		}
	}
}
