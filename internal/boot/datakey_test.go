package boot

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A fakeKMS records requests, and answers them with the given statuses, one after the other.
type fakeKMS struct {
	requests []kmsRequest
	targets  []string
	statuses []int
}

func (f *fakeKMS) do(r *http.Request) (*http.Response, error) {
	var in kmsRequest
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/kms/aws4_request") {
		return nil, errors.New("the request is not signed for KMS")
	}
	f.requests = append(f.requests, in)
	f.targets = append(f.targets, r.URL.Host+" "+r.Header.Get("X-Amz-Target"))
	status := http.StatusOK
	if len(f.statuses) > 0 {
		status, f.statuses = f.statuses[0], f.statuses[1:]
	}
	body := `{"CiphertextBlob":"d3JhcHBlZA==","Plaintext":"a2V5","KeyId":"arn:key"}`
	if status != http.StatusOK {
		body = `{"__type":"AccessDeniedException"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (f *fakeKMS) key() KMS {
	return KMS{
		Key: "arn:key", Region: "eu-central-1", Do: f.do,
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, nil
		},
	}
}

func TestRootUsesKMSWithTheProgramAsContext(t *testing.T) {
	f := &fakeKMS{}
	root := f.key().Root()
	wrapped, err := root.Wrap(t.Context(), "bluebird", []byte("key"))
	if err != nil || string(wrapped) != "wrapped" {
		t.Fatalf("%q, %v", wrapped, err)
	}
	key, err := root.Unwrap(t.Context(), "bluebird", wrapped)
	if err != nil || string(key) != "key" {
		t.Fatalf("%q, %v", key, err)
	}
	if string(f.requests[0].Plaintext) != "key" || string(f.requests[1].CiphertextBlob) != "wrapped" {
		t.Errorf("requests %+v", f.requests)
	}
	for i, target := range []string{"TrentService.Encrypt", "TrentService.Decrypt"} {
		if f.targets[i] != "kms.eu-central-1.amazonaws.com "+target {
			t.Errorf("target %s", f.targets[i])
		}
		if got := f.requests[i]; got.KeyID != "arn:key" || got.EncryptionContext["program"] != "bluebird" {
			t.Errorf("request %+v", got)
		}
	}
}

func TestTemporaryErrorOfKMSIsRetried(t *testing.T) {
	for _, c := range []struct {
		statuses []int
		requests int
		fails    bool
	}{
		{[]int{500}, 2, false},
		{[]int{500, 503}, 3, false},
		{[]int{500, 503, 500}, 3, true},
		{[]int{400}, 1, true},
	} {
		f := &fakeKMS{statuses: c.statuses}
		_, err := f.key().Root().Unwrap(t.Context(), "bluebird", []byte("wrapped"))
		if (err != nil) != c.fails || len(f.requests) != c.requests {
			t.Errorf("%v: %d requests, %v", c.statuses, len(f.requests), err)
		}
	}
}
