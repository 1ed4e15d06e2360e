package boot

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/perennial-loyalty/perennial/internal/app"
)

var rotated = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

// versions contains the versions of one secret by staging label. A missing one gives the error of AWS.
type versions map[string]string

func (v versions) Do(r *http.Request) (*http.Response, error) {
	var in struct{ VersionStage string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	value, ok := v[in.VersionStage]
	status, body := http.StatusOK, fmt.Sprintf(`{"SecretString":%q,"CreatedDate":%d}`, value, rotated.Unix())
	switch {
	case value == "denied":
		status, body = http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no"}`
	case !ok:
		status, body = http.StatusBadRequest, `{"__type":"ResourceNotFoundException","message":"no such staging label"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func secretAt(v versions, age time.Duration) Secret {
	client := secretsmanager.New(
		secretsmanager.Options{Region: "eu-central-1", HTTPClient: v, Credentials: aws.AnonymousCredentials{}},
	)
	return Secret{Client: client, ID: "perennial", Now: func() time.Time { return rotated.Add(age) }}
}

func TestPreviousSecretIsReadForADayAfterRotation(t *testing.T) {
	for _, c := range []struct {
		versions          versions
		age               time.Duration
		current, previous string
		fails             bool
	}{
		{versions{"AWSCURRENT": "new", "AWSPREVIOUS": "old"}, 0, "new", "old", false},
		{versions{"AWSCURRENT": "new", "AWSPREVIOUS": "old"}, overlap - 1, "new", "old", false},
		{versions{"AWSCURRENT": "new", "AWSPREVIOUS": "old"}, overlap, "new", "", false},
		{versions{"AWSCURRENT": "new"}, 0, "new", "", false},
		{versions{"AWSCURRENT": "new", "AWSPREVIOUS": "denied"}, 0, "", "", true},
		{versions{}, 0, "", "", true},
	} {
		current, previous, err := secretAt(c.versions, c.age).ReadBoth(t.Context())
		if string(current) != c.current || string(previous) != c.previous || (err != nil) != c.fails {
			t.Errorf("%v after %s: %q, %q, %v", c.versions, c.age, current, previous, err)
		}
	}
}

func TestProcessorsIncludePreviousSecrets(t *testing.T) {
	document := func(secret string) string { return `{"bluebird":{"stripe":{"secrets":["` + secret + `"]}}}` }
	const one, two = "whsec_1b1f0c7e9a2d4863", "whsec_2c2f0c7e9a2d4863"
	for _, c := range []struct {
		versions versions
		want     []string
		fails    bool
	}{
		{versions{"AWSCURRENT": document(two), "AWSPREVIOUS": document(one)}, []string{two, one}, false},
		{versions{"AWSCURRENT": document(two), "AWSPREVIOUS": "{}"}, []string{two}, false},
		{versions{"AWSCURRENT": document(two), "AWSPREVIOUS": "not JSON"}, []string{two}, false},
		{versions{"AWSCURRENT": document("changeme-changeme"), "AWSPREVIOUS": document(one)}, nil, true},
		{versions{"AWSCURRENT": "not JSON"}, nil, true},
		{versions{"AWSCURRENT": "denied"}, nil, true},
		{versions{}, nil, false}, // no value yet
	} {
		got, err := readProcessors(t.Context(), secretAt(c.versions, time.Hour))
		if !slices.Equal(got["bluebird"][app.Stripe].Secrets, c.want) || (err != nil) != c.fails {
			t.Errorf("%v: %v, %v", c.versions, got, err)
		}
	}
}
