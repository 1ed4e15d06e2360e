package boot

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/keyring"
)

// A KMS is a symmetric key of AWS KMS. It calls the API without the SDK's client, which would make each binary 550 KB
// larger. See https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html and API_Decrypt.html.
type KMS struct {
	Key         string // the ARN of the key; empty to decrypt with the key that KMS finds in the ciphertext
	Region      string
	Credentials func(context.Context) (aws.Credentials, error)
	Do          func(*http.Request) (*http.Response, error) // sends a request
	Endpoint    *string                                     // replaces the address of KMS; may be nil
}

const (
	// kmsAttempts is the maximum number of times that a request is sent.
	kmsAttempts = 3

	// kmsPatience limits the time of one attempt.
	kmsPatience = 2 * time.Second
)

type kmsRequest struct {
	KeyID             string            `json:"KeyId,omitempty"`
	Plaintext         []byte            `json:",omitempty"`
	CiphertextBlob    []byte            `json:",omitempty"`
	EncryptionContext map[string]string `json:",omitempty"`
}

type kmsResponse struct{ Plaintext, CiphertextBlob []byte }

// Root returns the key as a root key. The program is the encryption context: KMS refuses to decrypt the key of one
// program as the key of another, and records the program in CloudTrail.
func (k KMS) Root() keyring.Root {
	request := func(program string) kmsRequest {
		return kmsRequest{KeyID: k.Key, EncryptionContext: map[string]string{"program": program}}
	}
	return keyring.Root{
		Wrap: func(ctx context.Context, program string, key []byte) ([]byte, error) {
			in := request(program)
			in.Plaintext = key
			out, err := k.call(ctx, "Encrypt", in)
			return out.CiphertextBlob, err
		},
		Unwrap: func(ctx context.Context, program string, wrapped []byte) ([]byte, error) {
			in := request(program)
			in.CiphertextBlob = wrapped
			out, err := k.call(ctx, "Decrypt", in)
			return out.Plaintext, err
		},
	}
}

// errRetry marks an error after which the same request may succeed.
var errRetry = errors.New("temporary error")

// call sends a request. After a temporary error, it sends the request again.
func (k KMS) call(ctx context.Context, operation string, in kmsRequest) (out kmsResponse, err error) {
	body, err := json.Marshal(in, json.Deterministic(true))
	if err != nil {
		return out, fmt.Errorf("boot: kms %s: %w", operation, err)
	}
	for range kmsAttempts {
		if out, err = k.attempt(ctx, operation, body); err == nil || !errors.Is(err, errRetry) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("boot: kms %s: %w", operation, err)
	}
	return out, err
}

func (k KMS) attempt(ctx context.Context, operation string, body []byte) (out kmsResponse, err error) {
	ctx, cancel := context.WithTimeout(ctx, kmsPatience)
	defer cancel()
	r, err := k.signed(ctx, operation, body)
	if err != nil {
		return out, err
	}
	response, err := k.Do(r)
	if err != nil {
		return out, errors.Join(errRetry, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	switch {
	case err != nil:
		return out, errors.Join(errRetry, err)
	case response.StatusCode >= 500 || bytes.Contains(text, []byte("ThrottlingException")):
		return out, fmt.Errorf("%w: status %d", errRetry, response.StatusCode)
	case response.StatusCode != http.StatusOK:
		var problem struct {
			Type string `json:"__type"`
		}
		_ = json.Unmarshal(text, &problem) // an unknown problem has an empty type
		return out, fmt.Errorf("status %d %s", response.StatusCode, problem.Type)
	}
	return out, json.Unmarshal(text, &out)
}

// signed returns a signed request (Signature Version 4).
func (k KMS) signed(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	suffix := ".amazonaws.com/"
	if strings.HasPrefix(k.Region, "cn-") {
		suffix = ".amazonaws.com.cn/"
	}
	address := cmp.Or(aws.ToString(k.Endpoint), "https://kms."+k.Region+suffix)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "TrentService."+operation)
	credentials, err := k.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "kms", k.Region, time.Now())
	return r, err
}
